"""Messages, signatures, grades, tags, cards and the reader."""
