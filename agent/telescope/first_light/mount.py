"""The mount in the hands of a check: made ready, sent somewhere, and seen to stand still again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from agent.capabilities import Camera
from agent.sky.ephemeris import altaz
from agent.targets import Site, SkyTarget
from agent.telescope.dwarf.link.connection import LinkLostError
from agent.telescope.dwarf.proto import astro_pb2, notify_pb2, system_pb2
from agent.telescope.dwarf.shooting_mode import DEEP_SKY
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.first_light import modes, params
from agent.telescope.first_light.check import Bench
from agent.telescope.first_light.errors import FirstLightError
from agent.telescope.first_light.finishing import to_the_end
from agent.telescope.first_light.line import Asked, Heard

TRACKING = 15212
GOTO_S = 300.0
STILL_S = 5.0  # before and after a stop of the mount
_RUNNING = 1
_STOP_TRIES = 4
_LEAST_ALTITUDE = 35.0
_TARGETS = (
    SkyTarget("M 31", 0.712, 41.27),
    SkyTarget("M 45", 3.79, 24.12),
    SkyTarget("M 42", 5.588, -5.39),
    SkyTarget("M 44", 8.67, 19.67),
    SkyTarget("M 3", 13.703, 28.38),
    SkyTarget("M 13", 16.695, 36.46),
    SkyTarget("M 57", 18.893, 33.03),
    SkyTarget("M 22", 18.607, -23.9),
    SkyTarget("NGC 104", 0.402, -72.08),
    SkyTarget("NGC 3372", 10.752, -59.87),
    SkyTarget("NGC 5139", 13.446, -47.48),
)


@asynccontextmanager
async def reach(bench: Bench) -> AsyncIterator[SkyTarget | None]:
    """Track a target that stands high, and stop in the end; None when none was reached."""
    target = highest(bench)
    if bench.site is None or target is None:
        yield None
        return
    await get_ready(bench, bench.site)
    try:
        asked = await go(bench, target)
        tracking = await asked.notice(TRACKING, within=GOTO_S, where=runs)
        yield target if tracking is not None else None
    finally:
        await to_the_end(halt(bench))


async def get_ready(bench: Bench, site: Site, mode: int = DEEP_SKY) -> None:
    """Tell time and place, enter the mode, and set what plate solving takes."""
    instant = system_pb2.SetTime(timestamp=int(bench.clock.now().timestamp()))
    await bench.line.ask(Cmd.SET_TIME, instant)
    place = system_pb2.SetLocation(latitude=site.latitude, longitude=site.longitude, enable=True)
    await bench.line.ask(Cmd.SET_LOCATION, place)
    await modes.go_live(bench)
    await modes.enter(bench, mode)
    index = params.exposure_index(bench.model, Camera.TELE, 1.0)
    for asked in (
        await params.set_exposure(bench, params.number("exposure", mode), index),
        await params.set_gain(bench, params.number("gain", mode), 80),
        await params.set_whole(bench, params.number("filter", mode), 1),
    ):
        await asked.answer()


async def halt(bench: Bench, first: Cmd | None = None) -> Heard | None:
    """Stop the mount until it says that it goes nowhere; FirstLightError when it never does.

    `first` is the stop of what may run beside a goto; its answer is returned.
    """
    answer: Heard | None = None
    for _ in range(_STOP_TRIES):
        with suppress(LinkLostError):
            await bench.line.ensure()
            if first is not None:
                answer = await bench.line.ask(first) or answer
            await bench.line.ask(Cmd.STOP_GOTO)
            await bench.clock.sleep(STILL_S)
            state = await modes.state_of(bench)
            if state is not None and state.motion.exclusive.WhichOneof("activity") is None:
                return answer
    raise FirstLightError(
        "The mount was told to stop and was not seen to.", hint="Stop it with the phone app."
    )


async def stand_still(bench: Bench) -> None:
    """Stop the mount, with the pauses around it that plate solving needs."""
    await bench.clock.sleep(STILL_S)
    await bench.line.ask(Cmd.STOP_GOTO)
    await bench.clock.sleep(STILL_S)


async def go(bench: Bench, target: SkyTarget) -> Asked:
    """Ask for a goto."""
    return await bench.line.send(Cmd.GOTO_DEEP_SKY, request(target))


def request(target: SkyTarget) -> astro_pb2.GotoDeepSky:
    """The goto to a target."""
    return astro_pb2.GotoDeepSky(ra=target.ra_hours, dec=target.dec_degrees, target_name=target.name)


def highest(bench: Bench) -> SkyTarget | None:
    """The highest target of the list, if it stands high enough."""
    if bench.site is None:
        return None
    site, now = bench.site, bench.clock.now()
    best = max(_TARGETS, key=lambda one: altaz(one, site, now).altitude)
    return best if altaz(best, site, now).altitude >= _LEAST_ALTITUDE else None


def runs(one: Heard) -> bool:
    """Whether a notification says that something is under way."""
    return one.read(notify_pb2.OperationState).state == _RUNNING
