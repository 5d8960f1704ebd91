"""Curves, strips and sketches as numbers for the templates: no markup here."""
