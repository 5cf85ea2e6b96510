"""Phones, the truth, the score and the load tool."""
