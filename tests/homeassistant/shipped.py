"""Reading the files that users import into Home Assistant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "homeassistant"
BLUEPRINTS = sorted((FOLDER / "blueprints").glob("*/*.yaml"))
DASHBOARDS = sorted((FOLDER / "dashboards").glob("*.yaml"))
PACKAGES = sorted((FOLDER / "packages").glob("*.yaml"))

PLATFORMS = (
    "binary_sensor|button|datetime|event|image|input_boolean|notify|number|select|sensor|switch|update"
)
_ENTITY = re.compile(rf"\b(?:{PLATFORMS})\.[a-z0-9_]+\b")
_SERVICES = {"notify.mobile_app_", "button.press", "notify.send_message", "switch.turn_on", "event.received"}


@dataclass(frozen=True)
class Input:
    """An `!input NAME` of a blueprint."""

    name: str


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.YAMLError(f"{node.start_mark}: keys given twice: {twice}")
        return super().construct_mapping(node, deep)


_Loader.add_constructor("!input", lambda loader, node: Input(str(loader.construct_scalar(node))))


def load(path: Path) -> Any:
    """Load a file as Home Assistant would; a key that is there twice is an error."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)


def walk(node: Any) -> Iterator[Any]:
    """Yield every node of a tree."""
    yield node
    if isinstance(node, dict):
        for key, value in node.items():
            yield key
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def entities(node: Any) -> set[str]:
    """Return every entity id in a tree, those inside templates included."""
    texts = [text for text in walk(node) if isinstance(text, str)]
    return {found for text in texts for found in _ENTITY.findall(text)} - _SERVICES


def inputs(blueprint: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the inputs of a blueprint, those in sections included."""
    found: dict[str, dict[str, Any]] = {}
    for name, given in blueprint["blueprint"]["input"].items():
        if "input" in given:
            found.update(given["input"])
        else:
            found[name] = given
    return found
