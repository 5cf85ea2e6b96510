"""Enrolling phones, the list of them, and revocation."""
