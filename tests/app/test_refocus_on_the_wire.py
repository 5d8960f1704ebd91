"""Focusing again in the middle of a capture, on simulated telescopes of every kind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from agent.capabilities import Camera
from agent.events import Telemetry
from agent.telescope.interface import CaptureReport
from agent.telescope.simulator.history import Focused, FrameTaken, ShutterClosed, ShutterOpened
from tests.app.conftest import NEVER_SETS, Observatory, session
from tests.app.test_mosaics_on_the_wire import Night, simulated
from tests.support.tables import every
from tests.support.virtual_loop import run_virtual

KINDS = [("D2", "v2"), ("D2", "v3"), ("D3", "v2"), ("D3", "v3"), ("mini", "v3")]
SHOT = {"do_action": True, "exposure": "15", "gain": 80, "IRCut": 1, "count": 100}


def long_session(refocus: dict[str, Any], **sections: Any) -> dict[str, Any]:
    whole = {
        "goto_manual": NEVER_SETS,
        "calibration": {"do_action": True},
        "setup_camera": SHOT,
        "refocus": {"do_action": True, **refocus},
    }
    return session(**{**whole, **sections})


def night(
    place: Observatory,
    document: dict[str, Any],
    *faults: str,
    during: Callable[[Any], Any] | None = None,
    **options: Any,
) -> tuple[dict[str, Any], Any]:
    async def run() -> tuple[dict[str, Any], Any]:
        async with simulated(place, *faults, **options) as sim:
            Night(place, sim)
            place.drop("m81.json", document)
            async with place.open():
                if during is not None:
                    await place.until(lambda: len(sim.history.of(FrameTaken)) >= 5, hours=2)
                    during(sim)
                await place.sessions_ended(1)
            return place.results[0], sim.history

    return run_virtual(run())


def scope(model: str) -> dict[str, Any]:
    return {"telescopes": [{"id": "scope", "host": "192.0.2.1", "model": model}]}


@pytest.mark.parametrize(("model", "generation"), every(5, KINDS))
def test_a_long_capture_is_focused_again_and_again_and_is_one_in_the_end(
    observatory: Callable[..., Observatory], model: str, generation: str
) -> None:
    document = long_session({"every": "00:10:00"})
    result, history = night(observatory(**scope(model)), document, model=model, generation=generation)
    assert (result["result"], result["frames"]["taken"]) == ("completed", 100)
    assert len(history.of(FrameTaken)) == 100
    focused = [one.at for one in history.of(Focused)]
    assert len(focused) == 2
    assert 600 <= (focused[1] - focused[0]).total_seconds() <= 720
    assert len(history.of(ShutterOpened)) == 3
    shut = [
        (opened.at, closed.at)
        for opened, closed in zip(history.of(ShutterOpened), history.of(ShutterClosed), strict=True)
    ]
    assert not [at for at in focused for begin, end in shut if begin < at < end]
    assert result["message"].count("focused again: 10 minutes have passed") == 2


def test_it_is_focused_again_when_it_became_warmer(observatory: Callable[..., Observatory]) -> None:
    def warm(sim: Any) -> None:
        sim.faults.add("overheating:temperature_c=45")

    document = long_session({"temperature_step": 20}, setup_camera={**SHOT, "count": 60})
    result, history = night(observatory(), document, during=warm)
    assert (result["result"], result["frames"]["taken"]) == ("completed", 60)
    assert len(history.of(Focused)) == 1
    assert "K warmer" in result["message"]


def test_it_is_not_focused_again_near_its_end(observatory: Callable[..., Observatory]) -> None:
    document = long_session({"every": 600}, setup_camera={**SHOT, "count": 40})
    result, history = night(observatory(), document)
    assert (result["result"], len(history.of(ShutterOpened))) == ("completed", 1)
    assert not history.of(Focused)


@pytest.mark.soak
def test_a_focus_of_the_session_counts(observatory: Callable[..., Observatory]) -> None:
    document = long_session({"every": 1200}, infinite_focus={"do_action": True})
    result, history = night(observatory(), document, generation="v3")
    assert result["result"] == "completed"
    first, second = history.of(Focused)
    assert (second.at - first.at).total_seconds() < 1400


def test_a_focus_that_fails_leaves_the_night_as_it_is(observatory: Callable[..., Observatory]) -> None:
    document = long_session({"every": 600}, setup_camera={**SHOT, "count": 60})
    result, history = night(observatory(), document, "focus-fails:times=1,code=-15100")
    assert (result["result"], result["frames"]["taken"]) == ("completed", 60)
    assert "focusing again failed" in result["message"]
    assert len(history.of(ShutterOpened)) == 2


def test_rain_in_the_middle_does_not_focus_twice(observatory: Callable[..., Observatory]) -> None:
    place = observatory(weather={"policy": "wait", "inputs": ["roof"], "ttl_s": 90000, "clear_for_min": 1})

    async def run() -> tuple[dict[str, Any], Any]:
        async with simulated(place) as sim:
            Night(place, sim)
            place.drop("m81.json", long_session({"every": 1800}, setup_camera={**SHOT, "count": 60}))
            async with place.open():
                place.say("safety/input/roof", {"safe": True})
                await place.until(lambda: len(sim.history.of(FrameTaken)) >= 5, hours=2)
                place.say("safety/input/roof", {"safe": False})
                await place.clock.sleep(2400)
                place.say("safety/input/roof", {"safe": True})
                await place.sessions_ended(1)
            return place.results[0], sim.history

    result, history = run_virtual(run())
    assert (result["result"], result["frames"]["taken"]) == ("completed", 60)
    assert len(history.of(Focused)) == 1  # before the capture that follows the rain
    assert len(history.of(ShutterOpened)) == 2


def test_a_sensor_that_wavers_around_the_step_does_not_break_up_the_capture(
    observatory: Callable[..., Observatory], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = observatory()
    scope = place.telescope
    stop = scope.stop_capture

    def feels(celsius: float) -> None:
        scope.set_telemetry(Telemetry(battery=80, temperature=celsius))

    async def stop_and_cool(camera: Camera) -> CaptureReport:
        feels(11.9)
        return await stop(camera)

    async def warm_while_it_captures() -> None:
        await place.clock.sleep(700)
        while True:
            if scope.captures[-1].running:
                feels(12.1)
            await place.clock.sleep(5)

    async def run() -> dict[str, Any]:
        feels(10.0)
        monkeypatch.setattr(scope, "stop_capture", stop_and_cool)
        place.drop("m81.json", long_session({"temperature_step": 2}, calibration=None))
        async with place.open():
            warming = asyncio.ensure_future(warm_while_it_captures())
            await place.sessions_ended(1)
            warming.cancel()
        return place.results[0]

    result = run_virtual(run())
    assert (result["result"], result["frames"]["taken"]) == ("completed", 100)
    assert (len(scope.captures), scope.calls.count("auto_focus")) == (2, 1)
