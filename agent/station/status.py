"""The one status of a station, merged from what all its parts say, and whether its telescope is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from agent.clock import Clock
from agent.errors import Problem, Severity
from agent.events import AvailabilityChanged, Reason, SessionBrief, SessionWaiting, Status, StatusChanged
from agent.execute.status import StatusSink
from agent.telescope.interface import ConnectionState
from agent.verdict import Verdict

SESSION = "session"  # the part whose problem is the last session's


@dataclass(frozen=True, slots=True)
class _Said:
    status: Status
    step: str = ""
    reason: Reason | None = None
    message: str = ""


class StationStatus(StatusSink):
    """Owner of a station's status; publishes it when it changes."""

    def __init__(self, telescope_id: str, clock: Clock, publish: Callable[[StatusChanged], None]) -> None:
        self._telescope_id = telescope_id
        self._clock = clock
        self._publish = publish
        self._session: SessionBrief | None = None
        self._said: _Said | None = None
        self._standstill: SessionWaiting | None = None
        self._over: Verdict | None = None
        self._link = ConnectionState.CLOSED
        self._link_message = ""
        self._parked = False
        self._safing: _Said | None = None
        self._problems: dict[str, Problem] = {}
        self._last: StatusChanged | None = None

    @property
    def status(self) -> Status:
        """The status as last published."""
        return self._last.status if self._last else Status.OFFLINE

    def session_began(self, session: SessionBrief) -> None:
        """A session runs; what it says is the status until it ended."""
        self._session, self._said = session, _Said(Status.PREPARING)
        self._tell()

    def session_ended(self, problem: Problem | None) -> None:
        """No session runs; `problem` stays until the next session does better."""
        self._session, self._said = None, None
        self.problem(SESSION, problem)
        self._tell()

    def say(self, status: Status, *, step: str = "", reason: Reason | None = None, message: str = "") -> None:
        """What the running session, or a manual command, is doing."""
        self._said = _Said(status, step, reason, message)
        self._tell()

    def safing(self, status: Status | None, reason: Reason | None = None, message: str = "") -> None:
        """The telescope is being brought to rest, which is more than what anybody says; None: no longer."""
        self._safing = _Said(status, "", reason, message) if status is not None else None
        self._tell()

    def manual_done(self) -> None:
        """A manual command is over."""
        if self._session is None:
            self._said = None
        self._tell()

    def parked(self, parked: bool) -> None:
        """The telescope is folded, or no longer."""
        self._parked = parked
        self._tell()

    def stands_still(self, standstill: SessionWaiting | None) -> None:
        """Why due sessions do not run, or None."""
        self._standstill = standstill
        self._tell()

    def night_over(self, over: Verdict | None) -> None:
        """Nothing of the queue begins before another night, be it due or not; None: it goes on."""
        self._over = over
        self._tell()

    def link(self, state: ConnectionState, message: str = "") -> None:
        """The link to the telescope changed. Waking one that was left alone is no loss until it fails."""
        if state is ConnectionState.CONNECTING and self._link is ConnectionState.RESTING and not message:
            return
        self._link, self._link_message = state, message
        self._tell()

    def problem(self, part: str, problem: Problem | None) -> None:
        """Something of one part needs a person's attention, or no longer does.

        Shown is the oldest error, else the oldest warning.
        """
        if problem is None:
            self._problems.pop(part, None)
        else:
            self._problems[part] = problem
        self._tell()

    def again(self) -> StatusChanged:
        """The current status as an event, for those who came late."""
        return self._event()

    def _tell(self) -> None:
        event = self._event()
        if self._last is not None and _same(self._last, event):
            return
        self._last = event
        self._publish(event)

    def _event(self) -> StatusChanged:
        said = self._current()
        waits = self._standstill if said.status is Status.WAITING else None
        session = self._session or (waits.session if waits is not None else None)
        return StatusChanged(
            telescope=self._telescope_id,
            at=self._clock.now(),
            status=said.status,
            session=session,
            step=said.step,
            reason=said.reason,
            message=said.message,
            problem=min(self._problems.values(), key=_weight, default=None),
            night_over=self._over is not None,
        )

    def _current(self) -> _Said:
        if self._safing is not None:
            return self._safing
        if self._said is not None:
            return self._in_sight(self._said)
        if self._standstill is not None:
            return _Said(Status.WAITING, "", self._standstill.reason, self._standstill.message)
        match self._link:
            case ConnectionState.CONNECTED | ConnectionState.RESTING if self._over is not None:
                resting = Status.PARKED if self._parked else Status.WAITING
                return _Said(resting, "", self._over.reason, self._over.message)
            case ConnectionState.CONNECTED:
                return _Said(Status.PARKED if self._parked else Status.IDLE)
            case ConnectionState.RESTING:
                return _Said(Status.IDLE, "", None, "left alone, so that the phone app can connect")
            case ConnectionState.HELD_BY_OTHER:
                return _Said(Status.IDLE, "", Reason.HELD_BY_OTHER, "another client holds the telescope")
            case ConnectionState.CLOSED if self._link_message:
                return _Said(Status.OFFLINE, "", Reason.AGENT_STOPPED, self._link_message)
            case _:
                return _Said(Status.OFFLINE, "", Reason.LOST_CONNECTION, self._link_message)

    def _in_sight(self, said: _Said) -> _Said:
        """What a session says, and that its capture goes on out of sight if that is so."""
        if said.status is not Status.IMAGING or said.reason is not None:
            return said
        match self._link:
            case ConnectionState.HELD_BY_OTHER:
                message = "another client holds the telescope; the capture goes on"
                return replace(said, reason=Reason.HELD_BY_OTHER, message=message)
            case ConnectionState.CONNECTING:
                message = "the link to the telescope is lost; the capture goes on"
                return replace(said, reason=Reason.LOST_CONNECTION, message=message)
            case _:
                return said


def _weight(problem: Problem) -> int:
    return 0 if problem.severity is Severity.ERROR else 1


def _same(before: StatusChanged, now: StatusChanged) -> bool:
    return (
        before.status is now.status
        and before.session == now.session
        and (before.step, before.reason, before.message, before.problem, before.night_over)
        == (now.step, now.reason, now.message, now.problem, now.night_over)
    )


_THERE = frozenset({ConnectionState.CONNECTED, ConnectionState.HELD_BY_OTHER, ConnectionState.RESTING})


class Availability:
    """Owner of one telescope's availability; publishes it with every change of the link."""

    def __init__(
        self, telescope_id: str, publish: Callable[[AvailabilityChanged], None], now: Callable[[], datetime]
    ) -> None:
        self._telescope_id = telescope_id
        self._publish = publish
        self._now = now
        self._online = False
        self._state = ConnectionState.CLOSED

    def link(self, state: ConnectionState, message: str = "") -> None:
        """The link changed. An attempt to connect tells nothing until it has failed."""
        self._state = state
        if state is not ConnectionState.CONNECTING or message:
            self._online = state in _THERE
        self._publish(self.event(message))

    def event(self, message: str = "") -> AvailabilityChanged:
        """The availability as it is now."""
        heard = self._state is ConnectionState.CONNECTED
        return AvailabilityChanged(
            telescope=self._telescope_id, at=self._now(), online=self._online, heard=heard, message=message
        )
