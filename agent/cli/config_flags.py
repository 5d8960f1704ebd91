"""What the flags of settings say of themselves: kept beside the model, whose import would cost a second."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "telescope_host": ("ADDRESS", "address of the telescope, such as 192.168.1.50"),
    "telescope_port": ("PORT", "its control port (default: 9900)"),
    "telescope_http_port": ("PORT", "port of its HTTP service (default: 8082)"),
    "telescope_card_port": ("PORT", "port that serves the files of its card (default: 80)"),
    "telescope_model": ("MODEL", "D2, D3, mini, or auto to ask it (default: auto)"),
    "mqtt_host": ("ADDRESS", "address of the MQTT broker"),
    "mqtt_port": ("PORT", "port of the broker (default: 1883)"),
    "mqtt_base_topic": ("TOPIC", "first part of the agent's topics (default: dwarf)"),
    "discovery_prefix": ("PREFIX", "Home Assistant's discovery prefix (default: homeassistant)"),
    "latitude": ("DEGREES", "where the telescope stands, north positive"),
    "longitude": ("DEGREES", "where the telescope stands, east positive"),
    "sessions_dir": ("DIR", "folder with ToDo, Current, Done, Error, Results (default: Astro_Sessions)"),
    "archive_dir": ("DIR", "folder that gets the sessions' pictures"),
    "log_level": ("LEVEL", "debug, info, warning or error (default: info)"),
    "log_format": ("FORMAT", "plain lines or json (default: plain)"),
}
"""By flat name: what stands for the value, and what it is."""
