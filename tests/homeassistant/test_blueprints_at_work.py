"""The blueprints in Home Assistant's own hands: what they send, and what they never send."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

import pytest

pytest.importorskip("homeassistant.components.automation")

from tests.homeassistant.living import House, live

pytestmark = pytest.mark.home_assistant

RAIN = "binary_sensor.rain"
RUNNING = "binary_sensor.scope_running"
COMMAND = "notify.scope_command"


async def raining_house(house: House, **inputs: Any) -> None:
    house.say(RAIN, "off", friendly_name="Garden rain")
    house.say(RUNNING, "on")
    await house.automation(
        "abort_on_rain",
        **{"rain_sensors": [RAIN], "running": RUNNING, "command_entity": COMMAND, "dry_minutes": 0, **inputs},
    )


def test_rain_pauses_what_runs_and_what_runs_next_and_dryness_lets_it_go_on() -> None:
    async def story(house: House) -> list[Any]:
        await raining_house(house)
        house.say(RAIN, "on", friendly_name="Garden rain")
        await house.settle()
        house.say(RUNNING, "off")
        house.say(RUNNING, "on")
        await house.settle()
        house.say(RAIN, "off", friendly_name="Garden rain")
        await house.settle()
        return house.sent()

    first, second, last = live(story)
    assert (first["command"], first["cause"]) == ("pause", "weather")
    assert "Garden rain" in first["reason"]
    assert second["command"] == "pause"
    assert (last["command"], last["cause"]) == ("resume", "weather")


def test_rain_ends_the_night_once_if_the_owner_wants_that() -> None:
    async def story(house: House) -> list[Any]:
        await raining_house(house, what="end_night")
        house.say(RAIN, "on")
        await house.settle()
        house.say(RUNNING, "off")
        house.say(RAIN, "off")
        await house.settle()
        return house.sent()

    (only,) = live(story)
    assert (only["command"], only["cause"]) == ("end_night", "weather")


def test_a_sensor_that_is_gone_is_rain_only_if_the_owner_says_so() -> None:
    for counts in (False, True):

        async def story(house: House, counts: bool = counts) -> list[Any]:
            await raining_house(house, unavailable_is_rain=counts)
            house.say(RAIN, "unavailable")
            await house.settle()
            return house.sent()

        assert bool(live(story)) is counts


# -- the weather heartbeat ----------------------------------------------------------------------------------

WEATHER = "binary_sensor.scope_weather"


async def heartbeat_of(house: House, **inputs: Any) -> None:
    """Have the heartbeat of a rain and a cloud sensor, both content."""
    house.of_mqtt(WEATHER)
    house.say(WEATHER, "off")
    house.say("sensor.cloud", "10", friendly_name="All sky cloud")
    house.say(RAIN, "off", friendly_name="Garden rain")
    sensors = {"rain_sensors": [RAIN], "cloud_sensors": ["sensor.cloud"]}
    await house.automation("weather_heartbeat", **{**sensors, **inputs})


@pytest.mark.parametrize(
    ("inputs", "state", "cloud", "level"),
    [
        ({}, "on", "10", "alert"),
        ({}, "unavailable", "10", "warning"),
        ({}, "off", "90", "warning"),
        ({"alert_sensors": ["sensor.cloud"]}, "off", "90", "alert"),
        ({"warning_sensors": [RAIN]}, "on", "10", "warning"),
        ({}, "on", "90", "alert"),
    ],
)
def test_rain_is_an_alert_and_every_sensor_may_say_which_it_is(
    inputs: dict[str, Any], state: str, cloud: str, level: str
) -> None:
    async def story(house: House) -> Any:
        await heartbeat_of(house, **inputs)
        house.say("sensor.cloud", cloud, friendly_name="All sky cloud")
        house.say(RAIN, state, friendly_name="Garden rain")
        await house.settle()
        return house.sent("mqtt.publish")[-1]

    told = live(story)
    assert (told["safe"], told["level"]) == (False, level)
    assert "binary_sensor." not in told["reason"], "people are told names"
    assert "Garden rain" in told["reason"] or "All sky cloud" in told["reason"]
    assert "90.0" not in told["reason"]
    assert told["ttl"] == 180


def test_a_clear_sky_is_told_as_one() -> None:
    async def story(house: House) -> Any:
        await heartbeat_of(house)
        house.say("sensor.cloud", "11")
        await house.settle()
        return house.sent("mqtt.publish")[-1]

    told = live(story)
    assert (told["safe"], told["level"], told["reason"]) == (True, "clear", "")


def test_nothing_is_sent_while_home_assistant_has_no_broker(caplog: pytest.LogCaptureFixture) -> None:
    async def story(house: House) -> list[Any]:
        await heartbeat_of(house)
        await house.settle()
        house.told.clear()
        house.say(WEATHER, "unavailable")
        house.say(RAIN, "on")
        await house.settle()
        silent = house.sent("mqtt.publish")
        house.say(WEATHER, "off")
        house.say(RAIN, "off")
        await house.settle()
        assert house.sent("mqtt.publish"), "it speaks again as soon as there is one"
        return silent

    assert live(story) == []
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


# -- a new session ------------------------------------------------------------------------------------------

RESPONSE = "sensor.scope_last_response"


async def submits(house: House, **fields: Any) -> Any:
    house.say(RESPONSE, "unknown")
    await house.script(
        "submit_session",
        submit_entity="notify.scope_submit",
        response_entity=RESPONSE,
        answer_seconds=2,
    )

    async def answers(call: Any) -> None:
        house.told.append(("notify.send_message", dict(call.data)))
        request = house.sent()[-1]["request_id"]
        house.say(RESPONSE, "Queued.", request_id=request, status="accepted", code="queued", session_id="m31")

    house.hass.services.async_register("notify", "send_message", answers)
    return await house.run("submit_session", **{"target": "M 31", **fields})


def about(house: House) -> Any:
    return house.sent()[-1]["command"]["id_command"]


@pytest.mark.parametrize("hours", [1, -1])
def test_a_time_alone_is_the_next_such_time(hours: int) -> None:
    wanted = (datetime.now().astimezone() + timedelta(hours=hours)).replace(second=0, microsecond=0)
    text = wanted.strftime("%H:%M")

    async def story(house: House) -> datetime:
        assert (await submits(house, start=text))["status"] == "accepted"
        return datetime.fromisoformat(about(house)["date"])

    told = live(story)
    now = datetime.now().astimezone()
    assert now < told <= now + timedelta(days=1, hours=1)
    assert told.timestamp() % 86400 == wanted.timestamp() % 86400


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("hallo", "not a time"),
        ("25:00", "not a time"),
        ("22", "not a time"),
        ("22.30", '"22.30" is not a time'),
        ("2026-11-22", "not a time"),
        ("2020-11-22 21:40:00", "has passed"),
    ],
)
def test_any_other_start_is_refused_with_words_and_nothing_is_sent(text: str, word: str) -> None:
    async def story(house: House) -> Any:
        answer = await submits(house, start=text)
        return answer, house.sent(), house.sent("persistent_notification.create")

    answer, sent, notes = live(story)
    assert sent == []
    assert (answer["status"], answer["code"]) == ("error", "invalid")
    assert word in answer["message"]
    assert text in answer["message"]
    assert word in notes[0], "who fills in the dialog sees no response"


def test_without_a_start_it_starts_when_the_telescope_is_free_and_stops_on_rain_if_asked() -> None:
    async def story(house: House) -> Any:
        await submits(house, exposure="15", filter="Astro", count=60, stop_on_rain=True)
        return house.sent()[-1]["command"]

    told = live(story)
    assert "date" not in told["id_command"]
    assert told["setup_camera"] == {"do_action": True, "exposure": "15", "count": 60, "IRCut": "Astro"}
    assert told["conditions"] == {"do_action": True, "weather": True}


# -- the rest -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "after_button", "cause"),
    [("weather", False, "weather"), ("user", False, None), ("user", True, "user")],
)
def test_a_clear_sky_takes_back_what_the_weather_paused_and_no_more(
    reason: str, after_button: bool, cause: str | None
) -> None:
    async def story(house: House) -> list[Any]:
        house.say(WEATHER, "on")
        house.say("sensor.scope_status", "paused", reason=reason)
        await house.automation(
            "resume_when_clear",
            sky=WEATHER,
            status="sensor.scope_status",
            command_entity=COMMAND,
            clear_minutes=0,
            after_button=after_button,
        )
        house.say(WEATHER, "off")
        await house.settle()
        return [(sent["command"], sent["cause"]) for sent in house.sent()]

    assert live(story) == ([("resume", cause)] if cause else [])


AGENT = "binary_sensor.agent"


def test_rain_while_the_agent_is_gone_takes_the_second_way_until_it_is_back() -> None:
    async def story(house: House) -> list[str]:
        house.stub("shell_command", "park")
        house.say(RAIN, "off")
        house.say(AGENT, "on")
        await house.automation(
            "rescue_in_the_rain",
            rain_sensors=[RAIN],
            agent_connectivity=AGENT,
            gone_minutes=0,
            rescue_actions=[
                {"action": "shell_command.park"},
                {"action": "notify.send_message", "data": {"message": "{{ message }}"}},
            ],
        )
        house.say(RAIN, "on")
        await house.settle()
        assert house.told == [], "the agent is there and does it"
        house.say(AGENT, "off")
        await house.settle_soon()
        told = [name for name, _ in house.told]
        house.say(AGENT, "on")
        await house.settle()
        return told

    assert live(story) == ["shell_command.park", "notify.send_message"]


# -- neighbours ---------------------------------------------------------------------------------------------

UPTONIGHT = [  # rows as UpTonight publishes them, and as AstroWeather's sensor has them
    {
        "target name": "Andromeda Galaxy (M 31, 178.0\u0027, 3.4)",
        "hmsdms": "00h42m44.35s +41d16m08.6s",
        "right ascension": 10.6875,
        "declination": 41.2812,
        "altitude": 62.4,
        "azimuth": 89.1,
        "type": "Galaxy",
        "constellation": "Andromeda",
        "size": 178.0,
        "mag": 3.4,
        "foto": 1.0,
    },
    {
        "id": "NGC 7000",
        "name": "North America Nebula",
        "type": "Nebula",
        "constellation": "Cygnus",
        "foto": 0.9,
    },
    {"id": "IC 1396", "name": "Elephant's Trunk", "foto": 0.8},
]


def test_the_best_of_uptonight_are_proposed_and_queued_by_one_tap() -> None:
    dark = (datetime.now().astimezone() + timedelta(minutes=30)).replace(microsecond=0)

    async def story(house: House) -> tuple[list[Any], list[Any]]:
        phone = house.phone()
        house.say("sensor.uptonight", "3", objects=UPTONIGHT)
        house.say("weather.home", "clear-night")
        hours = [
            {"datetime": (dark + timedelta(hours=hour)).isoformat(), "cloud_coverage": 20}
            for hour in range(5)
        ]
        house.stub_answer("weather", "get_forecasts", {"weather.home": {"forecast": hours}})
        await house.automation(
            "ask_me_tonight",
            phone=phone,
            submit_entity="notify.scope_submit",
            darkness_entity="sensor.scope_darkness",
            uptonight_entity="sensor.uptonight",
            how_many=2,
            filter="Astro",
            weather_entity="weather.home",
        )
        until = (dark + timedelta(hours=4)).isoformat()
        house.say("sensor.scope_darkness", dark.isoformat(), dark_until=until, moon_percent=12)
        await house.settle_soon()
        (asked,) = [data for name, data in house.told if name == "notify.mobile_app_phone"]
        house.hass.bus.async_fire(
            "mobile_app_notification_action", {"action": asked["data"]["actions"][0]["action"]}
        )
        await house.settle()
        return asked, house.sent()

    asked, sent = live(story)
    assert "M 31, NGC 7000?" in asked["message"]
    assert "Moon 12 %, clouds 20 %" in asked["message"]
    first, second = (one["command"] for one in sent)
    assert first["goto_manual"] == {
        "target": "M 31",
        "ra_coord": "00:42:44.35",
        "dec_coord": "+41:16:08.6",
        "do_action": True,
    }
    assert second["goto_manual"] == {"target": "NGC 7000", "do_action": True}
    assert first["setup_camera"]["IRCut"] == "Astro"
    assert (first["calibration"]["do_action"], second["calibration"]["do_action"]) == (True, False)
    assert datetime.fromisoformat(first["id_command"]["date"]) == dark


def test_the_agents_own_suggestions_are_proposed_once_a_night() -> None:
    dark = (datetime.now().astimezone() + timedelta(minutes=30)).replace(microsecond=0)
    best = [
        {"target": "M 42", "waits": True},
        {"target": "NGC 1499", "waits": False},
        {"target": "IC 434", "waits": False},
        {"target": "M 33", "waits": False},
    ]

    async def story(house: House) -> tuple[list[str], list[Any]]:
        await house.automation(
            "ask_me_tonight",
            phone=house.phone(),
            submit_entity="notify.scope_submit",
            darkness_entity="sensor.scope_darkness",
            suggestions_entity="sensor.scope_suggestions",
            uptonight_entity="sensor.uptonight",
            how_many=2,
        )
        house.say("sensor.uptonight", "unknown")
        house.say("sensor.scope_suggestions", "M 42", suggestions=best)
        house.say("sensor.scope_darkness", dark.isoformat(), moon_percent=12)
        await house.settle_soon()
        (asked,) = [data for name, data in house.told if name == "notify.mobile_app_phone"]
        action = asked["data"]["actions"][0]["action"]
        house.hass.bus.async_fire("mobile_app_notification_action", {"action": action})
        await house.settle()
        for state in ("unavailable", dark.isoformat()):
            house.say("sensor.scope_darkness", state, moon_percent=12)
            await house.settle_soon()
        return [data["message"] for name, data in house.told if "mobile_app" in name], house.sent()

    asked, sent = live(story)
    assert len(asked) == 1
    assert "NGC 1499, IC 434?" in asked[0]
    assert [one["command"]["goto_manual"]["target"] for one in sent] == ["NGC 1499", "IC 434"]


@pytest.mark.parametrize(("state", "safe"), [("23", True), ("71", False), ("unavailable", False)])
def test_astroweathers_sensors_are_sources_like_any_other(state: str, safe: bool) -> None:
    cloud = "sensor.astroweather_backyard_cloud_cover"

    async def story(house: House) -> Any:
        await heartbeat_of(house, cloud_sensors=[cloud])
        house.say(cloud, state, friendly_name="AstroWeather Backyard Cloud Cover", unit_of_measurement="%")
        await house.settle()
        return house.sent("mqtt.publish")[-1]

    told = live(story)
    assert told["safe"] is safe
    assert safe or "AstroWeather Backyard Cloud Cover" in told["reason"]


@pytest.mark.parametrize(
    ("sentence", "state", "words", "command"),
    [
        ("what is the telescope doing", "imaging", "12 of 60 frames, about 11 minutes", None),
        ("was macht das Teleskop", "imaging", "12 von 60 Bildern, noch etwa 11", None),
        ("why is it not imaging", "paused", "The telescope is paused, M 31: rain (Garden)", None),
        ("warum belichtet das Teleskop nicht", "unavailable", "antwortet nicht", None),
        ("stop the telescope", "imaging", "telling", "abort"),
        ("beende die Nacht", "imaging", "sage es", "end_night"),
    ],
)
def test_it_is_asked_in_words_and_answers_in_them(
    sentence: str, state: str, words: str, command: str | None
) -> None:
    async def story(house: House) -> tuple[str, list[Any]]:
        message = "rain (Garden)" if state == "paused" else ""
        house.say("sensor.scope", state, target="M 31", message=message)
        house.say("sensor.progress", "20", frames={"stacked": 12, "total": 60}, remaining_s=630)
        await house.automation(
            "assist", status="sensor.scope", progress="sensor.progress", command_entity=COMMAND
        )
        return await house.talk(sentence), house.sent()

    answer, sent = live(story)
    assert words in answer
    assert [one["command"] for one in sent] == ([command] if command else [])


def test_a_typed_target_is_gone_to_as_it_was_typed() -> None:
    typed = ["5", "05:35:17 -05:23:28", 'Barnard\'s "Star" {{ 1 }}']

    async def story(house: House) -> list[Any]:
        await house.script("goto", command_entity=COMMAND)
        for target in typed:
            await house.run("goto", target=target)
        return house.sent()

    assert [(one["command"], one["target"]) for one in live(story)] == [("goto", one) for one in typed]


def test_a_form_without_a_target_takes_frames_where_it_points() -> None:
    async def story(house: House) -> list[Any]:
        await submits(house, target="", count=10)
        return house.sent()

    (only,) = live(story)
    assert only["command"]["goto_manual"] == {"do_action": False}
    assert only["command"]["setup_camera"] == {"count": 10, "do_action": True, "without_goto": True}


def test_coordinates_without_a_name_are_gone_to() -> None:
    async def story(house: House) -> list[Any]:
        await submits(house, target="", ra="05:35:17", dec="-05:23:28", count=10)
        return house.sent()

    (only,) = live(story)
    assert only["command"]["goto_manual"] == {
        "ra_coord": "05:35:17",
        "dec_coord": "-05:23:28",
        "do_action": True,
    }
    assert "without_goto" not in only["command"]["setup_camera"]
