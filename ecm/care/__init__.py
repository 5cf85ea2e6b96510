"""People, addresses, fences, commissions, roster and their imports."""
