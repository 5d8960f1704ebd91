"""Telescopes: what one can be asked to do, and the drivers that do it. Knows nothing of sessions."""
