"""What the agent's own device in Home Assistant shows: log level and errors."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator

import pytest

from tests.app.conftest import DUSK, Observatory, session
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]


@pytest.fixture(autouse=True)
def _level_as_before() -> Iterator[None]:
    logger = logging.getLogger("agent")
    level = logger.level
    yield
    logger.setLevel(level)


def infos(place: Observatory) -> list[dict[str, object]]:
    return [json.loads(message.payload) for message in place.broker.all("dwarf/bridge/info")]


def test_errors_are_counted_a_storm_of_them_is_one_message_and_their_text_stays_here(
    observatory: Make,
) -> None:
    async def day() -> Observatory:
        place = observatory()
        async with place.open():
            await place.clock.sleep(60)
            before = len(infos(place))
            for number in range(50):
                logging.getLogger("agent.test").error("password=hunter%d", number)
            await place.clock.sleep(60)
            assert len(infos(place)) - before <= 2
        return place

    place = run_virtual(day())
    assert infos(place)[-1]["errors"] == 50
    assert "hunter" not in json.dumps(infos(place))


def test_the_log_level_is_set_over_mqtt_and_shown(observatory: Make) -> None:
    async def day() -> Observatory:
        place = observatory()
        async with place.open():
            place.say("bridge/request/log_level", {"level": "error"})
            await place.until(lambda: infos(place)[-1]["log_level"] == "error", hours=0.1)
            assert logging.getLogger("agent").level == logging.ERROR
            place.say("bridge/request/log_level", {"level": "chatty"})
            await place.clock.sleep(5)
        return place

    place = run_virtual(day())
    answers = [json.loads(message.payload) for message in place.broker.all("dwarf/bridge/response/log_level")]
    assert [answer["status"] for answer in answers] == ["ok", "error"]
    assert infos(place)[-1]["log_level"] == "error"


def test_a_chosen_file_that_has_started_is_chosen_no_more(observatory: Make) -> None:
    async def day() -> Observatory:
        place = observatory()
        start = {"date": (DUSK.replace(day=DUSK.day + 1)).strftime("%Y-%m-%d"), "time": "23:00:00"}
        place.drop("m42.json", session(id_command=start))
        async with place.open():
            await place.until(lambda: place.said("queue")[-1]["count"] == 1, hours=0.1)
            chosen = place.said("queue")[-1]["sessions"][0]["session_id"]
            place.say("scope/set/session_file", chosen)
            await place.until(lambda: place.said("settings")[-1]["session_file"] == chosen, hours=0.1)
            place.say("scope/command", {"command": "run"})
            await place.sessions_ended(1, hours=3)
            assert place.said("settings")[-1]["session_file"] == "(no file)"
            place.say("scope/set/session_file", "nothing_such")
            await place.clock.sleep(2)
            assert place.said("settings")[-1]["session_file"] == "(no file)", "it was never offered"
        return place

    assert run_virtual(day()).results[0]["result"] == "completed"


OTHERWISE = ", unless they say otherwise themselves."


@pytest.mark.parametrize(
    ("key", "value", "answer"),
    [
        ("scheduler", "OFF", "The scheduler is switched off."),
        ("scheduler", "on", "The scheduler is switched on."),
        ("scheduler", "maybe", 'Scheduler: "maybe" is neither true nor false.'),
        ("armed", "true", "The controls are armed for 10 min."),
        ("armed", "off", "The controls are not armed."),
        ("armed_minutes", "1", "The controls are armed for 1 min."),
        ("armed_minutes", "0", "The controls are not armed."),
        ("armed_minutes", "61", "Controls armed: '61' is not between 0 and 60 minutes"),
        ("armed_minutes", "long", "Controls armed: 'long' is not between 0 and 60 minutes"),
        ("weather_policy", "ignore", f"Sessions run whatever the weather{OTHERWISE}"),
        ("weather_policy", "Wait", f"In bad weather sessions wait{OTHERWISE}"),
        ("weather_policy", "abort", f"In bad weather sessions end{OTHERWISE}"),
        ("weather_policy", "hope", "Weather policy: 'hope' is not one of ignore, wait, abort"),
        ("max_wait", "900", "Sessions wait up to 900 min for the weather and the like."),
        ("max_wait_min", "30", "Sessions wait up to 30 min for the weather and the like."),
        ("max_wait_min", "long", "Longest wait: 'long' is not between 0 and 1440 minutes"),
        ("session_file", "(no file)", "No session is selected."),
        ("not_before", "", "No earliest start is set."),
        ("not_before", "2026-03-12T21:30", "No session begins by itself before 21:30."),
        ("not_before", "2026-03-13T01:30", "No session begins by itself before 2026-03-13 01:30."),
        ("not_before", "soon", "Not before: 'soon' is not an instant."),
        ("enclosure", "auto", "Enclosure mode: there is no box around this telescope"),
    ],
)
def test_a_changed_setting_is_answered_as_a_person_would(
    observatory: Make, key: str, value: str, answer: str
) -> None:
    async def day() -> Observatory:
        place = observatory(weather={"policy": "wait", "inputs": ["roof"]})
        async with place.open():
            place.say(f"scope/set/{key}", {"value": value})
            await place.until(lambda: bool(place.said("command/response")), hours=0.1)
        return place

    assert run_virtual(day()).said("command/response")[-1]["message"] == answer


def test_the_session_that_is_selected_is_named(observatory: Make) -> None:
    async def day() -> Observatory:
        place = observatory()
        place.drop("m42.json", session(id_command={"date": "2026-03-13", "time": "23:00:00"}))
        async with place.open():
            await place.until(lambda: place.said("queue")[-1]["count"] == 1, hours=0.1)
            place.say("scope/set/session_file", "m42")
            await place.until(lambda: bool(place.said("command/response")), hours=0.1)
        return place

    assert run_virtual(day()).said("command/response")[-1]["message"] == "Session m42 is selected."
