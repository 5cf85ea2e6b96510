"""Contracts, worked examples, properties and files."""
