"""What of all that happens is worth a note in the night's book, and how often."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from agent.afterwards import FrameMeasured, SessionArchived, SkyChanged, TotalsChanged
from agent.events import (
    AvailabilityChanged,
    Event,
    QueueChanged,
    Reason,
    SafetyChanged,
    SafetyState,
    SessionEnded,
    SessionProgress,
    SessionStarted,
    SessionWaiting,
    StatusChanged,
    Telemetry,
    TelemetryChanged,
)
from agent.group_progress import GroupProgress, GroupsChanged
from agent.report.book import Note

TELEMETRY_EVERY = timedelta(minutes=10)
PROGRESS_EVERY = timedelta(minutes=1)
WEATHER_EVERY = timedelta(minutes=5)  # of a weather that is bad for changing reasons
AHEAD = timedelta(hours=20)  # what starts later than this is no plan of this night


class Noting:
    """Turns one telescope's events into notes; remembers what it noted last."""

    def __init__(self) -> None:
        self._planned: set[str] = set()
        self._waits: dict[str, Reason] = {}
        self._telemetry: tuple[datetime, Telemetry] | None = None
        self._progress: dict[str, datetime] = {}
        self._safety: tuple[datetime, SafetyState, str] | None = None
        self._problem = ""
        self._online: bool | None = None
        self._groups: dict[str, GroupProgress] = {}
        self._handlers: dict[type[Event], Callable[[Any], Iterator[Note]]] = {
            QueueChanged: self._queue,
            SessionStarted: self._began,
            SessionWaiting: self._waiting,
            SessionProgress: self._frames,
            SessionEnded: self._over,
            SessionArchived: self._archived,
            TelemetryChanged: self._felt,
            SafetyChanged: self._weather,
            StatusChanged: self._status,
            AvailabilityChanged: self._link,
            SkyChanged: self._sky,
            GroupsChanged: self._goals,
            TotalsChanged: self._totals,
            FrameMeasured: self._measured,
        }

    def notes(self, event: Event) -> Iterator[Note]:
        """Return what is to be noted of an event."""
        handler = self._handlers.get(type(event))
        return handler(event) if handler is not None else iter(())

    def _began(self, event: SessionStarted) -> Iterator[Note]:
        session = event.session
        self._waits.pop(session.session_id, None)
        yield _note(event, "began", session.session_id, session.target, resumed=event.resumed)

    def _waiting(self, event: SessionWaiting) -> Iterator[Note]:
        session = event.session
        if self._waits.get(session.session_id) is not event.reason:
            self._waits[session.session_id] = event.reason
            told = {"reason": event.reason.value, "message": event.message}
            yield _note(event, "wait", session.session_id, session.target, **told)

    def _over(self, event: SessionEnded) -> Iterator[Note]:
        session_id = event.result.session.session_id
        self._progress.pop(session_id, None)
        self._planned.discard(session_id)
        yield from ()

    def _archived(self, event: SessionArchived) -> Iterator[Note]:
        facts: dict[str, Any] = {"complete": event.complete, "message": event.message, "folder": event.folder}
        yield _note(event, "archived", event.session_id, event.target, **facts)

    def _status(self, event: StatusChanged) -> Iterator[Note]:
        message = str(event.problem) if event.problem is not None else ""
        if message != self._problem:
            self._problem = message
            yield _note(event, "problem", code=event.problem.code if event.problem else "", message=message)

    def _sky(self, event: SkyChanged) -> Iterator[Note]:
        facts: dict[str, Any] = {"degraded": event.degraded, "message": event.message}
        yield _note(event, "sky", event.session.session_id, event.session.target, **facts)

    def _measured(self, event: FrameMeasured) -> Iterator[Note]:
        facts = {"stars": event.stars, "background": round(event.background, 1), "hfd": event.hfd}
        yield _note(event, "quality", event.session.session_id, event.session.target, **facts)

    def _goals(self, event: GroupsChanged) -> Iterator[Note]:
        """How far each goal is, when that is new; once more when no session waits for it any longer."""
        now = {group.group: group for group in event.groups}
        for name, group in now.items():
            if self._groups.get(name) != group:
                yield _goal(event, group, waits=True)
        for name in self._groups.keys() - now.keys():
            yield _goal(event, self._groups[name], waits=False)
        self._groups = now

    def _totals(self, event: TotalsChanged) -> Iterator[Note]:
        counts: dict[str, Any] = {
            "sessions": event.sessions,
            "completed": event.completed,
            "nights": event.nights,
        }
        yield _note(event, "totals", light_s=event.light_s, **counts)

    def _link(self, event: AvailabilityChanged) -> Iterator[Note]:
        if event.online is not self._online:
            first, self._online = self._online is None, event.online
            if not first or event.online:
                yield _note(event, "link", online=event.online, message=event.message)

    def _queue(self, event: QueueChanged) -> Iterator[Note]:
        for session in event.sessions:
            due = session.scheduled_for
            if session.session_id in self._planned or (due is not None and due > event.at + AHEAD):
                continue
            self._planned.add(session.session_id)
            told = {"scheduled_for": due.isoformat() if due else None}
            yield _note(event, "planned", session.session_id, session.target, **told)

    def _frames(self, event: SessionProgress) -> Iterator[Note]:
        session_id, frames = event.session.session_id, event.frames
        last = self._progress.get(session_id)
        if frames.taken and (last is None or event.at - last >= PROGRESS_EVERY):
            self._progress[session_id] = event.at
            told = {"taken": frames.taken, "stacked": frames.stacked}
            yield _note(event, "progress", session_id, event.session.target, **told)

    def _felt(self, event: TelemetryChanged) -> Iterator[Note]:
        telemetry, last = event.telemetry, self._telemetry
        known = telemetry.battery is not None or telemetry.storage_free_gb is not None
        if known and (
            last is None
            or event.at - last[0] >= TELEMETRY_EVERY
            or telemetry.charging is not last[1].charging
        ):
            self._telemetry = (event.at, telemetry)
            yield _note(
                event,
                "telemetry",
                battery=telemetry.battery,
                charging=telemetry.charging,
                storage_free_gb=telemetry.storage_free_gb,
                temperature=telemetry.temperature,
            )

    def _weather(self, event: SafetyChanged) -> Iterator[Note]:
        decision, last = event.decision, self._safety
        message = "; ".join(decision.reasons)
        if not decision.sources or (last is not None and last[1:] == (decision.state, message)):
            return
        if last is None or last[1] is not decision.state or event.at - last[0] >= WEATHER_EVERY:
            self._safety = (event.at, decision.state, message)
            yield _note(event, "weather", state=decision.state.value, message=message)


def _goal(event: Event, group: GroupProgress, *, waits: bool) -> Note:
    facts: dict[str, Any] = {"message": group.words(), "percent": group.percent, "waits": waits}
    return _note(event, "goal", group=group.group, **facts)


def _note(event: Event, kind: str, session_id: str = "", target: str = "", **facts: Any) -> Note:
    named = {"session_id": session_id, "target": target} if session_id else {}
    return Note(event.at, kind, {**named, **facts})
