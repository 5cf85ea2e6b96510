"""Files in: reading CSV, one module a kind of row, and the plan of what a file would change."""
