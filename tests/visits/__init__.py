"""Pairing, matching, folding and status."""
