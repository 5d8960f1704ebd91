"""Configuration text to plain mappings.

YAML 1.1 reads `22:30` as 1350, `no` as false and `2025.10` as a number. Here every plain word stays text
until the settings give it a type; only an empty value, `~` and `null` mean "not set".
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from agent.errors import Problem
from agent.settings.problems import SettingsError

_TOO_DEEP = "it is nested too deeply"


class _TextLoader(yaml.SafeLoader):
    """SafeLoader that guesses no types and refuses a key given twice."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own shape

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = key_node.value
            if isinstance(key_node, yaml.ScalarNode) and key != "<<":
                if key in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"{key!r} is there twice", problem_mark=key_node.start_mark
                    )
                seen.add(key)
        return super().construct_mapping(node, deep)


_TextLoader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]
)
_TextLoader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"<<"), ["<"])


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
        data = _parse_json(text) if path.suffix == ".json" else parse_yaml(text)
    except yaml.YAMLError as error:
        raise _error(path, _yaml_sentence(error), "") from None
    except ValueError as error:
        raise _error(path, f"is not valid JSON: {error}.", "") from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise _error(path, "must hold settings as 'name: value' lines.", "")
    return data


def parse_yaml(text: str) -> Any:
    """Parse YAML with every plain word kept as text. Raises yaml.YAMLError."""
    try:
        return yaml.load(text, Loader=_TextLoader)  # noqa: S506 - a SafeLoader with fewer resolvers
    except RecursionError:
        raise yaml.YAMLError(_TOO_DEEP) from None


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
        raise ValueError(_TOO_DEEP) from None


def _yaml_sentence(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}."
    return f"is not valid YAML: {error}."


def _error(path: Path, message: str, hint: str) -> SettingsError:
    return SettingsError([Problem("settings", message, hint, path=str(path))])
