"""A mosaic that the agent makes of single fields: older firmware, wider fields, a grid of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from agent.telescope.simulator.history import Focused, FrameTaken, MotorMoved, ShutterOpened, Slew
from tests.app.conftest import NEVER_SETS, Observatory, session
from tests.app.test_mosaics_on_the_wire import ORDER, Night, mosaic, simulated
from tests.support.tables import every
from tests.support.virtual_loop import run_virtual

FIRMWARES = [("D2", "v2"), ("D2", "v3"), ("D3", "v2"), ("mini", "v2")]
PLAIN = {"do_action": True, "exposure": "15", "gain": 80, "IRCut": 1, "count": 3}


def grid(**mosaic: Any) -> dict[str, Any]:
    return session(
        goto_manual=NEVER_SETS,
        calibration={"do_action": True},
        setup_camera=PLAIN,
        mosaic={"do_action": True, "columns": 2, "rows": 1, **mosaic},
    )


def ended(place: Observatory) -> dict[str, dict[str, Any]]:
    return {result["session_id"]: result for result in place.results}


async def whole(place: Observatory, session_id: str = "m81") -> None:
    await place.until(lambda: session_id in ended(place), hours=12, every_s=20)


@pytest.mark.parametrize(("model", "generation"), every(3, FIRMWARES))
def test_older_firmware_gets_a_session_for_each_pane(
    observatory: Callable[..., Observatory], model: str, generation: str
) -> None:
    async def run() -> tuple[Observatory, list[ShutterOpened]]:
        place = observatory(telescopes=[{"id": "scope", "host": "192.0.2.1", "model": model}])
        async with simulated(place, model=model, generation=generation) as sim:
            Night(place, sim)
            place.drop("m81.json", mosaic())
            async with place.open():
                await whole(place)
            return place, sim.history.of(ShutterOpened)

    place, shutters = run_virtual(run())
    assert [one.frames for one in shutters] == [3, 3, 3, 3]
    places = {(round(one.ra_hours or 0, 3), round(one.dec_degrees or 0, 2)) for one in shutters}
    assert len(places) == 4
    results = ended(place)
    assert set(results) == {"m81", *(f"m81--pane-{number}" for number in range(1, 5))}
    total = results["m81"]
    assert (total["result"], total["frames"]["taken"], total["frames"]["requested"]) == ("completed", 12, 12)
    assert total["panes"] == [{"taken": 3, "stacked": 3, "requested": 3}] * 4
    assert "4 of 4 panes completed" in total["message"]
    assert list(results)[-1] == "m81"
    assert place.files("ToDo") == []
    assert len(place.files("Done")) == 5
    groups = {
        json.loads((place.folder("Done") / name).read_text())["command"]["id_command"].get("group")
        for name in place.files("Done")
        if "pane" in name
    }
    assert groups == {"m81"}


def test_a_wider_field_than_the_firmware_frames_is_made_by_the_agent(
    observatory: Callable[..., Observatory],
) -> None:
    async def run() -> tuple[Observatory, list[int]]:
        place = observatory()
        async with simulated(place) as sim:
            Night(place, sim)
            place.drop("m81.json", mosaic(framingX=250, framingY=100))
            async with place.open():
                await whole(place)
            return place, [one.cmd for one in sim.received]

    place, sent = run_virtual(run())
    assert 11031 not in sent
    assert sent.count(11005) == 3
    assert ended(place)["m81"]["frames"]["taken"] == 9


def test_calibration_is_done_once_and_panes_come_one_after_the_other(
    observatory: Callable[..., Observatory],
) -> None:
    async def run() -> tuple[list[int], list[str]]:
        place = observatory()
        async with simulated(place, generation="v2") as sim:
            Night(place, sim)
            place.drop("m81.json", grid(columns=3))
            async with place.open():
                await whole(place)
            return [one.cmd for one in sim.received], [one.target for one in sim.history.of(Slew)]

    sent, targets = run_virtual(run())
    assert sent.count(11000) == 1
    assert targets == [f"M 81 Panel {number}" for number in (1, 2, 3)]


def test_a_pane_that_fails_leaves_the_whole_partial_and_names_it(
    observatory: Callable[..., Observatory],
) -> None:
    async def run() -> Observatory:
        place = observatory()
        async with simulated(place, "ends-early:at=1,times=1", generation="v2") as sim:
            Night(place, sim)
            place.drop("m81.json", grid())
            async with place.open():
                await whole(place)
        return place

    total = ended(run_virtual(run()))["m81"]
    assert total["result"] == "partial"
    assert [pane["taken"] for pane in total["panes"]] == [1, 3]
    why = "1 of 2 panes completed: 4 of 6 frames taken; not completed: pane 1, "
    assert total["message"].startswith(why)


def test_an_agent_that_restarts_makes_no_pane_twice(observatory: Callable[..., Observatory]) -> None:
    async def run() -> tuple[Observatory, int]:
        place = observatory()
        async with simulated(place, generation="v2") as sim:
            night = Night(place, sim)
            place.drop("m81.json", mosaic())
            async with place.open():
                await place.until(lambda: "m81--pane-1" in ended(place), hours=3)
            night.connect()
            async with place.open():
                await whole(place)
            return place, night.frames

    place, frames = run_virtual(run())
    assert ended(place)["m81"]["frames"]["taken"] == 12
    assert 12 <= frames <= 14
    assert len(place.files("Done")) == 5


def test_a_mosaic_taken_out_takes_its_panes_with_it(observatory: Callable[..., Observatory]) -> None:
    async def run() -> Observatory:
        place = observatory()
        async with simulated(place, generation="v2") as sim:
            Night(place, sim)
            later = grid()
            later["command"]["id_command"] |= {"date": "2026-03-13", "time": "22:00:00"}
            place.drop("m81.json", later)
            async with place.open():
                await place.until(lambda: len(place.files("ToDo")) == 3, hours=1)
                (place.folder("ToDo") / "m81.json").unlink()
                await place.until(lambda: place.files("ToDo") == [], hours=1)
                await place.clock.sleep(60)
                assert place.said("queue")[-1]["count"] == 0
        return place

    assert run_virtual(run()).results == []


def test_removing_a_mosaic_ends_it_with_the_panes_that_ran(observatory: Callable[..., Observatory]) -> None:
    async def run() -> Observatory:
        place = observatory()
        async with simulated(place, generation="v2") as sim:
            Night(place, sim)
            place.drop("m81.json", mosaic())
            async with place.open():
                await place.until(lambda: "m81--pane-1" in ended(place), hours=3)
                place.say("scope/command", {"command": "remove", "session_id": "m81"})
                await whole(place)
        return place

    place = run_virtual(run())
    total = ended(place)["m81"]
    assert total["result"] == "partial"
    assert place.files("ToDo") == []
    assert total["panes"][0] == {"taken": 3, "stacked": 3, "requested": 3}
    assert len(ended(place)) <= 3


def test_a_submitted_mosaic_is_answered_by_one_result(observatory: Callable[..., Observatory]) -> None:
    async def run() -> Observatory:
        place = observatory()
        async with simulated(place, generation="v2") as sim:
            Night(place, sim)
            async with place.open():
                await place.clock.sleep(60)
                place.say("scope/session/submit", {"session_id": "m81", "request_id": "r1", **mosaic()})
                await whole(place)
        return place

    place = run_virtual(run())
    assert [one["request_id"] for one in place.results if one["request_id"]] == ["r1"]
    assert ended(place)["m81"]["request_id"] == "r1"


def test_a_night_that_repeats_a_mosaic_makes_its_panes(observatory: Callable[..., Observatory]) -> None:
    async def run() -> Observatory:
        place = observatory()
        async with simulated(place, generation="v2") as sim:
            Night(place, sim)
            repeated = grid()
            repeated["command"] |= {"repeat": {"do_action": True, "times": 1}}
            place.drop("m81.json", repeated)
            async with place.open():
                await whole(place, "m81--2026-03-12")
        return place

    results = ended(run_virtual(run()))
    assert set(results) == {"m81--2026-03-12", "m81--2026-03-12--pane-1", "m81--2026-03-12--pane-2"}


def test_the_night_counts_each_frame_once(observatory: Callable[..., Observatory]) -> None:
    async def run() -> Observatory:
        place = observatory()
        async with simulated(place, generation="v2") as sim:
            Night(place, sim)
            place.drop("m81.json", grid())
            async with place.open():
                await whole(place)
        return place

    place = run_virtual(run())
    (report,) = (place.folder("Results")).glob("*.md")
    assert "frames: 6 taken of 6 asked for" in report.read_text()
    assert ORDER["mosaic_count"] == 3


def test_a_mosaic_is_run_now_and_rescheduled_as_a_whole(observatory: Callable[..., Observatory]) -> None:
    async def run() -> Observatory:
        place = observatory()
        async with simulated(place, generation="v2") as sim:
            Night(place, sim)
            later = grid()
            later["command"]["id_command"] |= {"date": "2026-03-14", "time": "22:00:00"}
            place.drop("m81.json", later)
            async with place.open():
                await place.until(lambda: place.said("queue")[-1]["count"] == 2, hours=1)
                order = {"command": "reschedule", "session_id": "m81", "at": "2026-03-13T22:00:00+01:00"}
                place.say("scope/command", order)
                await place.clock.sleep(60)
                starts = {one["scheduled_for"] for one in place.said("queue")[-1]["sessions"]}
                assert starts == {"2026-03-13T22:00:00+01:00"}
                assert place.said("queue")[-1]["count"] == 2
                place.say("scope/command", {"command": "run", "session_id": "m81"})
                await whole(place)
        return place

    total = ended(run_virtual(run()))["m81"]
    assert (total["result"], total["frames"]["taken"]) == ("completed", 6)
    assert total["ended_at"] < "2026-03-13"


def test_a_mosaic_that_is_aborted_by_its_name_stops_and_closes_as_it_orders(
    observatory: Callable[..., Observatory],
) -> None:
    async def run() -> tuple[Observatory, list[ShutterOpened], list[MotorMoved]]:
        place = observatory()
        async with simulated(place, generation="v2") as sim:
            Night(place, sim)
            document = grid(columns=3)
            document["command"] |= {
                "setup_camera": {**PLAIN, "count": 60},
                "shutdown": {"do_action": True, "park": True},
            }
            place.drop("m81.json", document)
            async with place.open():
                await place.until(lambda: bool(sim.history.of(FrameTaken)), hours=1)
                place.say("scope/command", {"command": "abort", "session_id": "m81", "request_id": "r"})
                await place.until(lambda: "m81" in ended(place), hours=0.1)
                await place.clock.sleep(600)
            return place, sim.history.of(ShutterOpened), sim.history.of(MotorMoved)

    place, shutters, moved = run_virtual(run())
    assert len(shutters) == 1
    assert {name: one["result"] for name, one in ended(place).items()} == {
        "m81--pane-1": "aborted",
        "m81": "partial",
    }
    assert place.said("command/response")[-1]["status"] == "done"
    assert len(moved) == 1, "the pane that was to park the telescope does not run any more"
    assert place.files("ToDo") == []


def test_a_mosaic_whose_state_is_lost_is_not_imaged_twice(observatory: Callable[..., Observatory]) -> None:
    async def run() -> tuple[Observatory, int]:
        place = observatory()
        async with simulated(place, generation="v2") as sim:
            night = Night(place, sim)
            place.drop("m81.json", grid(columns=3))
            async with place.open():
                await place.until(lambda: "m81--pane-1" in ended(place), hours=3)
            (place.folder(".dwarf-agent") / "telescope.json").unlink()
            night.connect()
            async with place.open():
                await whole(place)
            return place, len(sim.history.of(ShutterOpened))

    place, shutters = run_virtual(run())
    assert len(place.files("Done")) == 4
    assert ended(place)["m81"]["frames"]["taken"] == 9
    assert 3 <= shutters <= 4, "one may have been interrupted"


def test_a_mosaic_that_is_ordered_again_is_made_again(observatory: Callable[..., Observatory]) -> None:
    async def run() -> tuple[Observatory, int]:
        place = observatory()
        async with simulated(place, generation="v2") as sim:
            Night(place, sim)
            async with place.open():
                for times in (1, 2):
                    place.drop("m81.json", grid())
                    await place.sessions_ended(3 * times)
            return place, len(sim.history.of(ShutterOpened))

    place, shutters = run_virtual(run())
    assert shutters == 4
    assert [one["frames"]["taken"] for one in place.results if one["session_id"] == "m81"] == [6, 6]


def test_a_pane_that_never_rises_takes_neither_focus_nor_frames_from_the_others(
    observatory: Callable[..., Observatory],
) -> None:
    """Its neighbours are imaged through rain and a restart; the sum counts what it was asked for too."""
    place = observatory(weather={"policy": "wait", "inputs": ["roof"], "ttl_s": 90000, "clear_for_min": 1})
    low = {"do_action": True, "target": "low", "ra_coord": 7.5, "dec_coord": -40.2}
    column = session(
        goto_manual=low,
        infinite_focus={"do_action": True},
        calibration={"do_action": True},
        setup_camera={**PLAIN, "count": 8},
        conditions={"do_action": True, "min_altitude": 0},
        mosaic={"do_action": True, "columns": 1, "rows": 3},
        shutdown={"do_action": True, "park": True},
    )

    async def run() -> Any:
        async with simulated(place, generation="v2") as sim:
            life = Night(place, sim)
            place.drop("low.json", column)
            place.say("safety/input/roof", {"safe": True}, retain=True)
            async with place.open():
                place.say("safety/input/roof", {"safe": True})
                await place.until(lambda: life.frames >= 3, hours=6)
                place.say("safety/input/roof", {"safe": False})
                await place.clock.sleep(900)
                place.say("safety/input/roof", {"safe": True})
                await place.until(lambda: life.frames >= 6, hours=6)
            life.connect()
            async with place.open():
                place.say("safety/input/roof", {"safe": True})
                await whole(place, "low")
            return sim.history

    history = run_virtual(run())
    results = ended(place)
    assert len(place.results) == len(results) == 4
    assert {name: one["result"] for name, one in results.items()} == {
        "low--pane-1": "completed",
        "low--pane-2": "completed",
        "low--pane-3": "skipped",
        "low": "partial",
    }
    total = results["low"]["frames"]
    assert (total["requested"], total["taken"]) == (24, 16)
    assert total["stacked"] == sum(results[f"low--pane-{number}"]["frames"]["stacked"] for number in (1, 2))
    assert [one["requested"] for one in results["low"]["panes"]] == [8, 8, 8]
    assert history.of(Focused), "the focus is not left to a pane that is never begun"
    assert "Infinity focus" in json.dumps(results["low--pane-1"]["steps"]), "it rises first"
    assert history.of(MotorMoved), "parked, though the last pane was never begun"
