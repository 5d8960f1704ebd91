"""What an owner adds beside the telescope, in a running Home Assistant: calendar, live view, voice, neighbours.

Asked for with `-m soak` where one is at hand; tests/homeassistant/real.py says how to name it.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import aiohttp
import pytest

from tests.homeassistant.evening import QUEUE, RESULT, STATUS, Evening
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
