"""Texts of strangers on a terminal: nothing in them moves the cursor, colours, or hides what stands there."""

from __future__ import annotations

import json
import re

# C0 and C1 controls (escape, newline, CSI among them), direction marks, line separators, lone surrogates
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: object) -> str:
    """Return a text as one line that can be printed: what a terminal would obey becomes \\xNN or \\uNNNN."""
    return _UNSAFE.sub(lambda found: _escaped(ord(found[0])), str(text))


def plain_lines(text: object) -> str:
    """Return a text of several lines that can be printed."""
    return "\n".join(map(plain, str(text).split("\n")))


def json_text(value: object, indent: int | None = None) -> str:
    """Return a value as JSON that can be printed, and still says the same."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return "\n".join(_UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", line) for line in text.split("\n"))


def _escaped(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
