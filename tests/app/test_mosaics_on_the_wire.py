"""A mosaic from its file to its result, on simulated telescopes of every kind."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from agent.events import SessionBrief
from agent.schedule.waiting import Waiting
from agent.session.document import read_session
from agent.session.plan import make_plan
from agent.station.dead_man_plan import capture_of
from agent.telescope.dwarf.models import newer_capabilities
from agent.telescope.dwarf.telescope import DwarfAddress, DwarfTelescope
from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions
from agent.telescope.simulator.history import FrameTaken
from tests.app.conftest import DUSK, NEVER_SETS, Observatory, session
from tests.app.test_night import PARIS
from tests.support.virtual_loop import run_virtual

ORDER = {
    "do_action": True,
    "exposure": "15",
    "gain": 80,
    "IRCut": 1,
    "count": "12",
    "doMosaic": True,
    "framingX": 180,
    "framingY": 140,
    "mosaic_count": 3,
}
FULL = {"taken": 3, "stacked": 3, "requested": 3}


def mosaic(**changed: Any) -> dict[str, Any]:
    return session(goto_manual=NEVER_SETS, calibration={"do_action": True}, setup_camera={**ORDER, **changed})


class Night:
    """An agent on a simulated telescope."""

    def __init__(self, place: Observatory, sim: SimulatedDwarf) -> None:
        self.place, self.sim = place, sim
        self.connect()

    def connect(self) -> None:
        address = DwarfAddress("127.0.0.1", self.sim.port, self.sim.http_port, self.sim.card_port or 80)
        self.place.driver = DwarfTelescope(address, clock=self.place.clock, rng=random.Random(1))

    @property
    def frames(self) -> int:
        return len(self.sim.history.of(FrameTaken))


def simulated(place: Observatory, *faults: str, **options: Any) -> SimulatedDwarf:
    wanted = {
        "model": "D3",
        "generation": "v3",
        "site": PARIS,
        "strict": True,
        "card_port": 0,
        "faults": list(faults),
        **options,
    }
    return SimulatedDwarf(SimulatorOptions.from_mapping(wanted), place.clock)


@pytest.mark.parametrize("model", ["D3", "mini"])
@pytest.mark.parametrize("habit", ["pane", "whole"])
def test_a_mosaic_is_made_by_the_telescope_and_told_pane_by_pane(
    observatory: Callable[..., Observatory], model: str, habit: str
) -> None:
    async def run() -> Observatory:
        place = observatory(telescopes=[{"id": "scope", "host": "192.0.2.1", "model": model}])
        async with simulated(place, model=model, habits={"mosaic_counts": habit}) as sim:
            Night(place, sim)
            place.drop("m81.json", mosaic())
            async with place.open():
                await place.sessions_ended(1)
        return place

    place = run_virtual(run())
    (result,) = place.results
    assert (result["result"], result["frames"]["taken"], result["frames"]["requested"]) == (
        "completed",
        12,
        12,
    )
    assert result["panes"] == [FULL] * 4
    panes = [body["pane"] for body in place.said("progress") if body["pane"]]
    assert panes == sorted(panes)
    assert set(panes) == {1, 2, 3, 4}
    assert place.said("progress")[-1]["panes"] == [FULL] * 4
    assert place.said("progress")[0] == {**place.said("progress")[0], "pane": None, "panes": None}
    (done,) = place.files("Done")
    assert '"pane": 4' in (place.folder("Done") / done).read_text()


def test_a_mosaic_that_rain_interrupts_is_taken_again_until_each_pane_has_its_frames(
    observatory: Callable[..., Observatory],
) -> None:
    async def run() -> Observatory:
        place = observatory(weather={"policy": "wait", "inputs": ["roof"], "ttl_s": 9000, "clear_for_min": 1})
        async with simulated(place) as sim:
            night = Night(place, sim)
            place.drop("m81.json", mosaic())
            place.say("safety/input/roof", {"safe": True}, retain=True)
            async with place.open():
                place.say("safety/input/roof", {"safe": True})
                await place.until(lambda: night.frames >= 5, hours=2)
                place.say("safety/input/roof", {"safe": False})
                await place.until(lambda: place.said("status")[-1]["state"] == "paused", hours=0.1)
                place.say("safety/input/roof", {"safe": True})
                await place.sessions_ended(1)
        return place

    place = run_virtual(run())
    (result,) = place.results
    assert (result["result"], result["frames"]["taken"]) == ("completed", 12)
    assert [pane["taken"] for pane in result["panes"]] == [6, 5, 3, 3]


def test_an_agent_that_restarts_in_a_mosaic_goes_on_counting_its_panes(
    observatory: Callable[..., Observatory],
) -> None:
    async def run() -> tuple[Observatory, int]:
        place = observatory()
        async with simulated(place) as sim:
            night = Night(place, sim)
            place.drop("m81.json", mosaic())
            async with place.open():
                await place.until(lambda: night.frames >= 5, hours=2)
                remembered = place.folder(".dwarf-agent") / "telescope.json"
                at_work = remembered.read_bytes()
                sim.faults.add("drop-link:refuse_s=45")
                await place.clock.sleep(1)
            remembered.write_bytes(at_work)  # as a killed agent leaves it
            night.connect()
            async with place.open():
                await place.sessions_ended(1)
            return place, night.frames

    place, frames = run_virtual(run())
    (result,) = place.results
    assert (result["result"], frames) == ("completed", 12)
    assert result["panes"] == [FULL] * 4


def test_a_mosaic_that_its_end_time_cuts_off_is_partial(observatory: Callable[..., Observatory]) -> None:
    async def run() -> Observatory:
        place = observatory()
        async with simulated(place) as sim:
            Night(place, sim)
            place.drop("m81.json", mosaic(end_time="19:04"))
            async with place.open():
                await place.sessions_ended(1)
        return place

    (result,) = run_virtual(run()).results
    assert result["result"] == "partial"
    assert "the end time came before every pane had its frames" in result["message"]
    assert result["frames"]["requested"] == 12
    assert 0 < result["frames"]["taken"] < 12
    assert result["panes"][0]["requested"] == 3


def test_a_telescope_left_alone_is_not_given_a_mosaic_as_a_single_field() -> None:
    def waiting(document: dict[str, Any]) -> Waiting:
        read = read_session(document).document
        assert read is not None
        plan = make_plan(read, newer_capabilities("D3"))
        return Waiting(SessionBrief("m81", "M 81"), read, plan, None, None, DUSK)

    assert capture_of(waiting(session(goto_manual=NEVER_SETS))) is not None
    assert capture_of(waiting(mosaic())) is None
