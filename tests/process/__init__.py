"""One running service: its settings and its command line."""
