"""Check-ins in: read, verified, judged, stored, answered."""
