"""`end_night` ends the night that a person means: until the Sun stands highest again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.targets import Site
from tests.safety.rig import Rig, long_session, on_the_wire
from tests.support.tables import every
from tests.support.virtual_loop import run_virtual

HELSINKI = Site(60.17, 24.94, 20.0, "Europe/Helsinki")  # the Sun sets at a quarter past three
AFTERNOON = datetime(2026, 12, 10, 15, 0, tzinfo=UTC)  # 17:00 there, and dark
HIGH = {"goto_manual": {"do_action": True, "target": "High", "ra_coord": 8.7, "dec_coord": 60.0}}
VERBS = ("end_night", "stop_after_this")


def due(clock: str, **more: Any) -> dict[str, Any]:
    """A session of that local time of the same evening."""
    return long_session(id_command={"date": "2026-12-10", "time": clock, **more}, frames=4, **HIGH)


async def at(rig: Rig, hour: int, minute: int = 0, day: int = 10) -> None:
    """Wait until that local time."""
    wanted = datetime(2026, 12, day, hour - 2, minute, tzinfo=UTC)
    await rig.clock.sleep((wanted - rig.clock.now()).total_seconds())


async def ended_at_half_past_five(rig: Rig, verb: str) -> datetime:
    await rig.begin()
    await at(rig, 17, 30)
    told = rig.command(verb)
    await rig.until(lambda: rig.final(verb), 10)
    return told


@pytest.mark.parametrize("verb", every(2, VERBS))
def test_a_night_ended_in_the_early_dark_does_not_begin_again_at_six(tmp_path: Path, verb: str) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, site=HELSINKI, start=AFTERNOON) as rig:
            rig.drop("late.json", due("19:00:00"))
            told = await ended_at_half_past_five(rig, verb)
            await at(rig, 18, 5)
            rig.drop("now.json", long_session(frames=4, **HIGH))
            await at(rig, 2, day=11)
            assert rig.begun(told) == []
            assert (rig.status["state"], rig.status["reason"]) == ("waiting", "user")

    run_virtual(night())


def test_a_night_that_was_ended_is_over_until_noon_and_no_longer(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, site=HELSINKI, start=AFTERNOON) as rig:
            told = await ended_at_half_past_five(rig, "end_night")
            await at(rig, 11, 30, day=11)
            rig.drop("day.json", long_session(frames=4, **HIGH))
            await at(rig, 12, 10, day=11)
            assert rig.begun(told) == []
            await at(rig, 12, 30, day=11)  # the Sun was highest at 12:13
            assert rig.begun(told)

    run_virtual(night())


def test_a_night_that_was_ended_is_over_after_a_restart_as_well(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, site=HELSINKI, start=AFTERNOON) as rig:
            rig.drop("late.json", due("19:00:00"))
            told = await ended_at_half_past_five(rig, "end_night")
            await rig.end()
            await rig.begin()
            await at(rig, 2, day=11)
            assert rig.begun(told) == []

    run_virtual(night())


@pytest.mark.parametrize("verb", every(2, VERBS[::-1]))
def test_resume_takes_the_end_of_the_night_back(tmp_path: Path, verb: str) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, site=HELSINKI, start=AFTERNOON) as rig:
            rig.drop("late.json", due("19:00:00"))
            await ended_at_half_past_five(rig, verb)
            await at(rig, 18, 30)
            rig.command("resume")
            await rig.until(lambda: rig.final("resume"), 10)
            await at(rig, 19, 30)
            assert rig.results()["late"]["result"] == "completed"

    run_virtual(night())


def test_the_evening_after_is_another_night(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, site=HELSINKI, start=AFTERNOON) as rig:
            await ended_at_half_past_five(rig, "end_night")
            tomorrow = {"date": "2026-12-11", "time": "16:00:00"}
            rig.drop("next.json", long_session(id_command=tomorrow, frames=4, **HIGH))
            await at(rig, 16, 30, day=11)
            assert rig.results()["next"]["result"] == "completed", rig.status

    run_virtual(night())


@pytest.mark.soak
@pytest.mark.parametrize("verb", VERBS)
def test_the_same_words_end_the_night_after_as_well(tmp_path: Path, verb: str) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, site=HELSINKI, start=AFTERNOON) as rig:
            await ended_at_half_past_five(rig, verb)
            await at(rig, 17, 30, day=11)
            told = rig.command(verb)
            await at(rig, 18, day=11)
            rig.drop("next.json", long_session(frames=4, **HIGH))
            await at(rig, 23, day=11)
            assert rig.begun(told) == []
            assert (rig.status["state"], rig.status["reason"]) == ("waiting", "user")

    run_virtual(night())
