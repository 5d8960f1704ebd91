"""The agent's settings: what can be set, and reading it from files, environment and flags."""

from agent.settings.loader import find_file, load_settings, redacted
from agent.settings.model import Settings
from agent.settings.parts import TelescopeSettings
from agent.settings.problems import SettingsError

__all__ = [
    "Settings",
    "SettingsError",
    "TelescopeSettings",
    "find_file",
    "load_settings",
    "redacted",
]
