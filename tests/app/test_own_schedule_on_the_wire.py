"""What the telescope keeps to do by itself: shown to people, and never disturbed by a session of ours."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import groupby
from typing import Any

import pytest

from agent.telescope.dwarf.proto import schedule_pb2 as proto
from agent.telescope.dwarf.telescope import DwarfAddress, DwarfTelescope
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions
from agent.telescope.simulator.history import FrameTaken, ShutterClosed, ShutterOpened
from tests.app.conftest import DUSK, Observatory, session
from tests.app.test_night import PARIS
from tests.support.invariant import at_rest_or_told
from tests.support.tables import every
from tests.support.virtual_loop import run_virtual
from tests.telescope.simulator.client import client_of
from tests.telescope.simulator.schedules import schedule, task

MINUTE = timedelta(minutes=1)
SOON, LATER = DUSK + 10 * MINUTE, DUSK + 60 * MINUTE
Make = Callable[..., Observatory]


def app_schedule(frames: int = 60, begins: Any = SOON, ends: Any = LATER) -> proto.Schedule:
    only = task("t", begins, ends, name="M 31", ra=0.712, dec=41.27, count=frames)
    return schedule("app", begins, ends, only)


async def app_gives(sim: SimulatedDwarf, asked: proto.Schedule) -> None:
    async with client_of(sim, client_id="app") as app:
        answer = await app.ask(16100, proto.GiveSchedule(schedule=asked))
        assert answer.read(proto.SyncScheduleAnswer).code == 0


@asynccontextmanager
async def scope(place: Observatory, asked: proto.Schedule | None) -> AsyncIterator[SimulatedDwarf]:
    options = SimulatorOptions.from_mapping(
        {
            "model": "D3",
            "generation": "v3",
            "site": PARIS,
            "horizon": False,
            "calibrated": True,
            "exclusive": False,
            "strict": True,
        }
    )
    async with (
        SimulatedDwarf(options, place.clock) as sim,
        at_rest_or_told(sim, place.broker, place.clock),
    ):
        if asked is not None:
            await app_gives(sim, asked)
        address = DwarfAddress("127.0.0.1", sim.port, sim.http_port)
        place.driver = DwarfTelescope(address, clock=place.clock, rng=random.Random(1))
        yield sim


def shots(sim: SimulatedDwarf) -> list[tuple[str, int]]:
    return [(one.target, one.frames) for one in sim.history.of(ShutterOpened)]


def test_what_the_telescope_keeps_is_told_from_the_connection_to_its_end(observatory: Make) -> None:
    async def night() -> list[dict[str, Any]]:
        place = observatory()
        async with scope(place, app_schedule(20)), place.open():
            await place.until(lambda: place.said("own_schedule")[-1]["count"] == 1)
            await place.clock.sleep(7200)
        return [body for body, _ in groupby(place.said("own_schedule"))]  # said again on connecting

    told = run_virtual(night())
    assert [one["state"] for one in told] == ["none", "waiting", "imaging", "none"]
    assert told[0] == {
        "state": "none",
        "next_at": None,
        "ends_at": None,
        "target": None,
        "count": 0,
        "schedules": [],
    }
    waiting = told[1]
    assert (waiting["next_at"], waiting["target"]) == ("2026-03-12T19:10:00+01:00", "M 31")
    (only,) = waiting["schedules"]
    assert (only["name"], only["ours"], only["state"]) == ("Night app", False, "waiting")
    assert told[-1]["schedules"][0]["tasks"][0]["state"] == "done"


def test_a_session_waits_for_the_end_of_what_the_telescope_carries_out(observatory: Make) -> None:
    async def night() -> None:
        place = observatory()
        async with scope(place, app_schedule()) as sim:
            await place.clock.sleep(900)
            place.drop("a.json", session())
            async with place.open():
                await place.until(lambda: place.said("status")[-1]["reason"] == "own_schedule")
                assert "Night app" in place.said("status")[-1]["message"]
                await place.sessions_ended(1)
                assert shots(sim) == [("M 31", 60), ("M 42", 12)]
                theirs, ours = sim.history.of(ShutterClosed)
                assert (theirs.taken, theirs.reason) == (60, "finished"), "it was not disturbed"
                assert ours.taken == 12
                assert place.results[-1]["result"] == "completed"

    run_virtual(night())


@pytest.mark.parametrize(("frames", "first"), [(12, "M 42"), (120, "M 31")], ids=["short", "long"])
def test_a_session_begins_only_if_it_ends_before_the_schedule_begins(
    observatory: Make, frames: int, first: str
) -> None:
    async def night() -> None:
        place = observatory()
        shot = {"do_action": True, "exposure": "15", "gain": 80, "count": frames}
        place.drop("a.json", session(setup_camera=shot))
        async with scope(place, app_schedule()) as sim, place.open():
            await place.sessions_ended(1)
            await place.until(lambda: len(sim.history.of(ShutterClosed)) == 2)
            assert shots(sim)[0][0] == first
            assert [one.reason for one in sim.history.of(ShutterClosed)] == ["finished", "finished"]
            assert place.results[-1]["result"] == "completed"

    run_virtual(night())


def test_even_a_session_that_a_person_wants_now_waits_for_what_is_carried_out(observatory: Make) -> None:
    async def night() -> None:
        place = observatory()
        async with scope(place, app_schedule()) as sim:
            await place.clock.sleep(900)
            place.drop("a.json", session())
            async with place.open():
                place.say("scope/command", {"command": "run", "session_id": "a"})
                await place.clock.sleep(300)
                assert shots(sim) == [("M 31", 60)]
                assert place.said("status")[-1]["reason"] == "own_schedule"
                await place.sessions_ended(1)

    run_virtual(night())


def test_a_schedule_that_the_app_deletes_frees_the_telescope_at_once(observatory: Make) -> None:
    async def night() -> None:
        place = observatory()
        async with scope(place, app_schedule()) as sim:
            await place.clock.sleep(900)
            place.drop("a.json", session())
            async with place.open():
                await place.until(lambda: place.said("status")[-1]["reason"] == "own_schedule")
                async with client_of(sim, client_id="app") as app:
                    await app.ask(16101, proto.NameSchedule(id="app"))
                await place.until(lambda: len(shots(sim)) == 2, hours=0.2)
                await place.sessions_ended(1)
                assert place.results[-1]["result"] == "completed"

    run_virtual(night())


def test_a_pause_of_ours_leaves_alone_what_the_telescope_begins_meanwhile(observatory: Make) -> None:
    """A pause keeps our session still; the telescope's own schedule is somebody else's will."""

    async def night() -> None:
        place = observatory()
        shot = {"do_action": True, "exposure": "15", "gain": 80, "count": 40}
        place.drop("a.json", session(setup_camera=shot))
        async with scope(place, None) as sim, place.open():
            await place.until(lambda: bool(shots(sim)))
            await place.clock.sleep(60)
            place.say("scope/command", {"command": "pause"})
            await place.until(lambda: place.said("status")[-1]["state"] == "paused", hours=0.1)
            begins = (place.clock.now() + 3 * MINUTE).replace(second=0, microsecond=0)
            await app_gives(sim, app_schedule(begins=begins, ends=begins + 60 * MINUTE))
            await place.until(lambda: len(shots(sim)) == 2, hours=0.5)
            await place.clock.sleep(300)
            assert len(sim.history.of(ShutterClosed)) == 1, "theirs goes on"
            place.say("scope/command", {"command": "resume"})
            await place.until(lambda: place.said("status")[-1]["reason"] == "own_schedule", hours=0.1)
            assert "Night app" in place.said("status")[-1]["message"]
            await place.sessions_ended(1)
            assert place.results[-1]["result"] == "completed"
            assert place.results[-1]["frames"]["taken"] == 40
            theirs = sim.history.of(ShutterClosed)[1]
            assert (theirs.taken, theirs.reason) == (60, "finished"), "it was not disturbed"
            assert [target for target, _ in shots(sim)] == ["M 42", "M 31", "M 42"]

    run_virtual(night())


@pytest.mark.parametrize("how", ["end_night", "agent_stop"])
def test_what_ends_our_own_night_leaves_the_telescopes_alone(observatory: Make, how: str) -> None:
    async def night() -> None:
        place = observatory()
        closing = {"do_action": True, "park": True, "power_down": True}
        async with scope(place, app_schedule()) as sim:
            place.drop("a.json", session(shutdown=closing))
            await place.clock.sleep(900)
            assert shots(sim) == [("M 31", 60)]
            async with place.open():
                await place.until(lambda: place.said("status")[-1]["reason"] == "own_schedule")
                if how == "end_night":
                    place.say("scope/command", {"command": "end_night"})
                    await place.until(lambda: bool(sim.history.of(ShutterClosed)))
            await place.until(lambda: bool(sim.history.of(ShutterClosed)))
            (theirs,) = sim.history.of(ShutterClosed)
            assert (theirs.taken, theirs.reason) == (60, "finished"), "it was not disturbed"

    run_virtual(night())


@pytest.mark.parametrize("how", ["abort", "park", "rain"])
def test_what_is_done_for_safety_and_by_a_persons_word_stops_even_the_telescopes_own(
    observatory: Make, how: str
) -> None:
    async def night() -> None:
        place = observatory(weather={"policy": "wait", "inputs": ["roof"]} if how == "rain" else {})
        async with scope(place, app_schedule()) as sim:
            await place.clock.sleep(900)
            async with place.open():
                await place.until(lambda: place.said("own_schedule")[-1]["state"] == "imaging")
                if how == "rain":
                    place.say("safety/input/roof", {"safe": True})
                    await place.clock.sleep(60)
                    place.say("safety/input/roof", {"safe": False, "reason": "rain"})
                else:
                    place.say("scope/set/armed", "ON")
                    await place.clock.sleep(1)
                    place.say("scope/command", {"command": how})
                wanted = place.clock.now()
                await place.until(lambda: bool(sim.history.of(ShutterClosed)), hours=0.1)
                (theirs,) = sim.history.of(ShutterClosed)
                assert theirs.taken < 60
                assert (theirs.at - wanted).total_seconds() < 5, "at once"

    run_virtual(night())


@pytest.mark.parametrize("fault", ["slow-answers:seconds=40,times=1", "no-answer:times=2"])
def test_a_schedule_that_began_out_of_sight_is_left_alone_by_a_pause_before_it_is_told(
    observatory: Make, fault: str
) -> None:
    kind, _, how = fault.partition(":")

    async def night() -> list[tuple[int, str]]:
        place = observatory()
        async with scope(place, app_schedule()) as sim:
            place.drop("a.json", session())
            async with place.open():
                await place.until(lambda: len(sim.history.of(FrameTaken)) >= 3)
                place.say("scope/command", {"command": "pause"})
                await place.until(lambda: place.clock.now() > SOON - MINUTE)
                sim.faults.add(f"{kind}:command={int(Cmd.GET_SCHEDULES)},{how}")
                sim.faults.add("drop-link:refuse_s=500")
                await place.clock.sleep(1800)
                place.say("scope/command", {"command": "abort"})
                await place.sessions_ended(1)
            return [(one.taken, one.reason) for one in sim.history.of(ShutterClosed)]

    assert run_virtual(night()) == [(3, "stopped"), (60, "finished")]


@pytest.mark.parametrize("lost", every(2, [3, 1]))
def test_a_schedule_that_began_before_a_start_is_left_alone_by_a_pause_before_it_is_told(
    observatory: Make, lost: int
) -> None:
    """Nobody knows yet whose capture it is that runs; it is asked for again until the telescope tells."""

    async def night() -> list[tuple[int, str]]:
        place = observatory()
        async with scope(place, app_schedule()) as sim:
            await place.until(lambda: len(sim.history.of(FrameTaken)) >= 3)
            sim.faults.add(f"no-answer:command={int(Cmd.GET_SCHEDULES)},times={lost}")
            place.drop("a.json", session())
            async with place.open():
                await place.until(lambda: place.said("status")[-1]["state"] != "offline", hours=0.1)
                await place.clock.sleep(5)
                place.say("scope/command", {"command": "pause"})
                await place.clock.sleep(120)
                place.say("scope/command", {"command": "resume"})
                await place.until(lambda: place.said("status")[-1]["reason"] == "own_schedule", hours=0.1)
                await place.sessions_ended(1)
                assert place.results[-1]["result"] == "completed"
            return [(one.taken, one.reason) for one in sim.history.of(ShutterClosed)]

    assert run_virtual(night()) == [(60, "finished"), (12, "finished")]
