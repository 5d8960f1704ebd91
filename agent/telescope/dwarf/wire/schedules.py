"""The telescope's own schedules between the wire and plain values."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from agent.capabilities import Camera, CameraCapabilities
from agent.json_in import JsonError, read_json
from agent.own_schedule import OwnSchedule, ScheduledTask, ScheduleState, TaskState
from agent.telescope.dwarf.models import gain_index, model_facts
from agent.telescope.dwarf.proto import schedule_pb2
from agent.text import escaped

_STATES = {
    0: ScheduleState.UNSYNCED,
    1: ScheduleState.WAITING,
    2: ScheduleState.IMAGING,
    3: ScheduleState.OVER,
    4: ScheduleState.EXPIRED,
}
_TASK_STATES = {
    0: TaskState.WAITING,
    1: TaskState.IMAGING,
    2: TaskState.DONE,
    3: TaskState.FAILED,
    4: TaskState.INTERRUPTED,
}
_LONGEST = 200  # letters of a name
_MOST = 200  # schedules, and tasks of one
_MILLISECONDS_FROM = 10**11
_LATEST = 2**33  # seconds; also what instants without end are cut to
_INT32 = 2**31
_VERSION = 1
_NO_ROTATION = -1


class GainReading(StrEnum):
    """What the gain in a task means; sources disagree, and telescopes may."""

    DISPLAYED = "displayed"
    INDEX = "index"


def read_schedules(answer: schedule_pb2.SchedulesAnswer) -> tuple[OwnSchedule, ...]:
    """Return every schedule in the order of their beginnings. Never raises."""
    found = (_schedule(one) for one in answer.schedules[:_MOST])
    return tuple(sorted(found, key=lambda one: (one.begins, one.id)))


def gain_reading(answer: schedule_pb2.SchedulesAnswer, ours: str) -> GainReading | None:
    """Return what tasks of other clients show, who name the gain beside its number; None: nothing."""
    told = [
        (_number(params.get("gainIndex")), _number(params.get("gainName")))
        for one in answer.schedules[:_MOST]
        if one.name != ours
        for params in (_params(task.params) for task in one.tasks[:_MOST])
    ]
    pairs = [(number, shown) for number, shown in told if number is not None and shown]
    same = {number == shown for number, shown in pairs}
    if len(same) != 1:  # nobody says, or clients contradict each other
        return None
    return GainReading.DISPLAYED if same.pop() else GainReading.INDEX


def written(
    wanted: OwnSchedule,
    *,
    device_id: int,
    model: str,
    camera: CameraCapabilities,
    gains: GainReading,
) -> schedule_pb2.Schedule:
    """Return a schedule as the telescope takes it; ValueError for a gain that it has not."""
    places: dict[str, Any] = {"cityName": "", "focusMode": 0, "calibrationMode": 0}
    if wanted.site is not None:
        places |= {"longitude": wanted.site.longitude, "latitude": wanted.site.latitude}
    return schedule_pb2.Schedule(
        id=wanted.id,
        name=wanted.name,
        device_id=device_id,
        start=int(wanted.begins.timestamp()),
        end=int(wanted.ends.timestamp()),
        param_version=_VERSION,
        params=json.dumps(places),
        tasks=[_task_written(wanted.id, task, model, camera, gains) for task in wanted.tasks],
    )


def _task_written(
    schedule_id: str, task: ScheduledTask, model: str, camera: CameraCapabilities, gains: GainReading
) -> schedule_pb2.ScheduledTask:
    exposures = {known.index: known.name for known in camera.exposures}
    filters = {known.value: known.name for known in camera.filters}
    gain = task.gain or 0
    position = max(0, model_facts(model).capture_filter) if task.filter is None else task.filter
    params = {
        "name": task.target,
        "wellknownName": "",
        "ra": task.ra_hours,
        "dec": task.dec_degrees,
        "startTime": int(task.begins.timestamp()) if task.begins else 0,
        "endTime": int(task.ends.timestamp()) if task.ends else 0,
        "shutterIndex": task.exposure,
        "shutterName": exposures.get(task.exposure or 0, ""),
        "gainIndex": gain if gains is GainReading.DISPLAYED else gain_index(model, Camera.TELE, gain),
        "gainName": str(gain),
        "count": task.frames,
        "stacked": 0,
        "filterModeIndex": position,
        "filterModeName": filters.get(position, ""),
        "isMosaicMode": False,
        "horizontalScale": 100,
        "verticalScale": 100,
        "rotation": _NO_ROTATION,
        "atlasSortTypeValue": 0,
        "cometQueryName": "",
    }
    return schedule_pb2.ScheduledTask(
        schedule_id=schedule_id, id=task.id, params=json.dumps(params), param_version=_VERSION
    )


def _schedule(message: schedule_pb2.Schedule) -> OwnSchedule:
    return OwnSchedule(
        id=message.id,
        name=escaped(message.name, _LONGEST),
        begins=_instant(message.start),
        ends=_instant(message.end),
        state=_STATES.get(message.state, ScheduleState.UNKNOWN),
        tasks=tuple(_task(one) for one in message.tasks[:_MOST]),
    )


def _task(message: schedule_pb2.ScheduledTask) -> ScheduledTask:
    params = _params(message.params)
    begins, ends = _number(params.get("startTime")), _number(params.get("endTime"))
    return ScheduledTask(
        id=message.id,
        target=escaped(params.get("name") or "", _LONGEST),
        state=_TASK_STATES.get(message.state, TaskState.UNKNOWN),
        begins=_instant(begins) if begins else None,
        ends=_instant(ends) if ends else None,
        ra_hours=_degrees(params.get("ra")),
        dec_degrees=_degrees(params.get("dec")),
        exposure=_number(params.get("shutterIndex")),
        gain=_first(_number(params.get("gainName")), _number(params.get("gainIndex"))),
        filter=_number(params.get("filterModeIndex")),
        frames=max(0, min(_INT32, _number(params.get("count")) or 0)),
    )


def _params(text: str) -> dict[str, Any]:
    try:
        found = read_json(text)
    except JsonError:
        return {}
    return found if isinstance(found, dict) else {}


def _instant(number: int) -> datetime:
    seconds = number / 1000 if number >= _MILLISECONDS_FROM else number
    return datetime.fromtimestamp(max(0, min(seconds, _LATEST)), UTC)


def _number(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        return int(value)  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError, OverflowError):
        return None


def _degrees(value: object) -> float | None:
    plain = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 360
    return float(value) if plain and math.isfinite(value) else None  # type: ignore[arg-type]


def _first(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)
