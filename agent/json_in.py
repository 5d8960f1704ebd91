"""JSON from strangers: the one strict reader. Bounded in size, depth and numbers, and nothing said twice."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from agent.errors import AgentError
from agent.text import escaped

MAX_BYTES = 262_144  # 256 KB; the longest mosaics are a few kilobytes
MAX_DEPTH = 32  # levels of nesting; session documents have three to five
MAX_DIGITS = 400  # of an integer: no number of ours has 20, and converting very long ones takes long
_SHOWN = 60  # characters of a key or number that a sentence repeats
_SLIPS = (  # what stands where a text stops to be JSON, and the remedy
    (
        re.compile(r"'|(?:True|False|None)\b"),
        "That is how Python writes it: use | to_json in the template.",
    ),
    (re.compile("[“”„«»]"), 'Write plain quotes (").'),
    (re.compile(r"//|/\*|#"), "JSON has no comments: take it out."),
)
_COMMA = re.compile(r",\s*[}\]]")
_COMMA_HINT = "Take out the comma before the bracket."


class JsonError(AgentError):
    """A text that is not taken as JSON. `place` is a JSON pointer, "" for the whole."""

    code = "not_json"

    def __init__(self, message: str, *, place: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.place = place


class TooLargeError(JsonError):
    """More bytes than are read."""

    code = "too_large"


class NotUtf8Error(JsonError):
    """Bytes that are no UTF-8."""

    code = "not_utf8"


class NotJsonError(JsonError):
    """Text that breaks the grammar; the message names line and column."""


class TooDeepError(JsonError):
    """Lists and objects inside each other beyond any use."""

    code = "too_deep"


class DuplicateKeyError(JsonError):
    """An object with a key twice: readers would disagree about which counts."""

    code = "duplicate_key"


class BadNumberError(JsonError):
    """NaN, an infinity, or a number too long or too large."""

    code = "out_of_range"


class HalfCharacterError(JsonError):
    """A text that holds half of a surrogate pair."""

    code = "not_text"


def read_json(data: bytes | str, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Any:
    """Return the value in a JSON text; a JsonError says what is wrong with it, and where."""
    return parse_json(decode_text(data, max_bytes=max_bytes), max_depth=max_depth)


def decode_text(data: bytes | str, *, max_bytes: int = MAX_BYTES) -> str:
    """Return UTF-8 bytes as text, without a byte order mark; TooLargeError or NotUtf8Error."""
    if len(data) > max_bytes:
        raise TooLargeError(f"It has {len(data)} bytes; {max_bytes} are the most that is taken.")
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotUtf8Error(f"It is not UTF-8 text (byte {error.start}).") from None


def parse_json(text: str, *, max_depth: int = MAX_DEPTH) -> Any:
    """Return the value of a JSON text."""
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_Wrong.constant,
            parse_int=_integer,
            parse_float=_finite,
        )
    except json.JSONDecodeError as error:
        raise NotJsonError(
            f"It is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.",
            hint=_remedy(text, error.pos),
        ) from None
    except RecursionError:
        raise _too_deep(max_depth) from None
    check_value(value, max_depth=max_depth)
    return value


def _remedy(text: str, at: int) -> str:
    if _COMMA.match(text, at) or _COMMA.match(text, len(text[:at].rstrip()) - 1):
        return _COMMA_HINT
    return next((hint for slip, hint in _SLIPS if slip.match(text, at)), "")


def check_value(root: object, *, max_depth: int = MAX_DEPTH) -> None:
    """Refuse a decoded value that JSON text could not hold, or holds only to do harm."""
    waiting: list[tuple[object, str, int]] = [(root, "", 1)]
    while waiting:
        value, place, depth = waiting.pop()
        if depth > max_depth:
            raise _too_deep(max_depth)
        if isinstance(value, _Wrong):
            value.raise_at(place)
        elif isinstance(value, dict):
            for key, inner in value.items():
                if not isinstance(key, str):
                    raise NotJsonError("A key is not a text.", place=place)
                _check_scalar(key, place)
                waiting.append((inner, f"{place}/{_pointer(key)}", depth + 1))
        elif isinstance(value, list):
            waiting.extend((inner, f"{place}/{index}", depth + 1) for index, inner in enumerate(value))
        else:
            _check_scalar(value, place)


class _Wrong:
    """Stands in a parsed value for what is wrong there, until its place is known."""

    def __init__(self, kind: type[JsonError], message: str) -> None:
        self._kind = kind
        self._message = message

    @classmethod
    def constant(cls, name: str) -> _Wrong:
        return cls(BadNumberError, f"{name} is not a number in JSON.")

    def raise_at(self, place: str) -> NoReturn:
        raise self._kind(self._message, place=place)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Wrong:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    return _Wrong(DuplicateKeyError, f'The key "{escaped(twice, _SHOWN)}" stands twice in one object.')


def _integer(digits: str) -> int | _Wrong:
    if len(digits) > MAX_DIGITS:
        return _Wrong(BadNumberError, f"A number has {len(digits)} digits.")
    return int(digits)


def _finite(digits: str) -> float | _Wrong:
    number = float(digits)
    if not math.isfinite(number):
        return _Wrong(BadNumberError, f"The number {escaped(digits, _SHOWN)} is too large.")
    return number


def _check_scalar(value: object, place: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise BadNumberError(f"{value} is not a number in JSON.", place=place)
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise HalfCharacterError("A text holds half of a surrogate pair.", place=place) from None
    elif not isinstance(value, bool | int | float | None):
        raise NotJsonError(f"A {type(value).__name__} cannot stand in JSON.", place=place)


def _pointer(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _too_deep(max_depth: int) -> TooDeepError:
    return TooDeepError(f"It is nested deeper than {max_depth} levels.")
