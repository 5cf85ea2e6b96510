"""The ladder, the mapping and what becomes of candidates."""
