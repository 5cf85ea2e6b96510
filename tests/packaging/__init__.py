"""The wheel, as somebody has it who has no checkout."""
