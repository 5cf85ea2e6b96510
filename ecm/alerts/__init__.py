"""Things that happened, found by the watcher or told by phone and office."""
