"""Notifications: candidates for the Care Quality Commission, for a registered person to decide on."""
