"""What an unsafe sky wants counts once the telescope shows it, and no longer than the sky is unsafe."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent.targets import SkyTarget
from agent.telescope.dwarf.telescope import DwarfAddress, DwarfTelescope
from agent.telescope.dwarf.wire.commands import Cmd
from tests.app.conftest import Observatory
from tests.safety.rig import GENERATIONS, PARIS, Rig, long_session, on_the_wire
from tests.safety.test_by_hand import TARGET, armed
from tests.support.tables import sliced
from tests.support.virtual_loop import run_virtual

PARKS: dict[str, Any] = {"conditions": {"unsafe_action": "stop_and_park"}}
OFF: dict[str, Any] = {"conditions": {"unsafe_action": "shutdown"}}
FREED_S = 400.0  # without work for five minutes, the telescope is left alone
FOLDING_S = 45.0
RETURN_S = 130.0
ONE_BY_ONE = ("roof", "wind", "cloud", "dew")
WEATHER = {"policy": "wait", "inputs": [*ONE_BY_ONE, "hail"], "ttl_s": 1200, "clear_for_min": 5}


def test_a_sky_that_counts_no_longer_switches_nothing_off(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, **OFF) as rig:
            rig.drop("a.json", long_session())
            await rig.begin()
            await rig.captures()
            rig.sim.faults.add("slow-answers:seconds=3")
            rig.rain()
            await rig.clock.sleep(2)
            rig.say("scope/set/weather_policy", "ignore")
            await rig.clock.sleep(40)
            rig.clear()
            await rig.clock.sleep(600)
            assert not rig.asked(Cmd.POWER_DOWN)
            assert not rig.switched_off()

    run_virtual(night())


@contextlib.asynccontextmanager
async def phone_app(rig: Rig) -> AsyncIterator[DwarfTelescope]:
    """The telescope as the phone app has it."""
    address = DwarfAddress("127.0.0.1", rig.sim.port, rig.sim.http_port)
    app = DwarfTelescope(address, clock=rig.clock, rng=random.Random(2))
    await app.open()
    try:
        await app.wait_connected()
        await app.take_control()
        yield app
    finally:
        await app.close()


async def parked_by_hand(rig: Rig) -> None:
    await armed(rig)
    rig.command("park")
    await rig.until(lambda: rig.final("park"), 60)
    assert len(rig.parked()) == 1


async def unfolded_by_the_app(rig: Rig) -> None:
    async with phone_app(rig) as app:
        await app.goto(SkyTarget("M 42", 5.59, -5.39), PARIS)


@pytest.mark.parametrize(
    ("generation", "fault"), sliced(GENERATIONS, ("take-control:for_s=60", "drop-link:refuse_s=300"))
)
def test_what_others_may_have_unfolded_in_the_rain_is_parked_again(
    tmp_path: Path, generation: str, fault: str
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, generation=generation, **PARKS) as rig:
            await parked_by_hand(rig)
            rig.rain()
            await rig.clock.sleep(30)
            told = rig.clock.now()
            rig.sim.faults.add(fault)
            await rig.until(lambda: rig.parked(told), 300 + RETURN_S + FOLDING_S)
            await rig.clock.sleep(3600)
            assert len(rig.parked(told)) == 1

    run_virtual(night())


def test_rain_parks_what_the_app_unfolded_while_the_telescope_was_left_alone(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, **PARKS) as rig:
            await parked_by_hand(rig)
            await rig.clock.sleep(FREED_S)
            assert "left alone" in rig.status["message"]
            await unfolded_by_the_app(rig)
            told = rig.rain()
            await rig.until(lambda: rig.parked(told), FOLDING_S)
            await rig.clock.sleep(7200)
            assert len(rig.parked(told)) == 1

    run_virtual(night())


def test_an_unknown_sky_is_as_bad_as_rain_after_three_minutes_however_often_it_is_told(
    tmp_path: Path,
) -> None:
    async def night() -> None:
        place = Observatory(tmp_path, weather=WEATHER, **PARKS)
        async with place.open():
            began = place.clock.monotonic()
            for name in ONE_BY_ONE:
                place.say(f"safety/input/{name}", {"safe": True, "reason": "clear"})
                await place.clock.sleep(50)
                assert place.said("safety")[-1]["state"] == "unknown"
            assert "park" in place.telescope.calls
            assert len({tuple(said["reasons"]) for said in place.said("safety")}) >= len(ONE_BY_ONE)
            assert place.clock.monotonic() - began < 210

    run_virtual(night())


def test_a_goto_by_hand_that_waits_for_its_turn_when_it_begins_to_rain_never_begins(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path) as rig:
            await armed(rig)
            rig.sim.faults.add(f"slow-answers:command={int(Cmd.SET_PARAM_INT)},seconds=4")
            rig.say("scope/set/filter", "Duo-Band")
            await rig.clock.sleep(1)
            rig.command("goto", **TARGET)
            await rig.clock.sleep(1)
            rain = rig.rain()
            await rig.until(lambda: rig.final("goto"), 60)
            final = rig.final("goto")
            assert final is not None
            assert final.body["status"] == "error"
            await rig.clock.sleep(30)
            rig.clear()
            await rig.clock.sleep(900)
            assert not rig.asked(Cmd.GOTO_DEEP_SKY)
            assert rig.begun(rain) == []

    run_virtual(night())
