"""Logging of the running agent: one event, one line, with its session; secrets never."""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

from agent.store.session_log import LineFormatter, SessionFilter
from agent.text import escaped

_PLAIN = "%(asctime)s %(levelname)-7s [%(session)s] %(name)s: %(message)s"
_LONGEST_LINE = 20_000  # characters; longer ones are cut
_SECRET = re.compile(
    r"""(?P<name>["']?\b\w*(?:password|passwd|psw|token|secret)\b["']?\s*[:=]\s*)(?P<value>"[^"]*"|'[^']*'|[^\s,;}\)]+)""",
    re.IGNORECASE,
)
_CHATTY = ("apscheduler", "websockets", "bleak", "aiohttp.access", "PIL", "amqtt", "transitions")


def set_up_logging(level: str, form: str = "plain", stream: TextIO | None = None) -> None:
    """Send log lines of `level` and above to `stream` (default: standard error) as plain text or JSON."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(SessionFilter())
    handler.setFormatter(JsonFormatter() if form == "json" else PlainFormatter())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))


def without_secrets(text: str) -> str:
    """Return the text with what follows `password=`, `token:` and the like replaced by stars."""
    return _SECRET.sub(lambda match: f"{match['name']}***", text)


class PlainFormatter(LineFormatter):
    """A line for people."""

    def __init__(self) -> None:
        super().__init__(_PLAIN)

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """The line without the traceback: what strangers sent must not make a second one of it."""
        return escaped(super().formatMessage(record), _LONGEST_LINE)


class JsonFormatter(logging.Formatter):
    """A JSON object a line: time, level, logger, session, message, and the traceback when there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "session": getattr(record, "session", "-"),
            "message": without_secrets(record.getMessage()),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["traceback"] = without_secrets("".join(traceback.format_exception(*record.exc_info)))
        text = json.dumps(line, ensure_ascii=False)
        return text.encode("utf-8", "backslashreplace").decode()  # half a character escaped, as JSON does
