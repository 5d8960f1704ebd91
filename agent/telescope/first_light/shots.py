"""Captures for asking: started, watched, and always stopped and seen stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from agent.capabilities import Camera
from agent.telescope.dwarf.link.connection import LinkLostError
from agent.telescope.dwarf.models import model_facts
from agent.telescope.dwarf.proto import astro_pb2, notify_pb2
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.first_light import modes, params
from agent.telescope.first_light.check import Bench
from agent.telescope.first_light.errors import StillCapturingError
from agent.telescope.first_light.finishing import to_the_end
from agent.telescope.first_light.line import Asked, Heard

STATE, PROGRESS = 15208, 15209
OLD_WIDE_STATE, OLD_WIDE_PROGRESS = 15236, 15237
EXPOSING = 15288

_START_S = 15.0  # an answer, and the state that it runs
_SLACK_S = 20.0  # beyond one exposure, until a frame must have been told
_STOP_TRIES = 6
_STOP_SEEN_S = 9.0  # a stop within the first seconds was reported to do nothing; then it is said again
_START = {Camera.TELE: Cmd.START_CAPTURE, Camera.WIDE: Cmd.START_WIDE_CAPTURE}
_STOP = {Camera.TELE: Cmd.STOP_CAPTURE, Camera.WIDE: Cmd.STOP_WIDE_CAPTURE}


@dataclass(slots=True)
class Shot:
    """A start that was asked for, and what came of it."""

    asked: Asked
    exposure_s: float
    forced: bool = False
    confirmed: bool = False  # by 11050

    @property
    def codes(self) -> list[int]:
        """Every answer's code so far."""
        return [one.code for one in self.asked.answers()]

    @property
    def runs(self) -> bool:
        """Whether the telescope told that it runs, last of all it told of its state."""
        states = self.asked.notices(STATE, OLD_WIDE_STATE)
        return bool(states) and states[-1].read(notify_pb2.CameraOperation).state == 1

    @property
    def exposes(self) -> bool:
        """Whether a frame was told to be exposed or taken."""
        return any(map(_is_life, self.asked.notices()))

    async def begun(self) -> bool:
        """Wait for the first sign that frames are exposed; whether it came before it was overdue."""
        return await self.asked.any_of(_is_life, self.exposure_s + _SLACK_S) is not None

    @property
    def facts(self) -> dict[str, object]:
        """What was seen, as numbers."""
        return {"codes": self.codes, "runs": self.runs, "exposes": self.exposes}


def _is_life(one: Heard) -> bool:
    if not one.is_notice:
        return False
    if one.cmd in (PROGRESS, OLD_WIDE_PROGRESS):
        return one.read(notify_pb2.StackingProgress).current_count > 0
    return one.cmd == EXPOSING


async def set_up(bench: Bench, camera: Camera, *, seconds: float, gain: int, frames: int) -> float:
    """Enter the deep-sky mode and set a capture up; returns the exposure in seconds."""
    await modes.go_live(bench)
    await modes.enter(bench)
    index = params.exposure_index(bench.model, camera, seconds)
    for asked in (
        await params.set_exposure(bench, params.number("exposure", camera=camera), index),
        await params.set_gain(bench, params.number("gain", camera=camera), gain),
        await params.set_whole(bench, params.number("count", camera=camera), frames),
    ):
        await asked.answer()
    return seconds


async def request(bench: Bench, camera: Camera, exposure_s: float, *, force: bool = False) -> Shot:
    """Ask for a capture that was set up."""
    wanted: astro_pb2.StartCapture | astro_pb2.StartWideCapture
    if camera is Camera.WIDE:
        wanted = astro_pb2.StartWideCapture(force_start=force)
    else:
        chosen = model_facts(bench.model).capture_filter
        wanted = astro_pb2.StartCapture(ir_index=chosen, force_start=force)
    return Shot(await bench.line.send(_START[camera], wanted), exposure_s, forced=force)


async def start(bench: Bench, camera: Camera, exposure_s: float, *, force: bool = False) -> Shot:
    """Ask for a capture that was set up, and listen until it is known whether it runs."""
    shot = await request(bench, camera, exposure_s, force=force)
    await shot.asked.any_of(lambda _: bool(shot.codes) and (shot.runs or shot.codes[-1] != 0), _START_S)
    await shot.asked.listen(3.0)  # a second answer, or an early end that means nothing
    return shot


async def start_anyhow(bench: Bench, camera: Camera, exposure_s: float) -> Shot:
    """Ask for a capture and go on without darks or goto where that is what keeps it."""
    shot = await start(bench, camera, exposure_s)
    if codes.NEEDS_GOTO in shot.codes and not shot.runs:
        shot = await start(bench, camera, exposure_s, force=True)
    if codes.NO_FITTING_DARKS & set(shot.codes) or not await shot.begun():
        await bench.line.ask(Cmd.GO_ON_WITHOUT_DARKS)
        shot.confirmed = await shot.begun()
        if not shot.confirmed and codes.NO_FITTING_DARKS & set(shot.codes):
            shot = await start(bench, camera, exposure_s, force=True)
            await shot.begun()
    return shot


async def start_like(bench: Bench, camera: Camera, first: Shot) -> Shot:
    """Ask for a capture in the way that made an earlier one run, and return once it says that it runs."""
    shot = await request(bench, camera, first.exposure_s, force=first.forced)
    if first.confirmed:
        await shot.asked.answer()
        await bench.line.ask(Cmd.GO_ON_WITHOUT_DARKS)
    await shot.asked.any_of(lambda _: shot.runs, _START_S)
    return shot


@asynccontextmanager
async def stopped_after(bench: Bench, camera: Camera = Camera.TELE) -> AsyncIterator[None]:
    """Whatever happens inside, even Ctrl-C: in the end the capture is stopped, and seen to be."""
    try:
        yield
    except asyncio.CancelledError:
        bench.owner.tell("Stopping the capture first …")
        raise
    finally:
        await to_the_end(see_stopped(bench, camera))


async def see_stopped(bench: Bench, camera: Camera) -> None:
    """Stop until the telescope says that nothing is captured; StillCapturingError when it never does."""
    for _ in range(_STOP_TRIES):
        try:
            await bench.line.ensure()
            asked = await bench.line.send(_STOP[camera])
            # Not sooner: a start that is younger may still turn into a capture, whatever the state says now.
            await asked.listen(_STOP_SEEN_S)
            state = await modes.state_of(bench)
            if state is not None and not modes.stacking(state) and await modes.go_live(bench) in (0, None):
                return
        except LinkLostError:
            continue
    raise StillCapturingError(
        "The telescope was told to stop its capture and was not seen to.", hint="Stop it with the phone app."
    )
