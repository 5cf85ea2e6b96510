"""Staff, council officers and operators: accounts, sessions and tokens."""
