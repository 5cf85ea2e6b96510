"""Visits: planned and unplanned calls, folded from check-ins, roster and amendments."""
