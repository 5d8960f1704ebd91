"""The shooting mode of newer firmware: which one a target needs, and getting the telescope into it.

The mode is the telescope's: it tells it (16405, 15267, the answer to 16402), and leaves it on going live.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from google.protobuf.message import Message

from agent.targets import SkyTarget, SolarBody, SolarTarget
from agent.telescope.dwarf.channel import Channel
from agent.telescope.dwarf.proto import common_pb2, task_pb2
from agent.telescope.dwarf.wire import notifications as say
from agent.telescope.dwarf.wire.commands import Cmd, name_of
from agent.telescope.dwarf.wire.envelope import decode
from agent.telescope.errors import CommandTimeoutError, TransientError

_LOGGER = logging.getLogger(__name__)

DEEP_SKY, SUN, MOON, PLANETS = 2, 8, 9, 10
SOLAR_MODES = (SUN, MOON, PLANETS)
STACKING = 2  # technique
NAMES = {DEEP_SKY: "deep-sky", SUN: "Sun", MOON: "Moon", PLANETS: "planet"}
_STREAM = 1


def mode_for(target: SkyTarget | SolarTarget | None) -> int:
    """The mode in which the telescope goes to such a target."""
    if not isinstance(target, SolarTarget):
        return DEEP_SKY
    return {SolarBody.SUN: SUN, SolarBody.MOON: MOON}.get(target.body, PLANETS)


async def enter(device: Channel, mode: int) -> None:
    """Enter a mode, its camera and stacking; TransientError when the telescope is not seen to be there.

    Firmware was seen to say nothing when it is there already: after one silent try it is asked where it is.
    """
    doing = f"Entering the {NAMES[mode]} mode"
    state = device.state
    request: Message = task_pb2.SwitchShootingMode(mode=mode)
    data = await _answer(device, Cmd.SWITCH_SHOOTING_MODE, request, doing, lambda: state.mode == mode)
    if data is not None:
        answer = decode(task_pb2.ShootingModeAnswer, data)
        device.exchange.publish(say.ModeIs(answer.shooting_mode_id or mode))
    if state.mode != mode:
        raise TransientError(f"{doing}: the telescope is in another one.", code="wrong_mode")
    request = task_pb2.EnterCamera(stream=task_pb2.EnterCamera.Stream(encode_type=_STREAM))
    await _answer(device, Cmd.ENTER_CAMERA, request, f"{doing}: camera", lambda: state.mode == mode)
    request = task_pb2.SwitchTechnique(tech=STACKING)
    await _answer(
        device,
        Cmd.SWITCH_TECHNIQUE,
        request,
        f"{doing}: stacking",
        lambda: state.mode == mode and state.technique in (None, STACKING),  # 16405 tells the mode only
    )


async def _answer(
    device: Channel, cmd: Cmd, request: Message, doing: str, there: Callable[[], bool]
) -> bytes | None:
    """The answer's data; None when it stays away, and the telescope says that it is `there` all the same."""
    try:
        data = await device.ask(cmd, request)
    except CommandTimeoutError:
        await device.query()
        if there():
            _LOGGER.debug("%s: no answer to %s, and none is needed", doing, name_of(cmd))
            return None
        data = await device.ask(cmd, request)
    device.judge(decode(common_pb2.ComResponse, data).code, doing)
    return data
