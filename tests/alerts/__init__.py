"""The watcher, the background loops, and alerts by phone and office."""
