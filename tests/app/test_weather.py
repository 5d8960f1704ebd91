"""The weather stops what runs, holds what waits, and lets it go on."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.app.conftest import Observatory, session
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
WEATHER = {"policy": "wait", "inputs": ["roof"], "ttl_s": 180, "clear_for_min": 10}


def report(place: Observatory, safe: bool, **more: Any) -> None:
    place.say("safety/input/roof", {"safe": safe, "reason": "fine" if safe else "rain", **more})


async def keep_telling(place: Observatory, *, safe: bool = True) -> None:
    while True:
        report(place, safe)
        await place.clock.sleep(60)


def test_nothing_starts_before_the_weather_was_heard_of(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory(weather=WEATHER)
        place.drop("a.json", session())
        async with place.open():
            await place.clock.sleep(1800)
            assert place.telescope.gotos == []
            assert place.said("status")[-1]["reason"] == "weather"
            heartbeat = asyncio.create_task(keep_telling(place))
            await place.sessions_ended(1)
            heartbeat.cancel()
        return place

    assert run_virtual(night()).results[0]["result"] == "completed"


@pytest.mark.parametrize(("first", "result"), [(True, "completed"), (False, "skipped")])
def test_a_policy_that_gives_up_in_the_rain_waits_for_the_first_word_on_the_weather(
    observatory: Make, first: bool, result: str
) -> None:
    """The seconds between a start and the first report are no bad weather."""

    async def night() -> Observatory:
        place = observatory(weather={**WEATHER, "policy": "abort"})
        place.drop("a.json", session())
        async with place.open():
            await place.clock.sleep(100)
            assert (place.results, place.said("status")[-1]["reason"]) == ([], "weather")
            heartbeat = asyncio.create_task(keep_telling(place, safe=first))
            await place.sessions_ended(1)
            heartbeat.cancel()
        return place

    assert run_virtual(night()).results[0]["result"] == result


def test_a_policy_that_gives_up_in_the_rain_costs_no_session_a_restart(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory(weather={**WEATHER, "policy": "abort"})
        place.drop("a.json", session())
        async with place.open():
            report(place, True)
            await place.until(lambda: bool(place.telescope.captures))
        place.telescope.online = True
        async with place.open():
            await place.clock.sleep(30)
            assert place.results == []
            heartbeat = asyncio.create_task(keep_telling(place))
            await place.sessions_ended(1)
            heartbeat.cancel()
        return place

    assert run_virtual(night()).results[0]["result"] == "completed"


def test_a_policy_that_gives_up_waits_for_the_first_word_no_longer_than_a_session_may_wait(
    observatory: Make,
) -> None:
    async def night() -> Observatory:
        place = observatory(weather={**WEATHER, "policy": "abort"}, conditions={"max_wait_min": 20})
        place.drop("a.json", session())
        async with place.open():
            await place.sessions_ended(1, hours=0.5)
        return place

    assert run_virtual(night()).results[0]["result"] == "skipped"


def test_a_cloud_pauses_the_capture_and_ten_clear_minutes_let_it_go_on(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory(weather=WEATHER)
        place.drop("a.json", session())
        async with place.open():
            report(place, True, ttl=3600)
            await place.until(
                lambda: bool(place.telescope.captures) and place.telescope.captures[0].taken >= 4
            )
            report(place, False, ttl=3600)
            await place.clock.sleep(2)
            assert not place.telescope.captures[0].running
            assert place.said("status")[-1]["state"] == "paused"
            await place.clock.sleep(600)
            report(place, True, ttl=3600)
            cleared = place.clock.monotonic()
            await place.until(lambda: len(place.telescope.captures) == 2)
            assert 600 <= place.clock.monotonic() - cleared <= 700
            await place.sessions_ended(1)
        return place

    place = run_virtual(night())
    (result,) = place.results
    assert result["result"] == "completed"
    assert result["frames"]["taken"] == 12
    assert len(place.telescope.gotos) == 2
    assert "weather" in [wait["reason"] for wait in result["waits"]]


def test_a_source_that_falls_silent_stops_the_capture_within_a_second_of_its_deadline(
    observatory: Make,
) -> None:
    async def night() -> float:
        place = observatory(weather=WEATHER)
        place.drop(
            "a.json", session(setup_camera={"do_action": True, "exposure": "15", "gain": 80, "count": 99})
        )
        async with place.open():
            report(place, True, ttl=300)
            heard = place.clock.monotonic()
            await place.until(lambda: "stop_capture" in place.telescope.calls, every_s=0.05)
            return place.clock.monotonic() - heard - 300

    late = run_virtual(night())
    assert 0 <= late <= 1.0


def test_an_alert_ends_the_night(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory(weather=WEATHER)
        place.drop("a.json", session())
        place.drop("b.json", session())
        async with place.open():
            report(place, True, ttl=3600)
            await place.until(
                lambda: bool(place.telescope.captures) and place.telescope.captures[0].taken >= 4
            )
            report(place, False, ttl=3600, level="alert")
            await place.sessions_ended(1)
            report(place, True, ttl=3600)
            await place.clock.sleep(3 * 3600)
        return place

    place = run_virtual(night())
    (result,) = place.results
    assert result["result"] == "aborted"
    assert result["reason"] == "weather"
    assert len(place.telescope.captures) == 1


@pytest.mark.parametrize(("configured_min", "switched_min"), [(60, None), (180, 60)])
def test_a_wait_for_better_weather_is_bounded(
    observatory: Make, configured_min: int, switched_min: int | None
) -> None:
    async def night() -> Observatory:
        place = observatory(weather=WEATHER, conditions={"max_wait_min": configured_min})
        place.drop("a.json", session())
        async with place.open():
            if switched_min is not None:
                place.say("scope/set/max_wait_min", switched_min)
            report(place, False, ttl=3600)
            await place.sessions_ended(1, hours=1.2)
        return place

    (result,) = run_virtual(night()).results
    assert result["result"] == "skipped"
    assert result["reason"] == "weather"


def test_the_telescope_is_parked_when_it_rains_if_the_owner_wants_that(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory(weather=WEATHER, conditions={"unsafe_action": "stop_and_park"})
        place.drop("a.json", session())
        async with place.open():
            report(place, True, ttl=3600)
            await place.until(
                lambda: bool(place.telescope.captures) and place.telescope.captures[0].taken >= 4
            )
            report(place, False, ttl=3600)
            await place.until(lambda: "park" in place.telescope.calls, hours=0.2)
        return place

    place = run_virtual(night())
    calls = place.telescope.calls
    assert calls.index("stop_capture") < calls.index("park")


def test_a_night_that_an_alert_ended_and_a_person_resumed_goes_on_when_it_clears(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory(weather=WEATHER)
        async with place.open():
            report(place, False, level="alert", ttl=600)
            await place.clock.sleep(5)
            place.drop("a.json", session())
            await place.clock.sleep(60)
            assert "The night is over" in place.said("status")[-1]["message"]
            place.say("scope/command", {"command": "resume"})
            await place.clock.sleep(60)
            assert "rain" in place.said("status")[-1]["message"]
            heartbeat = asyncio.create_task(keep_telling(place))
            await place.sessions_ended(1, hours=1)
            heartbeat.cancel()
        return place

    assert run_virtual(night()).results[0]["result"] == "completed"


def test_a_telescope_that_a_person_uses_is_left_alone_whatever_the_weather(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory(weather=WEATHER)
        async with place.open():
            await place.clock.sleep(600)
            report(place, False, ttl=3600)
            await place.clock.sleep(600)
        return place

    assert "halt" not in run_virtual(night()).telescope.calls


def test_the_decision_and_its_reasons_are_published(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory(weather=WEATHER)
        async with place.open():
            await place.clock.sleep(5)
            report(place, False)
            await place.clock.sleep(5)
        return place

    said = run_virtual(night()).said("safety")
    assert said[0]["state"] == "unknown"
    assert said[-1]["state"] == "unsafe"
    assert any("rain" in reason for reason in said[-1]["reasons"])


OLD = "2020-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "bad",
    [
        {"safe": False, "ts": OLD},
        {"safe": False, "ts": "2040-01-01T00:00:00+00:00"},
        {"safe": False, "ttl": 1e12},
        '{"safe":false,"safe":true}',
        json.dumps({"safe": False, "reason": "x" * 300_000}),
    ],
    ids=["old", "future", "endless", "twice", "huge"],
)
def test_bad_news_of_any_shape_stops_the_capture_within_a_second(observatory: Make, bad: Any) -> None:
    async def night() -> float:
        place = observatory(weather=WEATHER)
        place.drop("a.json", session())
        async with place.open():
            report(place, True, ttl=3600)
            await place.until(lambda: bool(place.telescope.captures), every_s=0.05)
            said = place.clock.monotonic()
            place.say("safety/input/roof", bad)
            await place.until(lambda: "stop_capture" in place.telescope.calls, every_s=0.05)
            assert not place.said("safety")[-1]["safe"]
            return place.clock.monotonic() - said

    assert run_virtual(night()) <= 1.0


@pytest.mark.parametrize("retained", ["unsafe", {"safe": False, "ts": OLD}])
def test_bad_news_that_was_retained_while_the_broker_was_away_counts(
    observatory: Make, retained: Any
) -> None:
    async def night() -> None:
        place = observatory(weather=WEATHER)
        place.drop("a.json", session())
        async with place.open():
            report(place, True, ttl=3600)
            await place.until(lambda: bool(place.telescope.captures), every_s=0.05)
            place.port.cut()
            place.say("safety/input/roof", retained, retain=True)
            await place.clock.sleep(5)
            assert "stop_capture" not in place.telescope.calls
            place.port.restore()
            await place.clock.sleep(1)
            assert "stop_capture" in place.telescope.calls

    run_virtual(night())


@pytest.mark.parametrize("trust", [True, False])
def test_a_restart_of_home_assistant_stops_nothing_while_the_last_report_is_good(
    observatory: Make, trust: bool
) -> None:
    async def night() -> None:
        place = observatory(weather={**WEATHER, "trust_ttl": trust})
        place.drop("a.json", session())
        async with place.open():
            report(place, True, ttl=120)
            await place.until(lambda: bool(place.telescope.captures), every_s=0.05)
            report(place, True, ttl=120)
            place.broker.publish("homeassistant/status", "offline")
            await place.clock.sleep(60)
            assert ("stop_capture" in place.telescope.calls) is not trust
            await place.clock.sleep(62)
            assert "stop_capture" in place.telescope.calls

    run_virtual(night())


def test_nothing_that_a_source_says_breaks_a_line_of_the_log(
    observatory: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "agent")
    evil = "x\r\nERROR \x1b[31m\u202e"

    async def night() -> None:
        place = observatory(weather={**WEATHER, "topics": ["sky/rain is 0"]})
        async with place.open():
            for body in (
                {"safe": True, "reason": evil},
                {"safe": False, "reason": evil},
                evil,
                {"safe": evil},
            ):
                place.say("safety/input/roof", body)
                place.broker.publish("sky/rain", json.dumps(body))
                place.broker.publish("sky/rain", "0")
                await place.clock.sleep(1)
            for body in (
                {"safe": True, "level": evil},
                {"safe": True, "ts": evil},
                {"safe": True, "ttl": evil},
                {evil: 1, "safe": 2},
            ):
                place.say("safety/input/roof", body)
                place.say(f"safety/input/{evil}", body)
                await place.clock.sleep(1)

    run_virtual(night())
    assert any("Safety is" in record.getMessage() for record in caplog.records)
    for record in caplog.records:
        assert not set("\r\n\x1b\u202e") & set(record.getMessage()), record.getMessage()
