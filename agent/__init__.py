"""Unattended imaging sessions on DWARFLAB smart telescopes, told to Home Assistant over MQTT."""

__version__ = "0.1.0"
