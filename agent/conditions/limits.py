"""Limits that count where nobody set others, in degrees."""

SUN_LIMIT = 20.0  # from the Sun
LOWEST = 10.0  # below it air and houses leave nothing of a deep-sky picture
