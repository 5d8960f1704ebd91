"""Nights that were wasted once: sessions thrown away before the dark, idling, burnt minutes, wrong words."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent.sky.ephemeris import altitude, sun
from agent.targets import Site, SkyTarget
from tests.app.conftest import Observatory
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
PARIS = Site(48.85, 2.35, 0.0, "Europe/Paris")
DEFAULTS: dict[str, Any] = {"sun_below": None, "min_altitude": None}
ROME = {"latitude": 41.9, "longitude": 12.5, "timezone": "Europe/Rome"}


def wants(target: str, count: int = 20, exposure: str = "15", **more: Any) -> dict[str, Any]:
    id_command = {
        key: more.pop(key) for key in list(more) if key in ("date", "time", "priority", "when_missed")
    }
    if end := more.pop("end_time", None):
        id_command["end_time"] = end
    return {
        "command": {
            "id_command": id_command,
            "goto_manual": {"do_action": True, "target": target},
            "setup_camera": {"do_action": True, "exposure": exposure, "gain": 80, "count": count},
            **more,
        }
    }


def lived(
    observatory: Make,
    start: str,
    hours: float,
    files: dict[str, dict[str, Any]],
    *,
    later: tuple[float, Callable[[Observatory], None]] | None = None,
    **settings: Any,
) -> Observatory:
    """An agent that starts at an instant (UTC) and lives so long, with files that are there at its start."""
    settings["conditions"] = {**DEFAULTS, **settings.get("conditions", {})}

    async def life() -> Observatory:
        place = observatory(
            start=datetime.fromisoformat(start).replace(tzinfo=UTC), poll_seconds=60, **settings
        )
        for name, document in files.items():
            place.drop(f"{name}.json", document)
        async with place.open():
            left = hours
            if later is not None:
                await place.clock.sleep(later[0] * 3600)
                later[1](place)
                left -= later[0]
            await place.clock.sleep(left * 3600)
        return place

    return run_virtual(life())


def starts(place: Observatory) -> list[tuple[str, str]]:
    """Each beginning of a session: its id, and the clock at the site."""
    return [
        (event["session_id"], event["ts"][11:16])
        for event in place.said("event")
        if event["event_type"] == "session_started"
    ]


def ended(place: Observatory) -> dict[str, tuple[str, int]]:
    return {one["session_id"]: (one["result"], one["frames"]["taken"]) for one in place.results}


def planned(place: Observatory, number: int = -1) -> dict[str, dict[str, Any]]:
    """The sessions of a plan that was asked for."""
    answer = json.loads(place.broker.all("dwarf/bridge/response/plan")[number].payload)
    return {session["session_id"]: session for session in answer["data"]["sessions"]}


def asks_for_the_plan(place: Observatory) -> None:
    place.say("bridge/request/plan", {})


# -- foreseeable waits never discard ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("session", "begins"),
    [
        (wants("M 51", date="2026-03-12", time="18:00:00"), "20:36"),
        (wants("M 51", date="2026-03-12"), "20:36"),
        (wants("M 51"), "20:36"),
    ],
)
def test_a_session_that_is_due_hours_before_the_dark_waits_for_it(
    observatory: Make, session: dict[str, Any], begins: str
) -> None:
    place = lived(observatory, "2026-03-12T14:00", 12, {"a": session}, conditions={"sun_below": -18})
    assert starts(place) == [("a", begins)]
    assert ended(place) == {"a": ("completed", 20)}


def test_waiting_for_the_sky_does_not_use_up_what_may_be_waited_for_the_battery(observatory: Make) -> None:
    """Half an hour of it is spent by day, when the session could not run anyway."""

    def low(place: Observatory) -> None:
        from agent.events import Telemetry

        place.telescope.set_telemetry(Telemetry(battery=20))

    def full(place: Observatory) -> None:
        from agent.events import Telemetry

        low_until.append(place.clock.now())
        place.telescope.set_telemetry(Telemetry(battery=90))

    low_until: list[datetime] = []
    conditions = {"min_battery": 50, "max_wait_min": 60}
    files = {"a": wants("M 42")}

    async def life(minutes: float) -> Observatory:
        start = datetime(2026, 3, 12, 15, tzinfo=UTC)
        place = observatory(start=start, conditions={**DEFAULTS, **conditions}, poll_seconds=60)
        low(place)
        place.drop("a.json", files["a"])
        async with place.open():
            await place.clock.sleep(4 * 3600 + minutes * 60)  # dark since 18:59 UTC
            full(place)
            await place.clock.sleep(3600)
        return place

    assert ended(run_virtual(life(50))) == {"a": ("completed", 20)}


# -- foreseeable losses give the turn back ------------------------------------------------------------------


def test_a_target_that_gets_too_high_lets_the_next_one_run_and_goes_on_afterwards(observatory: Make) -> None:
    files = {
        "a": wants("M 31", 600, date="2026-12-12", time="17:50:00"),
        "b": wants("M 45", 200, date="2026-12-12", time="18:35:00"),
    }
    place = lived(
        observatory,
        "2026-12-12T14:00",
        13,
        files,
        later=(0.1, asks_for_the_plan),
        site=ROME,
        conditions={"max_altitude": 80},
    )
    told = planned(place)
    assert [name for name, _ in starts(place)] == ["a", "b", "a"]
    assert ended(place) == {"a": ("completed", 600), "b": ("completed", 200)}
    assert len(told["a"]["blocks"]) == 2
    assert told["a"]["blocks"][0]["ends"] == "M 31 leaves its altitude limits"
    assert starts(place)[1][1] == told["b"]["run"][0][11:16]
    assert place.files("Error") == []


def test_a_gap_of_hours_ends_nothing(observatory: Make) -> None:
    files = {"a": wants("M 31", 300, date="2026-12-12", time="17:30:00")}
    conditions = {"max_altitude": 72, "max_wait_min": 120}
    place = lived(observatory, "2026-12-12T14:00", 12, files, site=ROME, conditions=conditions)
    assert [clock[:2] for _, clock in starts(place)] == ["17", "21"]
    assert ended(place) == {"a": ("completed", 300)}


def test_a_session_is_not_burnt_minutes_before_dawn_and_its_rest_is_not_lost(observatory: Make) -> None:
    late = wants("M 57", 480, date="2026-03-13", time="06:30:00")
    place = lived(observatory, "2026-03-13T04:00", 24, {"late": late})
    assert starts(place)[0][1] < "05:00"  # of the next night: not six minutes before the dawn of this one
    assert len(place.telescope.gotos) == 1
    early = wants("M 57", 480, date="2026-03-13", time="05:00:00")
    place = lived(observatory, "2026-03-13T03:00", 24, {"early": early})
    assert [name for name, _ in starts(place)] == ["early", "early"]
    assert ended(place) == {"early": ("completed", 480)}
    first, second = place.telescope.captures
    assert first.taken + second.taken == 480
    assert second.count == 480 - first.taken
    assert len(place.telescope.gotos) == 2


# -- the dark is waited for ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("when", "limit"), [({}, -12.0), ({"time": "15:30:00"}, -6.0)])
def test_with_a_place_a_deep_sky_target_waits_for_the_dark(
    observatory: Make, when: dict[str, str], limit: float
) -> None:
    place = lived(observatory, "2026-03-12T14:00", 8, {"a": wants("M 42", **when)})
    (result,) = place.results
    began = datetime.fromisoformat(result["started_at"])
    assert sun(PARIS, began).altitude == pytest.approx(limit, abs=0.1)


def test_without_a_place_it_runs_at_once_and_the_log_says_what_is_lost(
    observatory: Make, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        place = lived(
            observatory, "2026-03-12T14:00", 1, {"a": wants("M 42")}, site={"timezone": "Europe/Paris"}
        )
    assert ended(place) == {"a": ("completed", 20)}
    assert any("latitude and longitude" in record.getMessage() for record in caplog.records)


def test_a_target_that_is_down_is_waited_for_and_not_pointed_at(observatory: Make) -> None:
    place = lived(observatory, "2026-03-12T21:00", 9, {"a": wants("M 4")})
    (result,) = place.results
    assert result["result"] == "completed"
    began = datetime.fromisoformat(result["started_at"])
    assert altitude(SkyTarget("M 4", 16.393, -26.526), PARIS, began) == pytest.approx(10, abs=0.1)


def test_a_time_after_midnight_means_this_night(observatory: Make) -> None:
    place = lived(observatory, "2026-03-12T19:30", 8, {"a": wants("M 3", time="01:30:00")})
    assert starts(place) == [("a", "01:30")]


def test_a_date_of_today_is_not_missed_on_arrival(observatory: Make) -> None:
    today = wants("M 42", date="2026-03-12", when_missed="skip")
    place = lived(observatory, "2026-03-12T15:00", 8, {"a": today})
    assert ended(place) == {"a": ("completed", 20)}


def test_a_night_that_never_gets_that_dark_says_so_with_the_setting_and_the_next_night(
    observatory: Make,
) -> None:
    edinburgh = {"latitude": 55.95, "longitude": -3.19, "timezone": "Europe/London"}
    place = lived(
        observatory,
        "2026-06-15T20:00",
        1,
        {"a": wants("M 13")},
        later=(0.1, asks_for_the_plan),
        site=edinburgh,
    )
    told = planned(place)["a"]
    assert (told["run"], told["reason"]) == (None, "twilight")
    assert "the Sun goes down to -11 degrees, the limit is -12 (sun_below)" in told["why_not"]
    assert told["next_night"].startswith("2026-07-")
    (waits,) = place.said("queue")[-1]["sessions"]
    assert waits["waits_for"] == "twilight"
    assert place.files("ToDo") == ["a.json"]


def test_a_planet_near_the_sun_waits_for_it_to_set(observatory: Make) -> None:
    mercury = wants("Mercury", 12, date="2026-02-13", time="18:10:00")
    place = lived(observatory, "2026-02-13T16:00", 4, {"a": mercury}, conditions={"sun_below": -2})
    (result,) = place.results
    assert (result["result"], result["frames"]["taken"]) == ("completed", 12)
    assert sun(PARIS, datetime.fromisoformat(result["started_at"])).altitude == pytest.approx(-3, abs=0.2)


def test_the_end_of_a_northern_winter_night_lasts_until_noon(observatory: Make) -> None:
    stockholm = {"latitude": 59.33, "longitude": 18.07, "timezone": "Europe/Stockholm"}
    place = lived(
        observatory,
        "2026-12-15T16:00",
        20,
        {"a": wants("M 31", time="19:00:00")},
        later=(0.5, lambda place: place.say("scope/command", {"command": "end_night"})),
        site=stockholm,
    )
    assert starts(place) == []
    assert place.files("ToDo") == ["a.json"]


# -- the plan says what runs --------------------------------------------------------------------------------


def test_the_plan_knows_what_runs(observatory: Make) -> None:
    files = {
        "a-long": wants("M 81", 400, time="20:00:00"),
        "b": wants("M 44", 60, time="20:30:00"),
    }
    place = lived(observatory, "2026-03-12T18:00", 8, files, later=(1.7, asks_for_the_plan))
    told = planned(place)
    ends = datetime.fromisoformat(told["a-long"]["run"][1])
    assert ends - datetime.fromisoformat("2026-03-12T21:47:00+01:00") < timedelta(minutes=2)
    (began,) = [event["ts"] for event in place.said("event") if event["event_type"] == "session_started"][1:2]
    assert abs(datetime.fromisoformat(told["b"]["run"][0]) - datetime.fromisoformat(began)) < timedelta(
        minutes=1
    )


def test_the_true_reason_is_told_with_its_date(observatory: Make) -> None:
    files = {
        "all-night": wants("M 81", 999, time="20:00:00", priority=5),
        "crowded": wants("M 44", 400, end_time="23:30"),
        "tomorrow": wants("M 44", date="2026-03-14", time="03:30:00"),
        "never": wants("M 7"),
    }
    place = lived(observatory, "2026-03-12T15:00", 0.2, files, later=(0.1, asks_for_the_plan))
    told = planned(place)
    assert (told["crowded"]["reason"], told["crowded"]["conflicts"]) == ("queue", ["all-night"])
    assert "the telescope is busy with all-night" in told["crowded"]["why_not"]
    assert told["tomorrow"]["why_not"] == "The session starts on 2026-03-14 at 03:30."
    assert told["tomorrow"]["next_night"] == "2026-03-13"
    (never,) = place.results
    assert (never["result"], never["reason"]) == ("skipped", "altitude")
    assert never["message"].startswith("M 7 never gets above 6 degrees here; the minimum is 10.")
    assert told["all-night"]["conflicts"] == []


def test_a_session_that_cannot_be_planned_keeps_no_other_one_from_its_turn(
    observatory: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent.planner import make

    def windows(request: Any, *more: Any) -> Any:
        if request.session_id == "odd":
            raise OverflowError("boom")
        return before(request, *more)

    before = make.windows_of
    monkeypatch.setattr(make, "windows_of", windows)
    files = {"odd": wants("M 42", priority=9), "good": wants("M 42")}
    place = lived(observatory, "2026-03-12T18:00", 3, files)
    assert ended(place) == {"good": ("completed", 20)}
    assert place.files("ToDo") == ["odd.json"]


# -- what it costs ------------------------------------------------------------------------------------------


def test_a_choice_among_sixty_sessions_takes_the_event_loop_a_few_milliseconds(observatory: Make) -> None:
    names = ["M 31", "M 42", "M 45", "M 13", "M 57", "M 81", "M 51", "M 44", "M 35", "M 3"]

    async def evening() -> list[float]:
        start = datetime(2026, 3, 12, 14, tzinfo=UTC)
        place = observatory(start=start, conditions={**DEFAULTS, "min_altitude": 30}, poll_seconds=60)
        for number in range(60):
            place.drop(f"s{number:02}.json", wants(names[number % 10], 100, priority=number % 3))
        took = []
        async with place.open():
            dispatcher = place.stations["scope"].dispatcher
            await place.clock.sleep(60)
            assert len(dispatcher.queue) == 60
            for _ in range(10):
                began = time.process_time()
                dispatcher.kick()  # as each report of the telescope does
                await place.clock.sleep(0.01)
                took.append(time.process_time() - began)
        return took

    assert min(run_virtual(evening())) < 0.01
