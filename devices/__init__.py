"""What a phone, a tag or a code says, and how far it can be believed."""
