"""An invented council with a known truth; speaks to the service over HTTP only."""
