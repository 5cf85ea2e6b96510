"""Runs of reports/ over visits and commissions."""
