"""The ground floor: values and pure functions that every room may use, without a server or a database."""
