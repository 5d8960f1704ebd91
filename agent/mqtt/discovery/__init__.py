"""What Home Assistant is told about the telescopes so that they appear by themselves."""
