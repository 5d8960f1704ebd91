"""Write settings into a configuration file, leaving everything else as it is.

The file is parsed only to learn where values stand; the text is changed there and nowhere else, so comments,
order and quoting stay. What would not read back exactly as meant is refused instead of written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from agent.settings.flat import FLAT_SETTINGS
from agent.settings.problems import CannotEditError
from agent.settings.yaml_text import parse_yaml
from agent.store import disk

FLAT_PREFIX = "telescope_"
_ABOUT = "# All settings: docs/configuration.md\n"
_PLAIN = re.compile(r"(?!(?:null|Null|NULL)$)[A-Za-z0-9_./+-]*")  # needs no quotes, whatever is around it


@dataclass(frozen=True, slots=True)
class _Place:
    """A mapping in the file, where it is in the parsed data, and what its telescope keys begin with."""

    node: yaml.MappingNode
    path: tuple[str | int, ...]
    prefix: str


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


def write_telescope(path: Path, values: Mapping[str, str], position: int = 0) -> None:
    """Set `host`, `model`, `id` of one telescope in a YAML file, atomically, or raise CannotEditError."""
    _rewrite(path, lambda text: with_telescope(text, values, position))


def write_settings(path: Path, values: Mapping[str, str]) -> None:
    """Set values by flat name in a YAML file, which may have to be made; CannotEditError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
        path.chmod(path.stat().st_mode & 0o770)  # passwords may stand in it
    except OSError as error:
        raise CannotEditError(f"{path} cannot be written ({error.strerror or error}).") from error
    _rewrite(path, lambda text: with_settings(text or _ABOUT, values))


def require_room(path: Path, names: Iterable[str]) -> None:
    """Return when `write_settings` can set these names in the file; CannotEditError."""
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        with_settings(text, dict.fromkeys(names, "1"))
    except (OSError, UnicodeDecodeError) as error:
        raise CannotEditError(f"{path} cannot be read ({error}).") from error
    except CannotEditError as error:
        hint = "Change it yourself (docs/configuration.md), or name another file with --config."
        raise CannotEditError(f"{path} cannot be changed. {error.message}", hint=hint) from None


def _rewrite(path: Path, change: Callable[[str], str]) -> None:
    real = path.resolve()  # a link stays a link
    if real.suffix.lower() not in {".yaml", ".yml"}:
        raise CannotEditError(f"{path} is not a YAML file.")
    try:
        text = real.read_bytes().decode("utf-8")
        disk.write(real, change(text).encode("utf-8"))
    except UnicodeDecodeError:
        raise CannotEditError(f"{path} is not UTF-8 text.") from None
    except OSError as error:
        raise CannotEditError(f"{path} cannot be written ({error.strerror or error}).") from error


def with_telescope(text: str, values: Mapping[str, str], position: int = 0) -> str:
    """Return the text with these values of the telescope at `position` in the list set. CannotEditError."""
    flat = {f"{FLAT_PREFIX}{name}": value for name, value in values.items()}
    return _with(text, flat, lambda root: (_place(root, position), values))


def with_settings(text: str, values: Mapping[str, str]) -> str:
    """Return the text with values set by flat name, each where its group stands; CannotEditError.

    An empty value takes back what stands there, and is not written where nothing does.
    """
    for name, value in values.items():
        path = FLAT_SETTINGS[name].path
        group, key = str(path[0]), str(path[-1])
        if group == "telescopes":
            text = with_telescope(text, {key: value})
        else:
            text = _with(text, {name: value}, partial(_setting, name=name, group=group, key=key, value=value))
    return text


def _setting(
    root: yaml.Node, *, name: str, group: str, key: str, value: str
) -> tuple[_Place, Mapping[str, str]]:
    block, inner = _block(root)
    node = _value(block, group)
    if isinstance(node, yaml.MappingNode):
        return _Place(node, (*inner, group), ""), {key: value}
    return _Place(block, inner, ""), {name: value}


def _with(
    text: str,
    flat: Mapping[str, str],
    find: Callable[[yaml.Node], tuple[_Place, Mapping[str, str]]],
) -> str:
    """Set the values that `find` names where it says; an empty file gets the `flat` ones."""
    newline = "\r\n" if "\r\n" in text else "\n"
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        before = parse_yaml(text)
    except (yaml.YAMLError, ValueError) as error:
        raise CannotEditError("The file is not valid YAML.") from error
    if root is None:
        ending = newline if text and not text.endswith("\n") else ""
        flat = {name: value for name, value in flat.items() if value}
        if not flat:
            return text
        lines = "".join(f"{name}: {_scalar(value)}{newline}" for name, value in flat.items())
        return _checked(text + ending + lines, {}, (), "", flat)
    place, values = find(root)
    there = {key.value for key, _ in place.node.value}
    values = {name: value for name, value in values.items() if value or place.prefix + name in there}
    edits = _edits(text, place, values, newline)
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return _checked(text, before, place.path, place.prefix, values)


def _block(root: yaml.Node) -> tuple[yaml.MappingNode, tuple[str | int, ...]]:
    """The mapping that holds the settings: the whole file, or an add-on manifest's options."""
    block = _mapping(root)
    if {"slug", "options"} <= {key.value for key, _ in block.value}:
        return _mapping(_value(block, "options")), ("options",)
    return block, ()


def _place(root: yaml.Node, position: int) -> _Place:
    """Find the mapping that has, or shall get, the keys of the telescope at `position`."""
    block, inner = _block(root)
    telescopes = _value(block, "telescopes")
    if isinstance(telescopes, yaml.SequenceNode) and position < len(telescopes.value):
        return _Place(_mapping(telescopes.value[position]), (*inner, "telescopes", position), "")
    if isinstance(telescopes, yaml.MappingNode) and position == 0:
        return _Place(telescopes, (*inner, "telescopes"), "")
    if telescopes is None and position == 0:
        return _Place(block, inner, FLAT_PREFIX)
    raise CannotEditError("The file has no place for this telescope.")


def _edits(text: str, place: _Place, values: Mapping[str, str], newline: str) -> list[_Edit]:
    pairs = {key.value: (key, value) for key, value in place.node.value}
    edits, missing = [], []
    for name, value in values.items():
        pair = pairs.get(place.prefix + name)
        if pair is None:
            missing.append(f"{place.prefix}{name}: {_scalar(value)}")
        elif isinstance(pair[1], yaml.ScalarNode):
            edits.append(_replaced(pair[1], value))
        else:
            raise CannotEditError(f"{place.prefix}{name} is not a plain value.")
    if missing:
        edits.append(_inserted(text, place, missing, newline))
    return edits


def _replaced(node: yaml.ScalarNode, value: str) -> _Edit:
    start, end = node.start_mark.index, node.end_mark.index
    if start == end:
        return _Edit(start, end, f" {_scalar(value)}")  # nothing stood behind the colon
    quote = node.style if node.style in ("'", '"') and _PLAIN.fullmatch(value) else ""
    return _Edit(start, end, f"{quote}{value}{quote}" if quote else _scalar(value))


def _scalar(value: str) -> str:
    """A value as YAML has it; JSON's strings are YAML's."""
    return value if value and _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def _inserted(text: str, place: _Place, lines: list[str], newline: str) -> _Edit:
    """Add lines behind the telescope's first one-line value, else before the mapping's first key."""
    if place.node.flow_style or not place.node.value:
        raise CannotEditError("The place for this telescope is written on one line.")
    first = place.node.value[0][0]
    indent = " " * first.start_mark.column
    for key, value in place.node.value:
        related = key.value.startswith(place.prefix)
        if related and isinstance(value, yaml.ScalarNode) and value.end_mark.line == key.start_mark.line:
            end = text.find("\n", key.start_mark.index)
            if end < 0:
                return _Edit(len(text), len(text), "".join(f"{newline}{indent}{line}" for line in lines))
            return _Edit(end + 1, end + 1, "".join(f"{indent}{line}{newline}" for line in lines))
    start = first.start_mark.index - first.start_mark.column
    if text[start : first.start_mark.index].strip("\ufeff "):
        raise CannotEditError("The place for this telescope has no line of its own.")
    at = first.start_mark.index
    return _Edit(at, at, "".join(f"{line}{newline}{indent}" for line in lines))


def _checked(
    text: str, before: Any, path: tuple[str | int, ...], prefix: str, values: Mapping[str, str]
) -> str:
    """Return the text if it reads as the old data with exactly these values changed."""
    try:
        wanted = json.loads(json.dumps(before))  # nothing is shared any more, as aliases are
        node = wanted
        for part in path:
            node = node[part]
        node.update({prefix + name: value for name, value in values.items()})
        same = parse_yaml(text) == wanted
    except (ValueError, TypeError):  # an alias of itself, or what JSON cannot say
        same = False
    if not same:
        raise CannotEditError("The file is written in a way that cannot be changed safely.")
    return text


def _mapping(node: yaml.Node | None) -> yaml.MappingNode:
    if not isinstance(node, yaml.MappingNode):
        raise CannotEditError("The file does not hold settings as 'name: value' lines.")
    return node


def _value(mapping: yaml.MappingNode, name: str) -> yaml.Node | None:
    return next((value for key, value in mapping.value if key.value == name), None)
