"""A PostgreSQL that the service brings itself: where it lives, how it starts, and what an earlier life left behind."""
