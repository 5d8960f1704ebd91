"""The telescope's own schedule (module 13): giving it one, asking for it, and taking it back."""

from __future__ import annotations

from google.protobuf.message import Message

from agent.telescope.dwarf.proto import schedule_pb2 as proto
from agent.telescope.simulator import pointing, schedule
from agent.telescope.simulator import schedule_book as book
from agent.telescope.simulator.broken_rules import HardwareRule
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.registry import OK, Call, on

_OWN_FAULT = (book.OTHER_DEVICE, book.BAD_DURATION, book.TOO_FAR)


@on(16100, takes=proto.GiveSchedule, answers=proto.SyncScheduleAnswer, v2=False)
def sync(device: Device, call: Call) -> Message:
    asked = call.request.schedule
    code = _objection(device, call)
    if code:
        return proto.SyncScheduleAnswer(code=code)
    conflicts = device.schedules.conflicts(asked)
    if conflicts:
        free = all(one.state != book.ScheduleState.SHOOTING for one in conflicts)
        ids = [one.id for one in conflicts]
        return proto.SyncScheduleAnswer(code=book.CONFLICT, conflicts=ids, can_replace=free)
    return proto.SyncScheduleAnswer(schedule=_keep(device, asked))


@on(16105, takes=proto.GiveSchedule, answers=proto.ReplaceScheduleAnswer, v2=False)
def replace(device: Device, call: Call) -> Message:
    code = _objection(device, call)
    replaced = device.schedules.conflicts(call.request.schedule)
    if not code and any(one.state == book.ScheduleState.SHOOTING for one in replaced):
        code = book.SHOOTING
    if code:
        return proto.ReplaceScheduleAnswer(code=code)
    for one in replaced:
        device.schedules.take_out(one.id)
    return proto.ReplaceScheduleAnswer(schedule=_keep(device, call.request.schedule), replaced=replaced)


@on(16101, takes=proto.NameSchedule, answers=proto.NamedScheduleAnswer, v2=False)
def cancel(device: Device, call: Call) -> Message:
    asked = call.request
    code = device.schedules.opens(asked.id, asked.password)
    kept = device.schedules.find(asked.id)
    if kept is not None and not code:
        schedule.cancel(device, kept)
    return proto.NamedScheduleAnswer(id=asked.id, code=code)


@on(16108, takes=proto.NameSchedule, answers=proto.NamedScheduleAnswer, v2=False)
def delete(device: Device, call: Call) -> Message:
    asked = call.request
    code = device.schedules.opens(asked.id, asked.password)
    kept = device.schedules.find(asked.id)
    if kept is not None and not code:
        if kept.state == book.ScheduleState.SHOOTING:
            code = book.SHOOTING
        else:
            device.schedules.take_out(asked.id)
            schedule.look_again(device)
    return proto.NamedScheduleAnswer(id=asked.id, code=code)


@on(16102, answers=proto.SchedulesAnswer, v2=False)
def tell_all(device: Device, _call: Call) -> Message:
    return proto.SchedulesAnswer(schedules=list(device.schedules))


@on(16103, takes=proto.NameSchedule, answers=proto.ScheduleAnswer, v2=False)
def tell_one(device: Device, call: Call) -> Message:
    kept = device.schedules.find(call.request.id)
    return proto.ScheduleAnswer(schedule=kept, code=OK if kept is not None else book.NOT_SYNCED)


@on(16104, takes=proto.NameSchedule, answers=proto.ScheduledTaskAnswer, v2=False)
def tell_task(device: Device, call: Call) -> Message:
    kept = device.schedules.task(call.request.id)
    return proto.ScheduledTaskAnswer(task=kept, code=OK if kept is not None else book.NOT_SYNCED)


@on(16106, takes=proto.NameSchedule, answers=proto.NamedScheduleAnswer, v2=False)
def unlock(device: Device, call: Call) -> Message:
    asked = call.request
    code = device.schedules.opens(asked.id, asked.password)
    kept = device.schedules.find(asked.id)
    if kept is not None and not code:
        kept.lock, kept.password = 0, ""
    return proto.NamedScheduleAnswer(id=asked.id, code=code)


@on(16107, takes=proto.NameSchedule, answers=proto.LockScheduleAnswer, v2=False)
def lock(device: Device, call: Call) -> Message:
    asked = call.request
    kept = device.schedules.find(asked.id)
    if kept is None:
        return proto.LockScheduleAnswer(id=asked.id, code=book.NOT_SYNCED)
    if kept.lock:
        return proto.LockScheduleAnswer(id=asked.id, code=book.WRONG_PASSWORD)
    kept.lock, kept.password = 1, asked.password
    return proto.LockScheduleAnswer(id=asked.id, password=asked.password)


def _objection(device: Device, call: Call) -> int:
    asked, now = call.request.schedule, device.now()
    code = device.schedules.objection(asked, device.profile.device_id, now)
    if code in _OWN_FAULT:
        device.broke(HardwareRule.SCHEDULE_LIMITS, call.peer.client_id, f"{call.cmd}: {code}")
    if code:
        return code
    kept = device.schedules.find(asked.id)
    if kept is not None:
        if kept.state == book.ScheduleState.SHOOTING:
            return book.SHOOTING
        if device.schedules.opens(asked.id, asked.password):
            return book.WRONG_PASSWORD
    begins_now = asked.start <= now.timestamp()
    return book.BUSY if begins_now and (pointing.busy(device) or device.state.capturing()) else OK


def _keep(device: Device, asked: proto.Schedule) -> proto.Schedule:
    kept = device.schedules.put(asked, device.now())
    schedule.tell(device, kept)
    schedule.look_again(device)
    return kept
