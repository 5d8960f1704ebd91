"""JSON from strangers: bounded in size and depth, without duplicate keys, without numbers that are none."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

from agent.session.numbers import shown
from agent.session.problems import BadValueError

MAX_BYTES = 262_144  # 256 KB, the same limit as for MQTT payloads; real session files are below 10 KB
MAX_DEPTH = 32  # real session files have 3 to 5 levels


def decode_object(data: bytes | str | Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON object in `data`, which is a copy and safe to keep; BadValueError says what is wrong.

    A byte order mark and blanks around the object are tolerated.
    """
    value: object = dict(data) if isinstance(data, Mapping) else _parse(_text(data))
    _check_tree(value)
    if not isinstance(value, dict):
        raise BadValueError(
            f"The file holds {shown(value)}, not a JSON object.",
            code="not_an_object",
            hint='A session starts with {"command": {...}}.',
        )
    return {key: _copy(inner) for key, inner in value.items()}


def _text(data: bytes | str) -> str:
    size = len(data)
    if size > MAX_BYTES:
        raise BadValueError(
            f"The session has {size} bytes; at most {MAX_BYTES} are accepted.", code="too_large"
        )
    if isinstance(data, str):
        text = data.removeprefix("\ufeff")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise BadValueError(
                f"The text is not UTF-8 (byte {error.start}).",
                code="not_utf8",
                hint="Save the file as UTF-8.",
            ) from error
    text = text.strip(" \t\r\n\f\v\u00a0")
    if not text:
        raise BadValueError("The file is empty.", code="empty")
    return text


def _parse(text: str) -> object:
    try:
        parsed: object = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite
        )
    except json.JSONDecodeError as error:
        raise BadValueError(
            f"The JSON breaks at line {error.lineno}, column {error.colno}: {error.msg}.", code="not_json"
        ) from error
    except RecursionError as error:
        raise _too_deep() from error
    except BadValueError:
        raise
    except ValueError as error:  # an integer of thousands of digits
        raise BadValueError("The JSON holds a number that is too long.", code="not_finite") from error
    return parsed


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise BadValueError(
                    f"The key {shown(key)} appears twice in one object.",
                    code="duplicate_key",
                    hint="Only one of them can count: delete the other.",
                )
            seen.add(key)
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise BadValueError(f"{name} is not a number a session can hold.", code="not_finite")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise BadValueError(f"{text[:40]} is not a finite number.", code="not_finite")
    return number


def _check_tree(root: object) -> None:
    """Refuse what JSON text could not hold, or holds only to do harm."""
    waiting: list[tuple[object, int]] = [(root, 1)]
    while waiting:
        value, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise _too_deep()
        if isinstance(value, dict):
            for key, inner in value.items():
                _check_scalar(key)
                if not isinstance(key, str):
                    raise BadValueError(f"The key {shown(key)} is not a text.", code="not_json")
                waiting.append((inner, depth + 1))
        elif isinstance(value, list):
            waiting.extend((inner, depth + 1) for inner in value)
        else:
            _check_scalar(value)


def _check_scalar(value: object) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise BadValueError(f"{value} is not a number a session can hold.", code="not_finite")
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise BadValueError(
                "A text holds half a character (a lone surrogate).", code="not_utf8"
            ) from error
    elif not isinstance(value, bool | int | float | None):
        raise BadValueError(f"A {type(value).__name__} cannot be part of a session.", code="not_json")


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(inner) for key, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list) else value


def _too_deep() -> BadValueError:
    return BadValueError(f"The JSON is nested more than {MAX_DEPTH} levels deep.", code="too_deep")
