"""Verdicts, accuracy, shapes and the grid."""
