"""Shooting modes, techniques, and the snapshot of the newer firmware (module 14)."""

from __future__ import annotations

from google.protobuf.message import Message

from agent.telescope.dwarf.proto import task_pb2 as proto
from agent.telescope.simulator import modes, notices, snapshot
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.profiles import CHILDREN, TELE, WIDE
from agent.telescope.simulator.registry import NOT_UNDERSTOOD, Call, on
from agent.telescope.simulator.state import Operation

_CURRENT = 1000
_TASK_BUSY = -16600


@on(16400, 16401, takes=proto.SelectTask, v2=False)
def background_task(_device: Device, call: Call) -> Message:
    return proto.TaskAnswer(task_id=call.request.task_id)


@on(16402, takes=proto.SwitchShootingMode, v2=False)
def switch_mode(device: Device, call: Call) -> Message | None:
    state = device.state
    wanted = CHILDREN.get(call.request.mode, call.request.mode)
    if wanted == _CURRENT:
        wanted = state.shooting_mode
    if not modes.techniques(device, wanted):
        return proto.ShootingModeAnswer(code=NOT_UNDERSTOOD, shooting_mode_id=state.shooting_mode)
    if state.capturing():
        return proto.ShootingModeAnswer(code=_TASK_BUSY, shooting_mode_id=state.shooting_mode)
    there = modes.decides(device) and wanted == state.shooting_mode
    if there and device.options.habits.same_mode == "silent":
        return None
    modes.enter(device, wanted)
    return proto.ShootingModeAnswer(shooting_mode_id=wanted)


@on(16403, takes=proto.SwitchTechnique, v2=False)
def switch_technique(device: Device, call: Call) -> Message:
    state, wanted = device.state, call.request.tech
    if device.options.strict_modes and wanted not in modes.techniques(device, state.shooting_mode):
        return proto.TechniqueAnswer(code=NOT_UNDERSTOOD, shooting_tech_id=state.technique)
    before, state.technique = state.technique, wanted
    device.notify(notices.technique_switched(Operation.STOPPED, before, wanted))
    return proto.TechniqueAnswer(shooting_tech_id=wanted)


@on(16404, takes=proto.EnterCamera, v2=False)
def enter_camera(device: Device, _call: Call) -> Message:
    for camera in (TELE, WIDE):
        lens = device.state.cameras[camera]
        lens.open = True
        device.notify(notices.stream_type(lens.stream, camera))
    return proto.ShootingModeAnswer(shooting_mode_id=device.state.shooting_mode)


@on(16405, v2=False)
def device_state(device: Device, call: Call) -> Message:
    return snapshot.device_state(device, slave=call.peer.slave, locked=call.peer.locked)
