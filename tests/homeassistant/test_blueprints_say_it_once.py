"""What a person is told by the blueprints: once, and of which telescope."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

pytest.importorskip("homeassistant.components.automation")

from agent.events import Status
from tests.homeassistant.living import House, live

pytestmark = pytest.mark.home_assistant

NOTIFIED = "persistent_notification.create"
TELL = [{"action": NOTIFIED, "data": {"title": "{{ title }}", "message": "{{ message }}"}}]
TELESCOPE, AGENT, RUNNING = "binary_sensor.scope", "binary_sensor.agent", "binary_sensor.scope_running"


def messages(house: House) -> list[str]:
    return [str(data["message"]) for name, data in house.told if name == NOTIFIED]


def test_a_session_that_comes_back_into_the_rain_is_paused_and_not_told_again() -> None:
    async def story(house: House) -> tuple[list[Any], list[str]]:
        house.say(RUNNING, "on")
        house.say("binary_sensor.rain", "off")
        await house.automation(
            "abort_on_rain",
            rain_sensors=["binary_sensor.rain"],
            running=RUNNING,
            command_entity="notify.scope_command",
            then_actions=[{"action": NOTIFIED, "data": {"message": "rain"}}],
        )
        house.say("binary_sensor.rain", "on")
        for state in ("unavailable", "on"):  # the agent starts again
            house.say(RUNNING, state)
            await house.settle()
        return [one["command"] for one in house.sent()], messages(house)

    assert live(story) == (["pause", "pause"], ["rain"])


def test_rain_that_one_sensor_tells_of_is_not_told_again_when_the_other_is_dry() -> None:
    first, second = "binary_sensor.rain_front", "binary_sensor.rain_back"

    async def story(house: House) -> tuple[list[Any], list[str]]:
        house.say(RUNNING, "on")
        house.say(first, "off")
        house.say(second, "off")
        await house.automation(
            "abort_on_rain",
            rain_sensors=[first, second],
            running=RUNNING,
            command_entity="notify.scope_command",
            dry_minutes=0,
            then_actions=[{"action": NOTIFIED, "data": {"message": "rain"}}],
        )
        for sensor, state in ((first, "on"), (second, "on"), (second, "off"), (second, "unavailable")):
            house.say(sensor, state)
            await house.settle()
        for sensor in (second, first):
            house.say(sensor, "off")
            await house.settle()
        return [one["command"] for one in house.sent()], messages(house)

    assert live(story) == (["pause", "pause", "resume"], ["rain"])


def test_what_rain_paused_goes_on_when_the_last_sensor_has_been_dry_for_long_enough() -> None:
    sensors = ["binary_sensor.rain_front", "binary_sensor.rain_back"]

    async def story(house: House) -> tuple[list[Any], list[Any]]:
        house.say(RUNNING, "on")
        await house.automation(
            "abort_on_rain",
            rain_sensors=sensors,
            running=RUNNING,
            command_entity="notify.scope_command",
            dry_minutes=0.01,
        )
        for sensor in sensors:
            house.say(sensor, "on")
        await house.settle_soon()
        for sensor in sensors:
            house.say(sensor, "off")
            await house.settle_soon()
        early = house.sent()
        for _ in range(3):
            await house.settle_soon()
        return early, house.sent()

    early, late = ([one["command"] for one in told] for told in live(story))
    assert "resume" not in early
    assert late.count("resume") == 1


async def low_house(house: House) -> None:
    house.say("sensor.battery", "90")
    house.say("sensor.storage", "60")
    await house.automation(
        "low_battery_or_storage", battery="sensor.battery", storage="sensor.storage", notify_actions=TELL
    )


def test_a_low_battery_is_no_news_again_because_the_telescope_was_not_heard_meanwhile() -> None:
    async def story(house: House) -> list[str]:
        await low_house(house)
        for state in ("24", "unavailable", "23", "unknown", "22"):
            house.say("sensor.battery", state)
            await house.settle()
        house.say("sensor.storage", "3")
        await house.settle()
        for state in ("80", "20"):  # charged, and low again
            house.say("sensor.battery", state)
            await house.settle()
        return messages(house)

    assert live(story) == [
        "The battery is at 24 %.",
        "3.0 GB of storage are left.",
        "The battery is at 20 %.",
    ]


def test_a_telescope_that_comes_with_a_low_battery_is_told_of() -> None:
    async def story(house: House) -> list[str]:
        house.say("sensor.battery", "unavailable")
        house.say("sensor.storage", "unavailable")
        await house.automation(
            "low_battery_or_storage", battery="sensor.battery", storage="sensor.storage", notify_actions=TELL
        )
        house.say("sensor.battery", "12")
        house.say("sensor.storage", "2")
        await house.settle()
        return messages(house)

    assert live(story) == ["The battery is at 12 %. 2.0 GB of storage are left."]


def test_nothing_is_told_of_a_battery_that_turns_out_to_charge() -> None:
    async def story(house: House) -> list[str]:
        for entity in ("sensor.battery", "sensor.storage", "binary_sensor.charging"):
            house.say(entity, "unavailable")
        await house.automation(
            "low_battery_or_storage",
            battery="sensor.battery",
            storage="sensor.storage",
            charging="binary_sensor.charging",
            notify_actions=TELL,
        )
        house.say("sensor.battery", "12")
        await house.settle_soon()
        house.say("binary_sensor.charging", "on")
        house.say("sensor.storage", "60")
        await house.settle()
        return messages(house)

    assert live(story) == []


async def watched(house: House) -> None:
    """A session runs, and the blueprint looks after telescope and agent."""
    for entity in (RUNNING, TELESCOPE, AGENT):
        house.say(entity, "on")
    await house.automation(
        "agent_offline",
        running=RUNNING,
        telescope_connectivity=TELESCOPE,
        agent_connectivity=AGENT,
        minutes=0,
        notify_actions=TELL,
    )


def test_a_broker_that_is_lost_during_a_session_is_told_although_the_agent_is_watched_too() -> None:
    async def story(house: House) -> list[str]:
        await watched(house)
        for entity in (AGENT, TELESCOPE, RUNNING):
            house.say(entity, "unavailable")
        await house.settle()
        return messages(house)

    (only,) = live(story)
    assert "during a session" in only


def test_an_agent_that_dies_in_a_session_is_told_once() -> None:
    async def story(house: House) -> list[str]:
        await watched(house)
        house.say(AGENT, "off")
        for entity in (TELESCOPE, RUNNING):
            house.say(entity, "unavailable")
        await house.settle()
        return messages(house)

    assert len(live(story)) == 1


def test_two_telescopes_ask_about_tonight_apart_and_a_tap_queues_for_one() -> None:
    dark = (datetime.now().astimezone() + timedelta(minutes=30)).replace(microsecond=0)

    async def story(house: House) -> tuple[list[Any], list[Any]]:
        phone = house.phone()
        shared = {"phone": phone, "targets": [{"target": "M 31"}]}
        own = [
            {"submit_entity": f"notify.{scope}_submit", "darkness_entity": f"sensor.{scope}_darkness"}
            for scope in ("one", "two")
        ]
        await house.automations("ask_me_tonight", *({**shared, **one} for one in own))
        for scope in ("one", "two"):
            house.say(f"sensor.{scope}_darkness", dark.isoformat(), moon_percent=12)
        await house.settle_soon()
        asked = [data for name, data in house.told if name == "notify.mobile_app_phone"]
        action = asked[0]["data"]["actions"][0]["action"]
        house.hass.bus.async_fire("mobile_app_notification_action", {"action": action})
        await house.settle_soon()
        return asked, [data for name, data in house.told if name == "notify.send_message"]

    asked, sent = live(story)
    tags = {one["data"]["tag"] for one in asked}
    assert len(asked) == len(tags) == 2, "the second notification would take the place of the first"
    assert len(sent) == 1


@pytest.mark.parametrize("sentence", ["how is the telescope", "was macht das Teleskop"])
def test_every_status_has_words_for_the_voice(sentence: str) -> None:
    async def story(house: House) -> list[str]:
        await house.automation(
            "assist", status="sensor.scope", progress="sensor.progress", command_entity="notify.command"
        )
        answers = []
        for status in Status:
            house.say("sensor.scope", status.value, target=None, message="")
            answers.append(await house.talk(sentence))
        return answers

    for status, answer in zip(Status, live(story), strict=True):
        assert not answer.endswith((f"Teleskop {status.value}.", f"telescope {status.value}.")), answer
