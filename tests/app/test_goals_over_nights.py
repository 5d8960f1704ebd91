"""A goal over several nights: one result a night, what is stacked counts, and Done/ when it is reached."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from agent.events import Reason
from agent.sky.ephemeris import altitude
from agent.targets import Site, SkyTarget
from agent.telescope.dwarf.models import capabilities_for
from tests.app.conftest import NEVER_SETS, Observatory, session
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
NIGHT_S = 24 * 3600.0
TELE = {"do_action": True, "exposure": "15", "gain": 80, "IRCut": "Astro", "count": 100}


def with_goal(
    goal: dict[str, Any], id_command: dict[str, Any] | None = None, **camera: Any
) -> dict[str, Any]:
    """A session of M 81, 15 s a frame, at most 100 frames a night."""
    return session(
        id_command=id_command or {},
        goto_manual=NEVER_SETS,
        setup_camera={**TELE, **camera},
        goal={"do_action": True, **goal},
    )


def details(place: Observatory, folder: str, name: str) -> dict[str, Any]:
    body = json.loads((place.folder(folder) / f"{name}.json").read_text())["command"]
    return dict(body["result_details"])


def told(place: Observatory, word: str) -> dict[str, Any]:
    """The last that was said of a group."""
    return dict(place.said(f"group/{word}")[-1])


def test_each_night_gives_a_result_until_the_goal_is_reached(observatory: Make) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=300)
        place.drop("m81.json", with_goal({"frames": 250}))
        async with place.open():
            await place.sessions_ended(1)
            assert place.files("ToDo") == ["m81.json"]  # one result a night
            await place.clock.sleep(3600)
            assert (told(place, "m81")["parts"][0]["frames"], told(place, "m81")["percent"]) == (100, 40.0)
            await place.sessions_ended(4, hours=24 * 5)
            await place.clock.sleep(2 * NIGHT_S)
        return place

    place = run_virtual(nights())
    reports = [path.read_text() for path in sorted(place.folder("Results").glob("report_night_*.html"))]
    for report, percent in zip(reports, (40, 80, 100), strict=True):
        assert f"{percent} %" in report.partition("<h2>Goals</h2>")[2].partition("</div>")[0]
    ran = [(one["session_id"], one["result"], one["frames"]["stacked"]) for one in place.results]
    assert ran == [
        ("m81--night-1", "completed", 100),
        ("m81--night-2", "completed", 100),
        ("m81--night-3", "completed", 50),
        ("m81", "completed", 250),
    ]
    assert len({one["started_at"][:10] for one in place.results[:3]}) == 3
    reached = [one for one in place.said("event") if one["event_type"] == "goal_reached"]
    assert [(one["session_id"], one["target"]) for one in reached] == [("m81", "M 81")]
    assert place.files("ToDo") == []
    assert place.files("Error") == []
    assert place.files("Done") == [f"m81--night-{n}.json" for n in (1, 2, 3)] + ["m81.json"]
    whole = details(place, "Done", "m81")
    assert (whole["integration_s"], whole["frames"]["taken"]) == (3750, 250)
    assert "dwarf/scope/group/m81" not in place.broker.retained


def test_a_restart_in_the_night_and_files_that_are_moved_or_deleted_lose_and_double_nothing(
    observatory: Make,
) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=300)
        place.drop("m81.json", with_goal({"frames": 250}))
        async with place.open():
            await place.until(
                lambda: bool(place.telescope.captures) and place.telescope.captures[0].taken > 20
            )
        place.telescope.online = True
        async with place.open():  # it goes on with the frames it has
            await place.sessions_ended(1)
        place.telescope.online = True
        (place.folder("Done") / "m81--night-1.json").unlink()
        async with place.open():  # in the same night nothing more
            await place.clock.sleep(3600)
            assert len(place.results) == 1
            await place.sessions_ended(2)
        place.telescope.online = True
        done = place.folder("Done")
        (done / "m81--night-2.json").rename(place.folder("Error") / "another name.json")
        (done / "copy.json").write_bytes((place.folder("Error") / "another name.json").read_bytes())
        async with place.open():
            await place.sessions_ended(4, hours=24 * 3)
        return place

    place = run_virtual(nights())
    ran = [(one["session_id"], one["frames"]["stacked"]) for one in place.results]
    assert ran == [("m81--night-1", 100), ("m81--night-2", 100), ("m81--night-3", 50), ("m81", 250)]


def test_without_its_notes_what_was_collected_is_counted_anew(observatory: Make) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=300)
        place.drop("m81.json", with_goal({"frames": 150}))
        async with place.open():
            await place.sessions_ended(1)
            await place.clock.sleep(NIGHT_S / 2)  # the next child waits
        place.telescope.online = True
        notes = place.root / "Astro_Sessions" / ".dwarf-agent"
        (notes / "collected.json").write_text("{ nonsense")
        for state in notes.parent.rglob("state*.json"):
            state.unlink()
        async with place.open():
            await place.sessions_ended(3, hours=48)
        return place

    place = run_virtual(nights())
    assert [(one["session_id"], one["frames"]["stacked"]) for one in place.results] == [
        ("m81--night-1", 100),
        ("m81--night-2", 50),
        ("m81", 150),
    ]
    assert place.files("ToDo") == []


def test_two_filters_of_a_group_have_their_own_goals_and_one_progress(observatory: Make) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=300)
        group = {"group": "M 81 project"}
        place.drop("astro.json", with_goal({"integration": "30 min"}, group))
        place.drop("duo.json", with_goal({"integration": "15 min"}, group, IRCut=2))
        async with place.open():
            await place.sessions_ended(3)
            await place.clock.sleep(3600)
            first = told(place, "m_81_project")
            assert first["filters"] == {
                "Astro": {"collected_s": 1500, "goal_s": 1800, "frames": 100},
                "Duo-Band": {"collected_s": 900, "goal_s": 900, "frames": 60},
            } or list(first["filters"]) == ["Astro"]
            config = place.broker.retained["homeassistant/device/dwarf_agent_F00D/config"].payload
            sensor = json.loads(config)["cmps"]["m_81_project_integration"]
            assert sensor["stat_t"] == "dwarf/scope/group/m_81_project"
            assert sensor["def_ent_id"].endswith("m_81_project_integration")
            await place.sessions_ended(5, hours=48)
            await place.clock.sleep(3600)
        return place

    place = run_virtual(nights())
    ended = {one["session_id"]: (one["result"], one["frames"]["stacked"]) for one in place.results}
    assert ended["astro"] == ("completed", 120)
    assert ended["duo"] == ("completed", 60)
    config = place.broker.retained["homeassistant/device/dwarf_agent_F00D/config"].payload
    assert "m_81_project_integration" not in json.loads(config)["cmps"]
    assert not [topic for topic in place.broker.retained if "/group/" in topic]


def test_two_sessions_for_the_same_share_what_is_left(observatory: Make) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=300)
        for name in ("one", "two"):
            place.drop(f"{name}.json", with_goal({"frames": 130}, {"group": "shared"}))
        async with place.open():
            await place.sessions_ended(4, hours=48)
            await place.clock.sleep(NIGHT_S)
        return place

    place = run_virtual(nights())
    nights_ = [one for one in place.results if "--night-" in one["session_id"]]
    assert sum(one["frames"]["stacked"] for one in nights_) == 130
    assert {one["session_id"]: one["frames"]["stacked"] for one in place.results if one not in nights_} == {
        "one": 130,
        "two": 130,
    }
    assert place.files("ToDo") == []


def test_frames_that_are_lost_are_made_up_for_within_a_block(observatory: Make) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=300)
        place.telescope.lose_every = 10
        place.drop("m81.json", with_goal({"frames": 250}))
        async with place.open():
            await place.sessions_ended(4, hours=24 * 6)
        return place

    place = run_virtual(nights())
    whole = place.results[-1]
    assert (whole["session_id"], whole["result"]) == ("m81", "completed")
    assert 250 <= whole["frames"]["stacked"] <= 250 + 600 / 15
    assert len(place.results) == 4  # three nights, not a fourth for the last few frames


def test_dawn_ends_the_night_and_is_no_error(observatory: Make) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=300, conditions={"sun_below": -12})
        place.drop("m81.json", with_goal({"frames": 400}, {"time": "05:00:00"}, count=400))
        async with place.open():
            await place.sessions_ended(1)
            await place.clock.sleep(600)
            assert place.said("status")[-1]["problem"] is None
            await place.sessions_ended(3, hours=48)
            await place.clock.sleep(600)
        return place

    place = run_virtual(nights())
    first, second, whole = place.results
    assert (first["session_id"], first["result"], first["reason"]) == ("m81--night-1", "partial", "twilight")
    assert (second["result"], whole["session_id"], whole["result"]) == ("completed", "m81", "completed")
    assert first["frames"]["stacked"] + second["frames"]["stacked"] == whole["frames"]["stacked"] == 400
    assert place.files("Error") == []
    assert place.files("Done") == ["m81--night-1.json", "m81--night-2.json", "m81.json"]
    assert (
        json.loads((place.folder("Done") / "m81--night-1.json").read_text())["command"]["id_command"][
            "result"
        ]
        is False
    )


def test_a_target_that_sets_ends_its_night_with_a_result_and_comes_back(observatory: Make) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=300, conditions={"sun_below": -12, "min_altitude": 30})
        low = with_goal({"frames": 900}, count=900)
        low["command"]["goto_manual"] = session()["command"]["goto_manual"]  # M 42 goes down in the evening
        place.drop("m42.json", low)
        async with place.open():
            await place.sessions_ended(2, hours=48)
        return place

    place = run_virtual(nights())
    assert [(one["session_id"], one["result"], one["reason"]) for one in place.results[:2]] == [
        ("m42--night-1", "partial", "altitude"),
        ("m42--night-2", "partial", "altitude"),
    ]
    assert place.files("ToDo") == ["m42.json"]
    assert place.files("Error") == []


def test_the_same_submission_again_collects_nothing_twice(observatory: Make) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=300)
        wanted = {**with_goal({"frames": 150}), "session_id": "m81", "request_id": "r1"}
        async with place.open():
            for _ in range(2):
                place.say("scope/session/submit", wanted)
            await place.sessions_ended(1)
            place.say("scope/session/submit", wanted)
            await place.sessions_ended(3, hours=48)
            place.say("scope/session/submit", wanted)
            again = {**with_goal({"frames": 150}, {"group": "m81"}), "session_id": "again"}
            place.say("scope/session/submit", again)  # its group has it all
            await place.sessions_ended(4)
        return place

    place = run_virtual(nights())
    assert [one["status"] for one in place.said("session/response")] == [
        "accepted",
        "accepted",
        "accepted",
        "error",
        "accepted",
    ]
    assert [(one["session_id"], one["result"], one["request_id"]) for one in place.results] == [
        ("m81--night-1", "completed", None),
        ("m81--night-2", "completed", None),
        ("m81", "completed", "r1"),
        ("again", "completed", None),
    ]
    assert len(place.telescope.captures) == 2


def test_a_clock_that_is_wrong_for_a_night_neither_loses_nor_stalls_the_goal(observatory: Make) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=300)
        place.drop("m81.json", with_goal({"frames": 250}))
        async with place.open():
            await place.sessions_ended(1)
        place.telescope.online = True
        place.clock._start += timedelta(days=400)
        async with place.open():
            await place.sessions_ended(2, hours=30)
        place.telescope.online = True
        place.clock._start -= timedelta(days=400)
        async with place.open():
            await place.sessions_ended(4, hours=30)
        return place

    place = run_virtual(nights())
    assert (place.results[-1]["session_id"], place.results[-1]["frames"]["stacked"]) == ("m81", 250)


def test_a_mosaic_collects_its_goal_in_each_pane(observatory: Make) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=300)
        place.telescope.tables = capabilities_for("D3")
        mosaic = with_goal({"frames": 30}, count=20)
        mosaic["command"]["mosaic"] = {"do_action": True, "columns": 2, "rows": 1}
        place.drop("m81.json", mosaic)
        async with place.open():
            await place.sessions_ended(2)
            await place.clock.sleep(3600)
            assert [part["frames"] for part in told(place, "m81")["parts"]] == [20, 20]
            assert [part["goal_frames"] for part in told(place, "m81")["parts"]] == [30, 30]
            await place.sessions_ended(7, hours=48)
        return place

    place = run_virtual(nights())
    by_id = {one["session_id"]: one for one in place.results}
    assert len(by_id) == len(place.results) == 7
    for pane in (1, 2):
        assert [by_id[f"m81--pane-{pane}--night-{n}"]["frames"]["stacked"] for n in (1, 2)] == [20, 10]
        assert by_id[f"m81--pane-{pane}"]["frames"]["stacked"] == 30
    assert (by_id["m81"]["result"], by_id["m81"]["frames"]["stacked"]) == ("completed", 60)
    assert place.files("ToDo") == []


def test_what_a_person_takes_out_takes_its_child_along_and_what_he_removes_has_a_result(
    observatory: Make,
) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=60)
        for name in ("kept", "taken"):
            place.drop(f"{name}.json", with_goal({"frames": 300}, {"time": "23:00:00", "group": name}))
        async with place.open():
            await place.until(lambda: place.said("queue")[-1]["count"] == 2)
            (place.folder("ToDo") / "taken.json").unlink()
            await place.until(lambda: place.said("queue")[-1]["count"] == 1)
            await place.sessions_ended(1)
            place.say("scope/command", {"command": "run", "session_id": "kept"})  # once more tonight
            await place.sessions_ended(2, hours=2)
            place.say("scope/command", {"command": "remove", "session_id": "kept"})
            await place.sessions_ended(3, hours=1)
            await place.clock.sleep(NIGHT_S)
        return place

    place = run_virtual(nights())
    assert [(one["session_id"], one["result"], one["frames"]["stacked"]) for one in place.results] == [
        ("kept--night-1", "completed", 100),
        ("kept--night-2", "completed", 100),
        ("kept", "partial", 200),
    ]
    assert place.results[-1]["reason"] == "user"
    assert place.files("ToDo") == []


def test_aborting_it_by_its_own_name_stops_its_night_and_ends_it(observatory: Make) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=60)
        place.drop("m81.json", with_goal({"frames": 300}))
        async with place.open():
            await place.until(
                lambda: bool(place.telescope.captures) and place.telescope.captures[0].taken > 20
            )
            place.say("scope/command", {"command": "abort", "session_id": "m81"})
            await place.sessions_ended(2, hours=1)
            await place.clock.sleep(NIGHT_S)
        return place

    night, whole = run_virtual(nights()).results
    assert (night["session_id"], night["result"]) == ("m81--night-1", "aborted")
    assert (whole["session_id"], whole["result"], whole["reason"]) == ("m81", "partial", "user")
    assert whole["frames"]["stacked"] == night["frames"]["stacked"] > 20


def test_a_goal_whose_last_date_is_over_ends_with_what_it_has(observatory: Make) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=300)
        place.drop("m81.json", with_goal({"frames": 300}, {"end_date": "2026-03-14", "end_time": "12:00:00"}))
        async with place.open():
            await place.sessions_ended(3, hours=72)
            await place.clock.sleep(NIGHT_S)
        return place

    place = run_virtual(nights())
    last = place.results[-1]
    assert (last["session_id"], last["result"], last["reason"]) == ("m81", "partial", "window")
    assert last["frames"] == {"requested": 300, "taken": 200, "stacked": 200, "rejected": 0}
    assert place.files("ToDo") == []


def test_a_goal_that_no_night_can_serve_ends_and_says_so(observatory: Make) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=300, conditions={"sun_below": -12, "min_altitude": 10})
        never = with_goal({"frames": 300})
        never["command"]["goto_manual"] = {**NEVER_SETS, "target": "x", "dec_coord": -80.0}
        place.drop("x.json", never)
        async with place.open():
            await place.sessions_ended(2, hours=24)
            await place.clock.sleep(3 * NIGHT_S)
        return place

    place = run_virtual(nights())
    assert [(one["session_id"], one["result"]) for one in place.results] == [
        ("x--night-1", "skipped"),
        ("x", "skipped"),
    ]
    assert "never rises" in place.results[-1]["message"]


def test_clouds_that_last_end_the_night_and_are_no_error(observatory: Make) -> None:
    async def nights() -> Observatory:
        place = observatory(
            poll_seconds=300,
            weather={"policy": "wait", "inputs": ["roof"], "ttl_s": 900000, "clear_for_min": 1},
            conditions={"max_wait_min": 30},
        )
        place.drop("m81.json", with_goal({"frames": 120}))
        async with place.open():
            place.say("safety/input/roof", {"safe": True})
            await place.until(
                lambda: bool(place.telescope.captures) and place.telescope.captures[0].taken > 40
            )
            place.say("safety/input/roof", {"safe": False})
            await place.sessions_ended(1)
            assert place.said("status")[-1]["problem"] is None
            place.say("safety/input/roof", {"safe": True})
            await place.sessions_ended(3, hours=72)
        return place

    place = run_virtual(nights())
    first, second, whole = place.results
    assert (first["result"], first["reason"]) == ("partial", "weather")
    assert (second["session_id"], second["result"], whole["result"]) == (
        "m81--night-2",
        "completed",
        "completed",
    )
    assert first["frames"]["stacked"] + second["frames"]["stacked"] == 120
    assert place.files("Error") == []


def test_a_turn_given_back_too_late_for_another_one_ends_with_its_night(observatory: Make) -> None:
    """The rest of a night's child does not come back on the next evening: the night has its result."""
    orion, paris = SkyTarget("M 42", 5.59, -5.39), Site(48.85, 2.35, timezone="Europe/Paris")

    async def nights() -> Observatory:
        place = observatory(poll_seconds=300, conditions={"sun_below": -12, "min_altitude": 20})
        low = with_goal({"frames": 900}, count=900)
        low["command"]["goto_manual"] = session()["command"]["goto_manual"]  # M 42 goes down in the evening
        place.drop("m42.json", low)
        async with place.open():
            await place.until(lambda: bool(place.telescope.captures), every_s=60)
            await place.until(lambda: altitude(orion, paris, place.clock.now()) < 21, every_s=60)
            runner = place.stations["scope"].runner
            runner.give_back("m42--night-1", Reason.QUEUE, "Another one has its turn.")
            await place.sessions_ended(1)
            assert place.clock.now().day == 13
            assert place.clock.now().hour < 13
            await place.sessions_ended(2)
        return place

    place = run_virtual(nights())
    night, rest = place.results
    assert (night["session_id"], night["result"], night["reason"]) == ("m42--night-1", "partial", "schedule")
    assert (rest["session_id"], rest["result"]) == ("m42--night-2", "completed")
    assert night["frames"]["stacked"] > 50
    assert night["frames"]["stacked"] + rest["frames"]["stacked"] == 900
    assert "m42--night-1.json" in place.files("Done")
