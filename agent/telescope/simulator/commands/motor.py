"""The two motors by hand (module 6)."""

from __future__ import annotations

import math

from google.protobuf.message import Message

from agent.telescope.dwarf.proto import motor_pb2 as proto
from agent.telescope.simulator import notices
from agent.telescope.simulator.broken_rules import HardwareRule
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.history import MotorMoved
from agent.telescope.simulator.registry import OK, Call, on

ROTATION, PITCH = 1, 2
_NAMES = {ROTATION: "rotation", PITCH: "pitch"}
_BAD_ID, _NO_RESET, _LIMIT, _HOME_FIRST = -14504, -14511, -14519, -14520
_LIMITS = {ROTATION: (0.0, 360.0), PITCH: (0.0, 330.0)}
_TURN_S = 0.5  # between two looks at a running motor
_RESET_S = 4.0
_JOYSTICK, _JOYSTICK_TURN_S = "joystick", 0.1
_RESET_GIVEN_UP_S = 30.0


def _position(device: Device, motor: int) -> float:
    return float(getattr(device.state.pointing, _NAMES[motor]))


def _move(device: Device, motor: int, position: float) -> None:
    setattr(device.state.pointing, _NAMES[motor], position)
    device.state.focus.infinity_at = None
    device.state.pointing.ra_hours = device.state.pointing.dec_degrees = None
    if device.state.pointing.tracking:
        device.state.pointing.tracking = False
        device.notify(notices.tracking_state(3, device.state.pointing.target))


def _code(device: Device, motor: int) -> int:
    if motor not in _NAMES:
        return _BAD_ID
    return OK if device.state.pointing.homed else _HOME_FIRST


@on(14000, takes=proto.MotorRun, answers=proto.MotorAnswer)
def run(device: Device, call: Call) -> Message:
    motor, sign = call.request.id, 1 if call.request.direction else -1
    speed = abs(call.request.speed)
    code = _code(device, motor)
    if code:
        return proto.MotorAnswer(id=motor, code=code)

    async def turn() -> None:
        low, high = _LIMITS[motor]
        while low < (position := _position(device, motor) + sign * speed * _TURN_S) < high:
            await device.clock.sleep(_TURN_S)
            _move(device, motor, position)

    device.start(f"motor {motor}", turn())
    return proto.MotorAnswer(id=motor)


@on(14001, takes=proto.MotorRunTo, answers=proto.MotorPositionAnswer)
def run_to(device: Device, call: Call) -> Message | None:
    asked = call.request
    code = _code(device, asked.id)
    if code == OK:
        low, high = _LIMITS[asked.id]
        code = OK if low <= asked.end_position <= high else _LIMIT
    if code:
        return proto.MotorPositionAnswer(id=asked.id, code=code)

    async def turn() -> None:
        distance = abs(asked.end_position - _position(device, asked.id))
        await device.clock.sleep(distance / max(0.1, asked.speed))
        _move(device, asked.id, asked.end_position)
        device.record(MotorMoved(device.clock.now(), asked.id, asked.end_position))
        call.answer(proto.MotorPositionAnswer(id=asked.id, position=asked.end_position))

    device.start(f"motor {asked.id}", turn())
    return None


@on(14002, takes=proto.MotorSelect, answers=proto.MotorAnswer)
def stop(device: Device, call: Call) -> Message:
    motor = call.request.id
    if motor not in _NAMES:
        return proto.MotorAnswer(id=motor, code=_BAD_ID)
    if device.stop(f"motor {motor}"):
        device.record(MotorMoved(device.clock.now(), motor, _position(device, motor)))
    return proto.MotorAnswer(id=motor)


@on(14003, takes=proto.MotorReset, answers=proto.MotorAnswer)
def reset(device: Device, call: Call) -> Message | None:
    motor = call.request.id
    if motor not in _NAMES:
        return proto.MotorAnswer(id=motor, code=_BAD_ID)

    homeless = device.profile.tables == "mini" and device.options.is_v3
    if homeless and motor == ROTATION:
        device.broke(HardwareRule.RESET_ROTATION, call.peer.client_id, f"14003 {motor}")

    async def turn() -> None:
        if homeless and motor == ROTATION:
            await device.clock.sleep(_RESET_GIVEN_UP_S)
            call.answer(proto.MotorAnswer(id=motor, code=_NO_RESET))
            return
        await device.clock.sleep(_RESET_S)
        device.state.pointing.homed = True
        _move(device, motor, 0.0)
        device.record(MotorMoved(device.clock.now(), motor, 0.0))
        call.answer(proto.MotorAnswer(id=motor))

    device.start(f"motor {motor}", turn())
    return None


@on(14004, takes=proto.MotorChangeSpeed, answers=proto.MotorAnswer)
@on(14005, takes=proto.MotorChangeDirection, answers=proto.MotorAnswer)
@on(14010, takes=proto.MotorRunInPulses, answers=proto.MotorAnswer)
def change(device: Device, call: Call) -> Message:
    return proto.MotorAnswer(id=call.request.id, code=_code(device, call.request.id))


@on(14006, 14007, takes=proto.Joystick)
def joystick(device: Device, call: Call) -> int:
    """Turn both motors until told to stop, or at their limits."""
    angle, step = math.radians(call.request.vector_angle), call.request.vector_length * _JOYSTICK_TURN_S
    speed = call.request.speed or 1.0
    steps = {ROTATION: math.cos(angle) * step * speed, PITCH: math.sin(angle) * step * speed}

    async def turn() -> None:
        while True:
            await device.clock.sleep(_JOYSTICK_TURN_S)
            for motor, by in steps.items():
                low, high = _LIMITS[motor]
                _move(device, motor, min(high, max(low, _position(device, motor) + by)))

    device.start(_JOYSTICK, turn())
    return OK


@on(14008)
def stop_joystick(device: Device, _call: Call) -> int:
    if device.stop(_JOYSTICK):
        for motor in _NAMES:
            device.record(MotorMoved(device.clock.now(), motor, _position(device, motor)))
    return OK


@on(14009, takes=proto.DualCameraLink)
def link_cameras(_device: Device, _call: Call) -> int:
    return OK


@on(14011, takes=proto.MotorSelect, answers=proto.MotorPositionAnswer)
def position(device: Device, call: Call) -> Message:
    motor = call.request.id
    if motor not in _NAMES:
        return proto.MotorPositionAnswer(id=motor, code=_BAD_ID)
    return proto.MotorPositionAnswer(id=motor, position=_position(device, motor))


@on(14012, 14013, v2=False)
def attitude(device: Device, call: Call) -> int:
    if call.cmd == 14012:
        pointing = device.state.pointing
        device.notify(notices.attitude(pointing.pitch, pointing.rotation, 0.0))
    return OK
