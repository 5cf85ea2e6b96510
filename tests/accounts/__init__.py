"""Tests of staff accounts, tokens and sessions."""
