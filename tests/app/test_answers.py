"""Every answer to a person, as it comes over MQTT: code, words and remedy."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from agent.telescope.errors import TransientError
from tests.app.conftest import Observatory, session
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
LATER = {"date": "2026-03-12", "time": "23:30:00"}


class Talk:
    """A station that is talked to."""

    def __init__(self, place: Observatory) -> None:
        self.place = place
        self.number = 0

    async def tell(self, verb: str, **arguments: Any) -> tuple[str, str, str, str]:
        """Give a command; return what was said at once, and the last word: code, message, hint."""
        self.number += 1
        request = f"r{self.number}"
        self.place.say("scope/command", {"command": verb, "request_id": request, **arguments})

        def answers() -> list[dict[str, Any]]:
            return [one for one in self.place.said("command/response") if one["request_id"] == request]

        await self.place.until(lambda: any(one["status"] != "accepted" for one in answers()), hours=1)
        first, last = answers()[0], answers()[-1]
        assert last["status"] == ("done" if last["code"] == "done" else "error")
        at_once = first["message"] if first["status"] == "accepted" else ""
        return at_once, last["code"], last["message"], last.get("hint", "")

    async def submit(self, **more: Any) -> dict[str, Any]:
        return await self.say({**session(), **more})

    async def say(self, body: dict[str, Any]) -> dict[str, Any]:
        """Submit a session; return the answer."""
        before = len(self.place.said("session/response"))
        self.place.say("scope/session/submit", body)
        await self.place.until(lambda: len(self.place.said("session/response")) > before, every_s=0.1)
        answer: dict[str, Any] = self.place.said("session/response")[-1]
        return answer

    async def runs(self, name: str) -> None:
        self.place.drop(f"{name}.json", session())
        await self.imaging()

    async def imaging(self) -> None:
        captures = self.place.telescope.captures
        await self.place.until(lambda: bool(captures) and captures[-1].running and captures[-1].taken >= 2)

    def status(self) -> tuple[str, str, str]:
        last = self.place.said("status")[-1]
        return last["state"], last["reason"], last["message"]


def talking(make: Make, story: Callable[[Talk], Awaitable[Any]], **settings: Any) -> Observatory:
    async def night() -> Observatory:
        place = make(poll_seconds=30, **settings)
        async with place.open():
            await story(Talk(place))
        return place

    return run_virtual(night())


def test_answers_while_nothing_runs(observatory: Make) -> None:
    async def story(talk: Talk) -> None:
        none = ("", "not_running", "No session runs.", "")
        assert await talk.tell("pause") == (
            "",
            "not_running",
            "No session runs; there is nothing to pause.",
            "",
        )
        assert await talk.tell("resume") == ("", "not_running", "Nothing is paused.", "")
        assert await talk.tell("skip") == none
        stopping = "No session runs; stopping whatever the telescope does."
        assert await talk.tell("abort") == (stopping, "not_running", "No session runs.", "")
        assert await talk.tell("run") == ("", "invalid", "run needs a session_id.", "")
        assert await talk.tell("run", session_id="nobody.json") == (
            "",
            "unknown_session",
            "There is no session 'nobody' in ToDo/ or the drafts.",
            "",
        )
        unknown = ("", "unknown_session", "No such session waits.", "")
        assert await talk.tell("remove", session_id="nobody") == unknown
        assert await talk.tell("reschedule", session_id="nobody", at="23:00") == unknown
        assert await talk.tell("end_night") == ("", "done", "Nothing starts before the next evening.", "")
        assert await talk.tell("resume") == ("", "done", "The night goes on.", "")
        stop = "Nothing starts. The next evening is another night."
        assert await talk.tell("stop_after_this") == ("", "done", stop, "")
        talk.place.drop("a.json", session())
        await talk.place.clock.sleep(60)
        assert talk.status() == (
            "waiting",
            "user",
            "The night is over: A person wanted nothing more after this session.",
        )

    talking(observatory, story)


def test_answers_about_the_session_that_runs(observatory: Make) -> None:
    async def story(talk: Talk) -> None:
        await talk.runs("a")
        assert await talk.tell("run", session_id="a") == ("", "busy", "Session a runs already.", "")
        stop = "Session a is the last one. The next evening is another night."
        assert await talk.tell("stop_after_this") == ("", "done", stop, "")
        await talk.tell("resume")
        assert await talk.tell("pause") == ("Pausing session a.", "done", "Session a is paused.", "")
        assert talk.status() == ("paused", "user", "A person paused the session.")
        assert await talk.tell("resume") == ("", "done", "Session a goes on.", "")
        await talk.imaging()
        assert await talk.tell("skip") == ("Stopping session a.", "done", "Session a ended.", "")
        assert talk.place.results[-1]["message"].startswith("A person skipped the session.")
        await talk.runs("b")
        assert await talk.tell("abort") == ("Stopping session b.", "done", "Session b ended.", "")
        assert talk.place.results[-1]["message"].startswith("A person stopped the session.")
        await talk.runs("c")
        assert await talk.tell("abort", reason="dew") == (
            "Stopping session c.",
            "done",
            "Session c ended.",
            "",
        )
        assert talk.place.results[-1]["message"].startswith("dew")
        await talk.runs("d")
        assert await talk.tell("end_night") == ("Stopping session d.", "done", "Session d ended.", "")
        assert talk.place.results[-1]["message"].startswith("A person ended the night.")

    talking(observatory, story)


def test_answers_about_the_queue(observatory: Make) -> None:
    async def story(talk: Talk) -> None:
        place = talk.place
        for name in ("a", "b", "c"):
            place.drop(f"{name}.json", session(id_command=LATER))
        place.folder("ToDo").joinpath("drafts").mkdir(exist_ok=True)
        await place.clock.sleep(120)
        moved = "Session a starts at 2026-03-13T01:15+01:00."
        assert await talk.tell("reschedule", session_id="a", at="2026-03-13T01:15") == ("", "done", moved, "")
        _, code, message, hint = await talk.tell("reschedule", session_id="a", at="soon")
        assert (code, message.startswith("at: ")) == ("invalid", True)
        assert hint
        assert await talk.tell("remove", session_id="b") == ("", "done", "Session b was removed.", "")
        assert place.results[-1]["session_id"] == "b"
        assert place.results[-1]["result"] == "skipped"
        assert place.results[-1]["reason"] == "user"
        assert place.results[-1]["message"] == "A person removed the session."
        why = ("", "done", "Session c was removed: clouds", "")
        assert await talk.tell("remove", file="c.json", reason="clouds") == why
        assert (place.results[-1]["session_id"], place.results[-1]["message"]) == ("c", "clouds")
        run = "Session a runs as soon as the telescope is free."
        assert await talk.tell("run", session_id="a.json") == ("", "done", run, "")
        await talk.imaging()
        await talk.tell("abort")

    talking(observatory, story)


def test_what_is_wanted_at_once_is_not_said_to_wait_for_the_telescope_when_it_waits_for_the_weather(
    observatory: Make,
) -> None:
    async def story(talk: Talk) -> None:
        place = talk.place
        place.drop("a.json", session())
        place.folder("ToDo").parent.joinpath("draft.json").write_text(json.dumps(session()))
        unsafe = {"safe": False, "reason": "rain"}
        place.say("safety/input/roof", unsafe)
        await place.until(lambda: talk.status()[1] == "weather")
        why = talk.status()[2]
        assert "rain" in why
        first = f"Session a comes first, and cannot run now: {why}"
        assert await talk.tell("run", session_id="a") == ("", "done", first, "")
        second = f"draft.json is in ToDo/ now and cannot run yet: {why}"
        assert await talk.tell("run", session_id="draft") == ("", "done", second, "")
        assert place.telescope.gotos == []

    talking(observatory, story, weather={"policy": "wait", "inputs": ["roof"], "ttl_s": 86400})


def test_what_is_wanted_at_once_is_not_said_to_wait_for_the_telescope_when_it_waits_for_the_dark(
    observatory: Make,
) -> None:
    async def story(talk: Talk) -> None:
        talk.place.drop("a.json", session())
        talk.place.folder("ToDo").parent.joinpath("draft.json").write_text(json.dumps(session()))
        await talk.place.until(lambda: bool(talk.place.said("status")) and talk.status()[0] == "waiting")
        _, code, message, _ = await talk.tell("run", session_id="a")
        assert code == "done"
        assert message.startswith("Session a comes first, and cannot run now: It is not dark: ")
        _, code, message, _ = await talk.tell("run", session_id="draft")
        assert code == "done"
        assert message.startswith("draft.json is in ToDo/ now and cannot run yet: It is not dark: ")

    talking(observatory, story, conditions={"sun_below": -12})


def test_answers_to_a_person_who_moves_the_telescope(observatory: Make) -> None:
    async def story(talk: Talk) -> None:
        place = talk.place
        hint = "Switch on 'Controls armed' first, or run `dwarf-agent arm`; it switches itself off again."
        for verb in ("park", "goto", "shutdown", "reboot"):
            refusal = ("", "not_armed", f"{verb} needs the controls to be armed.", hint)
            assert await talk.tell(verb) == refusal
        place.say("scope/set/armed", "true")
        await place.until(lambda: bool(place.said("settings")) and place.said("settings")[-1]["armed"])
        assert await talk.tell("park") == ("park: begun.", "done", "The telescope is parked.", "")
        assert talk.status()[0] == "parked"
        assert await talk.tell("reboot") == ("reboot: begun.", "done", "The telescope is restarting.", "")
        assert place.telescope.calls[-2:] == ["take_control", "reboot"]
        pointing = ("goto: begun.", "done", "The telescope is pointing at M 42.", "")
        assert await talk.tell("goto", target="M 42") == pointing
        assert place.telescope.gotos[-1].name == "M 42"
        nameless = ("goto: begun.", "done", "The telescope is pointing at the coordinates.", "")
        assert await talk.tell("goto", ra=5.5, dec=-5) == nameless
        named = ("goto: begun.", "done", "The telescope is pointing at M 42.", "")
        assert await talk.tell("goto", target="M 42", ra=5.5, dec=-5) == named
        assert (place.telescope.gotos[-1].ra_hours, place.telescope.gotos[-1].dec_degrees) == (5.5, -5.0)
        at_once, code, message, hint = await talk.tell("goto", ra=5.5)
        assert (at_once, code, message.startswith("goto: ")) == ("", "invalid", True)
        assert hint
        _, code, message, _ = await talk.tell("goto", target="Sun")
        assert code == "not_allowed"
        assert message == "Pointing at the Sun is not allowed by the configuration."
        assert await talk.tell("shutdown") == (
            "shutdown: begun.",
            "done",
            "The telescope is switched off.",
            "",
        )
        assert await talk.tell("provision") == (
            "",
            "not_allowed",
            "Bluetooth is not switched on in the configuration.",
            "Set bluetooth_enabled, and the Wi-Fi's name and password, in the configuration.",
        )
        await talk.runs("a")
        busy = ("", "busy", "A session runs.", "Abort it first.")
        place.say("scope/set/armed", "true")
        await place.clock.sleep(1)
        for verb in ("park", "shutdown", "reboot"):
            assert await talk.tell(verb) == busy
        assert await talk.tell("goto", target="M 31") == busy
        await talk.tell("abort")

    talking(observatory, story)


def test_nobody_turns_by_hand_what_nobody_said_the_place_of(observatory: Make) -> None:
    async def story(talk: Talk) -> None:
        talk.place.say("scope/set/armed", "true")
        await talk.place.clock.sleep(1)
        assert await talk.tell("nudge", direction="left") == (
            "",
            "not_allowed",
            "Nobody said where the telescope stands.",
            "Set latitude and longitude in the configuration.",
        )
        assert talk.place.telescope.calls.count("nudge") == 0

    talking(observatory, story, site={"timezone": "Europe/Paris"})


def test_nobody_moves_a_telescope_that_was_not_seen_to_stop_yet(observatory: Make) -> None:
    async def story(talk: Talk) -> None:
        place = talk.place
        place.say("scope/set/armed", "true")
        place.telescope.fail["halt"].append(TransientError("It is busy."))
        place.say("scope/command", {"command": "abort", "request_id": "x"})
        await place.clock.sleep(1)
        _, code, message, _ = await talk.tell("goto", target="M 42")
        assert (code, place.telescope.gotos) == ("not_allowed", [])
        assert message == "The telescope is not moved while it is unsafe: A person stopped the session."
        await place.clock.sleep(120)
        assert (await talk.tell("goto", target="M 42"))[1] == "done"

    talking(observatory, story)


def test_one_command_by_hand_at_a_time(observatory: Make) -> None:
    async def story(talk: Talk) -> None:
        place = talk.place
        place.say("scope/set/armed", "true")
        await place.clock.sleep(1)
        place.telescope.command_s = 60
        place.say("scope/command", {"command": "park", "request_id": "slow"})
        await place.clock.sleep(10)
        assert talk.status()[:2] == ("slewing", "user")
        assert place.said("status")[-1]["step"] == "park"
        again = ("", "busy", "Another command is being carried out.", "Wait for its answer.")
        assert await talk.tell("reboot") == again
        place.drop("a.json", session())
        await place.clock.sleep(40)
        assert place.telescope.gotos == []
        await talk.imaging()
        await talk.tell("abort")

    talking(observatory, story)


def test_a_command_by_hand_that_is_stopped_or_fails_says_so(observatory: Make) -> None:
    async def story(talk: Talk) -> None:
        place = talk.place
        place.say("scope/set/armed", "true")
        await place.clock.sleep(1)
        place.say("scope/command", {"command": "goto", "request_id": "far", "target": "M 42"})
        await place.clock.sleep(10)
        await talk.tell("abort", reason="the tripod")
        said = [one for one in place.said("command/response") if one["request_id"] == "far"]
        assert said[-1]["code"] == "not_allowed"
        assert said[-1]["message"] == "The telescope was stopped: the tripod"
        place.telescope.cut()
        _, code, message, _ = await talk.tell("park")
        assert (code, message) == ("unreachable", "The telescope does not answer.")

    talking(observatory, story)


@pytest.mark.parametrize(("name", "code"), [("vis", "done"), ("UV", "invalid")])
def test_answers_about_the_filter(observatory: Make, name: str, code: str) -> None:
    async def story(talk: Talk) -> None:
        place = talk.place
        place.say("scope/set/filter", name)
        await place.until(lambda: bool(place.said("command/response")))
        answer = place.said("command/response")[-1]
        assert answer["code"] == code
        if code == "done":
            assert answer["message"] == "The filter is VIS."
            assert place.said("settings")[-1]["filter"] == "VIS"
        else:
            assert answer["message"] == "There is no filter 'UV'."
            assert answer["hint"] == "One of: VIS, Astro, Duo-Band"
        await talk.runs("a")
        place.say("scope/set/filter", "Astro")
        await place.clock.sleep(1)
        answer = place.said("command/response")[-1]
        assert (answer["code"], answer["message"]) == ("busy", "A session runs; it sets its own filter.")
        await talk.tell("abort")

    talking(observatory, story)


def test_answers_to_submissions(observatory: Make) -> None:
    async def story(talk: Talk) -> None:
        later = session(id_command=LATER)
        first = await talk.submit(**later, session_id="one", request_id="q")
        assert (first["status"], first["code"], first["message"]) == (
            "accepted",
            "queued",
            "M 42 is queued at place 1. It starts at 23:30.",
        )
        assert (first["session_id"], first["request_id"], first["position"]) == ("one", "q", 1)
        assert first["scheduled_for"] == "2026-03-12T23:30:00+01:00"
        again = await talk.submit(**later, session_id="one", request_id="q")
        assert (again["code"], again["message"]) == (
            "duplicate",
            "This session was submitted before; it waits.",
        )
        assert (again["duplicate"], again["position"], again["warnings"]) == (True, 1, [])
        bare = await talk.say({**later["command"], "session_id": "one", "request_id": "q"})
        assert (bare["code"], bare["warnings"]) == ("duplicate", []), "wrapped or not, it is the same"
        other = await talk.submit(**session(id_command={**LATER, "priority": 3}), session_id="one")
        assert other["warnings"][0]["code"] == "not_taken"
        assert other["warnings"][0]["message"] == (
            "It differs from what was submitted before; what is different now is not taken."
        )
        assert other["warnings"][0]["hint"] == (
            "Remove the session first, or send this under another session_id."
        )
        late = await talk.submit(session_id="late", expires_at="2026-03-12T17:00:00+00:00")
        assert (late["status"], late["code"]) == ("error", "expired")
        assert late["message"] == "The request expired at 2026-03-12T17:00:00+00:00."
        bad = await talk.submit(
            **session(setup_camera={"do_action": True, "exposure": "x"}), session_id="bad"
        )
        assert (bad["status"], bad["code"]) == ("error", "invalid")
        assert bad["message"] == bad["errors"][0]["message"]
        runs = await talk.submit(session_id="now", request_id="n")
        assert runs["message"] == "M 42 is queued at place 1. It starts at once."
        await talk.imaging()
        running = await talk.submit(session_id="now", request_id="n")
        assert running["message"] == "This session was submitted before; it runs."
        await talk.place.sessions_ended(1)
        over = await talk.submit(session_id="now", request_id="n")
        ended = talk.place.results[0]["ended_at"][:16].replace("T", " at ")
        words = f"This session was submitted before and ended as completed on {ended}; it does not run again."
        assert (over["status"], over["code"], over["message"]) == ("error", "duplicate", words)
        assert over["errors"][0]["message"] == words
        assert over["errors"][0]["hint"] == "To run it again, send it with another session_id."
        assert over["errors"][0]["path"] == "/session_id"
        nameless = await talk.submit(**session(id_command=LATER), request_id="z")
        assert nameless["session_id"].startswith("M42-")

    talking(observatory, story)


def test_a_session_that_begins_before_it_is_answered_waits_for_no_others(
    observatory: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search for its first hour takes longer than the step from the queue to the telescope."""

    async def story(talk: Talk) -> None:
        clock, at_once = talk.place.clock, asyncio.to_thread

        async def slowly(search: Callable[..., Any], *facts: Any) -> Any:
            found = await at_once(search, *facts)
            await clock.sleep(5)
            return found

        monkeypatch.setattr("agent.station.expected.asyncio", SimpleNamespace(to_thread=slowly))
        first = await talk.submit(session_id="first")
        assert first["message"] == "M 42 is queued at place 1. It starts at once."
        second = await talk.submit(session_id="second")
        assert second["message"] == "M 42 is queued at place 1. Others have their turn before it."

    talking(observatory, story)
