"""From any MQTT payload or entity state to safe or not: where the value is, and what of it is safe."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from agent.conditions.safety.errors import UnreadableInputError
from agent.errors import AgentError
from agent.json_in import JsonError, NotJsonError, decode_text, parse_json
from agent.text import escaped

_TRUE = {"on", "true", "yes"}
_FALSE = {"off", "false", "no"}
_SAYS_NOTHING = {"", "unavailable", "unknown", "none", "null"}


class MappingError(AgentError):
    """A mapping that says nothing, or contradicts itself."""

    code = "invalid_safety_mapping"


@dataclass(frozen=True, slots=True)
class SafeWhen:
    """What is safe: the value is above, below, or equal to something; all that are given must hold.

    `path` finds the value in a JSON payload ("sky.cloud", "$.list.0"); "" is the payload itself. `equals`
    compares numbers as numbers, on/true/yes and off/false/no as truth values, and words without case.
    """

    path: str = ""
    above: float | None = None
    below: float | None = None
    equals: str | float | bool | None = None

    def __post_init__(self) -> None:
        if self.above is None and self.below is None and self.equals is None:
            raise MappingError("A safety mapping must say what is safe: above, below or equals.")
        if any(limit is not None and not math.isfinite(limit) for limit in (self.above, self.below)):
            raise MappingError("The limits of a safety mapping must be numbers.")
        if self.above is not None and self.below is not None and self.above >= self.below:
            raise MappingError(f"Nothing is above {self.above:g} and below {self.below:g}.")

    def read(self, payload: bytes) -> tuple[bool, str]:
        """Return whether the payload is safe, and its value; UnreadableInputError if it says nothing."""
        return self.judge(_at(_decoded(payload), self.path))

    def judge(self, value: object) -> tuple[bool, str]:
        """Return whether a value is safe, and the value in words."""
        text = escaped(_words(value))
        if text.casefold() in _SAYS_NOTHING:
            raise UnreadableInputError(f"The value is {text or 'empty'}.")
        if self.equals is not None and _canonical(value) != _canonical(self.equals):
            return False, text
        if self.above is None and self.below is None:
            return True, text
        number = _number(value)
        high_enough = self.above is None or number > self.above
        low_enough = self.below is None or number < self.below
        return high_enough and low_enough, text


def _decoded(payload: bytes) -> object:
    try:
        text = decode_text(payload).strip()
        return parse_json(text)
    except NotJsonError:
        return text
    except JsonError as error:
        raise UnreadableInputError(error.message) from None


def _at(value: object, path: str) -> object:
    for part in path.removeprefix("$").strip(".").split("."):
        if not part:
            continue
        found = _inside(value, part)
        if found is None:
            raise UnreadableInputError(f"The message has no value at {path!r}.")
        value = found
    return value


def _inside(value: Any, part: str) -> object:
    if isinstance(value, dict):
        return value.get(part)
    if isinstance(value, list) and part.isdigit() and int(part) < len(value):
        return value[int(part)]
    return None


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value).strip()
    raise UnreadableInputError("The value is not a number, a word, true or false.")


def _canonical(value: object) -> bool | float | str:
    text = _words(value).casefold()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    try:
        return float(text)
    except ValueError:
        return text


def _number(value: object) -> float:
    canonical = _canonical(value)
    if isinstance(canonical, bool | str) or not math.isfinite(canonical):
        raise UnreadableInputError(f"{_words(value)[:40]!r} is not a number.")
    return canonical
