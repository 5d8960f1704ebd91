"""Logging of the running agent: one event, one line, with its session; secrets never."""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

from agent.log_lines import LineFormatter, without_secrets
from agent.store.session_log import SessionFilter
from agent.text import json_text

_PLAIN = "%(asctime)s %(levelname)-7s [%(session)s] %(name)s: %(message)s"
_CHATTY = ("apscheduler", "websockets", "bleak", "aiohttp.access", "PIL", "amqtt", "transitions")


def set_up_logging(level: str, form: str = "plain", stream: TextIO | None = None) -> None:
    """Send log lines of `level` and above to `stream` (default: standard error) as plain text or JSON."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(SessionFilter())
    handler.setFormatter(JsonFormatter() if form == "json" else LineFormatter(_PLAIN))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))


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
        return json_text(line)
