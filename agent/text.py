"""Text of strangers, made fit to stand in a sentence, a log line or a state."""

from __future__ import annotations

import re

_NOT_PLAIN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufffe\uffff]"
)


def escaped(text: object, limit: int = 200) -> str:
    """Return a text on one line, at most `limit` characters; what is not plain becomes `\\n`, `\\x1b`, ...

    Control characters, line ends of every kind, signs that turn the direction of reading, half surrogates.
    """
    found = _NOT_PLAIN.sub(_escape, str(text)[: limit + 1])
    return found if len(found) <= limit else f"{found[: limit - 1]}…"


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
