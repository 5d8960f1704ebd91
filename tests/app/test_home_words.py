"""What a house tells the agent, and its answers: causes, waits and names that a person understands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.app.conftest import Observatory, session
from tests.app.test_verbs import imaging, tell
from tests.app.test_weather import WEATHER, report
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]


def test_rain_that_pauses_is_weather_and_only_dry_weather_takes_it_back(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("a.json", session())
        async with place.open():
            await place.until(imaging(place))
            await tell(place, "pause", cause="weather", reason="It rains (Garden rain).")
            await tell(place, "pause", reason="looking at it")
            assert (await tell(place, "resume", cause="weather"))["status"] == "done"
            await place.clock.sleep(600)
            status = place.said("status")[-1]
            assert (status["state"], status["message"]) == ("paused", "looking at it")
            await tell(place, "pause", cause="weather", reason="It rains (Garden rain).")
            await tell(place, "resume")  # a person is asked last
            await place.sessions_ended(1)
        return place

    place = run_virtual(night())
    paused = [body for body in place.said("status") if body["state"] == "paused"]
    assert (paused[0]["reason"], paused[0]["message"]) == ("weather", "It rains (Garden rain).")
    (result,) = place.results
    assert result["result"] == "completed"


def test_rain_that_ends_the_night_is_weather_and_starts_nothing_more(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        for name in "abcd":
            place.drop(f"{name}.json", session())
        async with place.open():
            await place.until(imaging(place))
            answer = await tell(place, "end_night", cause="weather", reason="It rains (Garden rain).")
            assert answer["status"] == "done"
            await place.clock.sleep(3600)
        return place

    place = run_virtual(night())
    (result,) = place.results
    assert result["reason"] == "weather"
    assert result["message"].startswith("It rains (Garden rain).")
    assert place.said("status")[-1]["reason"] == "weather"
    assert len(place.files("ToDo")) == 3


def test_a_cause_that_is_no_word_is_refused_with_the_words(observatory: Make) -> None:
    async def night() -> None:
        place = observatory()
        async with place.open():
            answer = await tell(place, "abort", cause="hail stones")
            assert answer["code"] == "invalid"
            assert "weather" in answer["hint"]

    run_virtual(night())


def test_resume_in_a_weather_pause_says_what_it_waits_for_and_until_when(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory(weather=WEATHER, conditions={"max_wait_min": 90})
        place.drop("a.json", session())
        async with place.open():
            report(place, True, ttl=3600)
            await place.until(imaging(place))
            report(place, False, ttl=3600)
            await place.until(lambda: place.said("status")[-1]["state"] == "paused")
            answer = await tell(place, "resume")
            assert answer["status"] == "done"
            assert "as soon as it may" in answer["message"]
            assert "rain" in answer["message"]
            assert "at the latest" in answer["message"]
            report(place, True, ttl=3600)
            await place.until(lambda: "safe from" in place.said("status")[-1]["message"], hours=0.1)
            await place.sessions_ended(1)
        return place

    (result,) = run_virtual(night()).results
    assert result["result"] == "completed"


def test_resume_says_why_nothing_runs_although_nothing_is_paused(observatory: Make) -> None:
    async def night() -> None:
        place = observatory(weather=WEATHER)
        place.drop("a.json", session())
        async with place.open():
            report(place, False, ttl=3600)
            await place.until(lambda: place.said("status")[-1]["state"] == "waiting")
            answer = await tell(place, "resume")
            assert answer["code"] == "not_running"
            assert "weather is unsafe" in answer["message"]

    run_virtual(night())


def test_a_weather_policy_without_a_source_is_refused_with_the_way_to_one(observatory: Make) -> None:
    async def night() -> None:
        place = observatory()
        async with place.open():
            place.say("scope/set/weather_policy", "wait")
            await place.until(lambda: bool(place.said("command/response")))
            answer = place.said("command/response")[-1]
            assert answer["code"] == "invalid"
            assert "weather_inputs" in answer["hint"]

    run_virtual(night())


def test_a_source_is_told_by_the_name_it_gives_itself(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory(weather={**WEATHER, "inputs": ["home_assistant"]})
        async with place.open():
            place.say("safety/input/home_assistant", {"safe": False, "reason": "it rains", "name": "Garden"})
            await place.clock.sleep(1)
            assert place.said("safety")[-1]["reasons"] == ["Garden: it rains"]
            place.say("safety/input/home_assistant", {"safe": False, "reason": "it rains"})
            await place.clock.sleep(1)
            assert place.said("safety")[-1]["reasons"] == ["home assistant: it rains"]
        return place

    run_virtual(night())


def night_overs(place: Observatory) -> list[dict[str, Any]]:
    return [body for body in place.said("event") if body["event_type"] == "night_over"]


def test_a_night_is_over_when_its_last_session_ended_and_is_told_once(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("a.json", session())
        place.drop("b.json", session())
        tomorrow = {"date": "2026-03-13", "time": "22:00:00"}
        place.drop("c.json", session(id_command=tomorrow))
        async with place.open():
            await place.sessions_ended(1)
            assert night_overs(place) == []
            await place.sessions_ended(2)
            await place.clock.sleep(3600)
            assert len(night_overs(place)) == 1
            await place.sessions_ended(3, hours=48)
            await place.clock.sleep(3600)
        return place

    assert len(night_overs(run_virtual(night()))) == 2


def test_a_night_that_is_ended_is_over_once_nothing_runs(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("a.json", session())
        place.drop("b.json", session())
        async with place.open():
            await place.until(imaging(place))
            await tell(place, "stop_after_this", reason="Enough for today.")
            await place.clock.sleep(5)
            assert night_overs(place) == []
            await place.sessions_ended(1)
            await place.clock.sleep(3600)
        return place

    (told,) = night_overs(run_virtual(night()))
    assert "Enough for today." in told["message"]


def test_the_status_says_whether_a_night_was_ended_that_can_go_on(observatory: Make) -> None:
    async def night() -> None:
        place = observatory()
        async with place.open():
            await tell(place, "park")
            assert place.said("status")[-1]["night_over"] is False, "parked and idle is no end of a night"
            assert (await tell(place, "resume"))["code"] == "not_running"
            place.drop("a.json", session(id_command={"date": "2026-03-12", "time": "23:30:00"}))
            await place.until(lambda: place.said("queue")[-1]["count"] == 1)
            await tell(place, "end_night")
            assert place.said("status")[-1]["night_over"] is True
            assert (await tell(place, "resume"))["status"] == "done"
            assert place.said("status")[-1]["night_over"] is False
            await tell(place, "end_night")
            await place.until(lambda: not place.said("status")[-1]["night_over"], hours=24)

    run_virtual(night())


def test_an_idle_agent_tells_when_it_is_dark_and_tells_the_next_night_after_noon(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        async with place.open():
            await place.until(lambda: bool(place.said("darkness")), hours=0.1)
            await place.clock.sleep(24 * 3600)
        return place

    first, second = run_virtual(night()).said("darkness")
    assert (first["night"], second["night"]) == ("2026-03-12", "2026-03-13")
    assert first["sunset"].startswith("2026-03-12T18:")
    assert first["sunset"] < first["dark_from"] < first["dark_until"] < first["sunrise"]
    assert 30 <= first["moon_percent"] <= 50, "a waning crescent"
    assert first["dark_from"] <= first["moon_from"] < first["moon_until"] <= first["dark_until"]


def test_each_telescope_has_its_darkness(observatory: Make) -> None:
    async def evening() -> Observatory:
        two = [
            {"id": one, "host": f"192.0.2.{at}", "model": "D3"} for at, one in enumerate(("scope", "other"))
        ]
        place = observatory(telescopes=two)
        async with place.open():
            await place.clock.sleep(60)
        return place

    broker = run_virtual(evening()).broker
    assert [len(broker.all(f"dwarf/{one}/darkness")) for one in ("scope", "other")] == [1, 1]


def test_the_chosen_session_is_given_another_start_and_removed(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        evening = {"date": "2026-03-12", "time": "22:00:00"}
        for name in "ab":
            place.drop(f"{name}.json", session(id_command=evening))
        async with place.open():
            place.say("scope/set/session_file", "b")
            await place.until(lambda: place.said("settings")[-1]["session_file"] == "b")
            assert (await tell(place, "remove"))["code"] == "unknown_session", "nothing was chosen by that"
            moved = await tell(place, "reschedule", selected=True, at="2026-03-12T23:30:00+01:00")
            assert moved["status"] == "done"
            starts = [one["scheduled_for"] for one in place.said("queue")[-1]["sessions"]]
            assert starts == ["2026-03-12T22:00:00+01:00", "2026-03-12T23:30:00+01:00"]
            assert (await tell(place, "remove", selected=True))["status"] == "done"
            assert place.said("queue")[-1]["count"] == 1
        return place

    run_virtual(night())
