"""The pitch motor: to an angle, and to its home. Rotation is left alone: that of a mini has no home."""

from __future__ import annotations

import logging

from agent.telescope.dwarf.device import Device
from agent.telescope.dwarf.proto import motor_pb2
from agent.telescope.dwarf.state import FOLDING
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.dwarf.wire.envelope import decode

_LOGGER = logging.getLogger(__name__)

PITCH = 2
_SPEED = 10.0  # degrees per second: one of the steps the app offers
_RAMPING = 100
_RESOLUTION = 2  # what the community's client folds the barrel with


async def run_pitch(device: Device, degrees: float) -> int:
    """Turn the barrel to an angle; return the motor's code."""
    request = motor_pb2.MotorRunTo(
        id=PITCH,
        end_position=degrees,
        speed=_SPEED,
        speed_ramping=_RAMPING,
        resolution_level=_RESOLUTION,
    )
    return await _run(device, Cmd.MOTOR_RUN_TO, request)


async def home_pitch(device: Device) -> None:
    """Send the barrel to its home; whether that worked shows in what it does next."""
    _LOGGER.info("The pitch motor asks for its home; it is sent there")
    device.state.infinity_at = None
    device.state.moves()
    code = await _run(device, Cmd.MOTOR_RESET, motor_pb2.MotorReset(id=PITCH, direction=True))
    if code:
        _LOGGER.warning("The pitch motor did not find its home (%d)", code)


async def _run(device: Device, cmd: Cmd, request: motor_pb2.MotorRunTo | motor_pb2.MotorReset) -> int:
    device.state.busy.add(FOLDING)  # until the motor says that it has ended, whoever waits
    data = await device.ask(cmd, request, within=device.limits.motor)
    device.state.free(FOLDING)
    return decode(motor_pb2.MotorAnswer, data).code
