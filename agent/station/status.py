"""The one status of a station, merged from what the run, the queue and the link say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.clock import Clock
from agent.events import Failure, Reason, SessionBrief, SessionWaiting, Status, StatusChanged
from agent.execute.status import StatusSink
from agent.telescope.interface import ConnectionState


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
        self._link = ConnectionState.CLOSED
        self._link_message = ""
        self._parked = False
        self._problem: Failure | None = None
        self._last: StatusChanged | None = None

    @property
    def status(self) -> Status:
        """The status as last published."""
        return self._last.status if self._last else Status.OFFLINE

    def session_began(self, session: SessionBrief) -> None:
        """A session runs; what it says is the status until it ended."""
        self._session, self._said, self._parked = session, _Said(Status.PREPARING), False
        self._tell()

    def session_ended(self, problem: Failure | None) -> None:
        """No session runs; `problem` stays until the next session does better."""
        self._session, self._said, self._problem = None, None, problem
        self._tell()

    def say(self, status: Status, *, step: str = "", reason: Reason | None = None, message: str = "") -> None:
        """What the running session, or a manual command, is doing."""
        self._said = _Said(status, step, reason, message)
        self._tell()

    def manual_done(self, *, parked: bool = False) -> None:
        """A manual command is over."""
        self._parked = parked
        if self._session is None:
            self._said = None
        self._tell()

    def stands_still(self, standstill: SessionWaiting | None) -> None:
        """Why due sessions do not run, or None."""
        self._standstill = standstill
        self._tell()

    def link(self, state: ConnectionState, message: str = "") -> None:
        """The link to the telescope changed. Waking one that was left alone is no loss until it fails."""
        if state is ConnectionState.CONNECTING and self._link is ConnectionState.RESTING and not message:
            return
        self._link, self._link_message = state, message
        self._tell()

    def problem(self, problem: Failure | None) -> None:
        """Something needs a person's attention, or no longer does."""
        self._problem = problem
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
        session = self._session or (self._standstill.session if self._standstill else None)
        return StatusChanged(
            telescope=self._telescope_id,
            at=self._clock.now(),
            status=said.status,
            session=session,
            step=said.step,
            reason=said.reason,
            message=said.message,
            problem=self._problem,
        )

    def _current(self) -> _Said:
        if self._said is not None:
            return self._said
        if self._standstill is not None:
            return _Said(Status.WAITING, "", self._standstill.reason, self._standstill.message)
        match self._link:
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


def _same(before: StatusChanged, now: StatusChanged) -> bool:
    return (
        before.status is now.status
        and before.session == now.session
        and (before.step, before.reason, before.message, before.problem)
        == (now.step, now.reason, now.message, now.problem)
    )
