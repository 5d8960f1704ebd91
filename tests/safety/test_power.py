"""What switches a telescope off, how often, and what never does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from agent.telescope.dwarf.wire.commands import Cmd
from tests.safety.rig import GENERATIONS, Rig, long_session, on_the_wire
from tests.support.tables import every, sliced
from tests.support.virtual_loop import run_virtual

OFF: dict[str, Any] = {"conditions": {"unsafe_action": "shutdown"}}
CLOSING = {"do_action": True, "park": True, "power_down": True}
LATER = {"date": "2026-01-15", "time": "23:00:00"}
CLOSED_S = 240.0
SILENT_S = 3600.0
AFTER_S = 900.0  # what would be done twice is done again within a minute
ACTIONS = ("stop", "stop_and_park", "shutdown")


def _will(rig: Rig) -> None:
    rig.broker.publish("homeassistant/status", "offline")
    rig.silence()


def _nonsense(rig: Rig) -> None:
    rig.say("safety/input/roof", "what is it like?")
    rig.silence()


NO_REPORTS: dict[str, Callable[[Rig], None]] = {
    "a source falls silent": lambda rig: rig.silence(),
    "Home Assistant is gone": _will,
    "nonsense": _nonsense,
}


async def captures(rig: Rig) -> None:
    rig.drop("a.json", long_session())
    await rig.begin()
    await rig.captures()


@pytest.mark.parametrize(("generation", "action"), sliced(GENERATIONS, ACTIONS))
def test_an_alert_parks_once_and_switches_off_once_what_a_waiting_session_wants_closed(
    tmp_path: Path, generation: str, action: str
) -> None:
    async def night() -> None:
        settings = {"conditions": {"unsafe_action": action}}
        async with on_the_wire(tmp_path, generation=generation, **settings) as rig:
            rig.drop("late.json", long_session(id_command=LATER, shutdown=CLOSING))
            await captures(rig)
            await _closed_once(rig, rig.rain("alert"))

    run_virtual(night())


@pytest.mark.parametrize(("action", "idle_s"), every(3, list(product(ACTIONS, (30.0, 1200.0)))))
def test_an_alert_while_nothing_runs_closes_once_what_a_waiting_session_wants_closed(
    tmp_path: Path, action: str, idle_s: float
) -> None:
    async def night() -> None:
        settings = {"conditions": {"unsafe_action": action}}
        async with on_the_wire(tmp_path, **settings) as rig:
            rig.drop("late.json", long_session(id_command=LATER, shutdown=CLOSING))
            await rig.begin()
            await rig.clock.sleep(idle_s)
            await _closed_once(rig, rig.rain("alert"))

    run_virtual(night())


async def _closed_once(rig: Rig, told: datetime) -> None:
    await rig.until(rig.switched_off, CLOSED_S)
    await rig.clock.sleep(AFTER_S)
    assert len(rig.parked(told)) == 1
    assert len(rig.switched_off()) == 1
    assert rig.parked()[0] <= rig.switched_off()[0]
    assert len(rig.asked(Cmd.POWER_DOWN)) == 1
    assert rig.files("ToDo") == ["late.json"]


@pytest.mark.parametrize("why", every(2, list(NO_REPORTS)))
def test_no_news_of_the_weather_stops_the_capture_and_never_switches_off(tmp_path: Path, why: str) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, **OFF) as rig:
            await captures(rig)
            told = rig.clock.now()
            NO_REPORTS[why](rig)
            await rig.clock.sleep(SILENT_S)
            assert rig.closed(told)
            assert not rig.asked(Cmd.POWER_DOWN)
            assert not rig.switched_off()

    run_virtual(night())


@pytest.mark.parametrize(("before", "level"), sliced((None, *NO_REPORTS), ("warning", "alert")))
def test_a_live_unsafe_report_switches_off_once_whatever_was_before(
    tmp_path: Path, before: str | None, level: str
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, **OFF) as rig:
            await captures(rig)
            if before is not None:
                NO_REPORTS[before](rig)
                await rig.clock.sleep(SILENT_S)
            rig.rain(level)
            await rig.until(rig.switched_off, CLOSED_S)
            await rig.clock.sleep(AFTER_S)
            assert len(rig.asked(Cmd.POWER_DOWN)) == 1

    run_virtual(night())


def test_no_news_before_the_first_report_never_switches_off(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, **OFF) as rig:
            rig.silence()
            await rig.begin()
            await rig.clock.sleep(SILENT_S)
            assert not rig.asked(Cmd.POWER_DOWN)

    run_virtual(night())


def test_a_telescope_that_did_not_hear_the_switch_is_asked_again(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, **OFF) as rig:
            await captures(rig)
            rig.sim.faults.add("deaf:command=13502,times=1")
            rig.rain("alert")
            await rig.until(rig.switched_off, CLOSED_S)

    run_virtual(night())
