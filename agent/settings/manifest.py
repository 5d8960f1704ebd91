"""The add-on manifest's `options` and `schema`, and the table of settings, made from the settings model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import SecretStr

from agent.session.fields import Range
from agent.settings.flat import FLAT_SETTINGS, FlatSetting

OPTIONS_BEGIN = "# What a person sets. Everything that can be set is in docs/configuration.md."


def options() -> dict[str, Any]:
    """Return the options the form always shows, with their built-in values."""
    return {name: _default(setting) for name, setting in FLAT_SETTINGS.items() if setting.note("form")}


def schema() -> dict[str, Any]:
    """Return the Supervisor's type for every option; those the form does not always show end in `?`."""
    return {name: _schema_type(setting) for name, setting in FLAT_SETTINGS.items()}


def options_and_schema_text() -> str:
    """Return the manifest's last part as YAML; options without a built-in value are comment lines."""
    lines = [OPTIONS_BEGIN, "options:"]
    shown = options()
    for name, setting in FLAT_SETTINGS.items():
        if name in shown:
            lines.append(f"  {name}: {_yaml(shown[name])}")
        elif setting.field.examples:
            lines.append(f"  # {name}: {setting.field.examples[0]}  # {setting.field.description}")
    lines.append("schema:")
    lines += [f"  {name}: {_yaml(kind)}" for name, kind in schema().items()]
    return "\n".join(lines) + "\n"


def settings_table() -> str:
    """Return the Markdown table of every setting."""
    return "\n".join(_table_lines()) + "\n"


def _table_lines() -> Iterator[str]:
    yield "| In a file | Flat name | Built-in value | Meaning |"
    yield "| --- | --- | --- | --- |"
    for name, setting in FLAT_SETTINGS.items():
        value = _default(setting)
        built_in = (
            ""
            if value in ("", None, [])
            else f"`{json.dumps(value)}`"
            if isinstance(value, bool)
            else f"`{value}`"
        )
        choices = _choices(setting)
        meaning = str(setting.field.description)
        if choices:
            meaning += f" One of {', '.join(f'`{choice}`' for choice in choices)}."
        yield f"| `{setting.dotted}` | `{name}` | {built_in} | {meaning.replace('|', chr(92) + '|')} |"


def _schema_type(setting: FlatSetting) -> str | list[str]:
    kind, optional = _kind(setting.field.annotation), "" if _required(setting) else "?"
    choices = _choices(setting)
    if choices:
        return f"list({'|'.join(choices)}){optional}"
    if kind is SecretStr:
        return "password?"
    if kind is bool:
        return f"bool{optional}"
    if kind is int or kind is float:
        return _number_type(setting, kind) + optional
    if get_origin(kind) is tuple:
        return ["str?"]
    return f"str{optional}"


def _required(setting: FlatSetting) -> bool:
    """A value the form always has: shown, and never empty."""
    return bool(setting.note("form")) and _default(setting) != ""


def _number_type(setting: FlatSetting, kind: type) -> str:
    low, high = _bounds(setting)
    if (low, high) == (1, 65535):
        return "port"
    if low is None or high is None or float(str(low)) < 0:  # the Supervisor's bounds cannot be negative
        return kind.__name__
    return f"{kind.__name__}({low},{high})"


def _bounds(setting: FlatSetting) -> tuple[object, object]:
    """The lowest and the highest number taken; None where there is no bound."""
    notes = [*setting.field.metadata, *getattr(_without_none(setting.field.annotation), "__metadata__", ())]
    for note in notes:
        if isinstance(note, Range):
            return f"{note.low:g}", f"{note.high:g}"
    low = next((bound.ge for bound in notes if isinstance(bound, Ge)), None)
    high = next((bound.le for bound in notes if isinstance(bound, Le)), None)
    return low, high


def _choices(setting: FlatSetting) -> tuple[str, ...]:
    kind = _kind(setting.field.annotation)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return tuple(member.value for member in kind)
    return get_args(kind) if get_origin(kind) is Literal else ()


def _kind(annotation: Any) -> Any:
    """The type without its `None` and its notes."""
    kind = _without_none(annotation)
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, UnionType):
        return next(part for part in get_args(annotation) if part is not NoneType)
    return annotation


def _default(setting: FlatSetting) -> Any:
    value = setting.field.default
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _yaml(value: Any) -> str:
    """A value as YAML that every reader takes for the same thing: text that could be more is quoted."""
    if isinstance(value, bool | int | float | list):
        return json.dumps(value)
    text = str(value)
    return (
        text
        if text and text[0].isalpha() and not set(text) & set(": #{}[],&*!|>'\"%@`?")
        else json.dumps(text)
    )
