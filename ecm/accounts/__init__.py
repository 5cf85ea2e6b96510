"""Who may do what: staff, council officers, operators and the phones."""
