"""Configuration files to plain mappings: YAML whose plain words stay text, or JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agent.errors import Problem
from agent.settings.problems import SettingsError

TOO_DEEP = "it is nested too deeply"


def read_mapping(path: Path) -> dict[str, Any]:
    """Read a YAML or JSON (`.json`) file that holds a mapping; an empty file is an empty mapping."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise _error(path, "is not UTF-8 text.", "Save it as UTF-8.") from None
    except (OSError, ValueError) as error:  # ValueError: a path no file system takes
        reason = getattr(error, "strerror", None) or error
        raise _error(path, f"cannot be read ({reason}).", "Check the path and its permissions.") from None
    try:
        data = _parse_json(text) if path.suffix == ".json" else _parse_yaml(text)
    except ValueError as error:
        raise _error(path, str(error), "") from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise _error(path, "must hold settings as 'name: value' lines.", "")
    return data


def _parse_yaml(text: str) -> Any:
    from agent.settings.yaml_text import parse_yaml  # most of a megabyte that an add-on never needs

    return parse_yaml(text)


def _parse_json(text: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise ValueError(f"{key!r} is there twice")
            found[key] = value
        return found

    try:
        return json.loads(text, object_pairs_hook=unique) if text.strip() else None
    except RecursionError:
        raise ValueError(f"is not valid JSON: {TOO_DEEP}.") from None
    except ValueError as error:
        raise ValueError(f"is not valid JSON: {error}.") from None


def _error(path: Path, message: str, hint: str) -> SettingsError:
    return SettingsError([Problem("settings", message, hint, path=str(path))])
