"""Unattended imaging sessions on DWARFLAB smart telescopes, told to Home Assistant over MQTT."""

import os

# Looking for plug-ins of pydantic, of which none is meant, reads about every package that is installed.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

__version__ = "0.2.0"
