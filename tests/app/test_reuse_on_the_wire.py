"""Calibration and focus only when they are needed, on simulated telescopes of every kind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.telescope.simulator import SimulatedDwarf
from agent.telescope.simulator.history import Calibration, Focused, FrameTaken
from tests.app.conftest import NEVER_SETS, Observatory, session
from tests.app.test_mosaics_on_the_wire import Night, simulated
from tests.support.tables import every
from tests.support.virtual_loop import run_virtual

ON = {"do_action": True}
SHOT = {"do_action": True, "exposure": "15", "gain": 80, "IRCut": 1, "count": 3}
KINDS = [("D2", "v2"), ("D3", "v2"), ("D2", "v3"), ("D3", "v3"), ("mini", "v3")]
Make = Callable[..., Observatory]


def calibrating(**sections: Any) -> dict[str, Any]:
    return session(**{"goto_manual": NEVER_SETS, "calibration": ON, "setup_camera": SHOT, **sections})


def evening(
    place: Observatory,
    *documents: dict[str, Any],
    between: Callable[[SimulatedDwarf], Awaitable[None] | None] | None = None,
    **options: Any,
) -> SimulatedDwarf:
    """Run sessions one after the other."""

    async def run() -> SimulatedDwarf:
        async with simulated(place, **options) as sim:
            Night(place, sim)
            async with place.open():
                for number, document in enumerate(documents, start=1):
                    place.drop(f"s{number}.json", document)
                    await place.sessions_ended(number, hours=48)
                    if between is not None and number < len(documents):
                        waiting = between(sim)
                        if waiting is not None:
                            await waiting
                        await place.clock.sleep(120)
            return sim

    sim = run_virtual(run())
    assert [result["result"] for result in place.results] == ["completed"] * len(documents)
    return sim


def step_of(result: dict[str, Any], name: str) -> dict[str, Any]:
    return next(step for step in result["steps"] if step["name"] == name)


def scope(model: str) -> dict[str, Any]:
    return {"telescopes": [{"id": "scope", "host": "192.0.2.1", "model": model}]}


def calibrations(sim: SimulatedDwarf) -> int:
    return len(sim.history.of(Calibration))


@pytest.mark.parametrize(("model", "generation"), every(3, KINDS))
def test_a_calibration_is_kept_for_the_sessions_that_follow_and_that_is_said(
    observatory: Make, model: str, generation: str
) -> None:
    place = observatory(**scope(model))
    sim = evening(place, *[calibrating()] * 3, model=model, generation=generation)
    assert calibrations(sim) == 1
    assert step_of(place.results[0], "Calibration")["result"] == "done"
    for result in place.results[1:]:
        step = step_of(result, "Calibration")
        assert step["result"] == "skipped"
        assert step["message"].startswith("not needed: calibrated at 19:0")
    assert sum("not needed: calibrated" in str(status["message"]) for status in place.said("status")) >= 2
    assert len(sim.history.of(FrameTaken)) == 9


def test_the_setting_and_the_session_say_for_how_long(observatory: Make) -> None:
    assert calibrations(evening(observatory(reuse_calibration=0), *[calibrating()] * 3)) == 3
    own = calibrating(calibration={**ON, "reuse_calibration": 0})
    assert calibrations(evening(observatory(), calibrating(), own, calibrating())) == 2
    for hours, expected in ((0.01, 2), (2, 1)):
        short = calibrating(calibration={**ON, "reuse_calibration": hours})
        sim = evening(observatory(reuse_calibration=24), calibrating(), short, between=lambda _: None)
        assert calibrations(sim) == expected


def test_a_park_ends_it(observatory: Make) -> None:
    sim = evening(observatory(), calibrating(shutdown={**ON, "park": True}), calibrating())
    assert calibrations(sim) == 2


@pytest.mark.parametrize("generation", every(2, ["v3", "v2"]))
def test_a_restart_ends_it(observatory: Make, generation: str) -> None:
    def restart(sim: SimulatedDwarf) -> None:
        sim.faults.add("reboot")

    place = observatory()
    sim = evening(place, *[calibrating(auto_focus=ON)] * 2, between=restart, generation=generation)
    assert calibrations(sim) == 2
    assert len(sim.history.of(Focused)) == 2
    assert step_of(place.results[1], "Calibration")["result"] == "done"


def test_a_short_loss_of_the_link_does_not_end_it(observatory: Make) -> None:
    def cut(sim: SimulatedDwarf) -> None:
        sim.faults.add("drop-link:refuse_s=60")

    assert calibrations(evening(observatory(), *[calibrating()] * 2, between=cut)) == 1


@pytest.mark.parametrize("generation", every(2, ["v2", "v3"]))
def test_another_client_ends_it(observatory: Make, generation: str) -> None:
    async def take(sim: SimulatedDwarf) -> None:
        sim.faults.add("take-control:for_s=60")

    place = observatory(
        telescopes=[{"id": "scope", "host": "192.0.2.1", "model": "D3", "keep_control": True}]
    )
    assert calibrations(evening(place, *[calibrating()] * 2, between=take, generation=generation)) == 2


def test_it_does_not_outlast_the_night(observatory: Make) -> None:
    before_noon = datetime(2026, 3, 12, 11, 0, tzinfo=UTC)  # of the Sun, which is at 11:59 there
    later = calibrating(id_command={"date": "2026-03-12", "time": "13:30:00", "max_retries": 2})
    assert calibrations(evening(observatory(start=before_noon), calibrating(), later)) == 2
    later = calibrating(id_command={"date": "2026-03-12", "time": "12:30:00", "max_retries": 2})
    assert calibrations(evening(observatory(start=before_noon), calibrating(), later)) == 1


@pytest.mark.parametrize("generation", every(2, ["v3", "v2"]))
def test_a_goto_that_asks_for_a_calibration_gets_it_at_once(observatory: Make, generation: str) -> None:
    def forget(sim: SimulatedDwarf) -> None:
        sim.state.calibrated = False

    place = observatory()
    sim = evening(place, *[calibrating()] * 3, between=forget, generation=generation)
    assert calibrations(sim) == 3
    assert "the telescope was not calibrated, so the agent calibrated it first" in place.results[1]["message"]
    assert step_of(place.results[1], "Go to M 81")["attempts"] == 1


def test_a_goto_that_fails_without_one_is_tried_again_after_one(observatory: Make) -> None:
    def carry_away(sim: SimulatedDwarf) -> None:
        sim.faults.add("goto-fails:times=1,code=-11500,late=true")

    place = observatory()
    sim = evening(place, *[calibrating()] * 2, between=carry_away)
    assert calibrations(sim) == 2
    assert step_of(place.results[1], "Go to M 81")["attempts"] == 2
    assert "calibrated after all" in place.results[1]["message"]


def test_a_polar_alignment_wants_all_anew(observatory: Make) -> None:
    document = calibrating(eq_solving=ON, infinite_focus=ON)
    sim = evening(observatory(), calibrating(infinite_focus=ON), document, between=lambda _: None)
    assert calibrations(sim) == 2
    assert len(sim.history.of(Focused)) == 2


def test_the_focus_is_kept_until_the_temperature_changes(observatory: Make) -> None:
    def warm(sim: SimulatedDwarf) -> None:
        if len(sim.history.of(FrameTaken)) == 6:
            sim.faults.add("overheating:temperature_c=40")

    place = observatory()
    sim = evening(place, *[calibrating(auto_focus=ON)] * 3, between=warm)
    assert [step_of(one, "Autofocus")["result"] for one in place.results] == ["done", "skipped", "done"]
    assert step_of(place.results[1], "Autofocus")["message"].startswith("not needed: focused at 19:0")
    assert len(sim.history.of(Focused)) == 2


@pytest.mark.soak
def test_one_way_to_focus_does_not_stand_for_the_other(observatory: Make) -> None:
    documents = [calibrating(auto_focus=ON), calibrating(infinite_focus=ON), calibrating(infinite_focus=ON)]
    assert len(evening(observatory(), *documents).history.of(Focused)) == 2
    own = calibrating(auto_focus={**ON, "reuse_focus": 0})
    assert len(evening(observatory(), own, own).history.of(Focused)) == 2
    sim = evening(observatory(reuse_focus=0), *[calibrating(auto_focus=ON)] * 2)
    assert len(sim.history.of(Focused)) == 2


@pytest.mark.parametrize(("between", "times"), [("nothing", 1), ("a reboot", 2), ("an hour", 2)])
def test_it_outlives_the_agent_unless_the_telescope_was_out_of_sight_for_long(
    observatory: Make, between: str, times: int
) -> None:
    place = observatory()

    async def run() -> SimulatedDwarf:
        async with simulated(place, generation="v3") as sim:
            Night(place, sim)
            for number in (1, 2):
                place.drop(f"s{number}.json", calibrating(auto_focus=ON))
                async with place.open():
                    await place.sessions_ended(number, hours=48)
                if between == "a reboot":
                    sim.faults.add("reboot")
                await place.clock.sleep(3600 if between == "an hour" else 30)
            return sim

    sim = run_virtual(run())
    assert calibrations(sim) == times
    assert len(sim.history.of(Focused)) == times
