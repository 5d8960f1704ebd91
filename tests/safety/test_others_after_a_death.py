"""Our capture ended while no agent lived, and another client's runs in its place: it is not ours to stop."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from agent.capabilities import Camera
from agent.targets import SkyTarget
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.errors import TransientError
from agent.telescope.simulator.history import FrameTaken
from tests.safety.mortal_rig import MortalRig
from tests.safety.rig import GENERATIONS, PARIS, long_session, on_the_wire
from tests.safety.test_weather_wishes import phone_app
from tests.soak.mortal import run_mortal
from tests.support.tables import sliced

OURS = 8
FRAMES_S = 20.0
M31 = SkyTarget("M 31", 0.71, 41.27)


async def replaced(rig: MortalRig) -> None:
    """Our agent dies, its capture ends, the phone app begins another one and goes."""
    rig.drop("a.json", long_session(frames=OURS, shutdown={"do_action": True, "park": True}))
    await rig.begin()
    await rig.captures(4)
    await rig.kill()
    dead = rig.clock.now()
    await rig.until(lambda: not rig.exposes, OURS * FRAMES_S)
    async with phone_app(rig) as app:
        while not rig.asked(Cmd.GOTO_DEEP_SKY, since=dead):
            await rig.clock.sleep(5)  # the telescope closes our capture
            with contextlib.suppress(TransientError):
                await app.goto(M31, PARIS)
        await app.prepare(M31, Camera.TELE)
        await app.apply(Camera.TELE, replace(await app.read(Camera.TELE), count=60))
        await app.start_capture(Camera.TELE)
    assert rig.exposes


def _order(rig: MortalRig, order: str) -> None:
    if order == "SIGTERM":
        rig.stop.set()
    elif order != "lost":
        rig.command(order)


@pytest.mark.parametrize(
    ("generation", "order"), sliced(GENERATIONS, ("pause", "end_night", "lost", "SIGTERM"))
)
def test_another_clients_capture_is_not_stopped_for_ours(tmp_path: Path, generation: str, order: str) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, generation=generation, rig=MortalRig) as rig:
            assert isinstance(rig, MortalRig)
            await replaced(rig)
            began = rig.clock.now()
            if order == "lost":
                (rig.folder("Current") / "a.json").unlink()
                for copy in (rig.root / ".dwarf-agent" / "journal").glob("*.session"):
                    copy.unlink()
            await rig.begin()
            rig.killed = True  # what captures is nobody's that the agent has to stop
            if order == "pause":
                await rig.until(lambda: "M 31" in rig.status["message"], 30)  # it waits for the other one
            _order(rig, order)
            await rig.clock.sleep(300)
            assert rig.exposes
            assert rig.stops(began) == []
            assert not rig.asked(Cmd.STOP_GOTO, Cmd.MOTOR_RUN_TO, since=began)
            if order in ("SIGTERM", "lost"):
                return
            if order == "pause":
                rig.command("resume")
            rig.sim.faults.add("ends-early:at=1")
            ended = rig.clock.now()
            await rig.until(lambda: "a" in rig.results() and rig.parked(ended), 1800)
            assert rig.results()["a"]["frames"]["taken"] == OURS

    run_mortal(night())


@pytest.mark.parametrize("generation", GENERATIONS)
def test_rain_stops_whoever_captures_and_says_whose_it_was(
    tmp_path: Path, generation: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, generation=generation, rig=MortalRig) as rig:
            assert isinstance(rig, MortalRig)
            await replaced(rig)
            began = rig.rain()
            await rig.begin()
            await rig.until(lambda: not rig.exposes, 30)
            assert rig.stops(began)
            rig.clear()
            taken = len(rig.sim.history.of(FrameTaken))
            await rig.until(lambda: "a" in rig.results(), 1800)
            assert rig.results()["a"]["frames"]["taken"] == OURS
            assert len(rig.sim.history.of(FrameTaken)) == taken

    run_mortal(night())
    told = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert any("Another client's tele capture is stopped all the same: it is of M 31" in one for one in told)
