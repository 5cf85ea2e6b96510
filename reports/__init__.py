"""What the council reads: contracts, reconciliation and files."""
