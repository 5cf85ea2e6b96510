"""The load tool's promises: stalls show, every item is accounted for."""
