"""What a person says of the cap counts at once, and nothing else is taken for it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from agent.telescope.simulator import SimulatedDwarf
from agent.telescope.simulator.history import DarksTaken, FrameTaken
from tests.app.conftest import Observatory
from tests.app.test_darks_on_the_wire import ordered
from tests.app.test_mosaics_on_the_wire import Night, simulated
from tests.app.test_refocus_on_the_wire import scope
from tests.support.virtual_loop import run_virtual

ON, OFF = "Put the cap on", "Take the cap off"
SOON_H = 0.1
Story = Callable[[Observatory, SimulatedDwarf], Coroutine[Any, Any, None]]


def asks(place: Observatory, words: str) -> bool:
    """Whether the status asks for that just now."""
    said = place.said("status")
    return bool(said) and said[-1]["state"] == "paused" and said[-1]["message"].startswith(words)


def told(place: Observatory, verb: str) -> None:
    place.say("scope/command", {"command": verb})


def rains(place: Observatory, *, rain: bool) -> None:
    place.say("safety/input/roof", {"safe": not rain})


def night(
    observatory: Callable[..., Observatory], story: Story, *faults: str, when: str = "before"
) -> Observatory:
    """A telescope that needs its cap for darks, under a sky that is clear until the story says more."""
    weather = {"policy": "wait", "inputs": ["roof"], "ttl_s": 90000, "clear_for_min": 0}
    place = observatory(**scope("D2"), weather=weather)

    async def run() -> None:
        async with simulated(place, *faults, darks=False, model="D2", generation="v2") as sim:
            Night(place, sim)
            place.drop("m81.json", ordered(when, cap_wait="00:10:00"))
            async with place.open():
                rains(place, rain=False)
                await story(place, sim)

    run_virtual(run())
    return place


def test_an_answer_in_the_rain_counts_although_the_session_waits_for_the_sky(
    observatory: Callable[..., Observatory],
) -> None:
    async def story(place: Observatory, sim: SimulatedDwarf) -> None:
        await place.until(lambda: asks(place, ON), hours=1)
        rains(place, rain=True)
        await place.clock.sleep(60)
        sim.state.capped = True
        told(place, "resume")
        await place.clock.sleep(1200)
        assert not sim.history.of(DarksTaken)
        rains(place, rain=False)
        await place.until(lambda: asks(place, OFF), hours=1)
        assert len(sim.history.of(DarksTaken)) == 1
        rains(place, rain=True)
        await place.clock.sleep(60)
        sim.state.capped = False
        told(place, "resume")
        await place.clock.sleep(5400)  # longer than the question stands
        assert not sim.history.of(FrameTaken)
        rains(place, rain=False)
        await place.sessions_ended(1)

    assert [one["result"] for one in night(observatory, story).results] == ["completed"]


def test_an_answer_in_the_rain_outlives_the_agent(
    observatory: Callable[..., Observatory],
) -> None:
    async def story(place: Observatory, sim: SimulatedDwarf) -> None:
        await place.until(lambda: asks(place, ON), hours=1)
        rains(place, rain=True)
        await place.clock.sleep(60)
        sim.state.capped = True
        told(place, "resume")
        await place.clock.sleep(5)

    place = night(observatory, story)

    async def again() -> None:
        async with simulated(place, darks=False, model="D2", generation="v2") as sim:
            Night(place, sim)
            sim.state.capped = True
            async with place.open():
                rains(place, rain=False)
                await place.until(lambda: asks(place, OFF), hours=1)
                assert not sim.history.of(FrameTaken)

    run_virtual(again())


def test_taking_a_pause_back_is_no_answer_and_the_question_ends_no_pause(
    observatory: Callable[..., Observatory],
) -> None:
    async def story(place: Observatory, sim: SimulatedDwarf) -> None:
        await place.until(lambda: asks(place, ON), hours=1)
        told(place, "pause")
        await place.clock.sleep(60)
        told(place, "resume")
        await place.clock.sleep(60)
        assert asks(place, ON)
        told(place, "pause")
        await place.clock.sleep(1200)
        assert place.said("status")[-1]["state"] == "paused"
        assert not sim.history.of(DarksTaken)
        told(place, "resume")
        await place.sessions_ended(1)

    (result,) = night(observatory, story).results
    assert result["result"] == "completed"
    assert "nobody put the cap on" in result["message"]


def test_a_session_with_its_frames_does_not_fail_for_a_cap_that_stays_on(
    observatory: Callable[..., Observatory],
) -> None:
    async def story(place: Observatory, sim: SimulatedDwarf) -> None:
        await place.until(lambda: asks(place, ON), hours=1)
        sim.state.capped = True
        told(place, "resume")
        await place.until(lambda: asks(place, OFF), hours=1)
        await place.sessions_ended(1)
        assert len(sim.history.of(DarksTaken)) == 1

    (result,) = night(observatory, story, when="after").results
    assert (result["result"], result["error"], result["frames"]["taken"]) == ("completed", None, 6)
    assert "the cap is still on the lens" in result["message"]


@pytest.mark.parametrize("trouble", ["rain", "abort", "a lost link"])
def test_orders_and_troubles_while_the_darks_are_looked_up(
    observatory: Callable[..., Observatory], trouble: str
) -> None:
    async def story(place: Observatory, sim: SimulatedDwarf) -> None:
        await place.until(lambda: any(one.cmd == 11023 for one in sim.received), hours=1, every_s=0.1)
        if trouble == "a lost link":
            sim.faults.add("drop-link:refuse_s=20")
            await place.until(lambda: asks(place, ON), hours=SOON_H)
            return
        rains(place, rain=True)
        await place.clock.sleep(1)
        if trouble == "abort":
            told(place, "abort")
            await place.sessions_ended(1, hours=SOON_H)
            return
        await place.clock.sleep(600)
        assert place.said("status")[-1]["reason"] == "weather"
        rains(place, rain=False)
        await place.until(lambda: asks(place, ON), hours=SOON_H)

    place = night(observatory, story, "slow-answers:command=11023,seconds=4,times=1")
    assert [one["result"] for one in place.results] == (["aborted"] if trouble == "abort" else [])
