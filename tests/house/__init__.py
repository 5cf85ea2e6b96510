"""The house itself: its papers, and its plan as drawn."""
