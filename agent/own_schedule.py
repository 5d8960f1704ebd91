"""What a telescope keeps to do by itself, as plain values. Instants are aware UTC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from agent.targets import Site

CLOSING = timedelta(minutes=15)  # stacking and closing the last task may take this long after its end
OURS = "dwarf-agent"  # the name of the schedules that this program gives to telescopes


class ScheduleState(StrEnum):
    """Where a schedule is."""

    UNSYNCED = "unsynced"  # known, and not to be carried out
    WAITING = "waiting"
    IMAGING = "imaging"
    OVER = "over"
    EXPIRED = "expired"
    UNKNOWN = "unknown"  # a state that nobody knows


class TaskState(StrEnum):
    """Where a task is."""

    WAITING = "waiting"
    IMAGING = "imaging"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledTask:
    """One target of a schedule, J2000; `exposure` is an index, `gain` the displayed number. None: not told.

    `frames` of 0 is as many as fit.
    """

    id: str
    target: str
    state: TaskState = TaskState.WAITING
    begins: datetime | None = None
    ends: datetime | None = None
    ra_hours: float | None = None
    dec_degrees: float | None = None
    exposure: int | None = None
    gain: int | None = None
    filter: int | None = None
    frames: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSchedule:
    """One schedule with its tasks, its times in whole minutes; `site` is only told, never read."""

    id: str
    name: str
    begins: datetime
    ends: datetime
    state: ScheduleState = ScheduleState.WAITING
    tasks: tuple[ScheduledTask, ...] = ()
    site: Site | None = None

    @property
    def ours(self) -> bool:
        """Whether this program gave it to the telescope."""
        return self.name == OURS

    @property
    def waits(self) -> bool:
        """Whether the telescope says that it has not begun it."""
        return self.state is ScheduleState.WAITING

    def busy(self, now: datetime) -> bool:
        """Whether it is being carried out now, as far as is known; what nobody heard of for long is over."""
        if self.state is ScheduleState.IMAGING:
            return now < self.ends + CLOSING
        return self.state is ScheduleState.WAITING and self.begins <= now < self.ends

    def to_come(self, now: datetime) -> bool:
        """Whether it is still to begin."""
        return self.state is ScheduleState.WAITING and now < self.begins


def carried_out(schedules: Iterable[OwnSchedule], now: datetime) -> OwnSchedule | None:
    """Return the schedule that the telescope says it carries out."""
    imaging = (one for one in schedules if one.state is ScheduleState.IMAGING and one.busy(now))
    return next(imaging, None)


def in_the_way(schedules: Iterable[OwnSchedule], now: datetime, until: datetime) -> OwnSchedule | None:
    """Return the first schedule that has the telescope at any time from now until then."""
    found = [one for one in schedules if one.busy(now) or (one.to_come(now) and one.begins < until)]
    return min(found, key=lambda one: (not one.busy(now), one.begins), default=None)
