"""What a person can tell the agent over MQTT: each verb does one thing, and is answered."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jsonschema
import pytest

from agent.mqtt.schemas import schemas
from agent.session.plan import StepKind
from agent.telescope.errors import CommandTimeoutError
from tests.app.conftest import DUSK, Observatory, session
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
CLOSING = {"do_action": True, "park": True, "power_down": True}


async def tell(place: Observatory, verb: str, **arguments: Any) -> dict[str, Any]:
    """Send a command and return its final answer."""
    request = f"{verb}-{len(place.said('command/response'))}"
    place.say("scope/command", {"command": verb, "request_id": request, **arguments})

    def answers() -> list[dict[str, Any]]:
        said = place.said("command/response")
        return [a for a in said if a["request_id"] == request and a["status"] != "accepted"]

    await place.until(lambda: bool(answers()), hours=1)
    return answers()[0]


def imaging(place: Observatory, frames: int = 3) -> Callable[[], bool]:
    return lambda: bool(place.telescope.captures) and place.telescope.captures[-1].taken >= frames


def test_pause_stops_the_capture_and_resume_points_again_and_takes_the_rest(observatory: Make) -> None:
    async def night() -> tuple[Observatory, list[dict[str, Any]]]:
        place = observatory()
        place.drop("a.json", session())
        place.drop("b.json", session())
        async with place.open():
            await place.until(imaging(place))
            paused = await tell(place, "pause", reason="looking at it")
            await place.clock.sleep(3600)
            assert not place.telescope.captures[-1].running
            status = place.said("status")[-1]
            assert (status["state"], status["reason"], status["message"]) == (
                "paused",
                "user",
                "looking at it",
            )
            assert len(place.telescope.captures) == 1  # the queue waits with it
            resumed = await tell(place, "resume")
            again = await tell(place, "resume")
            await place.sessions_ended(2)
        return place, [paused, resumed, again]

    place, answers = run_virtual(night())
    assert [(answer["status"], answer["code"]) for answer in answers] == [
        ("done", "done"),
        ("done", "done"),
        ("error", "not_running"),
    ]
    assert place.results[0]["frames"]["taken"] == 12
    assert [wait["reason"] for wait in place.results[0]["waits"]] == ["user"]
    assert len(place.telescope.gotos) == 3


def test_cancel_with_a_name_ends_that_session_and_no_other(observatory: Make) -> None:
    async def night() -> tuple[Observatory, list[dict[str, Any]]]:
        place = observatory()
        place.drop("a.json", session())
        place.drop("b.json", session())
        async with place.open():
            await place.until(imaging(place))
            waits = await tell(place, "cancel", session_id="b")
            nobody = await tell(place, "stop", session_id="c")
            assert place.telescope.captures[-1].running
            runs = await tell(place, "stop", session_id="a")
        return place, [waits, nobody, runs]

    place, answers = run_virtual(night())
    assert [answer["code"] for answer in answers] == ["done", "unknown_session", "done"]
    assert [(one["session_id"], one["result"]) for one in place.results] == [
        ("b", "skipped"),
        ("a", "aborted"),
    ]


def test_stop_after_this_lets_the_session_finish_and_starts_nothing_more_until_the_evening(
    observatory: Make,
) -> None:
    async def night() -> Observatory:
        place = observatory(poll_seconds=60)
        place.drop("a.json", session())
        place.drop("b.json", session())
        async with place.open():
            await place.until(imaging(place))
            assert (await tell(place, "stop_after_this"))["status"] == "done"
            await place.clock.sleep(10 * 3600)
            assert [result["result"] for result in place.results] == ["completed"]
            assert place.said("status")[-1]["reason"] == "user"
        place.telescope.online = True
        async with place.open():  # a restart does not forget it
            await place.clock.sleep(3600)
            assert len(place.results) == 1
            await place.sessions_ended(2)
        return place

    place = run_virtual(night())
    assert place.results[1]["result"] == "completed"
    assert place.results[1]["started_at"] >= "2026-03-13T18:00"


def test_the_night_can_go_on_after_all(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        async with place.open():
            await tell(place, "end_night")
            place.drop("a.json", session())
            await place.clock.sleep(3600)
            assert place.results == []
            assert (await tell(place, "resume"))["message"] == "The night goes on."
            await place.sessions_ended(1)
        return place

    assert run_virtual(night()).results[0]["result"] == "completed"


@pytest.mark.parametrize("verb", ["abort", "skip", "end_night"])
def test_the_closing_steps_of_a_session_run_however_it_is_ended(observatory: Make, verb: str) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("a.json", session(shutdown=CLOSING))
        async with place.open():
            await place.until(imaging(place))
            await tell(place, verb)
            await place.clock.sleep(600)
        return place

    calls = run_virtual(night()).telescope.calls
    assert calls.count("park") == calls.count("shutdown") == 1
    assert calls.index("stop_capture") < calls.index("park") < calls.index("shutdown")


def test_the_end_of_the_night_runs_the_closing_steps_of_the_sessions_that_come_no_more(
    observatory: Make,
) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("a.json", session())
        last = session(id_command={"date": "2026-03-13", "time": "03:00:00"}, shutdown=CLOSING)
        place.drop("last.json", last)
        async with place.open():
            await place.until(imaging(place))
            await tell(place, "end_night", reason="dew")
            await place.until(lambda: "shutdown" in place.telescope.calls, hours=1)
        return place

    place = run_virtual(night())
    calls = place.telescope.calls
    assert calls.index("stop_capture") < calls.index("park") < calls.index("shutdown")
    assert place.results[0]["result"] == "aborted"
    assert "dew" in place.results[0]["message"]
    assert place.files("ToDo") == ["last.json"]


def test_abort_without_a_session_says_so(observatory: Make) -> None:
    async def evening() -> list[str]:
        place = observatory()
        async with place.open():
            return [(await tell(place, verb))["code"] for verb in ("abort", "skip", "pause", "resume")]

    assert run_virtual(evening()) == ["not_running"] * 4


def test_run_starts_a_dated_session_and_a_draft_now(observatory: Make) -> None:
    async def evening() -> Observatory:
        place = observatory(poll_seconds=5)
        later = session(id_command={"date": "2026-05-01", "time": "23:00:00"})
        place.drop("later.json", later)
        (place.root / "Astro_Sessions" / "draft.json").write_text(json.dumps(later))
        async with place.open():
            assert (await tell(place, "run", session_id="later"))["status"] == "done"
            assert (await tell(place, "run", session_id="draft.json"))["status"] == "done"
            assert (await tell(place, "run", session_id="nothing"))["code"] == "unknown_session"
            assert (await tell(place, "run"))["code"] == "invalid"
            await place.sessions_ended(2, hours=1)
        return place

    place = run_virtual(evening())
    assert [result["result"] for result in place.results] == ["completed"] * 2
    assert place.files("Done") == ["draft.json", "later.json"]


def test_reschedule_writes_the_new_start_into_the_file(observatory: Make) -> None:
    async def evening() -> tuple[Observatory, list[dict[str, Any]]]:
        place = observatory(poll_seconds=5)
        place.drop("a.json", session(id_command={"date": "2026-03-12", "time": "23:00:00"}))
        async with place.open():
            answers = [
                await tell(place, "reschedule", session_id="a", at="2026-03-12T20:15:00"),
                await tell(place, "reschedule", session_id="a", at="soon"),
                await tell(place, "reschedule", session_id="b", at="2026-03-12T20:15:00"),
            ]
            file = json.loads((place.folder("ToDo") / "a.json").read_text())
            assert file["command"]["id_command"]["time"] == "20:15:00"
            await place.sessions_ended(1)
        return place, answers

    place, answers = run_virtual(evening())
    assert [answer["code"] for answer in answers] == ["done", "invalid", "unknown_session"]
    assert place.results[0]["started_at"].startswith("2026-03-12T20:15")


def test_armed_controls_move_and_power_the_telescope_but_not_while_a_session_runs(observatory: Make) -> None:
    async def evening() -> tuple[Observatory, list[str]]:
        place = observatory()
        codes = []
        async with place.open():
            codes += [(await tell(place, verb))["code"] for verb in ("goto", "park", "shutdown", "reboot")]
            place.say("scope/set/armed", "ON")
            await place.until(lambda: place.said("settings")[-1]["armed"] is True)
            codes.append((await tell(place, "goto", target="M 42"))["code"])
            codes.append((await tell(place, "goto", ra="5:35:17", dec="-5:23:28"))["code"])
            codes.append((await tell(place, "goto", target="Mn 42"))["code"])
            codes.append((await tell(place, "goto", ra="soon", dec="0"))["code"])
            codes.append((await tell(place, "goto"))["code"])
            codes += [(await tell(place, verb))["code"] for verb in ("park", "reboot", "shutdown")]
            place.drop("a.json", session())
            await place.until(imaging(place, 1))
            place.say("scope/set/armed", "ON")
            await place.until(lambda: place.said("settings")[-1]["armed"] is True)
            codes.append((await tell(place, "goto", target="M 42"))["code"])
            codes += [(await tell(place, verb))["code"] for verb in ("park", "shutdown", "reboot")]
        return place, codes

    place, codes = run_virtual(evening())
    assert codes == [
        *["not_armed"] * 4,
        *["done"] * 2,
        "failed",
        "invalid",
        "invalid",
        *["done"] * 3,
        *["busy"] * 4,
    ]
    assert len(place.telescope.gotos) == 3  # two by hand, one of the session
    calls = [call for call in place.telescope.calls if call in ("park", "reboot", "shutdown")]
    assert calls == ["park", "reboot", "shutdown"]


def test_a_goto_by_hand_must_stay_clear_of_the_sun_until_the_next_day(observatory: Make) -> None:
    async def evening() -> dict[str, Any]:
        place = observatory()
        async with place.open():
            await place.clock.sleep(9 * 3600)  # dark, and the Sun is up within hours
            place.say("scope/set/armed", "ON")
            await place.until(lambda: place.said("settings")[-1]["armed"] is True)
            answer = await tell(place, "goto", ra="23:30:00", dec="3")
            assert place.telescope.gotos == []
            return answer

    answer = run_virtual(evening())
    assert answer["status"] == "error"
    assert "degrees from the Sun" in answer["message"]


@pytest.mark.parametrize(("rule", "count"), [("retry", 2), ("skip", 1), ("end_night", 1), (None, 1)])
def test_on_error_says_what_a_failure_means_for_what_follows(
    observatory: Make, rule: str | None, count: int
) -> None:
    from agent.telescope.errors import RefusedError

    async def night() -> Observatory:
        place = observatory()
        place.telescope.fail["goto"].append(RefusedError("The mount says no."))
        place.drop("a.json", session(id_command={"on_error": rule, "max_retries": 2}))
        async with place.open():
            await place.clock.sleep(5)
            place.drop("b.json", session())
            await place.clock.sleep(4 * 3600)
        return place

    place = run_virtual(night())
    ended = {result["session_id"]: result["result"] for result in place.results}
    assert ended == {
        "retry": {"b": "completed", "a": "completed"},
        "end_night": {"a": "failed"},
    }.get(str(rule), {"a": "failed", "b": "completed"})
    assert place.telescope.calls.count("goto") == count + (rule != "end_night")
    if rule == "retry":
        told = [event for event in place.said("event") if event["event_type"] == "session_waiting"]
        assert told[0]["reason"] == "retry"
        assert "The mount says no." in told[0]["message"]
        assert json.loads((place.folder("Done") / "a.json").read_text())["command"]["id_command"]["nb_try"]


def test_a_session_that_gets_another_turn_keeps_its_frames_and_has_a_last_one(observatory: Make) -> None:
    from agent.telescope.errors import RefusedError

    async def night() -> Observatory:
        place = observatory()
        place.telescope.frames_limit = 5
        place.telescope.fail["start_capture"].append(RefusedError("No."))
        wide = {"do_action": True, "exposure": "10", "gain": 80, "count": 4}
        document = session(id_command={"on_error": "retry", "max_retries": 2}, setup_wide_camera=wide)
        document["command"]["setup_camera"]["count"] = 5
        place.drop("a.json", document)
        async with place.open():
            await place.until(lambda: bool(place.telescope.captures))
            place.telescope.fail["start_capture"].extend([RefusedError("No.")] * 4)
            await place.sessions_ended(1)
        return place

    place = run_virtual(night())
    (result,) = place.results
    assert result["result"] == "partial"
    assert result["frames"]["taken"] == 5
    assert [capture.camera.value for capture in place.telescope.captures] == ["tele"]


def test_a_session_that_becomes_due_waits_for_a_command_by_hand(observatory: Make) -> None:
    async def evening() -> Observatory:
        place = observatory()
        async with place.open():
            place.say("scope/set/armed", "ON")
            await place.until(lambda: place.said("settings")[-1]["armed"] is True)
            place.say("scope/command", {"command": "goto", "target": "M 31"})
            place.drop("a.json", session())
            await place.until(lambda: place.said("status")[-1]["state"] == "slewing", every_s=0.1)
            assert (await tell(place, "park"))["code"] == "busy"
            await place.sessions_ended(1)
        return place

    place = run_virtual(evening())
    assert [target.name for target in place.telescope.gotos] == ["M 31", "M 42"]
    calls = place.telescope.calls
    assert calls.index("goto") < calls.index("set_time")
    assert "park" not in calls
    assert place.results[0]["result"] == "completed"


def test_focus_calibration_and_alignment_by_hand_need_arming_and_darkness(observatory: Make) -> None:
    async def evening() -> None:
        place = observatory(start=DUSK - timedelta(hours=5))
        async with place.open():
            assert (await tell(place, "autofocus"))["code"] == "not_armed"
            place.say("scope/set/armed", "true")
            await place.clock.sleep(1)
            for verb in ("calibrate", "align"):
                answer = await tell(place, verb)
                assert answer["code"] == "not_allowed", verb
                assert "It is not dark: the Sun is at" in answer["message"]
            assert "calibrate" not in place.telescope.calls
        place = observatory(start=DUSK + timedelta(hours=2))
        async with place.open():
            place.say("scope/set/armed", "true")
            await place.clock.sleep(1)
            assert (await tell(place, "autofocus"))["message"] == "The telescope is in focus."
            assert (await tell(place, "calibrate"))["message"] == "The telescope is calibrated."
            answer = await tell(place, "align")
            assert re.fullmatch(
                r"Turn the mount \d+\.\d\d° (counter-)?clockwise, and (raise|lower) it by \d+\.\d\d°\.",
                answer["message"],
            )
            measured = place.said("polar_alignment")[-1]
            assert measured["message"] == answer["message"]
            assert (measured["azimuth_error"], measured["turn"]) == (0.1, "clockwise")
            assert (measured["altitude_error"], measured["lift"]) == (-0.2, "lower")
            jsonschema.validate(measured, schemas()["polar_alignment"])
            calls = place.telescope.calls
            assert calls.index("stop_goto") < calls.index("calibrate") < calls.index("solve_eq")
            place.drop("a.json", session())
            await place.until(lambda: place.said("status")[-1]["state"] == "imaging")
            assert (await tell(place, "calibrate"))["code"] == "busy"

    run_virtual(evening())


def test_a_nudge_is_short_armed_and_in_the_dark(observatory: Make) -> None:
    async def evening() -> None:
        place = observatory(start=DUSK - timedelta(hours=5))
        async with place.open():
            assert (await tell(place, "nudge", direction="up"))["code"] == "not_armed"
            place.say("scope/set/armed", "true")
            await place.clock.sleep(1)
            assert "It is not dark" in (await tell(place, "nudge", direction="up"))["message"]
        place = observatory(start=DUSK + timedelta(hours=2))
        async with place.open():
            place.say("scope/set/armed", "true")
            await place.clock.sleep(1)
            wrong: list[dict[str, Any]] = [{}, {"direction": "north"}]
            wrong += [{"direction": "up", "seconds": one} for one in (0, 2.1, "long", None, True, "nan", [1])]
            for arguments in wrong:
                assert (await tell(place, "nudge", **arguments))["code"] == "invalid", arguments
            assert not any(call.startswith("nudge") for call in place.telescope.calls)
            answer = await tell(place, "nudge", direction="Left", seconds="1.5")
            assert answer["message"] == "The telescope was turned left for 1.5 s."
            assert "nudge 180" in place.telescope.calls
            place.telescope.fail["nudge 0"].append(CommandTimeoutError("Nothing was heard."))
            halts = place.telescope.calls.count("halt")
            assert (await tell(place, "nudge", direction="right"))["code"] == "failed"
            await place.until(lambda: place.telescope.calls.count("halt") > halts, hours=0.1)

    run_virtual(evening())


def test_a_focus_step_is_armed_and_ends_what_an_earlier_focus_was_worth(observatory: Make) -> None:
    async def evening() -> None:
        place = observatory(start=DUSK + timedelta(hours=2))
        async with place.open():
            assert (await tell(place, "focus_step", direction="near"))["code"] == "not_armed"
            place.say("scope/set/armed", "true")
            await place.clock.sleep(1)
            wrong: list[dict[str, Any]] = [{}, {"direction": "up"}]
            wrong += [
                {"direction": "near", "steps": one} for one in (0, 21, 1.5, "many", None, True, 5000 * "9")
            ]
            for arguments in wrong:
                assert (await tell(place, "focus_step", **arguments))["code"] == "invalid", arguments
            kept = place.stations["scope"].hands.alignment
            kept.focused(StepKind.AUTO_FOCUS, place.clock.now(), 10.0)
            answer = await tell(place, "focus_step", direction="Far", steps="5")
            assert answer["message"] == "The focus was turned far by 5."
            assert "focus_step far 5" in place.telescope.calls
            assert kept.focused_by(StepKind.AUTO_FOCUS) is None

    run_virtual(evening())


def test_a_goto_takes_what_a_person_types(observatory: Make) -> None:
    async def evening() -> None:
        place = observatory(start=DUSK + timedelta(hours=2))
        async with place.open():
            place.say("scope/set/armed", "true")
            await place.clock.sleep(1)
            for typed in ("m 31", "5.588 -5.39", "05:35:17, -05:23:28", "5h35m17s -5d23m28s"):
                assert (await tell(place, "goto", target=typed))["status"] == "done", typed
            for typed in ("nothing such", "25 10", "5.588", "5.588 91", "5.588 -5.39 7"):
                answer = await tell(place, "goto", target=typed)
                assert answer["status"] == "error", typed
            places = [(round(one.ra_hours, 2), round(one.dec_degrees, 1)) for one in place.telescope.gotos]
            assert places == [(0.71, 41.3), *[(5.59, -5.4)] * 3]

    run_virtual(evening())


def test_frames_are_taken_where_it_points_without_a_goto(observatory: Make) -> None:
    async def evening() -> None:
        place = observatory(start=DUSK + timedelta(hours=2))
        async with place.open():
            camera = {"do_action": True, "count": 10}
            body = {"id_command": {}, "goto_manual": {"do_action": False}, "setup_camera": camera}
            place.say("scope/session/submit", {"request_id": "now", "command": body})
            await place.sessions_ended(1)
            assert place.results[0]["result"] == "completed", place.results[0]
            assert place.telescope.gotos == []
            assert place.telescope.captures[0].taken == 10

    run_virtual(evening())
