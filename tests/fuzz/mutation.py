"""Make hostile bytes of honest ones: cut, flipped, spliced, nested, with the numbers and signs that hurt."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

TOKENS: tuple[bytes, ...] = (
    b"null",
    b"true",
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"1e999",
    b"-0",
    b"9" * 400,
    b"0x10",
    b"1_000",
    b"''",
    b'""',
    b"{}",
    b"[]",
    b"\\ud800",
    b"\\u0000",
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xc3",
    b"\x1b[31m",
    b"\r\n",
    b"../",
    b"%2e%2e%2f",
    b"<script>",
    b"&amp;",
    b"&x;",
    b"{{",
    b"${",
    b"=cmd()",
    b"2**31",
    b"2147483648",
    b"-9223372036854775809",
    b"00:00:00",
    b"24:61:61",
    b"9999-12-31T23:59:59+23:59",
    b"0001-01-01",
    b"1e-320",
    b"*a",
    b"&a ",
    b"<<: ",
    b"!!python/object:os.system ",
    b"- ",
    b": ",
    b"\t",
    "\u202e".encode(),
    "\u2028".encode(),
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    2**31,
    -(2**63),
    10**400,
    1e308,
    -1e308,
    1e-320,
    "",
    " ",
    "x" * 5000,
    "\ud800",
    "\x00",
    "NaN",
    "inf",
    "٣",
    "1,5",
    "-00:00:01",
    [],
    {},
    [[[]]],
    {"do_action": True},
    ["a"],
    "2026-02-30",
    "25:00",
    "M 42",
)
MOST = 1 << 16  # bytes
_DEEP = 3000


def hostile(rng: random.Random, examples: Sequence[bytes]) -> bytes:
    """Some hostile input, made of an honest one by one to four changes."""
    data = rng.choice(examples)
    for _ in range(rng.randint(1, 4)):
        data = rng.choice(_CHANGES)(rng, data, examples)
    return data[:MOST]


def _flip(rng: random.Random, data: bytes, _examples: Sequence[bytes]) -> bytes:
    changed = bytearray(data or b" ")
    for _ in range(rng.randint(1, 8)):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut(rng: random.Random, data: bytes, _examples: Sequence[bytes]) -> bytes:
    start, end = sorted(rng.randint(0, len(data)) for _ in range(2))
    return rng.choice((data[:start], data[end:], data[:start] + data[end:]))


def _insert(rng: random.Random, data: bytes, _examples: Sequence[bytes]) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + rng.choice(TOKENS) * rng.choice((1, 1, 1, 50)) + data[at:]


def _repeat(rng: random.Random, data: bytes, _examples: Sequence[bytes]) -> bytes:
    start, end = sorted(rng.randint(0, len(data)) for _ in range(2))
    return data[:end] + data[start:end] * rng.choice((1, 2, 20)) + data[end:]


def _splice(rng: random.Random, data: bytes, examples: Sequence[bytes]) -> bytes:
    other = rng.choice(examples)
    return data[: rng.randint(0, len(data))] + other[rng.randint(0, len(other)) :]


def _noise(rng: random.Random, _data: bytes, _examples: Sequence[bytes]) -> bytes:
    return rng.randbytes(rng.choice((0, 1, 7, 64, 500)))


def _nest(rng: random.Random, data: bytes, _examples: Sequence[bytes]) -> bytes:
    depth = rng.choice((5, 50, _DEEP))
    opening, closing = rng.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"<a>", b"</a>")))
    return opening * depth + data + closing * depth


def _value(rng: random.Random, data: bytes, _examples: Sequence[bytes]) -> bytes:
    """Another value, key or shape somewhere in a JSON text."""
    try:
        root = json.loads(data)
    except (ValueError, RecursionError):
        return data
    places: list[tuple[Any, Any]] = []
    _places(root, places)
    if not places:
        return data
    parent, key = rng.choice(places)
    match rng.randrange(3):
        case 0:
            parent[key] = rng.choice(VALUES)
        case 1:
            parent[key] = [parent[key]] * rng.choice((1, 2, 300))
        case _ if isinstance(parent, dict):
            parent[rng.choice((key.upper(), key + " ", key[::-1], ""))] = rng.choice(VALUES)
        case _:
            parent[key] = rng.choice(VALUES)
    try:
        return json.dumps(root).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return data


def _places(value: Any, found: list[tuple[Any, Any]], depth: int = 0) -> None:
    if depth > 20 or len(found) > 500:
        return
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        found.append((value, key))
        _places(child, found, depth + 1)


_CHANGES: tuple[Callable[[random.Random, bytes, Sequence[bytes]], bytes], ...] = (
    _flip,
    _cut,
    _insert,
    _insert,
    _repeat,
    _splice,
    _noise,
    _nest,
    _value,
    _value,
    _value,
)
