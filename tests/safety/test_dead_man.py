"""What waits is kept on the telescope as well, so that the death of the agent does not end the night."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.capabilities import Camera
from agent.clock import LoopClock
from agent.own_schedule import OURS
from agent.sky.catalogue.small_bodies import ELEMENTS
from agent.sky.ephemeris import fixed, separation
from agent.targets import MovingTarget, SkyTarget
from agent.telescope.dwarf.telescope import DwarfTelescope
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.interface import CaptureReport, ConnectionState
from agent.telescope.simulator.history import FrameTaken, ShutterClosed, ShutterOpened
from agent.telescope.simulator.schedule_book import Recipe, ScheduleState
from tests.safety.mortal_rig import MortalRig
from tests.safety.rig import DUSK, long_session, on_the_wire
from tests.soak.mortal import run_mortal
from tests.support.stepped_clock import SteppedClock
from tests.support.tables import every
from tests.telescope.simulator.schedules import schedule as app_schedule

RUNS_S = 7200.0


def second(**sections: Any) -> dict[str, Any]:
    """Twelve frames of M 31, after what was due before."""
    goto = {"do_action": True, "target": "M 31", "ra_coord": 0.712, "dec_coord": 41.27}
    shot = {"do_action": True, "exposure": "15", "gain": 60, "ircut": "Astro", "count": 12}
    return long_session(goto_manual=goto, setup_camera=shot, **sections)


def kept(rig: MortalRig) -> list[Recipe]:
    """What the telescope keeps of ours, and is still to begin."""
    waiting = (one for one in rig.sim.device.schedules if one.state == ScheduleState.PENDING)
    recipes = [Recipe.read(one.tasks[0].params) for one in waiting if one.name == OURS]
    return [one for one in recipes if one is not None]


def shots(rig: MortalRig) -> list[tuple[str, int]]:
    return [(one.target, one.frames) for one in rig.sim.history.of(ShutterOpened)]


def slow_album(telescope: DwarfTelescope, rig: MortalRig) -> DwarfTelescope:
    """The same telescope, whose card takes its time."""
    read = telescope.recorded_captures

    async def later(camera: Camera, since: datetime) -> tuple[CaptureReport, ...]:
        await rig.clock.sleep(40)
        return await read(camera, since)

    telescope.recorded_captures = later  # type: ignore[method-assign]
    return telescope


def night(
    tmp_path: Path,
    story: Callable[[MortalRig], Coroutine[Any, Any, None]],
    *,
    dead_man: bool = True,
    before: dict[str, Any] | None = None,
    clock: LoopClock | None = None,
) -> None:
    """M 42 captures when M 31 comes to wait behind it; with `before` that session is all there is."""

    async def whole() -> None:
        async with on_the_wire(tmp_path, rig=MortalRig) as rig:
            assert isinstance(rig, MortalRig)
            (own,) = rig.settings.telescopes
            telescopes = (own.model_copy(update={"dead_man": dead_man}),)
            rig.settings = rig.settings.model_copy(update={"telescopes": telescopes})
            rig.clock = clock or rig.clock
            if before is None:
                rig.drop("a.json", long_session(frames=100))
            await rig.begin()
            if before is None:
                await rig.captures()
            rig.drop("b.json", second() if before is None else before)
            await story(rig)

    run_mortal(whole())


def test_a_death_does_not_end_the_night_and_no_frame_is_taken_twice(tmp_path: Path) -> None:
    async def story(rig: MortalRig) -> None:
        await rig.until(lambda: kept(rig), 300)
        (task,) = kept(rig)
        assert (task.target, task.gain, task.count) == ("M 31", 60, 12)
        assert task.begins > rig.clock.now() + timedelta(minutes=20), "after what runs"
        await rig.kill()
        await rig.clock.sleep(3 * 3600)
        assert shots(rig) == [("M 42", 100), ("M 31", 12)]
        await rig.begin()
        await rig.until(lambda: len(rig.results()) == 2, RUNS_S)
        assert {name: one["result"] for name, one in rig.results().items()} == {
            "a": "completed",
            "b": "completed",
        }
        assert rig.results()["b"]["frames"] == {"requested": 12, "taken": 12, "stacked": 12, "rejected": 0}
        assert len(rig.results()["b"]["files"]) == 1
        assert len(rig.sim.history.of(FrameTaken)) == 112
        await rig.until(lambda: not list(rig.sim.device.schedules), 300)

    night(tmp_path, story)


def test_an_agent_that_comes_back_in_time_takes_over_again(tmp_path: Path) -> None:
    async def story(rig: MortalRig) -> None:
        await rig.until(lambda: kept(rig), 300)
        await rig.kill()
        await rig.clock.sleep(300)
        await rig.begin()
        await rig.until(lambda: len(rig.results()) == 2, RUNS_S)
        assert shots(rig) == [("M 42", 100), ("M 31", 12)]
        captures = [one for one in rig.sim.received if one.cmd == Cmd.START_CAPTURE]
        assert len(captures) == 2, "both by the agent"
        assert {one["result"] for one in rig.results().values()} == {"completed"}

    night(tmp_path, story)


def test_an_agent_that_comes_back_meanwhile_leaves_what_runs_alone_and_counts_it(tmp_path: Path) -> None:
    async def story(rig: MortalRig) -> None:
        await rig.until(lambda: kept(rig), 300)
        (task,) = kept(rig)
        await rig.kill()
        await rig.until(lambda: len(shots(rig)) == 2 and rig.exposes, 3 * 3600, every_s=5)
        assert rig.clock.now() >= task.begins
        await rig.begin()
        await rig.until(lambda: rig.status.get("reason") == "own_schedule", 120)
        await rig.until(lambda: len(rig.results()) == 2, RUNS_S)
        assert shots(rig) == [("M 42", 100), ("M 31", 12)]
        assert len(rig.sim.history.of(FrameTaken)) == 112
        assert {one["result"] for one in rig.results().values()} == {"completed"}

    night(tmp_path, story)


def test_what_the_telescope_could_not_finish_is_finished(tmp_path: Path) -> None:
    async def story(rig: MortalRig) -> None:
        await rig.until(lambda: kept(rig), 300)
        await rig.kill()
        await rig.until(lambda: len(shots(rig)) == 2, 3 * 3600, every_s=5)
        rig.sim.faults.add("ends-early:at=5,times=1")
        await rig.clock.sleep(1800)
        await rig.begin()
        await rig.until(lambda: len(rig.results()) == 2, RUNS_S)
        assert shots(rig) == [("M 42", 100), ("M 31", 12), ("M 31", 7)]
        assert rig.results()["b"]["frames"]["taken"] == 12
        assert len(rig.sim.history.of(FrameTaken)) == 112

    night(tmp_path, story)


def test_while_the_agent_lives_the_telescope_never_begins_by_itself(tmp_path: Path) -> None:
    async def story(rig: MortalRig) -> None:
        await rig.until(lambda: kept(rig), 300)
        nearest = timedelta(hours=1)
        while len(rig.results()) < 2:
            now = rig.clock.now()
            nearest = min([nearest, *(one.begins - now for one in kept(rig))])
            await rig.clock.sleep(20)
        assert nearest > timedelta(minutes=5)
        assert shots(rig) == [("M 42", 100), ("M 31", 12)]
        assert kept(rig) == []

    night(tmp_path, story)


@pytest.mark.parametrize("end", every(2, ["rain", "end_night", "remove", "silence", "stop"]))
def test_it_is_taken_back_when_it_is_not_wanted_any_more(tmp_path: Path, end: str) -> None:
    async def story(rig: MortalRig) -> None:
        await rig.until(lambda: kept(rig), 300)
        match end:
            case "rain":
                rig.rain()
            case "end_night":
                rig.command("end_night")
            case "remove":
                rig.command("remove", session_id="b")
            case "silence":
                rig.silence()
            case _:
                await rig.end()
        await rig.until(lambda: not kept(rig), 1500 if end == "silence" else 60)
        assert list(rig.sim.device.schedules) == []
        if end == "rain":
            rig.clear()
            await rig.until(lambda: kept(rig), 1200)

    night(tmp_path, story)


def test_nothing_is_kept_unless_the_owner_wants_it(tmp_path: Path) -> None:
    async def story(rig: MortalRig) -> None:
        await rig.until(lambda: len(rig.results()) == 2, RUNS_S)
        assert Cmd.SYNC_SCHEDULE not in {one.cmd for one in rig.sim.received}

    night(tmp_path, story, dead_man=False)


def test_what_waits_for_its_time_is_kept_for_that_time_and_counted_before_it_could_begin_again(
    tmp_path: Path,
) -> None:
    later = second(id_command={"date": "2026-01-15", "time": "21:00:00"})

    async def story(rig: MortalRig) -> None:
        await rig.until(lambda: kept(rig), 300)
        (task,) = kept(rig)
        assert task.begins == datetime(2026, 1, 15, 20, 0, tzinfo=UTC)
        await rig.clock.sleep(3600)
        assert rig.links[-1][2] is ConnectionState.CONNECTED, "not left alone: what is kept has to be moved"
        await rig.kill()
        await rig.clock.sleep(2 * 3600)
        assert shots(rig) == [("M 31", 12)]
        rig.wrap = lambda _id, telescope: slow_album(telescope, rig)
        await rig.begin()
        await rig.until(lambda: len(rig.results()) == 1, RUNS_S)
        assert rig.results()["b"]["frames"]["taken"] == 12
        assert len(rig.sim.history.of(FrameTaken)) == 12

    night(tmp_path, story, before=later)


def test_what_the_telescope_cannot_do_by_itself_is_not_kept(tmp_path: Path) -> None:
    moon = long_session(goto_manual=None, goto_solar={"do_action": True, "target": "Moon"})
    wide = long_session(
        setup_camera=None, setup_wide_camera={"do_action": True, "exposure": "10", "gain": 60, "count": 12}
    )
    place = {"do_action": True, "target": "where the Sun is", "ra_coord": 19.8, "dec_coord": -21.0}
    near_the_sun = second(id_command={"date": "2026-01-16", "time": "04:00:00"})
    near_the_sun["command"]["goto_manual"] = place

    async def story(rig: MortalRig) -> None:
        rig.drop("c.json", moon)
        rig.drop("d.json", wide)
        rig.drop("e.json", near_the_sun)
        await rig.until(lambda: kept(rig), 300)
        await rig.clock.sleep(120)
        assert [one.target for one in kept(rig)] == ["M 31"]
        assert rig.files("ToDo") == ["b.json", "c.json", "d.json", "e.json"]

    night(tmp_path, story)


def test_the_time_of_another_clients_schedule_is_left_to_it(tmp_path: Path) -> None:
    async def story(rig: MortalRig) -> None:
        begins = rig.clock.now().replace(second=0, microsecond=0) + timedelta(minutes=30)
        whole_night = app_schedule("app", begins, begins + timedelta(hours=6))
        rig.sim.device.schedules.put(whole_night, rig.clock.now())
        await rig.loses_the_link(10)
        await rig.clock.sleep(300)
        assert kept(rig) == []
        assert [one.id for one in rig.sim.device.schedules] == ["app"]

    night(tmp_path, story)


MISSED = {"date": "2026-01-15", "time": "21:00:00"}


@pytest.mark.parametrize(
    "times",
    every(
        3,
        [
            {**MISSED, "when_missed": "skip"},
            {**MISSED, "when_missed": "wait"},
            {**MISSED, "when_missed": "run"},
            {**MISSED, "end_date": "2026-01-15", "end_time": "21:30:00"},
        ],
        ids=["skip", "wait", "run", "its window"],
    ),
)
def test_what_the_telescope_did_meanwhile_was_not_missed(tmp_path: Path, times: dict[str, str]) -> None:
    """The start passes while the agent is dead, but not while nobody took the frames."""

    async def story(rig: MortalRig) -> None:
        await rig.until(lambda: kept(rig), 300)
        await rig.kill()
        await rig.clock.sleep(5 * 3600)
        assert shots(rig) == [("M 31", 12)]
        away = rig.sim.faults.add("refuse-connection:times=0")
        await rig.begin()
        await rig.clock.sleep(600)
        assert rig.results() == {}, "the telescope is asked before anything is decided"
        rig.sim.faults.remove(away)
        await rig.until(lambda: len(rig.results()) == 1, RUNS_S)
        (result,) = rig.results().values()
        assert (result["result"], result["frames"]["taken"]) == ("completed", 12)
        assert len(rig.sim.history.of(FrameTaken)) == 12

    night(tmp_path, story, before=second(id_command=times))


def test_a_clock_that_is_set_is_told_to_the_telescope_with_all_that_it_keeps(tmp_path: Path) -> None:
    clock = SteppedClock(DUSK)

    async def story(rig: MortalRig) -> None:
        await rig.until(lambda: kept(rig), 300)
        clock.set(clock.now() - timedelta(hours=1))
        await rig.clock.sleep(600)
        (task,) = kept(rig)
        told = rig.sim.device.state.time_offset
        assert abs(told - timedelta(hours=-1)) < timedelta(seconds=5)
        assert task.begins > clock.now() + timedelta(minutes=10)

    later = {"date": f"{DUSK:%Y-%m-%d}", "time": "23:00:00"}
    night(tmp_path, story, before=second(id_command=later), clock=clock)


def test_a_moving_target_is_kept_where_it_will_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """40 arcseconds a minute: hours later it is not where it was looked up."""
    orbit = "(99002) Swift,e,46.276,294.601,328.067,.9489,1.066286,.0624,197.806,1/1/2026,2000,H 20,0.15"
    (tmp_path / ".dwarf-agent").mkdir()
    (tmp_path / ".dwarf-agent" / "elements.csv").write_text(f"asteroid|2026-01-01|{orbit}\n")
    monkeypatch.setattr(ELEMENTS, "path", None)
    monkeypatch.setattr(ELEMENTS, "_now", lambda: DUSK)
    ELEMENTS.look_in(tmp_path)

    async def story(rig: MortalRig) -> None:
        await rig.until(lambda: kept(rig), 300)
        (task,) = kept(rig)
        place = SkyTarget("", task.ra_hours, task.dec_degrees)
        for when in (task.begins, task.ends):
            assert separation(place, fixed(MovingTarget("Swift", 0, 0, orbit), when), None, when) < 0.2
        await rig.kill()
        await rig.clock.sleep(4 * 3600)
        assert shots(rig) == [("Swift", 12)]
        await rig.begin()
        await rig.until(lambda: len(rig.results()) == 1, RUNS_S)
        assert rig.results()["b"]["frames"]["taken"] == 12

    later = {"date": "2026-01-15", "time": "21:00:00"}
    goto = {"do_action": True, "target": "Swift"}
    night(tmp_path, story, before={"command": {**second(id_command=later)["command"], "goto_manual": goto}})


def test_what_the_telescope_did_not_do_is_missed_as_it_says(tmp_path: Path) -> None:
    async def story(rig: MortalRig) -> None:
        await rig.until(lambda: kept(rig), 300)
        await rig.kill()
        rig.sim.device.schedules.take_out(next(iter(rig.sim.device.schedules)).id)
        await rig.clock.sleep(5 * 3600)
        await rig.begin()
        await rig.until(lambda: len(rig.results()) == 1, RUNS_S)
        (result,) = rig.results().values()
        assert (result["result"], result["reason"]) == ("skipped", "missed")

    night(tmp_path, story, before=second(id_command={**MISSED, "when_missed": "skip"}))


@pytest.mark.parametrize("back", every(2, ["after", "meanwhile"]))
def test_a_link_that_stays_away_past_what_is_kept_costs_and_doubles_nothing(
    tmp_path: Path, back: str
) -> None:
    """The session that runs and the one that the telescope began by itself: each is counted once."""

    async def story(rig: MortalRig) -> None:
        await rig.until(lambda: kept(rig), 300)
        away = rig.sim.faults.add("refuse-connection:times=0")
        rig.sim.faults.add("drop-link")
        await rig.until(lambda: len(shots(rig)) == 2 and rig.exposes, 3 * 3600, every_s=5)
        await rig.clock.sleep(60 if back == "meanwhile" else 1800)
        rig.sim.faults.remove(away)
        await rig.until(lambda: len(rig.results()) == 2, RUNS_S)
        assert shots(rig) == [("M 42", 100), ("M 31", 12)]
        assert [one.taken for one in rig.sim.history.of(ShutterClosed)] == [100, 12]
        assert {name: one["result"] for name, one in rig.results().items()} == {
            "a": "completed",
            "b": "completed",
        }
        assert rig.results()["b"]["frames"]["taken"] == 12

    night(tmp_path, story)


def test_nothing_is_kept_while_the_cap_is_on_the_lens(tmp_path: Path) -> None:
    async def story(rig: MortalRig) -> None:
        await rig.until(lambda: kept(rig), 300)
        await rig.end()
        state = rig.root / ".dwarf-agent" / "telescope.json"
        state.write_text(json.dumps(json.loads(state.read_text()) | {"capped": True}))
        await rig.begin()
        await rig.until(lambda: rig.status.get("message", "").startswith("Take the cap off"), 300)
        await rig.clock.sleep(300)
        assert kept(rig) == []
        rig.command("resume")
        await rig.until(lambda: kept(rig), 300)

    night(tmp_path, story)
