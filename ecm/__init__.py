"""The service: HTTP, database, pages and the command line."""

__version__ = "0.1.0"
