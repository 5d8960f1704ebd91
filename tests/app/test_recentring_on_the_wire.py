"""What moves among the stars is pointed at again in the middle of a capture, which stays one in the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agent.sky.catalogue.small_bodies import ELEMENTS
from agent.sky.ephemeris import fixed, separation
from agent.targets import MovingTarget, SkyTarget
from agent.telescope.simulator.history import FrameTaken, ShutterClosed, ShutterOpened, Slew
from tests.app.conftest import DUSK, Observatory, session
from tests.app.test_mosaics_on_the_wire import Night, simulated
from tests.app.test_refocus_on_the_wire import SHOT, scope
from tests.support.tables import every, sliced
from tests.support.virtual_loop import run_virtual

ORBIT = "(99001) Swift,e,30.705,165.694,261.439,1.2195,0.731887,0.4828,37.568,3/1/2026,2000,H 20,0.15"
SWIFT = MovingTarget("Swift", 0.0, 0.0, ORBIT)  # 9 arcseconds a minute, high up all evening


@pytest.fixture(autouse=True)
def elements(observatory: Callable[..., Observatory], monkeypatch: pytest.MonkeyPatch) -> None:
    place = observatory()
    file = place.folder(".dwarf-agent") / "elements.csv"
    file.parent.mkdir(parents=True)
    file.write_text(f"asteroid|2026-03-01|{ORBIT}\n")
    monkeypatch.setattr(ELEMENTS, "path", None)
    monkeypatch.setattr(ELEMENTS, "_now", lambda: DUSK)
    ELEMENTS.look_in(place.folder("."))


def asteroid(**sections: Any) -> dict[str, Any]:
    whole = {
        "goto_manual": {"do_action": True, "target": "Swift"},
        "calibration": {"do_action": True},
        "setup_camera": {**SHOT, "exposure": "60", "count": 50},
    }
    return session(**{**whole, **sections})


def night(
    place: Observatory, document: dict[str, Any], *faults: str, **options: Any
) -> tuple[dict[str, Any], Any]:
    async def run() -> tuple[dict[str, Any], Any]:
        async with simulated(place, *faults, **options) as sim:
            Night(place, sim)
            place.drop("swift.json", document)
            async with place.open():
                await place.sessions_ended(1)
            return place.results[0], sim.history

    return run_virtual(run())


def misses(history: Any) -> list[float]:
    """How far in degrees each goto went past where the asteroid was."""
    found = []
    for one in history.of(Slew):
        there = fixed(SWIFT, one.at)
        found.append(separation(SkyTarget("", one.ra_hours, one.dec_degrees), there, None, one.at))
    return found


@pytest.mark.parametrize(
    ("model", "generation", "exposure", "frames"),
    every(
        4, [("D2", "v2", "15", 200), ("D3", "v2", "60", 50), ("D3", "v3", "60", 50), ("mini", "v3", "60", 50)]
    ),
)
def test_a_long_capture_of_an_asteroid_is_pointed_again_and_is_one_in_the_end(
    observatory: Callable[..., Observatory], model: str, generation: str, exposure: str, frames: int
) -> None:
    document = asteroid(setup_camera={**SHOT, "exposure": exposure, "count": frames})
    result, history = night(observatory(**scope(model)), document, model=model, generation=generation)
    assert (result["result"], result["frames"]["taken"]) == ("completed", frames)
    assert len(history.of(FrameTaken)) == frames
    gone_to = misses(history)
    assert 2 <= len(gone_to) <= 4
    assert max(gone_to) < 0.02
    assert "as Swift moves" in result["message"]
    opened, closed = history.of(ShutterOpened), history.of(ShutterClosed)
    assert len(opened) == len(gone_to)
    for begin, end in zip(opened, closed, strict=True):
        assert separation(fixed(SWIFT, begin.at), fixed(SWIFT, end.at), None, DUSK) < 0.12


@pytest.mark.soak
def test_a_field_of_twenty_degrees_is_not_pointed_again(observatory: Callable[..., Observatory]) -> None:
    wide = {"do_action": True, "exposure": "60", "gain": 80, "count": 50}
    result, history = night(observatory(), asteroid(setup_camera=None, setup_wide_camera=wide))
    assert (result["result"], result["frames"]["taken"]) == ("completed", 50)
    assert len(history.of(Slew)) == 1


def test_a_pointing_that_fails_is_tried_again(observatory: Callable[..., Observatory]) -> None:
    place = observatory()

    async def run() -> tuple[dict[str, Any], Any]:
        async with simulated(place) as sim:
            Night(place, sim)
            place.drop("swift.json", asteroid())
            async with place.open():
                await place.until(lambda: len(sim.history.of(FrameTaken)) >= 2, hours=2)
                sim.faults.add("goto-fails:times=1,code=-11501")
                await place.sessions_ended(1)
            return place.results[0], sim.history

    result, history = run_virtual(run())
    assert (result["result"], result["frames"]["taken"]) == ("completed", 50)
    assert [one.code for one in history.of(Slew)].count(0) >= 2


def test_a_capture_taken_up_after_a_restart_knows_since_when_it_runs(
    observatory: Callable[..., Observatory],
) -> None:
    place = observatory()

    async def run() -> tuple[list[dict[str, Any]], Any]:
        async with simulated(place) as sim:
            life = Night(place, sim)
            place.drop("swift.json", asteroid())
            async with place.open():
                await place.until(lambda: len(sim.history.of(FrameTaken)) >= 12, hours=2)
            life.connect()
            async with place.open():
                await place.sessions_ended(1)
            return place.results, sim.history

    (result,), history = run_virtual(run())
    assert (result["result"], result["frames"]["taken"]) == ("completed", 50)
    assert max(misses(history)) < 0.02
    assert len(history.of(Slew)) >= 2


@pytest.mark.parametrize(("generation", "rain_after_s"), sliced(("v2", "v3"), (1500, 2020)))
def test_rain_and_a_restart_leave_it_one_session_with_all_its_frames(
    observatory: Callable[..., Observatory], generation: str, rain_after_s: int
) -> None:
    """Rain comes in the middle of a capture, and around the time when the telescope is pointed again."""
    place = observatory(weather={"policy": "wait", "inputs": ["roof"], "ttl_s": 90000, "clear_for_min": 1})

    async def run() -> Any:
        async with simulated(place, generation=generation) as sim:
            life = Night(place, sim)
            place.drop("swift.json", asteroid())
            async with place.open():
                place.say("safety/input/roof", {"safe": True})
                await place.until(lambda: life.frames >= 1, hours=2)
                await place.clock.sleep(rain_after_s)
                place.say("safety/input/roof", {"safe": False})
                await place.clock.sleep(1200)
                place.say("safety/input/roof", {"safe": True})
                await place.clock.sleep(300)
            life.connect()
            async with place.open():
                place.say("safety/input/roof", {"safe": True})
                await place.sessions_ended(1)
            return sim.history

    history = run_virtual(run())
    (result,) = place.results
    assert (result["result"], result["frames"]["taken"]) == ("completed", 50)
    assert max(misses(history)) < 0.02
    assert len(history.of(Slew)) >= 2
    for begin, end in zip(history.of(ShutterOpened), history.of(ShutterClosed), strict=True):
        assert separation(fixed(SWIFT, begin.at), fixed(SWIFT, end.at), None, DUSK) < 0.12
