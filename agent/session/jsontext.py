"""The JSON text of a session: read strictly, with the leniencies that people's editors need."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Any

from agent.json_in import (
    MAX_BYTES,
    BadNumberError,
    DuplicateKeyError,
    HalfCharacterError,
    JsonError,
    NotUtf8Error,
    check_value,
    decode_text,
    parse_json,
)
from agent.session.numbers import shown
from agent.session.problems import BadValueError

__all__ = ["MAX_BYTES", "decode_object"]

_BLANKS = " \t\r\n\f\v\u00a0"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CODES: dict[type[JsonError], str] = {BadNumberError: "not_finite", HalfCharacterError: "not_utf8"}
_HINTS: dict[type[JsonError], str] = {
    NotUtf8Error: "Save the file as UTF-8.",
    DuplicateKeyError: "Only one of them can count: delete the other.",
}


def decode_object(data: bytes | str | Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON object in `data`, which is a copy and safe to keep; BadValueError says what is wrong.

    A byte order mark (also of UTF-16) and blanks around the object are tolerated.
    """
    try:
        value = _checked(dict(data)) if isinstance(data, Mapping) else _parsed(data)
    except JsonError as error:
        kind = type(error)
        raise BadValueError(
            error.message, code=_CODES.get(kind, error.code), hint=_HINTS.get(kind, error.hint)
        ) from error
    if not isinstance(value, dict):
        raise BadValueError(
            f"The file holds {shown(value)}, not a JSON object.",
            code="not_an_object",
            hint='A session starts with {"command": {...}}.',
        )
    return {key: _copy(inner) for key, inner in value.items()}


def _parsed(data: bytes | str) -> object:
    text = decode_text(_as_utf8(data)).strip(_BLANKS)
    if not text:
        raise BadValueError("The file is empty.", code="empty")
    return parse_json(text)


def _as_utf8(data: bytes | str) -> bytes | str:
    """Return what some editors save with UTF-16's mark as UTF-8; half of it stays what cannot be read."""
    if isinstance(data, bytes) and data.startswith(_UTF16) and len(data) <= 2 * MAX_BYTES:
        try:
            return data.decode("utf-16").encode()
        except UnicodeError:
            return data
    return data


def _checked(value: dict[str, Any]) -> object:
    check_value(value)
    return value


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(inner) for key, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list) else value
