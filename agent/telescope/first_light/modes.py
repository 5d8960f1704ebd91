"""Getting a telescope with newer firmware ready to be asked: its mode, and what it says of itself."""

from __future__ import annotations

from agent.telescope.dwarf.generation_v3 import stacks
from agent.telescope.dwarf.proto import camera_pb2, task_pb2
from agent.telescope.dwarf.shooting_mode import DEEP_SKY, STACKING
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.first_light.check import Bench
from agent.telescope.first_light.line import Heard


async def state_of(bench: Bench) -> task_pb2.DeviceStateAnswer | None:
    """What the telescope is doing; None when it does not say."""
    heard = await bench.line.ask(Cmd.DEVICE_STATE)
    return None if heard is None else heard.read(task_pb2.DeviceStateAnswer)


async def mode_of(bench: Bench) -> int | None:
    """The shooting mode the telescope says it is in."""
    state = await state_of(bench)
    return None if state is None else state.shooting_mode


def stacking(state: task_pb2.DeviceStateAnswer) -> bool:
    """Whether a capture runs, with either camera."""
    return any(map(stacks, (state.tele, state.wide)))


async def switch(bench: Bench, mode: int) -> Heard | None:
    """Ask for a shooting mode; None for silence."""
    return await bench.line.ask(Cmd.SWITCH_SHOOTING_MODE, task_pb2.SwitchShootingMode(mode=mode))


async def enter(bench: Bench, mode: int = DEEP_SKY) -> bool:
    """Go through the whole entry to a mode; whether the telescope says it is there."""
    if await mode_of(bench) != mode:
        await switch(bench, mode)
    stream = task_pb2.EnterCamera(stream=task_pb2.EnterCamera.Stream(encode_type=1))
    await bench.line.ask(Cmd.ENTER_CAMERA, stream)
    await bench.line.ask(Cmd.SWITCH_TECHNIQUE, task_pb2.SwitchTechnique(tech=STACKING))
    await bench.line.ask(Cmd.TELE_PREVIEW, camera_pb2.PreviewQuality(level=1))
    await bench.line.ask(Cmd.WIDE_PREVIEW)
    return await mode_of(bench) == mode


async def go_live(bench: Bench) -> int | None:
    """Leave whatever is shown; the code, None for silence."""
    heard = await bench.line.ask(Cmd.GO_LIVE)
    return None if heard is None else heard.code
