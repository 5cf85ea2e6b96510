"""Sign-in and pages."""
