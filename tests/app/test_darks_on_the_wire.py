"""The dark frames of a session, on simulated telescopes of every kind, with and without a cap."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from agent.telescope.simulator import SimulatedDwarf
from agent.telescope.simulator.history import DarksTaken, FrameTaken, ShutterOpened
from tests.app.conftest import NEVER_SETS, Observatory, session
from tests.app.test_mosaics_on_the_wire import Night, simulated
from tests.app.test_refocus_on_the_wire import scope
from tests.support.virtual_loop import run_virtual

SHOT = {"do_action": True, "exposure": "15", "gain": 80, "IRCut": 1, "count": 6}
FILTERED = [("D3", "v2"), ("D3", "v3"), ("mini", "v3")]
CAPPED = [("D2", "v2"), ("D2", "v3")]


def ordered(when: str, **more: Any) -> dict[str, Any]:
    sections = {"count": 4, **more}
    return session(
        goto_manual=NEVER_SETS,
        calibration={"do_action": True},
        setup_camera=SHOT,
        dark_frames={"do_action": True, "when": when, **sections},
    )


class Owner:
    """Obeys what the agent asks for, or does not hear of it."""

    def __init__(self, place: Observatory, sim: SimulatedDwarf) -> None:
        self.place, self.sim, self.asked = place, sim, [""]

    async def obeys(self, *, on: bool = True, off: bool = True) -> None:
        while True:
            await self.place.clock.sleep(20)
            status = self.place.said("status")[-1]
            message = status["message"]
            if status["state"] != "paused" or status["reason"] != "user":
                continue
            if message != self.asked[-1]:
                self.asked.append(message)
            if message.startswith("Put the cap on") and on:
                self.sim.state.capped = True
            elif message.startswith("Take the cap off") and off:
                self.sim.state.capped = False
            else:
                continue
            self.place.say("scope/command", {"command": "resume"})


def night(
    place: Observatory, document: dict[str, Any], *, on: bool = True, off: bool = True, **options: Any
) -> tuple[list[dict[str, Any]], Any, list[str]]:
    async def run() -> tuple[list[dict[str, Any]], Any, list[str]]:
        async with simulated(place, darks=False, **options) as sim:
            Night(place, sim)
            owner = Owner(place, sim)
            obeying = asyncio.ensure_future(owner.obeys(on=on, off=off))
            place.drop("m81.json", document)
            async with place.open():
                await place.sessions_ended(1)
            obeying.cancel()
            return place.results, sim.history, owner.asked[1:]

    return run_virtual(run())


@pytest.mark.parametrize(("model", "generation"), FILTERED)
def test_darks_before_make_the_frames_fit(
    observatory: Callable[..., Observatory], model: str, generation: str
) -> None:
    [result], history, asked = night(
        observatory(**scope(model)), ordered("before"), model=model, generation=generation
    )
    assert (result["result"], asked) == ("completed", [])
    [taken] = history.of(DarksTaken)
    assert (taken.exposure_s, taken.gain, taken.frames) == (15.0, 80, 4)
    assert taken.at < history.of(ShutterOpened)[0].at
    assert "4 dark frames for the tele camera were taken" in result["message"]
    assert "without fitting darks" not in result["message"]


@pytest.mark.parametrize(("model", "generation"), FILTERED)
def test_darks_after_come_when_the_frames_are_taken(
    observatory: Callable[..., Observatory], model: str, generation: str
) -> None:
    [result], history, _ = night(
        observatory(**scope(model)), ordered("after"), model=model, generation=generation
    )
    assert result["result"] == "completed"
    assert history.of(DarksTaken)[0].at > history.of(FrameTaken)[-1].at


def test_darks_that_are_there_are_not_taken_again(observatory: Callable[..., Observatory]) -> None:
    place = observatory()

    async def run() -> tuple[list[dict[str, Any]], int]:
        async with simulated(place, darks=False) as sim:
            Night(place, sim)
            place.drop("a.json", ordered("after"))
            place.drop("b.json", ordered("after"))
            async with place.open():
                await place.sessions_ended(2)
            return place.results, len(sim.history.of(DarksTaken))

    results, taken = run_virtual(run())
    assert ([result["result"] for result in results], taken) == (["completed"] * 2, 1)
    assert "fitting dark frames for the tele camera were there" in results[1]["message"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("model", "generation"), CAPPED)
def test_without_a_dark_filter_the_cap_is_asked_for_and_asked_off_again(
    observatory: Callable[..., Observatory], model: str, generation: str, when: str
) -> None:
    place = observatory(**scope(model))
    [result], history, asked = night(place, ordered(when), model=model, generation=generation)
    assert result["result"] == "completed"
    assert [message.split(",")[0] for message in asked] == [
        "Put the cap on the lens for dark frames",
        "Take the cap off the lens",
    ]
    assert len(history.of(DarksTaken)) == 1
    assert len(history.of(FrameTaken)) == 6
    events = [one for one in place.said("event") if one["event_type"] == "session_waiting"]
    assert [one["message"].split(",")[0] for one in events if one["reason"] == "user"] == [
        "Put the cap on the lens for dark frames",
        "Take the cap off the lens",
    ]


def test_without_an_answer_no_darks_are_taken_and_the_night_goes_on(
    observatory: Callable[..., Observatory],
) -> None:
    document = ordered("before", cap_wait="00:10:00")
    [result], history, _ = night(observatory(**scope("D2")), document, on=False, model="D2", generation="v2")
    assert result["result"] == "completed"
    assert not history.of(DarksTaken)
    assert "nobody put the cap on" in result["message"]
    assert 590 <= result["waits"][0]["seconds"] <= 610


def test_nothing_is_imaged_while_nobody_says_that_the_cap_is_off(
    observatory: Callable[..., Observatory],
) -> None:
    place = observatory(**scope("D2"))

    async def run() -> list[dict[str, Any]]:
        async with simulated(place, darks=False, model="D2", generation="v2") as sim:
            night = Night(place, sim)
            obeying = asyncio.ensure_future(Owner(place, sim).obeys(off=False))
            place.drop("a.json", ordered("before"))
            async with place.open():
                await place.sessions_ended(1)
            obeying.cancel()
            night.connect()
            place.drop("b.json", session(goto_manual=NEVER_SETS, setup_camera=SHOT))
            async with place.open():  # which is remembered
                await place.sessions_ended(2)
            assert not sim.history.of(FrameTaken)
            night.connect()
            obeying = asyncio.ensure_future(Owner(place, sim).obeys())
            place.drop("c.json", session(goto_manual=NEVER_SETS, setup_camera=SHOT))
            async with place.open():
                await place.sessions_ended(3)
            obeying.cancel()
        return place.results

    results = {one["session_id"]: one for one in run_virtual(run())}
    assert [results[name]["result"] for name in "abc"] == ["failed", "failed", "completed"]
    assert results["a"]["error"]["code"] == results["b"]["error"]["code"] == "cap_on"
    words = "Nobody said that the cap is off the lens, so nothing is imaged."
    assert results["a"]["error"]["message"] == results["b"]["error"]["message"] == words


@pytest.mark.parametrize("clear_after_s", [1800, 30])
def test_darks_are_taken_while_the_clouds_pass(
    observatory: Callable[..., Observatory], clear_after_s: float
) -> None:
    place = observatory(weather={"policy": "wait", "inputs": ["roof"], "ttl_s": 90000, "clear_for_min": 0})

    async def run() -> tuple[dict[str, Any], Any]:
        async with simulated(place, darks=False) as sim:
            Night(place, sim)
            document = ordered("clouds", count=10)
            document["command"]["setup_camera"] = {**SHOT, "count": 20}
            place.drop("m81.json", document)
            async with place.open():
                place.say("safety/input/roof", {"safe": True})
                await place.until(lambda: len(sim.history.of(FrameTaken)) >= 5, hours=2)
                place.say("safety/input/roof", {"safe": False})
                await place.clock.sleep(clear_after_s)
                place.say("safety/input/roof", {"safe": True})
                await place.sessions_ended(1)
            return place.results[0], sim.history

    result, history = run_virtual(run())
    assert (result["result"], len(history.of(FrameTaken))) == ("completed", 20)
    assert len(history.of(DarksTaken)) == (1 if clear_after_s > 600 else 0)


def test_darks_that_cannot_be_had_cost_no_frame(observatory: Callable[..., Observatory]) -> None:
    place = observatory()

    async def run() -> tuple[dict[str, Any], Any]:
        async with simulated(place, "answer-code:command=11021,code=-11502", darks=False) as sim:
            Night(place, sim)
            place.drop("m81.json", ordered("before"))
            async with place.open():
                await place.sessions_ended(1)
            return place.results[0], sim.history

    result, history = run_virtual(run())
    assert (result["result"], len(history.of(FrameTaken))) == ("completed", 6)
    assert "no dark frames: " in result["message"]
    assert "taken without fitting darks" in result["message"]


def test_the_darks_are_shown_with_what_the_queue_lacks(
    observatory: Callable[..., Observatory], capsys: pytest.CaptureFixture[str]
) -> None:
    from agent.cli.darks import darks
    from agent.mqtt.broker_options import BrokerOptions
    from agent.mqtt.memory import MemoryPort

    place = observatory()
    later = session(id_command={"date": "2026-03-14", "time": "22:00:00"}, setup_camera=SHOT)
    other = session(
        id_command={"date": "2026-03-14", "time": "23:00:00"}, setup_camera={**SHOT, "exposure": 10}
    )

    async def ask(*, as_json: bool = False) -> tuple[int, str]:
        broker = BrokerOptions("not used: the port is in memory")
        code = await darks(broker, "dwarf", as_json=as_json, port=MemoryPort(place.broker))
        return code, capsys.readouterr().out

    async def run() -> list[tuple[int, str]]:
        answers = []
        async with simulated(place, darks=False) as sim:
            Night(place, sim)
            place.drop("m81.json", ordered("after"))
            async with place.open():
                await place.sessions_ended(1)
                answers.append(await ask())
                place.drop("later.json", later)
                place.drop("other.json", other)
                await place.until(lambda: place.said("queue")[-1]["count"] == 2)
                answers.append(await ask())
                sim.faults.add("overheating:temperature_c=45")
                await place.clock.sleep(10)
                answers.append(await ask(as_json=True))
        return answers

    (fine, first), (lacking, second), (warm, third) = run_virtual(run())
    assert (fine, lacking, warm) == (0, 1, 1)
    assert "tele 15 s, gain 80, 4k, " in first
    assert "no session that waits needs any" in first
    assert "tele 15 s, gain 80, 4k: there (later)" in second
    assert "tele 10 s, gain 80, 4k: MISSING (other)" in second
    states = {one["exposure"]: one["state"] for one in json.loads(third)["wanted"]}
    assert states == {"15": "other_temperature", "10": "missing"}
