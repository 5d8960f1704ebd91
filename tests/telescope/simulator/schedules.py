"""Schedules as the phone app gives them to the telescope."""

from __future__ import annotations

import json
from datetime import datetime

from agent.telescope.dwarf.proto import schedule_pb2 as proto

D3 = 2


def task(task_id: str, begins: datetime, ends: datetime, **more: object) -> proto.ScheduledTask:
    """Two frames of 15 s of Vega, unless told otherwise."""
    params = {
        "name": "Vega",
        "wellknownName": "",
        "ra": 18.6156,
        "dec": 38.78,
        "startTime": int(begins.timestamp()),
        "endTime": int(ends.timestamp()),
        "shutterIndex": 156,
        "shutterName": "15",
        "gainIndex": 60,
        "gainName": "60",
        "count": 2,
        "stacked": 0,
        "filterModeIndex": 1,
        "filterModeName": "Astro",
        "isMosaicMode": False,
        "horizontalScale": 100,
        "verticalScale": 100,
        "rotation": -1,
        "atlasSortTypeValue": 0,
        "cometQueryName": "",
        **more,
    }
    return proto.ScheduledTask(id=task_id, params=json.dumps(params), param_version=1)


def schedule(
    schedule_id: str, begins: datetime, ends: datetime, *tasks: proto.ScheduledTask, device_id: int = D3
) -> proto.Schedule:
    """One schedule; without tasks given, with one that fills it."""
    places = {"longitude": 7.6, "latitude": 47.5, "cityName": "", "focusMode": 0, "calibrationMode": 0}
    return proto.Schedule(
        id=schedule_id,
        name=f"Night {schedule_id}",
        device_id=device_id,
        start=int(begins.timestamp()),
        end=int(ends.timestamp()),
        tasks=tasks or (task(f"{schedule_id}-1", begins, ends),),
        param_version=1,
        params=json.dumps(places),
    )
