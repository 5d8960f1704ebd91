"""The telescope's own schedules as it keeps them, over restarts: which it takes, and which is next."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any

from agent.telescope.dwarf.proto import schedule_pb2 as proto

OTHER_DEVICE = -16300
BAD_DURATION = -16301
CONFLICT = -16302
WRONG_PASSWORD = -16306
SHOOTING = -16307
TOO_FAR = -16308
BUSY = -16309
INTERRUPTED = -16310
NOT_SYNCED = -16311

FARTHEST = timedelta(hours=12)
_MINUTE = 60
_MILLISECONDS_FROM = 10**11


class ScheduleState(IntEnum):
    """The wire's state of a schedule."""

    INITIAL = 0
    PENDING = 1
    SHOOTING = 2
    COMPLETED = 3
    EXPIRED = 4


class TaskState(IntEnum):
    """The wire's state of a task."""

    IDLE = 0
    SHOOTING = 1
    SUCCESS = 2
    FAILED = 3
    INTERRUPTED = 4


_ALL, _PARTLY, _NONE = 1, 2, 3  # results
_LIVE = (ScheduleState.PENDING, ScheduleState.SHOOTING)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a task asks for; None is what its text does not say in a readable way."""

    target: str
    ra_hours: float
    dec_degrees: float
    begins: datetime
    ends: datetime
    exposure_index: int
    gain: int
    filter: int
    count: int

    @classmethod
    def read(cls, params: str) -> Recipe | None:
        """Read the JSON of a task."""
        try:
            asked: dict[str, Any] = json.loads(params)
            return cls(
                target=str(asked["name"]),
                ra_hours=float(asked["ra"]),
                dec_degrees=float(asked["dec"]),
                begins=_instant(int(asked["startTime"])),
                ends=_instant(int(asked["endTime"])),
                exposure_index=int(asked["shutterIndex"]),
                gain=int(asked["gainIndex"]),
                filter=int(asked["filterModeIndex"]),
                count=int(asked["count"] or 0),
            )
        except (KeyError, TypeError, ValueError, OverflowError):
            return None


class ScheduleBook:
    """Owner of the schedules. Texts and numbers stay as clients gave them."""

    def __init__(self) -> None:
        self._kept: dict[str, proto.Schedule] = {}

    def __iter__(self) -> Iterator[proto.Schedule]:
        return iter(sorted(self._kept.values(), key=lambda one: one.start))

    def find(self, schedule_id: str) -> proto.Schedule | None:
        """Return the schedule of that id."""
        return self._kept.get(schedule_id)

    def task(self, task_id: str) -> proto.ScheduledTask | None:
        """Return the task of that id."""
        return next((task for one in self._kept.values() for task in one.tasks if task.id == task_id), None)

    def opens(self, schedule_id: str, password: str) -> int:
        """Return the code with which a schedule may be changed: 0, or why not."""
        kept = self._kept.get(schedule_id)
        if kept is None:
            return NOT_SYNCED
        return WRONG_PASSWORD if kept.lock and kept.password != password else 0

    def objection(self, asked: proto.Schedule, device_id: int, now: datetime) -> int:
        """Return the code of what is wrong with a schedule by itself; 0 when nothing is."""
        if asked.device_id != device_id:
            return OTHER_DEVICE
        if not asked.id or not asked.tasks:
            return BAD_DURATION
        spans = [(_instant(asked.start), _instant(asked.end))]
        for task in asked.tasks:
            recipe = Recipe.read(task.params)
            if recipe is None:
                return BAD_DURATION
            spans.append((recipe.begins, recipe.ends))
        for begins, ends in spans:
            if begins < spans[0][0] or ends > spans[0][1]:
                return BAD_DURATION
            if begins >= ends or begins.timestamp() % _MINUTE or ends.timestamp() % _MINUTE:
                return BAD_DURATION
        if spans[0][1] <= now:
            return BAD_DURATION
        return TOO_FAR if spans[0][0] - now > FARTHEST else 0

    def conflicts(self, asked: proto.Schedule) -> list[proto.Schedule]:
        """Return those still to be carried out, or under way, whose time the asked one wants too."""
        return [
            kept
            for kept in self
            if kept.id != asked.id
            and kept.state in _LIVE
            and kept.start < asked.end
            and asked.start < kept.end
        ]

    def put(self, asked: proto.Schedule, now: datetime) -> proto.Schedule:
        """Keep a schedule, pending, and return it as kept."""
        kept = proto.Schedule()
        kept.CopyFrom(asked)
        stamp = int(now.timestamp())
        kept.state, kept.result, kept.sync_state = ScheduleState.PENDING, 0, 1
        kept.updated = stamp
        kept.created = kept.created or stamp
        for task in kept.tasks:
            task.schedule_id, task.state, task.code, task.updated = kept.id, TaskState.IDLE, 0, stamp
        self._kept[kept.id] = kept
        return kept

    def take_out(self, schedule_id: str) -> None:
        """Forget a schedule."""
        self._kept.pop(schedule_id, None)

    def next(self) -> tuple[proto.Schedule, proto.ScheduledTask, Recipe] | None:
        """Return the task that begins next of all schedules that are alive."""
        found = [
            (schedule, task, recipe)
            for schedule in self
            if schedule.state in _LIVE
            for task in schedule.tasks
            if task.state == TaskState.IDLE and (recipe := Recipe.read(task.params)) is not None
        ]
        return min(found, key=lambda each: each[2].begins, default=None)

    def shooting(self) -> proto.ScheduledTask | None:
        """Return the task under way."""
        tasks = (task for one in self._kept.values() for task in one.tasks)
        return next((task for task in tasks if task.state == TaskState.SHOOTING), None)


def settle(schedule: proto.Schedule) -> bool:
    """End a schedule whose tasks are all over; false while one is to come."""
    states = [task.state for task in schedule.tasks]
    if any(state in (TaskState.IDLE, TaskState.SHOOTING) for state in states):
        return False
    good = states.count(TaskState.SUCCESS)
    schedule.state = ScheduleState.COMPLETED
    schedule.result = _ALL if good == len(states) else _PARTLY if good else _NONE
    return True


def _instant(number: int) -> datetime:
    return datetime.fromtimestamp(number / 1000 if number >= _MILLISECONDS_FROM else number, UTC)
