"""The box over Home Assistant's own API, and how it is written in the configuration."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.app.enclosure_side import EnclosureSide
from agent.clock import LoopClock
from agent.errors import AgentError
from agent.events import Lid
from agent.settings import Settings
from agent.settings.enclosure import Actuator, EnclosureSettings
from agent.station.enclosure_seen import Seen
from tests.conditions.test_safety_entities import TOKEN, FakeHomeAssistant
from tests.support.virtual_loop import run_virtual

START = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)


class Box:
    """As much of the enclosure as the side knows."""

    def __init__(self, clock: LoopClock, settings: EnclosureSettings) -> None:
        self.seen = Seen(clock, frozenset(settings.seen()), lambda: None)
        self.tell: Any = None

    def use(self, tell: Any) -> None:
        self.tell = tell


def test_a_cover_entity_is_seen_and_told_and_what_is_unavailable_is_unknown() -> None:
    async def story() -> None:
        clock = LoopClock(START)
        home = FakeHomeAssistant(clock)
        home.states = {"cover.roof": "closed", "switch.plug": "off"}
        await home.start()
        address = home.url.replace("ws://", "http://").removesuffix("/api/websocket")
        settings = Settings.model_validate(
            {
                "enclosure": {"lid": "cover.roof", "power": "switch.plug"},
                "home_assistant": {"url": address, "token": TOKEN},
            }
        )
        box = Box(clock, settings.enclosure)
        side = EnclosureSide(settings, box, clock)  # type: ignore[arg-type]
        running = asyncio.create_task(side.run())
        await clock.sleep(1)
        assert box.seen.lid is Lid.CLOSED
        assert box.seen.value("power_on") is False
        await box.tell("lid", True)
        await box.tell("power", True)
        assert home.called == [("cover", "open_cover", "cover.roof"), ("switch", "turn_on", "switch.plug")]
        before = clock.monotonic()
        await box.tell("lid", False)  # which is answered much later
        assert clock.monotonic() - before < 15
        await home.change("cover.roof", "opening")
        await clock.sleep(1)
        assert box.seen.lid is Lid.BETWEEN
        await home.change("cover.roof", "open")
        await clock.sleep(1)
        assert box.seen.lid is Lid.OPEN
        await home.change("cover.roof", "unavailable")
        await clock.sleep(1)
        assert box.seen.lid is Lid.UNKNOWN
        await home.stop()
        await clock.sleep(60)
        with pytest.raises(AgentError, match="Home Assistant does not answer"):
            await box.tell("lid", False)
        running.cancel()

    run_virtual(story())


def test_topics_have_two_payloads_and_a_value_inside_a_message() -> None:
    box = EnclosureSettings(
        lid="shed/roof/set OPEN CLOSE",
        lid_open="shed/state:roof.open is true",
        lid_closed="shed/state:roof.closed is true",
        mains="shed/ups:volts above 200",
    )
    assert box.actuators() == {"lid": Actuator(topic="shed/roof/set", on="OPEN", off="CLOSE")}
    seen = box.seen()
    assert seen["lid_open"].topic == "shed/state"
    assert seen["lid_open"].true_when.read(b'{"roof": {"open": true}}')[0]
    assert not seen["mains"].true_when.read(b'{"volts": 12}')[0]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"lid": "shed/roof/set OPEN CLOSE"}, "lid needs lid_open"),
        ({"lid": "shed/roof/set"}, "an entity such as cover.roof, or a topic and two payloads"),
        ({"lid": "cover.roof", "lid_open": "open"}, "must look like '<lid_open> is <word>'"),
        ({"mains": "binary_sensor.ups above much"}, "could not convert"),
        ({"heater_when": "sensor.dew below 3"}, "heater_when needs a heater"),
    ],
)
def test_a_box_that_cannot_be_told_or_seen_is_refused_with_words(given: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        EnclosureSettings.model_validate(given)


def test_of_several_telescopes_the_one_inside_must_be_named() -> None:
    two = {"telescopes": [{"id": "a", "host": "192.0.2.1"}, {"id": "b", "host": "192.0.2.2"}]}
    with pytest.raises(ValueError, match="enclosure needs telescope"):
        Settings.model_validate({**two, "enclosure": {"lid": "cover.roof"}})
    Settings.model_validate({**two, "enclosure": {"lid": "cover.roof", "telescope": "b"}})
