"""A session that waits for its turn, and the order of turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from agent.capabilities import Camera
from agent.events import Reason, SessionBrief
from agent.session.document import SessionDocument
from agent.session.plan import Plan


@dataclass(frozen=True, slots=True)
class Waiting:
    """A valid session in ToDo/. Instants are aware UTC; a `start` of None means as soon as possible."""

    brief: SessionBrief
    document: SessionDocument
    plan: Plan | None  # None until the telescope's model is known
    start: datetime | None
    window_end: datetime | None
    seen: datetime
    resume: bool = False  # it was running when the agent last ended
    too_old: bool = False  # and too long ago to go on: it takes its turn only to be counted
    began: datetime | None = None  # when a session that goes on, or gave its turn back, first began
    forced: bool = False  # a person wants it now, whatever its start
    rests_until: datetime | None = None  # it failed, and gets another turn from then on
    gave_back: bool = False  # it had a turn, and waits for the sky, or behind another one, to go on
    taken: Mapping[Camera, int] = field(default_factory=dict)  # frames it has from earlier turns

    @property
    def closes(self) -> datetime | None:
        """When it is over: by its window, or by the end times of its captures; None is never."""
        ends = (self.window_end, self.plan.ends_at if self.plan is not None else None)
        return min((end for end in ends if end is not None), default=None)

    @property
    def times_count_from(self) -> datetime:
        """The instant after which the end times of its captures are the next ones."""
        return min(self.start or self.seen, self.began or self.start or self.seen)

    @property
    def session_id(self) -> str:
        """The session's identity."""
        return self.brief.session_id

    def due(self, now: datetime) -> bool:
        """Whether its start has come."""
        when = self.due_at
        if self.rests_until is not None:
            return self.rests_until <= now
        return self.forced or self.resume or when is None or when <= now

    @property
    def due_at(self) -> datetime | None:
        """From when on it wants its turn; None is at once."""
        return self.rests_until or self.start

    def turn(self) -> tuple[bool, bool, int, datetime, datetime, str]:
        """Sort key where no plan says more: unfinished first, then forced, priority, start, arrival."""
        start = self.start or self.seen
        return (not self.resume, not self.forced, -self.brief.priority, start, self.seen, self.session_id)

    def passed_over(self, reason: Reason | None, note: str) -> Waiting:
        """The same session with the reason why it was not chosen."""
        return replace(self, brief=replace(self.brief, waits_for=reason, note=note))
