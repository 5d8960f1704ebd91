"""Altitudes of the Sun's centre that begin and end the parts of a night, in degrees."""

SUNSET_ALTITUDE = -0.833  # when its upper limb touches the horizon, air included
CIVIL = -6.0
NAUTICAL = -12.0
ASTRONOMICAL = -18.0
