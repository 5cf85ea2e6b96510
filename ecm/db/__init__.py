"""The database: an embedded PostgreSQL, the gate to it, named queries and migrations."""
