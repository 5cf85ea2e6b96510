"""The tests, in rooms as the code is."""
