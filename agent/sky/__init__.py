"""The sky: ephemeris, nights, and the offline target catalogue. Pure functions, no network."""
