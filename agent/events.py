"""What can happen, as frozen values, and the words for it.

Everything that happens in the agent becomes one of these; MQTT, the results, the logs and the journal listen.
The closed vocabularies (`Status`, `Reason`, `Outcome`) are what people and automations see: discovery,
documents and code all read them from here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from agent.errors import Problem
from agent.own_schedule import OwnSchedule
from agent.reasons import Outcome as Outcome
from agent.reasons import Reason as Reason
from agent.reasons import SafetyLevel as SafetyLevel
from agent.reasons import Source as Source
from agent.telemetry import Telemetry as Telemetry

_LOGGER = logging.getLogger(__name__)


class Status(StrEnum):
    """What a telescope's station is doing, as published."""

    OFFLINE = "offline"
    IDLE = "idle"
    WAITING = "waiting"
    PREPARING = "preparing"
    CALIBRATING = "calibrating"
    FOCUSING = "focusing"
    SLEWING = "slewing"
    IMAGING = "imaging"
    PAUSED = "paused"
    FINISHING = "finishing"
    STOPPING = "stopping"
    PARKED = "parked"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Frames:
    """Frame counts of a session: asked for, taken by the camera, kept in the stack."""

    requested: int = 0
    taken: int = 0
    stacked: int = 0

    @property
    def rejected(self) -> int:
        """Frames taken but not stacked."""
        return max(0, self.taken - self.stacked)

    def __add__(self, other: Frames) -> Frames:
        return Frames(
            self.requested + other.requested, self.taken + other.taken, self.stacked + other.stacked
        )


@dataclass(frozen=True, slots=True)
class Waited:
    """A wait that is over: why, and for how many seconds."""

    reason: Reason
    seconds: float


@dataclass(frozen=True, slots=True)
class StepReport:
    """One step: `result` is "done", "failed", "interrupted", or "skipped" when it was not needed.

    `took_s` is its last attempt alone, without waits; of a capture `camera` took a frame each `frame_s`, the
    first of them after `setup_s`. None is not known.
    """

    name: str
    started_at: datetime
    ended_at: datetime
    result: str
    attempts: int = 1
    message: str = ""
    kind: str = ""
    took_s: float | None = None
    camera: str = ""
    exposure_s: float | None = None
    frame_s: float | None = None
    setup_s: float | None = None


@dataclass(frozen=True, slots=True)
class SessionBrief:
    """A session in a few words. `session_id` is its file name without `.json`: unique per telescope.

    `waits_for` and `note` say why a due session was passed over, in code and words; `warnings` what in it may
    surprise.
    """

    session_id: str
    target: str
    scheduled_for: datetime | None = None
    priority: int = 0
    source: Source = Source.FILE
    request_id: str = ""
    waits_for: Reason | None = None
    note: str = ""
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Saved:
    """Frames of a session as the telescope keeps them, by one of its own records; `size` in bytes."""

    source: str
    taken: int
    stacked: int
    size: int | None = None


@dataclass(frozen=True, slots=True)
class SessionResult:
    """How a session ended, with what was truly taken. Instants are aware UTC; durations seconds.

    `saved` is what the telescope's own records say of it. `panes` are the frames of each pane of a mosaic, in
    the order of their numbers; `made_of` are the sessions whose results this one sums up. `by_camera` has the
    frames of each camera, by its word.
    """

    telescope: str
    session: SessionBrief
    outcome: Outcome
    ended_at: datetime
    started_at: datetime | None = None
    frames: Frames = Frames()
    panes: tuple[Frames, ...] = ()
    integration_s: float = 0.0
    error: Problem | None = None
    reason: Reason | None = None
    message: str = ""
    attempts: int = 0
    waits: tuple[Waited, ...] = ()
    steps: tuple[StepReport, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    saved: tuple[Saved, ...] = ()
    device: str = ""
    firmware: str = ""
    made_of: tuple[str, ...] = ()
    by_camera: dict[str, Frames] = field(default_factory=dict)


class SafetyState(StrEnum):
    """What the safety inputs say together. Everything but SAFE is treated as unsafe."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    UNKNOWN = "unknown"  # nothing has been heard yet from every source


@dataclass(frozen=True, slots=True)
class SafetySourceState:
    """One safety source as last judged. `age_s` is the age of its last reading; None: never heard."""

    safe: bool
    level: SafetyLevel
    age_s: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class SafetyDecision:
    """May the sky be opened? The worst of all sources, with every reason against it.

    `since` is when the state last changed, `next_check` when it may next change by itself (a source going
    stale, a delay or the clear time running out); None when only new input can change it. `live` is true when
    a source itself reported unsafe; false for silence, a lost connection or an unreadable message alone.
    """

    state: SafetyState
    level: SafetyLevel
    reasons: tuple[str, ...]
    sources: dict[str, SafetySourceState]
    since: datetime
    policy: str
    next_check: datetime | None = None
    live: bool = False

    @property
    def safe(self) -> bool:
        """Whether it is safe; unknown is not."""
        return self.state is SafetyState.SAFE


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to one telescope's station. `at` is aware UTC."""

    telescope: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChanged(Event):
    """The station's status. `problem` is set while something needs a person's attention.

    `night_over`: a night was ended whose sessions still wait.
    """

    status: Status
    session: SessionBrief | None = None
    step: str = ""
    reason: Reason | None = None
    message: str = ""
    problem: Problem | None = None
    night_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueChanged(Event):
    """The sessions that wait, in the order they would run; `next_at` is the earliest start to come."""

    sessions: tuple[SessionBrief, ...]
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionQueued(Event):
    """A session was accepted; `position` counts from 1."""

    session: SessionBrief
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRejected(Event):
    """A session file could not be used and went to Error/."""

    session: SessionBrief
    failure: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionWaiting(Event):
    """A due session may not run yet. `until` is when it is asked again at the latest."""

    session: SessionBrief
    reason: Reason
    message: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted(Event):
    """A session began to run, or goes on after a restart (`resumed`)."""

    session: SessionBrief
    resumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted(Event):
    """A step began; `index` counts from 1, `why` says what is being waited for."""

    session: SessionBrief
    step: str
    index: int
    count: int
    why: str = ""
    attempt: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionProgress(Event):
    """How far a running session is. Seconds; `estimated_end` aware UTC.

    Of a mosaic, `panes` are the frames of each pane, and `pane` is the one it is at, counted from 1.
    """

    session: SessionBrief
    percent: float
    frames: Frames
    integration_s: float
    remaining_s: float | None
    estimated_end: datetime | None
    step: str
    index: int
    count: int
    panes: tuple[Frames, ...] = ()
    pane: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    """A session is over: exactly one per session."""

    result: SessionResult


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultHanded(Event):
    """The result of a session is with the broker (or there is none): it need not be told again."""

    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryChanged(Event):
    """New telemetry, throttled by the driver."""

    telemetry: Telemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailabilityChanged(Event):
    """The telescope answers, or no longer does. `message` says why not.

    `heard` tells whether its telemetry comes in: not while it is left to another client.
    """

    online: bool
    heard: bool = True
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightOver(Event):
    """Nothing runs, and nothing more will before the next night. `reason` None: all was done."""

    reason: Reason | None = None
    message: str = ""


class Lid(StrEnum):
    """The roof, cover or lid over a telescope, as it is seen."""

    OPEN = "open"
    CLOSED = "closed"
    BETWEEN = "between"  # neither open nor closed
    CONTRADICTS = "contradicts"  # both
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnclosureChanged(Event):
    """The box around a telescope as it is seen; None is unknown, or there is no such thing."""

    lid: Lid | None
    wanted_open: bool
    power: bool | None = None
    mains: bool | None = None
    heater: bool | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnScheduleChanged(Event):
    """What the telescope keeps to do by itself."""

    schedules: tuple[OwnSchedule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyChanged(Event):
    """The weather and safety inputs say something new."""

    decision: SafetyDecision


class EventBus:
    """Hands each event to every listener, in order; a failing listener never stops the others."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Event], None]] = []

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Add a listener; call the returned function to remove it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def publish(self, event: Event) -> None:
        """Tell every listener, at once, in the caller's task."""
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception:
                _LOGGER.exception("Listener %r failed on %s", listener, type(event).__name__)
