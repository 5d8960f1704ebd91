"""From values to the JSON bodies of `bodies.py`: rounded, shortened, times in the site's zone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Literal

from agent.afterwards import DownloadChanged, NightReported
from agent.errors import Problem
from agent.events import (
    EnclosureChanged,
    Frames,
    QueueChanged,
    SafetyDecision,
    SessionBrief,
    SessionProgress,
    SessionResult,
    Status,
    StatusChanged,
    Telemetry,
)
from agent.mqtt.bodies import (
    AnswerBody,
    BriefBody,
    CommandAnswerBody,
    DownloadBody,
    EnclosureBody,
    FailureBody,
    NightBody,
    OwnScheduleBody,
    PaneBody,
    ProblemBody,
    ProgressBody,
    QueueBody,
    ResultBody,
    ResultFramesBody,
    SafetyBody,
    ScheduleBody,
    StatusBody,
    TelemetryBody,
)
from agent.mqtt.encoding import encode, finite
from agent.own_schedule import OwnSchedule, ScheduleState, TaskState
from agent.requests import Acknowledgement, Code, Reply

MAX_TEXT = 255  # characters of a state in Home Assistant; longer ones become unknown
MAX_BODY = 15_000  # bytes: Home Assistant does not record attributes above 16,384
MAX_LISTED = 50  # entries of any list in a body
MAX_PROBLEMS = 30  # problems named in one answer
MAX_WARNINGS = 3  # of one session in the queue and in its event

_QUIET = frozenset({Status.OFFLINE, Status.IDLE, Status.WAITING, Status.PARKED, Status.ERROR})


def short(text: str, limit: int = MAX_TEXT) -> str:
    """Return a text cut to a state's length, with an ellipsis where it was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


@dataclass(frozen=True, slots=True)
class Payloads:
    """Makes bodies. `zone` is the site's time zone, `agent_version` stands in results."""

    zone: tzinfo
    agent_version: str = ""

    def instant(self, at: datetime | None) -> str | None:
        """Return an instant as local ISO 8601 with its offset, to the second."""
        return None if at is None else self.stamp(at)

    def stamp(self, at: datetime) -> str:
        """Return an instant that is known, like `instant`."""
        return at.astimezone(self.zone).isoformat(timespec="seconds")

    def status(self, event: StatusChanged, since: datetime) -> StatusBody:
        session = event.session
        return {
            "state": event.status,
            "since": self.stamp(since),
            "step": short(event.step),
            "reason": event.reason,
            "message": short(event.message),
            "running": session is not None and event.status not in _QUIET,
            "night_over": event.night_over,
            "session_id": session.session_id if session else None,
            "request_id": session.request_id or None if session else None,
            "target": short(session.target) if session else None,
            "problem": failure(event.problem),
        }

    def no_progress(self) -> ProgressBody:
        """Return the body before the first session."""
        return {
            "session_id": None,
            "percent": None,
            "frames": {"taken": 0, "stacked": 0, "total": 0},
            "pane": None,
            "panes": None,
            "integration_s": None,
            "remaining_s": None,
            "estimated_end": None,
            "step": {"index": 0, "count": 0, "name": ""},
        }

    def progress(self, event: SessionProgress) -> ProgressBody:
        return {
            "session_id": event.session.session_id,
            "percent": round(min(100.0, max(0.0, event.percent)), 1),
            "frames": {
                "taken": event.frames.taken,
                "stacked": event.frames.stacked,
                "total": event.frames.requested,
            },
            "pane": event.pane or None,
            "panes": panes(event.panes),
            "integration_s": round(event.integration_s, 1),
            "remaining_s": None if event.remaining_s is None else round(max(0.0, event.remaining_s)),
            "estimated_end": self.instant(event.estimated_end),
            "step": {"index": event.index, "count": event.count, "name": short(event.step)},
        }

    def telemetry(self, telemetry: Telemetry) -> TelemetryBody:
        return {
            "battery": telemetry.battery,
            "charging": telemetry.charging,
            "temperature": rounded(telemetry.temperature, 1),
            "storage": {
                "free_gb": rounded(telemetry.storage_free_gb, 1),
                "total_gb": rounded(telemetry.storage_total_gb, 1),
            },
            "host": telemetry.host,
            "tracking": telemetry.tracking,
            "focus_position": telemetry.focus_position,
        }

    def brief(self, session: SessionBrief) -> BriefBody:
        return {
            "session_id": session.session_id,
            "target": short(session.target),
            "scheduled_for": self.instant(session.scheduled_for),
            "priority": session.priority,
            "source": session.source,
            "waits_for": session.waits_for,
            "note": short(session.note),
            "warnings": warnings(session),
        }

    def queue(self, event: QueueChanged) -> QueueBody:
        sessions = [self.brief(session) for session in event.sessions[:MAX_LISTED]]
        body: QueueBody = {
            "count": len(event.sessions),
            "next_at": self.instant(event.next_at),
            "next": sessions[0] if sessions else None,
            "sessions": sessions,
        }
        _shorten(body, "sessions")
        return body

    def enclosure(self, event: EnclosureChanged) -> EnclosureBody:
        return {
            "lid": event.lid,
            "wanted": "open" if event.wanted_open else "closed",
            "power": event.power,
            "mains": event.mains,
            "heater": event.heater,
            "message": short(event.message),
        }

    def own_schedule(self, schedules: Sequence[OwnSchedule]) -> OwnScheduleBody:
        alive = [one for one in schedules if one.state in (ScheduleState.IMAGING, ScheduleState.WAITING)]
        first = min(alive, key=lambda one: (one.state is ScheduleState.WAITING, one.begins), default=None)
        body: OwnScheduleBody = {
            "state": _word(first),
            "next_at": self.instant(first.begins) if first else None,
            "ends_at": self.instant(first.ends) if first else None,
            "target": short(_next_target(first)) if first else None,
            "count": len(alive),
            "schedules": [self._schedule(one) for one in schedules[-MAX_LISTED:]],
        }
        _shorten(body, "schedules")
        return body

    def _schedule(self, schedule: OwnSchedule) -> ScheduleBody:
        return {
            "name": short(schedule.name),
            "state": schedule.state,
            "starts_at": self.stamp(schedule.begins),
            "ends_at": self.stamp(schedule.ends),
            "ours": schedule.ours,
            "tasks": [
                {
                    "target": short(task.target),
                    "state": task.state,
                    "starts_at": self.instant(task.begins),
                    "ends_at": self.instant(task.ends),
                }
                for task in schedule.tasks[:MAX_LISTED]
            ],
        }

    def result(self, result: SessionResult) -> ResultBody:
        session = result.session
        body: ResultBody = {
            "result": result.outcome,
            "session_id": session.session_id,
            "request_id": session.request_id or None,
            "telescope": result.telescope,
            "target": short(session.target),
            "source": session.source,
            "scheduled_for": self.instant(session.scheduled_for),
            "started_at": self.instant(result.started_at),
            "ended_at": self.stamp(result.ended_at),
            "frames": frames(result.frames),
            "panes": panes(result.panes),
            "integration_s": round(result.integration_s, 1),
            "error": failure(result.error),
            "reason": result.reason,
            "message": short(result.message),
            "attempts": result.attempts,
            "waits": [
                {"reason": wait.reason, "seconds": round(wait.seconds, 1)}
                for wait in result.waits[-MAX_LISTED:]
            ],
            "steps": [
                {
                    "name": step.name,
                    "started_at": self.stamp(step.started_at),
                    "ended_at": self.stamp(step.ended_at),
                    "result": step.result,
                    "attempts": step.attempts,
                    "message": short(step.message),
                }
                for step in result.steps[-MAX_LISTED:]
            ],
            "settings": plain(result.settings),
            "files": list(result.files[:MAX_LISTED]),
            "files_total": len(result.files),
            "device": result.device,
            "firmware": result.firmware,
            "agent_version": self.agent_version,
        }
        if result.saved:
            body["saved"] = [
                {"source": one.source, "taken": one.taken, "stacked": one.stacked, "size": one.size}
                for one in result.saved
            ]
        _shorten(body, "files", "steps", "waits")
        return body

    def night(self, event: NightReported) -> NightBody:
        return {
            "night": event.night.isoformat(),
            "title": short(event.title),
            "message": short(event.message),
            "sessions": event.sessions,
            "completed": event.completed,
            "frames": {"taken": event.taken, "stacked": event.stacked, "total": event.taken},
            "integration_s": round(event.integration_s, 1),
            "path": event.path,
            "picture_target": short(event.picture_target) or None,
        }

    def download(self, event: DownloadChanged) -> DownloadBody:
        share = 100 * event.size_done / event.size if event.size else 0.0
        return {
            "state": event.state,
            "session_id": event.session_id or None,
            "target": short(event.target) or None,
            "percent": round(min(100.0, share), 1) if event.session_id else None,
            "files": event.files,
            "files_done": event.files_done,
            "size": event.size,
            "size_done": min(event.size_done, event.size),
            "rate": round(event.rate),
            "sessions": event.sessions,
            "reason": event.reason,
            "message": short(event.message),
        }

    def safety(self, decision: SafetyDecision) -> SafetyBody:
        return {
            "safe": decision.safe,
            "state": decision.state,
            "level": decision.level,
            "reasons": [short(reason) for reason in decision.reasons[:MAX_LISTED]],
            "sources": {
                name: {
                    "safe": source.safe,
                    "level": source.level,
                    "age_s": rounded(source.age_s, 0),
                    "reason": short(source.reason),
                }
                for name, source in decision.sources.items()
            },
            "since": self.stamp(decision.since),
            "policy": decision.policy,
            "next_check": self.instant(decision.next_check),
        }

    def answer(self, acknowledgement: Acknowledgement) -> AnswerBody:
        """Return the answer to a submission."""
        return {
            "request_id": acknowledgement.request_id or None,
            "status": "accepted" if acknowledgement.accepted else "error",
            "code": acknowledgement.code,
            "message": short(acknowledgement.message),
            "session_id": acknowledgement.session_id or None,
            "telescope": acknowledgement.telescope or None,
            "position": acknowledgement.position,
            "scheduled_for": self.instant(acknowledgement.scheduled_for),
            "duplicate": acknowledgement.duplicate,
            "errors": [problem(found) for found in acknowledgement.errors[:MAX_PROBLEMS]],
            "warnings": [problem(found) for found in acknowledgement.warnings[:MAX_PROBLEMS]],
        }


def _word(first: OwnSchedule | None) -> Literal["none", "waiting", "imaging"]:
    if first is None:
        return "none"
    return "imaging" if first.state is ScheduleState.IMAGING else "waiting"


def _next_target(schedule: OwnSchedule) -> str:
    """The target it images now, else the first that is still to come."""
    order = {TaskState.IMAGING: 0, TaskState.WAITING: 1}
    left = [task for task in schedule.tasks if task.state in order]
    return min(left, key=lambda task: order[task.state]).target if left else ""


def command_answer(
    reply: Reply, telescope: str, *, command: str = "", setting: str = ""
) -> CommandAnswerBody:
    """Return an answer to a command (or a setting)."""
    status = "error" if not reply.ok else "accepted" if reply.code is Code.ACCEPTED else "done"
    body: CommandAnswerBody = {
        "request_id": reply.request_id or None,
        "status": status,  # type: ignore[typeddict-item]
        "code": reply.code,
        "message": short(reply.message),
        "hint": short(reply.hint),
        "telescope": telescope,
    }
    if command:
        body["command"] = command
    if setting:
        body["setting"] = setting
    return body


def failure(found: Problem | None) -> FailureBody | None:
    """Return what went wrong as a body."""
    if found is None:
        return None
    return {"code": found.code, "message": short(found.message), "hint": short(found.hint)}


def warnings(session: SessionBrief) -> list[str]:
    """Return what in a session may surprise, the first few sentences of it."""
    return [short(str(found)) for found in session.warnings[:MAX_WARNINGS]]


def problem(found: Problem) -> ProblemBody:
    """Return one problem of a request as a body."""
    return {
        "path": found.path,
        "code": found.code,
        "message": short(found.message),
        "hint": short(found.hint),
    }


def frames(counted: Frames) -> ResultFramesBody:
    """Return frame counts as a body."""
    return {
        "requested": counted.requested,
        "taken": counted.taken,
        "stacked": counted.stacked,
        "rejected": counted.rejected,
    }


def panes(counted: Sequence[Frames]) -> list[PaneBody] | None:
    """Return the frames of each pane of a mosaic; None for a single field."""
    bodies: list[PaneBody] = [
        {"taken": one.taken, "stacked": one.stacked, "requested": one.requested}
        for one in counted[:MAX_LISTED]
    ]
    return bodies or None


def rounded(value: float | None, digits: int) -> float | None:
    """Round a number that may be unknown."""
    return None if value is None else round(value, digits)


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping that JSON can hold; what it cannot becomes its text."""
    decoded: dict[str, Any] = json.loads(json.dumps(finite(values), default=str))
    return decoded


def _shorten(body: Any, *keys: str) -> None:
    """Drop the last entries of these lists, one list after the other, until the body is small enough."""
    for key in keys:
        while body[key] and len(encode(body)) > MAX_BODY:
            body[key] = body[key][: len(body[key]) // 2]
