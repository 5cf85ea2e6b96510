"""The gate, migrations, named queries and the embedded server."""
