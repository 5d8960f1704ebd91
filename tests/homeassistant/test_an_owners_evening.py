"""An owner's evening in a running Home Assistant, with the agent and a telescope on the wire.

Asked for with `-m soak` where one is at hand; tests/homeassistant/real.py says how to name it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.mqtt.discovery.dashboard import dashboard
from tests.homeassistant.evening import AGENT, QUEUE, STATUS, WEATHER, Evening
from tests.homeassistant.real import RealHome, at_hand
from tests.homeassistant.shipped import load

pytestmark = [
    pytest.mark.soak,
    pytest.mark.home_assistant,
    pytest.mark.skipif(not at_hand(), reason="no Home Assistant is named"),
]

RAIN, CLOUD = "binary_sensor.owners_rain", "sensor.owners_cloud"


async def rain_and_cloud(evening: Evening) -> None:
    """Have the heartbeat of a rain and a cloud sensor, both content."""
    await evening.home.say(RAIN, "off", "Garden rain")
    await evening.home.say(CLOUD, "10", "All sky cloud")
    sensors = {"rain_sensors": [RAIN], "cloud_sensors": [CLOUD], "weather_entity": WEATHER}
    await evening.home.make("automation", "owners_beat", "weather_heartbeat", **sensors)
    await evening.home.call("automation.trigger", entity_id="automation.owners_beat")


async def test_a_start_is_read_as_a_person_means_it(evening: Evening) -> None:
    await evening.begin()
    now = datetime.fromisoformat(await evening.home.render("{{ now().isoformat() }}"))
    soon, passed = now + timedelta(hours=1), now - timedelta(hours=2.5)
    answer = await evening.new_session("M 31", start=f"{soon:%H:%M}")
    assert answer["status"] == "accepted", answer
    told = datetime.fromisoformat(answer["scheduled_for"])
    assert abs(told - soon) < timedelta(minutes=1)
    for start in ("hallo", "22.30", f"{passed:%Y-%m-%d %H:%M}"):
        refused = await evening.new_session("M 31", start=start)
        assert refused["status"] == "error"
        assert start in refused["message"]
    later = datetime.fromisoformat(
        (await evening.new_session("M 31", start=f"{passed:%H:%M}"))["scheduled_for"]
    )
    assert abs(later - passed - timedelta(days=1)) < timedelta(minutes=1)
    assert (await evening.home.until(QUEUE, "2"))["attributes"]["sessions"]


async def test_an_unsafe_sky_pauses_rain_ends_the_night_and_nobody_is_called_a_person(
    evening: Evening,
) -> None:
    await evening.begin(weather_policy="wait", weather_inputs="home_assistant")
    await rain_and_cloud(evening)
    await evening.home.until(WEATHER, "off")
    for _ in range(2):
        assert (await evening.new_session())["status"] == "accepted"
    await evening.home.until(STATUS, "imaging", 120)
    await evening.home.say(CLOUD, "88", "All sky cloud")
    await evening.home.until(STATUS, "paused")
    _, reason, message = await evening.says()
    assert reason == "weather"
    assert "cloud 88 is above 40 (All sky cloud)" in message
    assert "It waits until" in message
    assert "as soon as it may" in await evening.home.press("resume")
    assert (await evening.says())[0] == "paused"
    await evening.home.say(CLOUD, "10", "All sky cloud")
    await evening.home.until(STATUS, "imaging")

    await evening.home.say(RAIN, "on", "Garden rain")
    await evening.home.until(STATUS, "waiting")
    assert (await evening.says())[1:] == ("weather", "The night is over: Weather: rain (Garden rain)")
    result = await evening.home.state("sensor.evening_last_result")
    assert (result["state"], result["attributes"]["reason"]) == ("aborted", "weather")
    assert "person" not in result["attributes"]["message"]
    assert (await evening.home.state(QUEUE))["state"] == "1", "the other one waits"
    await evening.home.drop("automation", "owners_beat")


async def test_rain_of_a_house_whose_agent_knows_no_weather_pauses_one_session_and_empties_nothing(
    evening: Evening,
) -> None:
    await evening.begin()
    await evening.home.say(RAIN, "off", "Garden rain")
    await evening.home.make(
        "automation",
        "owners_rain",
        "abort_on_rain",
        rain_sensors=[RAIN],
        running="binary_sensor.evening_running",
        command_entity="notify.evening_command",
        dry_minutes=0,
    )
    for _ in range(4):
        await evening.new_session()
    await evening.home.until(STATUS, "imaging", 120)
    await evening.home.say(RAIN, "on", "Garden rain")
    await evening.home.until(STATUS, "paused")
    assert (await evening.says())[1:] == ("weather", "It rains (Garden rain).")
    assert (await evening.home.state(QUEUE))["state"] == "3"
    await evening.home.say(RAIN, "off", "Garden rain")
    await evening.home.until(STATUS, "imaging")
    await evening.home.drop("automation", "owners_rain")

    select = {"entity_id": "select.evening_weather_policy", "option": "wait"}
    await evening.home.call("select.select_option", **select)
    told = await evening.home.until(
        "sensor.evening_last_response", lambda now: "no weather source" in now["state"]
    )
    assert "weather_inputs" in told["attributes"]["hint"]


async def test_an_agent_that_is_gone_leaves_one_red_card_and_no_false_word(
    evening: Evening, tmp_path: Path
) -> None:
    await evening.begin()
    entities = await evening.home.ask("config/entity_registry/list")
    announced = [each for each in entities if each["platform"] == "mqtt"]
    ours = [each for each in announced if each["entity_id"].partition(".")[2].startswith("evening_")]
    assert not [each for each in ours if each["entity_id"].startswith("update.")]
    assert len([each for each in ours if not each["disabled_by"]]) <= 32

    page = tmp_path / "dashboard.yaml"
    page.write_text(dashboard("evening"), encoding="utf-8")
    sections = load(page)["views"][0]["sections"]
    assert await visible(evening.home, sections) == sections[1:]
    assert evening.agent is not None
    evening.agent.kill()
    await evening.home.until(AGENT, "off")
    (red,) = await visible(evening.home, sections)
    assert "The agent is gone" in await evening.home.render(red["cards"][0]["content"])


async def visible(home: RealHome, sections: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the sections whose conditions hold."""
    shown = []
    for section in sections:
        (condition,) = section["visibility"]
        now = (await home.state(condition["entity"]))["state"]
        if now == condition["state"] if "state" in condition else now != condition["state_not"]:
            shown.append(section)
    return shown
