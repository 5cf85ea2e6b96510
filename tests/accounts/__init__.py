"""Enrolling phones."""
