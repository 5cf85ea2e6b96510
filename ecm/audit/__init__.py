"""Proof that nothing was altered, and who did what."""
