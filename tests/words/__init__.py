"""Tests of the ground floor: values and pure functions."""
