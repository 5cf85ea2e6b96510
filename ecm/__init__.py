"""The service: HTTP, database, pages and the command line."""
