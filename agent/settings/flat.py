"""One flat name for every setting: `mqtt.host` is `mqtt_host`, and `DWARF_MQTT_HOST` in the environment.

Flat names are what a form without nesting, the environment and `--set` use. The telescope's flat names
speak of the first (usually the only) telescope.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from agent.settings.model import Settings
from agent.settings.parts import TelescopeSettings

Path = tuple[str | int, ...]

ENVIRONMENT_PREFIX = "DWARF_"

# Groups whose fields keep their own names: they are clear without the group's.
_UNPREFIXED = frozenset({"site", "conditions"})


@dataclass(frozen=True, slots=True)
class FlatSetting:
    """A setting under its flat name; `path` leads to it in the nested form."""

    name: str
    path: Path
    field: FieldInfo

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return ENVIRONMENT_PREFIX + self.name.upper()

    @property
    def dotted(self) -> str:
        """Its place in a configuration file, as written for people."""
        return dotted(self.path)

    def note(self, key: str) -> Any:
        """One of the notes the model keeps beside the field."""
        notes = self.field.json_schema_extra
        return notes.get(key) if isinstance(notes, dict) else None


def dotted(path: Path) -> str:
    """Return `telescopes[0].host` for ("telescopes", 0, "host")."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _flat_settings() -> dict[str, FlatSetting]:
    found: list[FlatSetting] = []
    for name, field in Settings.model_fields.items():
        if name == "telescopes":
            found += _leaves(TelescopeSettings, "telescope_", ("telescopes", 0))
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found += _leaves(field.annotation, "" if name in _UNPREFIXED else f"{name}_", (name,))
        else:
            found.append(FlatSetting(name, (name,), field))
    return {setting.name: setting for setting in found}


def _leaves(model: type[BaseModel], prefix: str, path: Path) -> list[FlatSetting]:
    return [FlatSetting(prefix + name, (*path, name), field) for name, field in model.model_fields.items()]


FLAT_SETTINGS = _flat_settings()
