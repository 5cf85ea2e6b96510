"""Visits, planned and unplanned, folded from check-ins, roster and amendments."""
