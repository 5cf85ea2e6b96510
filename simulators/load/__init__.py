"""Load: many correctly signed check-ins, prepared before the clock starts, sent at a set rate or flat out."""
