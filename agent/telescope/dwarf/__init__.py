"""The native driver for DWARFLAB telescopes: wire, link, commands, models and media."""
