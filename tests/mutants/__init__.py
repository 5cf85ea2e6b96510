"""Mutants: one rule taken out or moved by one, each with the test that must notice. `python -m tests.mutants`."""
