"""Bodies as the bytes of a message, and what the bytes of anybody's say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agent.json_in import JsonError, parse_json


def encode(body: Mapping[str, Any]) -> bytes:
    """Return a body as UTF-8 JSON. Numbers that JSON does not know (NaN, infinities) become null."""
    try:
        return _dumps(body)
    except ValueError:
        return _dumps(finite(body))


def decode(payload: bytes) -> Any:
    """Return the value of a message that is JSON, the text of one that is not, else the bytes as they are."""
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return payload
    try:
        return parse_json(text)
    except JsonError:
        return text


def _dumps(body: Mapping[str, Any]) -> bytes:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=str)
    return text.encode("utf-8", "replace")


def finite(value: Any) -> Any:
    """Return a value in which numbers that JSON does not know are None."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [finite(item) for item in value]
    return value
