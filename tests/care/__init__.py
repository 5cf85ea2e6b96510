"""Imports, places and tags."""
