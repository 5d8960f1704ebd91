"""The whole agent: files and MQTT in, results out."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.app.conftest import NEVER_SETS, Observatory, session
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]


def test_a_file_dropped_into_todo_becomes_a_result_in_done(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        async with place.open():
            place.drop("m42.json", session())
            await place.sessions_ended(1)
        return place

    place = run_virtual(night())
    assert place.code == 0
    assert place.files("Done") == ["m42.json"]
    assert place.files("ToDo") == place.files("Current") == place.files("Error") == []
    done = json.loads((place.folder("Done") / "m42.json").read_text())["command"]
    assert done["id_command"]["process"] == "ended"
    assert done["id_command"]["result"] is True
    assert done["result_details"]["frames"]["taken"] == 12
    (result,) = place.results
    assert result["result"] == "completed"
    assert result["frames"] == {"requested": 12, "taken": 12, "stacked": 12, "rejected": 0}
    table = (place.folder("Results") / "results_session_night_2026-03-12.csv").read_text()
    assert "M 42" in table


def test_the_topics_tell_a_sensible_story(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        async with place.open():
            place.drop("m42.json", session(calibration={"do_action": True}))
            await place.sessions_ended(1)
            await place.clock.sleep(5)
        return place

    place = run_virtual(night())
    story = [body["state"] for body in place.said("status")]
    story = [state for i, state in enumerate(story) if i == 0 or story[i - 1] != state]
    assert story == [
        "offline",
        "idle",
        "preparing",
        "calibrating",
        "slewing",
        "imaging",
        "finishing",
        "idle",
        "offline",
    ]
    kinds = [body["event_type"] for body in place.said("event")]
    assert kinds[0] == "session_queued"
    assert kinds[1] == "session_started"
    assert kinds[-2:] == ["session_completed", "night_over"]
    assert place.said("progress")[-1]["percent"] == 100
    assert place.said("availability")[-1] == "offline"
    assert place.broker.last("dwarf/bridge/availability") == b"offline"


def test_broken_files_are_explained_and_stop_nobody(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("a_torn.json", '{"command": {"id_command": {')
        place.drop("b_list.json", "[1, 2]")
        place.drop("c_exposure.json", session(setup_camera={"do_action": True, "exposure": "42", "count": 5}))
        place.drop("d_good.json", session())
        async with place.open():
            await place.sessions_ended(1)
            await place.until(lambda: len(place.files("Error")) == 6)
        return place

    place = run_virtual(night())
    assert place.files("Done") == ["d_good.json"]
    assert place.files("Error") == sorted(
        f"{name}{end}"
        for name in ("a_torn.json", "b_list.json", "c_exposure.json")
        for end in ("", ".reason.txt")
    )
    reason = (place.folder("Error") / "c_exposure.json.reason.txt").read_text()
    assert "42" in reason
    assert "exposure" in reason


def test_a_submission_is_answered_at_once_and_ends_in_exactly_one_result(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        async with place.open():
            place.say("scope/session/submit", {**session(), "request_id": "tonight-1"})
            await place.until(lambda: len(place.said("session/response")) == 1)
            place.say("scope/session/submit", {**session(), "request_id": "tonight-1"})
            await place.sessions_ended(1)
            place.say("scope/session/submit", {**session(), "request_id": "tonight-1"})
            await place.until(lambda: len(place.said("session/response")) == 3)
            await place.clock.sleep(3600)
        return place

    place = run_virtual(night())
    first, second, third = place.said("session/response")
    assert first["status"] == "accepted"
    assert first["request_id"] == "tonight-1"
    assert second["duplicate"] is True
    assert third["duplicate"] is True
    (result,) = place.results
    assert result["request_id"] == "tonight-1"
    assert result["session_id"] == first["session_id"]
    assert len(place.telescope.captures) == 1


def test_a_bare_session_body_is_taken_too(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        async with place.open():
            place.say("scope/session/submit", session()["command"])
            await place.sessions_ended(1)
        return place

    assert run_virtual(night()).results[0]["result"] == "completed"


def test_an_impossible_submission_is_refused_with_the_place_and_the_remedy(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        async with place.open():
            bad = session(
                goto_manual={"do_action": True, "target": "M 42", "ra_coord": 83.8, "dec_coord": -5}
            )
            place.say("scope/session/submit", {**bad, "request_id": "r"})
            await place.until(lambda: bool(place.said("session/response")))
        return place

    (answer,) = run_virtual(night()).said("session/response")
    assert answer["status"] == "error"
    assert answer["code"] == "invalid"
    assert answer["errors"][0]["path"] == "/goto_manual/ra_coord"
    assert "degrees" in answer["errors"][0]["hint"]


def test_a_telescope_that_is_off_holds_the_queue_and_fails_nothing(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.telescope.cut()
        for name in ("a.json", "b.json", "c.json"):
            place.drop(name, session())
        async with place.open():
            await place.clock.sleep(3 * 3600)
            assert place.results == []
            assert place.said("status")[-1]["state"] == "waiting"
            assert place.said("status")[-1]["reason"] == "lost_connection"
            place.telescope.restore()
            await place.sessions_ended(3)
        return place

    place = run_virtual(night())
    assert [result["result"] for result in place.results] == ["completed"] * 3
    assert place.files("Done") == ["a.json", "b.json", "c.json"]


def test_a_telescope_held_by_the_phone_is_waited_for(observatory: Make) -> None:
    from agent.telescope.errors import HeldByOtherError

    async def night() -> Observatory:
        place = observatory()
        place.telescope.fail["take_control"].extend([HeldByOtherError("The phone app holds it.")] * 3)
        place.drop("a.json", session())
        async with place.open():
            await place.until(lambda: place.said("status")[-1]["reason"] == "held_by_other")
            await place.sessions_ended(1)
        return place

    place = run_virtual(night())
    assert place.results[0]["result"] == "completed"


def test_stopping_mid_capture_stops_the_telescope_and_the_next_start_finishes_the_session(
    observatory: Make,
) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("m42.json", session())
        async with place.open():
            await place.until(
                lambda: bool(place.telescope.captures) and place.telescope.captures[0].taken >= 5
            )
        assert place.code == 0
        assert not place.telescope.captures[0].running
        assert place.files("ToDo") == ["m42.json"]
        assert (
            json.loads((place.folder("ToDo") / "m42.json").read_text())["command"]["id_command"]["process"]
            == "wait"
        )
        assert place.results == []
        place.telescope.online = True
        async with place.open():
            await place.sessions_ended(1)
        return place

    place = run_virtual(night())
    (result,) = place.results
    assert result["result"] == "completed"
    assert result["frames"]["taken"] == 12
    assert [capture.taken for capture in place.telescope.captures] == [5, 7]


@pytest.mark.parametrize(
    ("verb", "result"), [("abort", "aborted"), ("skip", "partial"), ("end_night", "aborted")]
)
def test_a_verb_ends_the_running_session_and_is_answered(observatory: Make, verb: str, result: str) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("a.json", session())
        place.drop("b.json", session())
        async with place.open():
            await place.until(
                lambda: bool(place.telescope.captures) and place.telescope.captures[0].taken >= 3
            )
            place.say("scope/command", {"command": verb, "request_id": "c1"})
            await place.until(lambda: len(place.said("command/response")) >= 2)
            await place.sessions_ended(1 if verb == "end_night" else 2)
            await place.clock.sleep(3600)
        return place

    place = run_virtual(night())
    assert place.results[0]["result"] == result
    assert place.results[0]["frames"]["taken"] == 3
    assert [answer["status"] for answer in place.said("command/response")] == ["accepted", "done"]
    assert len(place.results) == (1 if verb == "end_night" else 2)


def test_a_command_replayed_by_the_broker_moves_nothing(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.say("scope/command", {"command": "park", "request_id": "old"}, retain=True)
        place.say("scope/session/submit", session(), retain=True)
        async with place.open():
            await place.clock.sleep(600)
        return place

    place = run_virtual(night())
    assert place.results == []
    assert "park" not in place.telescope.calls
    assert not place.telescope.gotos
    codes = [body["code"] for body in place.said("command/response") + place.said("session/response")]
    assert codes == ["retained_replay", "retained_replay"]


def test_controls_that_move_the_telescope_need_arming(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        async with place.open():
            await place.clock.sleep(10)
            place.say("scope/command", "park")
            await place.until(lambda: len(place.said("command/response")) == 1)
            place.say("scope/set/armed", "ON")
            place.say("scope/command", "park")
            await place.until(lambda: "park" in place.telescope.calls)
            await place.clock.sleep(3600)
        return place

    place = run_virtual(night())
    assert place.said("command/response")[0]["code"] == "not_armed"
    assert place.said("settings")[-1]["armed"] is False


def refusals(place: Observatory) -> int:
    return [body["status"] for body in place.said("command/response")].count("error")


def test_a_goto_by_hand_near_the_sun_is_refused(observatory: Make) -> None:
    async def noon() -> Observatory:
        place = observatory(poll_seconds=300)
        async with place.open():
            await place.clock.sleep(18 * 3600)  # the next noon
            place.say("scope/set/armed", "ON")
            near = ({"target": "Sun"}, {"target": "Mercury"}, {"ra": "23:30:00", "dec": "-3"})
            for number, where in enumerate(near, start=1):
                place.say("scope/command", {"command": "goto", **where})
                await place.until(lambda n=number: refusals(place) == n, hours=0.1)
        return place

    place = run_virtual(noon())
    assert place.telescope.gotos == []
    assert refusals(place) == 3


def test_at_dawn_a_session_gives_its_turn_back_and_goes_on_the_next_night(
    observatory: Make,
) -> None:
    async def night() -> Observatory:
        place = observatory(poll_seconds=300)
        place.drop(
            "long.json", session(setup_camera={"do_action": True, "exposure": "15", "gain": 80, "count": 999})
        )
        async with place.open():
            await place.clock.sleep(9 * 3600)
            place.drop(
                "late.json",
                session(
                    goto_manual=NEVER_SETS,
                    setup_camera={"do_action": True, "exposure": "15", "gain": 80, "count": 999},
                ),
            )
            await place.sessions_ended(1)
            await place.until(lambda: place.files("Current") == ["late.json"])
            await place.until(lambda: place.files("ToDo") == ["late.json"])
            assert place.clock.now().hour == 5  # six on the clocks: dawn
            await place.sessions_ended(2)
        return place

    place = run_virtual(night())
    late = next(result for result in place.results if result["session_id"] == "late")
    assert late["result"] == "completed"
    assert late["frames"]["taken"] == 999
    first, second = [one for one in place.telescope.captures if one.taken < 999 or one.count < 999][-2:]
    assert first.taken + second.taken == 999
    assert late["started_at"] < "2026-03-13T06" < "2026-03-13T19" < late["ended_at"]


def test_every_submission_gets_its_result_even_when_removed(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        async with place.open():
            later = session(id_command={"date": "2026-03-12", "time": "23:00:00"})
            place.say("scope/session/submit", {**later, "request_id": "r1"})
            await place.until(lambda: bool(place.said("session/response")))
            name = place.said("session/response")[0]["session_id"]
            place.say("scope/command", {"command": "remove", "session_id": name})
            await place.sessions_ended(1)
        return place

    place = run_virtual(night())
    assert place.results[0]["result"] == "skipped"
    assert place.results[0]["request_id"] == "r1"
    assert not place.telescope.gotos


def test_the_agent_tells_what_it_knows_of_its_telescopes(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        async with place.open():
            await place.clock.sleep(5)
        return place

    info = json.loads(run_virtual(night()).broker.last("dwarf/bridge/info") or b"{}")
    (telescope,) = info["telescopes"]
    assert telescope["firmware"] == "1.0"
    assert telescope["streams"] == {"tele": "rtsp://192.0.2.1/ch0"}


@pytest.mark.parametrize(("change", "result"), [("removed", "skipped"), ("broken", "failed")])
def test_a_submission_whose_file_is_lost_or_spoilt_still_gets_its_one_result(
    observatory: Make, change: str, result: str
) -> None:
    async def night() -> Observatory:
        place = observatory()
        async with place.open():
            later = session(id_command={"date": "2026-03-12", "time": "23:00:00"})
            place.say("scope/session/submit", {**later, "request_id": "r1"})
            await place.until(lambda: bool(place.said("session/response")))
            name = place.said("session/response")[0]["session_id"]
            if change == "removed":
                (place.folder("ToDo") / f"{name}.json").unlink()
            else:
                place.drop(f"{name}.json", "{")
            await place.sessions_ended(1)
            await place.clock.sleep(6 * 3600)
        return place

    (told,) = run_virtual(night()).results
    assert told["result"] == result
    assert told["request_id"] == "r1"


def test_removing_a_session_that_waits_to_go_on_stops_its_capture_and_counts_its_frames(
    observatory: Make,
) -> None:
    async def night() -> Observatory:
        place = observatory(weather={"policy": "wait", "inputs": ["roof"]})
        place.drop("m42.json", session())
        async with place.open():
            place.say("safety/input/roof", {"safe": True})
            await place.until(
                lambda: bool(place.telescope.captures) and place.telescope.captures[0].taken >= 5
            )
        place.telescope.online = True
        place.telescope.captures[0].running = True  # as a killed agent leaves it
        async with place.open():
            order = {"command": "remove", "session_id": "m42", "reason": "clouds are coming"}
            place.say("scope/command", order)
            await place.sessions_ended(1)
            await place.clock.sleep(60)
        return place

    place = run_virtual(night())
    (result,) = place.results
    assert (result["result"], result["reason"]) == ("partial", "user")
    assert result["message"] == "clouds are coming. 5 frames were taken before."
    assert result["frames"]["taken"] == 5
    exposure_s = float(result["settings"]["tele"]["exposure"])
    assert result["integration_s"] == result["frames"]["stacked"] * exposure_s > 0
    assert not place.telescope.captures[0].running
    assert place.files("Error") == ["m42.json"]
