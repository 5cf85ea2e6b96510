"""Reconciling against a real database."""
