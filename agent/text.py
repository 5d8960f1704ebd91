"""Text of strangers, made fit to stand in a sentence, a file's name, a log line, a state or a terminal."""

from __future__ import annotations

import json
import re

# control characters (escape, line ends and CSI among them), line separators, changes of the direction of
# reading, and halves of characters, which also stand for bytes that are not UTF-8
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: object) -> str:
    """Return a text or path as one line that can be logged, published and printed, and nothing obeys.

    What is not printable becomes `\\n`, `\\x1b`, `\\u202e`, ...; a byte that is not UTF-8 is `\\xNN`.
    """
    return _UNPRINTABLE.sub(_escape, str(text))


def printable_lines(text: object) -> str:
    """Return a text of several lines of which each is printable."""
    return "\n".join(map(printable, str(text).split("\n")))


def escaped(text: object, limit: int = 200) -> str:
    """Return a printable text of at most `limit` characters."""
    found = printable(str(text)[: limit + 1])
    return found if len(found) <= limit else f"{found[: limit - 1]}…"


def json_text(value: object, indent: int | None = None) -> str:
    """Return a value as JSON that can be printed, and still says the same."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return "\n".join(
        _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", line) for line in text.split("\n")
    )


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else ascii(match[0])[1:-1]
