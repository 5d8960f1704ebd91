"""The bytes a session file gets when its state changes."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent.events import SessionResult
from agent.session.document import SessionDocument

DATE_FORMAT = "%Y-%m-%d %H:%M:%S"


def text(raw: Any) -> bytes:
    return (json.dumps(raw, ensure_ascii=False, indent=4) + "\n").encode()


def _with(document: SessionDocument, **fields: Any) -> bytes:
    raw = deepcopy(document.raw)
    raw.get("command", raw)["id_command"].update(fields)
    return text(raw)


def pending(document: SessionDocument, now: datetime) -> bytes:
    before = document.id_command.nb_try
    tries = before + 1 if isinstance(before, int) else 1
    return _with(document, process="pending", nb_try=tries, starting_date=now.strftime(DATE_FORMAT))


def waiting(document: SessionDocument, message: str) -> bytes:
    return _with(document, process="wait", message=message)


def ended(document: SessionDocument, result: SessionResult, zone: ZoneInfo) -> bytes:
    return _with(
        document, process="ended", result=result.outcome.value == "completed", message=result.message
    )


def starting(document: SessionDocument, start: datetime, zone: ZoneInfo) -> bytes:
    local = start.astimezone(zone)
    return _with(document, date=local.strftime("%Y-%m-%d"), time=local.strftime("%H:%M:%S"))


def safe_id(stem: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", stem) or "session"
