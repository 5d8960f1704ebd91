"""What an owner adds beside it in a running Home Assistant: calendar, live view, voice, neighbours.

Asked for with `-m soak` where one is at hand; tests/homeassistant/real.py says how to name it.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from datetime import datetime, timedelta

import aiohttp
import pytest

from tests.homeassistant.evening import QUEUE, RESULT, STATUS, WEATHER, Evening
from tests.homeassistant.real import at_hand
from tests.support.brokers import free_port

pytestmark = [
    pytest.mark.soak,
    pytest.mark.home_assistant,
    pytest.mark.skipif(not at_hand(), reason="no Home Assistant is named"),
]


async def test_the_pages_calendar_is_a_calendar_of_home_assistant(evening: Evening) -> None:
    port, password = free_port(), "a page's password"
    await evening.begin(page_port=str(port), page_password=password)
    await evening.new_session(count=2)
    await evening.home.until(RESULT, "completed", 120)
    now = datetime.fromisoformat(await evening.home.render("{{ now().isoformat() }}"))
    await evening.new_session("M 31", count=20, start=f"{now + timedelta(hours=2):%Y-%m-%d %H:%M}")
    await evening.home.until(QUEUE, "1")

    headers = {"Authorization": f"Bearer {password}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.get(f"http://127.0.0.1:{port}/settings") as answer,
    ):
        (link,) = re.findall(r"http://[^<\"]+/calendar\.ics[^<\"]*", await answer.text())
    entry = await evening.home.add("remote_calendar", calendar_name="Telescope", url=link, verify_ssl=True)
    entity = await evening.home.entity_of(entry)
    span = (
        f"start={now - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}&end={now + timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"
    )
    events = await evening.home.rest("GET", f"/api/calendars/{entity}?{span}")
    past, planned = events
    assert "2 of 2" in past["description"]
    assert planned["summary"] == "M 31"
    start = datetime.fromisoformat(planned["start"]["dateTime"])
    assert abs(start - now - timedelta(hours=2)) < timedelta(minutes=2)
    await evening.home.remove(entry)


async def test_the_live_view_is_a_camera_of_home_assistant(evening: Evening) -> None:
    await evening.begin()
    (telescope,) = (await evening.info())["telescopes"]
    streams = telescope["streams"]
    entry = await evening.home.add("mjpeg", name="Live view", mjpeg_url=streams["tele_jpeg"], verify_ssl=True)
    camera = await evening.home.entity_of(entry)
    await evening.home.until(camera, lambda now: now["state"] != "unavailable")
    assert (await evening.home.picture(f"/api/camera_proxy/{camera}")).startswith(b"\xff\xd8")
    assert b"image/jpeg" in await evening.home.picture(f"/api/camera_proxy_stream/{camera}")
    await evening.home.remove(entry)
    assert await evening.home.state(STATUS)


async def test_it_is_asked_by_voice_and_says_what_is_true(evening: Evening) -> None:
    await evening.begin()
    await evening.home.make(
        "automation",
        "owners_assist",
        "assist",
        status=STATUS,
        progress="sensor.evening_progress",
        command_entity="notify.evening_command",
    )
    await evening.home.until("automation.owners_assist", "on")
    assert await evening.home.talk("what is the telescope doing") == "The telescope is ready."
    await evening.new_session(count=60)
    await evening.home.until(STATUS, "imaging", 120)
    await evening.home.until("sensor.evening_progress", lambda now: float(now["state"]) > 0)
    assert re.search(
        r"is imaging .*: \d+ of 60 frames, about \d+ minutes",
        await evening.home.talk("what is the telescope doing"),
    )
    assert "belichtet" in await evening.home.talk("Was macht das Teleskop?", "de")
    await evening.home.press("pause")
    await evening.home.until(STATUS, "paused")
    assert "is paused" in await evening.home.talk("Why is it not imaging?")
    assert "macht Pause" in await evening.home.talk("Warum belichtet es nicht?", "de")
    assert await evening.home.talk("Stop the telescope") == "I am telling the telescope."
    result = await evening.home.until(RESULT, "aborted")
    assert "Asked for by voice" in result["attributes"]["message"]
    await evening.home.drop("automation", "owners_assist")


ROWS = [  # as UpTonight publishes them
    {
        "id": "M 31",
        "target name": "Andromeda Galaxy",
        "hmsdms": "00h42m44.35s +41d16m08.6s",
        "meridian transit": "11/26 20:22",
        "antimeridian transit": "",
        "type": "Galaxy",
        "constellation": "Andromeda",
        "size": 178.0,
        "mag": 3.4,
        "foto": 1.0,
    },
    {"id": "NGC 1499", "target name": "California Nebula", "type": "Nebula", "size": 145.0, "foto": 0.9},
    {"id": "Sh2-9999", "target name": "Nobody's Nebula", "type": "Nebula", "size": 12.0, "foto": 0.8},
]


async def uptonight_speaks(evening: Evening) -> None:
    """Publish as UpTonight does: only the configuration is kept by the broker."""
    topic = "uptonight/garden_objects_garyimm"
    about = {
        "name": "GaryImm",
        "state_topic": f"{topic}/state",
        "json_attributes_topic": f"{topic}/attributes",
        "state_class": None,
        "device_class": None,
        "icon": "mdi:creation-outline",
        "availability_topic": f"{topic}/lwt",
        "payload_available": "ON",
        "payload_not_available": "OFF",
        "unique_id": "uptonight_garden_objects_garyimm",
        "value_template": "{{ value_json.garyimm }}",
        "device": {
            "identifiers": ["Objects"],
            "name": "UpTonight Garden Objects",
            "manufacturer": "UpTonight",
        },
    }
    await evening.publish(f"homeassistant/sensor/{topic}/config", json.dumps(about), retain=True)
    await asyncio.sleep(3)  # until Home Assistant listens
    await evening.publish(f"{topic}/lwt", "ON")
    await evening.publish(f"{topic}/state", json.dumps({"garyimm": len(ROWS)}))
    told = {"observatory": "Garden", "darkness": "Astronomical", "moon_illumination": 30.1, "objects": ROWS}
    await evening.publish(f"{topic}/attributes", json.dumps(told))


async def test_the_phone_is_asked_about_tonight_and_one_tap_queues_uptonights_best(evening: Evening) -> None:
    async with evening.home.phone("Owners phone") as phone:
        await evening.home.make(
            "automation",
            "owners_question",
            "ask_me_tonight",
            phone=phone.device,
            submit_entity="notify.evening_submit",
            darkness_entity="sensor.evening_darkness",
            queue_entity=QUEUE,
            uptonight_entity="sensor.uptonight_garden_objects_garyimm",
            how_many=2,
        )
        await evening.home.until("automation.owners_question", "on")
        await uptonight_speaks(evening)
        await evening.begin(18.0, uptonight_topic="uptonight/+/attributes")
        asked = await phone.notified()
        assert asked["title"] == "Evening: good night tonight?"
        assert "M 31, NGC 1499?" in asked["message"]
        await phone.tap(asked["data"]["actions"][0]["action"])
        queue = await evening.home.until(QUEUE, "2")
        assert [one["target"] for one in queue["attributes"]["sessions"]] == ["M 31", "NGC 1499"]
        await uptonight_speaks(evening)
        best = await evening.home.until(
            "sensor.evening_suggestions",
            lambda now: any(one["advised"] for one in now["attributes"].get("suggestions") or ()),
        )
        assert {one["target"] for one in best["attributes"]["suggestions"] if one["advised"]}
        await evening.home.drop("automation", "owners_question")


async def test_astroweathers_conditions_are_what_makes_the_sky_safe(evening: Evening) -> None:
    cloud, condition = "sensor.astroweather_garden_cloud_cover", "sensor.astroweather_garden_condition"
    view = "binary_sensor.astroweather_garden_deep_sky_view"
    await evening.home.say(cloud, "12", "AstroWeather Garden Cloud Cover")
    await evening.home.say(condition, "81", "AstroWeather Garden Condition")
    await evening.home.say(view, "on", "AstroWeather Garden Deep Sky View")
    await evening.begin(
        weather_policy="wait",
        weather_entities=f"{cloud} below 40, {condition} above 60, {view} is on",
        home_assistant_url=os.environ["HA_URL"],
        home_assistant_token=os.environ["HA_TOKEN"],
    )
    await evening.home.until(WEATHER, "off")
    await evening.new_session(count=60)
    await evening.home.until(STATUS, "imaging", 120)
    for entity, bad, good in ((cloud, "88", "12"), (condition, "41", "81"), (view, "off", "on")):
        name = (await evening.home.state(entity))["attributes"]["friendly_name"]
        await evening.home.say(entity, bad, name)
        await evening.home.until(STATUS, "paused")
        _, reason, message = await evening.says()
        assert reason == "weather"
        assert name in message
        await evening.home.say(entity, good, name)
        await evening.home.until(STATUS, "imaging")
