"""One running service: its command line, settings, parent and workers, and the wiring of all parts."""
