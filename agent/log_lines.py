"""Lines of a log for people: one event each, without secrets, whatever names and messages bring along."""

from __future__ import annotations

import logging
import re
from typing import Any

from agent.text import escaped, printable_lines

_LONGEST = 20_000  # characters; longer ones are cut
_SECRET = re.compile(
    r"""(?P<name>["']?\b\w*(?:password|passwd|psw|token|secret)\b["']?\s*[:=]\s*)(?P<value>"[^"]*"|'[^']*'|[^\s,;}\)]+)""",
    re.IGNORECASE,
)


def without_secrets(text: str) -> str:
    """Return the text with what follows `password=`, `token:` and the like replaced by stars."""
    return _SECRET.sub(lambda match: f"{match['name']}***", text)


class LineFormatter(logging.Formatter):
    """What strangers sent makes no second line of one, and no terminal obeys it; secrets become stars."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the traceback when there is one."""
        return without_secrets(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Return the line of a record."""
        return escaped(super().formatMessage(record), _LONGEST)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's own name
        """Return a traceback, whose own line breaks stay."""
        return printable_lines(super().formatException(ei))
