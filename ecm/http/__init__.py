"""What every address shares: how it is declared, guarded, read and answered. Knows no subject."""
