"""The service on a Patroni cluster whose leader is killed in the middle of a burst."""
