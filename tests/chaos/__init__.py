"""Chaos: the real service under load while everything around it is killed, cut, frozen and filled."""
