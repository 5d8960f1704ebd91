"""Carrying out the telescope's own schedule: no client needs to be there, and none is asked."""

from __future__ import annotations

from datetime import datetime

from agent.telescope.dwarf.proto import schedule_pb2 as proto
from agent.telescope.simulator import capture, modes, notices, pointing, tables
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.profiles import TELE
from agent.telescope.simulator.schedule_book import (
    BUSY,
    INTERRUPTED,
    Recipe,
    ScheduleState,
    TaskState,
    settle,
)
from agent.telescope.simulator.state import DEFAULT_COUNT, Operation

ACTIVITY = "schedule"
_LOOK_S = 0.5
_STANDSTILL_S = 10.0  # between the end of tracking and a calibration
_DEEP_SKY, _STACKING = 2, 2
_FAILED = -1  # a task that took no frame


def look_again(device: Device) -> None:
    """Wait for what is next, as the schedules are now; what is under way goes on."""
    if device.schedules.shooting() is None:
        device.start(ACTIVITY, _carry_out(device))


def power_on(device: Device) -> None:
    """Take the schedules up after a restart; what was under way is interrupted."""
    task = device.schedules.shooting()
    if task is not None:
        _end_task(device, task, TaskState.INTERRUPTED, INTERRUPTED)
    look_again(device)


def cancel(device: Device, schedule: proto.Schedule) -> None:
    """Carry a schedule out no more: the shutter of one under way closes."""
    under_way = schedule.state == ScheduleState.SHOOTING
    for task in schedule.tasks:
        if task.state in (TaskState.IDLE, TaskState.SHOOTING):
            if task.state == TaskState.SHOOTING:
                device.stop(ACTIVITY)
                pointing.stop(device)
                capture.stop(device, TELE, fast=False)
            task.state = TaskState.INTERRUPTED
            device.notify(notices.scheduled_task(task.id, task.state, task.code))
    if under_way:
        settle(schedule)
    else:
        schedule.state, schedule.sync_state = ScheduleState.INITIAL, 0
    tell(device, schedule)
    look_again(device)


def tell(device: Device, schedule: proto.Schedule) -> None:
    """Tell every client where a schedule is."""
    device.notify(notices.schedule(schedule.id, schedule.result, schedule.state))


async def _carry_out(device: Device) -> None:
    while (found := device.schedules.next()) is not None:
        schedule, task, recipe = found
        await _until(device, recipe.begins)
        if device.now() >= recipe.ends:
            task.state = TaskState.FAILED
            if settle(schedule):
                schedule.state = ScheduleState.EXPIRED
                tell(device, schedule)
            continue
        task.state, task.code = TaskState.SHOOTING, 0
        if schedule.state != ScheduleState.SHOOTING:
            schedule.state = ScheduleState.SHOOTING
            tell(device, schedule)
        device.notify(notices.scheduled_task(task.id, task.state, 0))
        state, code = await _shoot(device, schedule, recipe)
        _end_task(device, task, state, code)


def _end_task(device: Device, task: proto.ScheduledTask, state: TaskState, code: int) -> None:
    task.state, task.code = state, code
    device.notify(notices.scheduled_task(task.id, state, code))
    schedule = device.schedules.find(task.schedule_id)
    if schedule is not None and settle(schedule):
        tell(device, schedule)


async def _shoot(device: Device, schedule: proto.Schedule, recipe: Recipe) -> tuple[TaskState, int]:
    """Calibrate once, go there and take the frames; return how the task ended."""
    if pointing.busy(device) or device.state.capturing():
        return TaskState.FAILED, BUSY
    state, lens = device.state, device.state.cameras[TELE]
    if lens.operation != Operation.IDLE:
        capture.finish(device, TELE)
    modes.enter(device, _DEEP_SKY)
    state.technique = _STACKING
    lens.open = True
    codes: list[int] = []
    first = all(task.state in (TaskState.IDLE, TaskState.SHOOTING) for task in schedule.tasks)
    if first or not state.calibrated:
        pointing.stop(device)
        await device.clock.sleep(_STANDSTILL_S)
        pointing.start_calibration(device, codes.append, _ignore)
        if await _moved(device, codes):
            return _fallen(codes)
    aim = pointing.Aim(recipe.target, recipe.ra_hours, recipe.dec_degrees)
    pointing.start_goto(device, aim, codes.append)
    if await _moved(device, codes):
        return _fallen(codes)
    lens.exposure, lens.filter = recipe.exposure_index, recipe.filter
    lens.gain = _gain(device, recipe.gain)
    lens.count = recipe.count or DEFAULT_COUNT
    capture.begin(device, TELE)
    running = lens.capture
    while lens.capture is running and lens.operation in (Operation.RUNNING, Operation.STOPPING):
        if device.now() >= recipe.ends and lens.operation == Operation.RUNNING:
            capture.stop(device, TELE, fast=False)
        await device.clock.sleep(_LOOK_S)
    if running is None or running.taken == 0:
        return TaskState.FAILED, _FAILED
    cut_short = running.taken < running.total and device.now() < recipe.ends
    return (TaskState.INTERRUPTED, 0) if cut_short else (TaskState.SUCCESS, 0)


async def _moved(device: Device, codes: list[int]) -> bool:
    """Wait for the mount to come to rest; true when it failed, or somebody stopped it."""
    expected = len(codes) + 1
    while device.runs(pointing.ACTIVITY):
        await device.clock.sleep(_LOOK_S)
    return len(codes) < expected or codes[-1] != 0


def _fallen(codes: list[int]) -> tuple[TaskState, int]:
    failed = bool(codes) and codes[-1] != 0
    return (TaskState.FAILED, codes[-1]) if failed else (TaskState.INTERRUPTED, 0)


def _ignore(_code: int) -> None:
    """What a calibration notes on its way ends nothing."""


def _gain(device: Device, told: int) -> int:
    if device.options.habits.schedule_gain == "displayed":
        return told
    return tables.gain_of_index(device.profile.tables, TELE, told) or 0


async def _until(device: Device, when: datetime) -> None:
    while (left := (when - device.now()).total_seconds()) > 0:
        await device.clock.sleep(min(left, 60.0))  # a client may set the clock meanwhile
