"""Proofs, tenancy table by table, and rights that stop rewriting."""
