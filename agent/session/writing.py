"""Writing a session back: the same keys in the same order, what became of it beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any

from agent.errors import AgentError
from agent.events import SessionResult, StepReport
from agent.reasons import Outcome
from agent.session.document import body_of
from agent.session.times import to_local

OUTCOME_KEYS = frozenset({"result", "message", "nb_try", "starting_date", "processed_date", "dwarf"})
"""Keys of `id_command` that tell what became of a session."""

_HALF = re.compile("[\\ud800-\\udfff]")


class Process(StrEnum):
    """The three words of `process`."""

    WAIT = "wait"
    PENDING = "pending"
    ENDED = "ended"


def to_bytes(raw: Mapping[str, Any]) -> bytes:
    """Return the document as a file holds it: UTF-8, four spaces, keys in their order."""
    return encoded(json.dumps(raw, ensure_ascii=False, indent=4, allow_nan=False) + "\n")


def encoded(text: str) -> bytes:
    """Return JSON as UTF-8. Half a character (a lone surrogate) becomes text that names it: `\\ud83d`."""
    return _HALF.sub(lambda match: f"\\\\u{ord(match[0]):04x}", text).encode()


def with_fields(raw: Mapping[str, Any], fields: Mapping[str, Any]) -> bytes:
    """Return the document with those keys of `id_command` set; new keys come last, in the order given.

    AgentError when the document has no session to write into.
    """
    changed = deepcopy(dict(raw))
    _id_command(changed).update(fields)
    return to_bytes(changed)


def with_process(
    raw: Mapping[str, Any],
    process: Process,
    now: datetime,
    zone: tzinfo,
    *,
    message: str | None = None,
    attempt: int | None = None,
) -> bytes:
    """Return the document with its `process` changed at the instant `now`.

    A session that becomes pending also gets its `starting_date`; `processed_date` is always the last change.
    """
    fields: dict[str, Any] = {"process": process.value}
    if message is not None:
        fields["message"] = message
    if attempt is not None:
        fields["nb_try"] = attempt
    if process is Process.PENDING:
        fields["starting_date"] = to_local(now, zone)
    fields["processed_date"] = to_local(now, zone)
    return with_fields(raw, fields)


def with_outcome(
    raw: Mapping[str, Any],
    result: SessionResult,
    zone: tzinfo,
    *,
    conditions: Mapping[str, Any] | None = None,
    target: Mapping[str, Any] | None = None,
    model: str | None = None,
) -> bytes:
    """Return the document of a session that ended.

    `result` true means completed: every frame asked for was taken. `conditions` are the readings at the start
    and `target` where the goto pointed (`plan.target_json`), both for `result_details`. `model` is the
    telescope's ("D3"); while nobody knows it, `dwarf` is the name it goes by.
    """
    changed = deepcopy(dict(raw))
    fields: dict[str, Any] = {
        "process": Process.ENDED.value,
        "result": result.outcome is Outcome.COMPLETED,
        "message": _message(result),
        "nb_try": result.attempts,
    }
    if result.started_at is not None:
        fields["starting_date"] = to_local(result.started_at, zone)
    fields["processed_date"] = to_local(result.ended_at, zone)
    fields["dwarf"] = model or result.device or result.telescope
    _id_command(changed).update(fields)
    body_of(changed)["result_details"] = result_details(result, zone, conditions=conditions, target=target)
    return to_bytes(changed)


def result_details(
    result: SessionResult,
    zone: tzinfo,
    *,
    conditions: Mapping[str, Any] | None = None,
    target: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the record of a session that ended. Times are ISO with their offset, durations seconds."""
    return {
        "outcome": result.outcome.value,
        "reason": result.reason.value if result.reason else None,
        "error": _error(result),
        "session_id": result.session.session_id,
        "request_id": result.session.request_id or None,
        "source": result.session.source.value,
        "telescope": result.telescope,
        "device": result.device or None,
        "firmware": result.firmware or None,
        "target": dict(target) if target else {"name": result.session.target},
        "started_at": _iso(result.started_at, zone),
        "ended_at": _iso(result.ended_at, zone),
        "attempts": result.attempts,
        "frames": {
            "requested": result.frames.requested,
            "taken": result.frames.taken,
            "stacked": result.frames.stacked,
            "rejected": result.frames.rejected,
        },
        **_cameras(result),
        **_panes(result),
        "integration_s": round(result.integration_s, 3),
        "settings": dict(result.settings),
        "steps": [
            {
                "step": step.name,
                "result": step.result,
                "started_at": _iso(step.started_at, zone),
                "ended_at": _iso(step.ended_at, zone),
                "attempts": step.attempts,
                "message": step.message,
                **_measured(step),
            }
            for step in result.steps
        ],
        "waits": [{"reason": wait.reason.value, "seconds": round(wait.seconds, 1)} for wait in result.waits],
        "conditions": dict(conditions) if conditions else None,
        "files": list(result.files),
        **({"saved": [asdict(one) for one in result.saved]} if result.saved else {}),
    }


def _measured(step: StepReport) -> dict[str, Any]:
    """What later estimates are learned from, where it was measured."""
    if step.took_s is None:
        return {}
    numbers = {"took_s": step.took_s, "frame_s": step.frame_s, "setup_s": step.setup_s}
    words = {"kind": step.kind, "camera": step.camera, "exposure_s": step.exposure_s}
    known = {key: round(value, 2) for key, value in numbers.items() if value is not None}
    return {key: value for key, value in words.items() if value} | known


def _id_command(raw: dict[str, Any]) -> dict[str, Any]:
    body = body_of(raw)
    if isinstance(body, dict):
        id_command = body.setdefault("id_command", {})
        if isinstance(id_command, dict):
            return id_command
    raise AgentError("The document has no id_command to write into.", code="not_a_session")


def _cameras(result: SessionResult) -> dict[str, Any]:
    """Return the counts of each camera; nothing where they are not known."""
    counts = {name: {"taken": one.taken, "stacked": one.stacked} for name, one in result.by_camera.items()}
    return {"frames_by_camera": counts} if counts else {}


def _panes(result: SessionResult) -> dict[str, Any]:
    """Return the counts of each pane of a mosaic; nothing for a single field."""
    counts = [
        {"pane": number, "requested": one.requested, "taken": one.taken, "stacked": one.stacked}
        for number, one in enumerate(result.panes, start=1)
    ]
    made_of = {"made_of": list(result.made_of)} if result.made_of else {}
    return {"panes": counts, **made_of} if counts else made_of


def _message(result: SessionResult) -> str:
    if result.message:
        return result.message
    if result.error is not None:
        return f"{result.error.message} {result.error.hint}".rstrip()
    return "Action completed successfully." if result.outcome is Outcome.COMPLETED else result.outcome.value


def _error(result: SessionResult) -> dict[str, Any] | None:
    if result.error is None:
        return None
    return {"code": result.error.code, "message": result.error.message, "hint": result.error.hint}


def _iso(instant: datetime | None, zone: tzinfo) -> str | None:
    return None if instant is None else instant.astimezone(zone).isoformat(timespec="seconds")
