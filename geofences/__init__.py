"""Where a check-in was made, judged against an address."""
