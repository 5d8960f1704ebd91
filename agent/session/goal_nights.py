"""A night of a session with a goal: one ordinary session for what is left of it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import date, datetime, timedelta
from typing import Any

from agent.reasons import Source
from agent.session.document import SessionDocument, body_of
from agent.session.sections import CAMERA_SECTIONS, CameraSetup
from agent.session.writing import OUTCOME_KEYS, Process

CHILD = "--night-"
"""Between the id of a session with a goal and the number of a child."""

_NOON = timedelta(hours=12)
_NOT_INHERITED = OUTCOME_KEYS | {"request_id", "session_id", "expires_at"}


def night_session(
    document: SessionDocument, group: str, frames: Mapping[str, int], evening: date
) -> dict[str, Any]:
    """Return the session for the night of that evening, with at most so many frames per camera section.

    A section's own `count` is the most of one night; of a mosaic the frames are those of each pane. A start
    date that is over is left out: its time of day stays.
    """
    body: dict[str, Any] = deepcopy(body_of(document.raw))
    for key in ("goal", "repeat", "result_details"):
        body.pop(key, None)
    id_command = {key: value for key, value in body["id_command"].items() if key not in _NOT_INHERITED}
    if _is_over(document, evening):
        begin = document.id_command.date
        del id_command["date"]
        if isinstance(begin, datetime):
            id_command["time"] = begin.timetz().isoformat()
    body["id_command"] = id_command | {
        "process": Process.WAIT.value,
        "source": Source.GOAL.value,
        "group": group,
    }
    for key in CAMERA_SECTIONS:
        setup: CameraSetup | None = getattr(document, key)
        if setup is None:
            continue
        wanted = frames.get(key, 0)
        if wanted == 0:
            body[key] = {**body[key], "do_action": False}
        elif setup.orders_mosaic:
            body[key] = {**body[key], "mosaic_count": min(wanted, setup.mosaic_count or wanted)}
        else:
            body[key] = {**body[key], "count": min(wanted, setup.count or wanted)}
    return {"command": body}


def counts_of(document: SessionDocument) -> dict[str, int]:
    """Return the frames that each camera section which is on asks for."""
    setups = {key: getattr(document, key) for key in CAMERA_SECTIONS}
    return {
        key: (setup.mosaic_count if setup.orders_mosaic else setup.count) or 0
        for key, setup in setups.items()
        if setup is not None
    }


def _is_over(document: SessionDocument, evening: date) -> bool:
    begin = document.id_command.date
    if begin is None:
        return False
    day = (begin.replace(tzinfo=None) - _NOON).date() if isinstance(begin, datetime) else begin
    return day < evening
