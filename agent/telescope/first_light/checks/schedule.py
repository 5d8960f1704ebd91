"""The telescope's own schedule: given, carried out once, and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from agent.capabilities import Camera
from agent.own_schedule import OURS, OwnSchedule, ScheduledTask
from agent.targets import Site, SkyTarget
from agent.telescope.dwarf.models import capabilities_for, gain_index, model_facts
from agent.telescope.dwarf.proto import notify_pb2, schedule_pb2
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.dwarf.wire.schedules import GainReading, gain_reading, written
from agent.telescope.first_light import params, shots
from agent.telescope.first_light.check import Bench, Feature, Need, check
from agent.telescope.first_light.errors import FirstLightError
from agent.telescope.first_light.finding import Finding, agrees, differs, skipped, unclear, variant
from agent.telescope.first_light.finishing import to_the_end
from agent.telescope.first_light.line import Heard
from agent.telescope.first_light.mount import get_ready, halt, highest

_ID, _TASK_ID = "first-light", "first-light-1"
_TASK_TOLD = 15249
_PENDING, _SHOOTING, _TASK_SHOOTING = 1, 2, 1
_LASTS = timedelta(minutes=10)  # calibration, goto and one frame
_AHEAD = timedelta(minutes=1)
_EXPOSURE_S = 2.0
_GAIN = 60  # as displayed; as an index it would be another gain
_TAKE_BACK_TRIES = 3
_SLACK_S = 60.0


@check(
    "What is the gain in a task of the telescope's own schedule, and can a schedule be taken back?",
    Feature.OWN_SCHEDULE,
    belief="the gain as displayed; it can",
    needs=Need.CLEAR_SKY | Need.MOVES,
    moves=(
        "It carries out a schedule by itself: it calibrates, turns to a target high in the sky and takes one "
        "frame, for up to ten minutes."
    ),
)
async def own_schedule(bench: Bench) -> Finding:
    target = highest(bench)
    if bench.site is None or target is None:
        return skipped("No target of the list stands high enough.")
    known = await _schedules(bench)
    if known is None:
        return unclear("It does not tell its schedules (16102).")
    now = bench.clock.now()
    if any(_wants(one, now) for one in known.schedules):
        return skipped("It has a schedule of its own to carry out soon.")
    facts: dict[str, object] = {"schedules": len(known.schedules)}
    if (said := gain_reading(known, OURS)) is not None:
        facts["the_app_writes"] = said.value
    await get_ready(bench, bench.site)
    wanted = _wanted(bench, bench.site, target)
    facts["own_id"] = wanted.device_id
    try:
        asked = await bench.line.send(Cmd.SYNC_SCHEDULE, schedule_pb2.GiveSchedule(schedule=wanted))
        answer = await asked.answer()
        code = None if answer is None else answer.read(schedule_pb2.SyncScheduleAnswer).code
        facts["code"] = code
        if code != codes.OK:
            return differs("It does not take a schedule.", **facts)
        bench.owner.tell("It begins by itself within two minutes, and may take twelve in all.")
        limit = (datetime.fromtimestamp(wanted.end, UTC) - now).total_seconds() + _SLACK_S
        ended = await asked.notice(_TASK_TOLD, within=limit, where=_over)
        progress = [one.read(notify_pb2.StackingProgress) for one in asked.notices(shots.PROGRESS)]
    finally:
        await to_the_end(_undo(bench))
    if ended is not None:
        task = ended.read(schedule_pb2.ScheduledTaskChanged)
        facts |= {"task_state": task.state, "task_code": task.code}
    gains = {one.gain_index for one in progress if one.current_count > 0}
    facts["gain_indices"] = sorted(gains)
    return _said(bench.model, gains, facts)


def _said(model: str, told: set[int], facts: Mapping[str, object]) -> Finding:
    """Which gain the frame was taken with; notifications tell gains by their index."""
    if told == {gain_index(model, Camera.TELE, _GAIN)}:
        return agrees(
            "As displayed; it was taken back.", {"schedule_gain": GainReading.DISPLAYED.value}, **facts
        )
    if told == {_GAIN}:
        return variant(
            "By its index; it was taken back.", {"schedule_gain": GainReading.INDEX.value}, **facts
        )
    if told:
        return differs("With another gain; it was taken back.", **facts)
    return unclear("It took no frame; it was taken back.", **facts)


def _wanted(bench: Bench, site: Site, target: SkyTarget) -> schedule_pb2.Schedule:
    """One frame of the target, from a whole minute on that is far enough, as the driver would write it."""
    begins = (bench.clock.now() + _AHEAD).replace(second=0, microsecond=0) + timedelta(minutes=1)
    ends = begins + _LASTS
    task = ScheduledTask(
        id=_TASK_ID,
        target=target.name,
        begins=begins,
        ends=ends,
        ra_hours=target.ra_hours,
        dec_degrees=target.dec_degrees,
        exposure=params.exposure_index(bench.model, Camera.TELE, _EXPOSURE_S),
        gain=_GAIN,
        filter=model_facts(bench.model).capture_filter,
        frames=1,
    )
    return written(
        OwnSchedule(id=_ID, name=OURS, begins=begins, ends=ends, tasks=(task,), site=site),
        device_id=bench.line.device_id or model_facts(bench.model).device_id,
        model=bench.model,
        camera=capabilities_for(bench.model).cameras[Camera.TELE],
        gains=GainReading.DISPLAYED,
    )


async def _schedules(bench: Bench) -> schedule_pb2.SchedulesAnswer | None:
    heard = await bench.line.ask(Cmd.GET_SCHEDULES)
    if heard is None:
        return None
    told = heard.read(schedule_pb2.SchedulesAnswer)
    return told if told.code == codes.OK else None


def _wants(one: schedule_pb2.Schedule, now: datetime) -> bool:
    """Whether a schedule may want the telescope while the check lasts."""
    soon = (now + _AHEAD + 2 * _LASTS).timestamp()
    return one.state == _SHOOTING or (
        one.state == _PENDING and one.start < soon and one.end > now.timestamp()
    )


async def _undo(bench: Bench) -> None:
    try:
        await _take_back(bench)
    finally:
        await halt(bench)


async def _take_back(bench: Bench) -> None:
    """End the schedule and see it gone; FirstLightError when it stays."""
    request = schedule_pb2.NameSchedule(id=_ID)
    for _ in range(_TAKE_BACK_TRIES):
        await bench.line.ensure()
        await bench.line.ask(Cmd.CANCEL_SCHEDULE, request)
        await bench.line.ask(Cmd.DELETE_SCHEDULE, request)
        await shots.see_stopped(bench, Camera.TELE)
        left = await _schedules(bench)
        if left is not None and not any(one.id == _ID for one in left.schedules):
            return
    raise FirstLightError(
        "The schedule of this check could not be taken back.", hint="Delete it in the phone app."
    )


def _over(one: Heard) -> bool:
    task = one.read(schedule_pb2.ScheduledTaskChanged)
    return task.id == _TASK_ID and task.state > _TASK_SHOOTING
