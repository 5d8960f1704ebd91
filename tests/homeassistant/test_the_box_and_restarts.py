"""The box around a telescope, of a running Home Assistant that restarts meanwhile.

Asked for with `-m soak` where one is at hand (tests/homeassistant/real.py) and HA_RESTART is a command
that starts it anew.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agent.mqtt.broker_options import BrokerOptions
from agent.mqtt.paho_port import PahoPort
from agent.mqtt.port import Message, Publication
from tests.homeassistant.evening import RESULT, STATUS, Evening
from tests.homeassistant.real import at_hand, real_home

pytestmark = [
    pytest.mark.soak,
    pytest.mark.home_assistant,
    pytest.mark.skipif(
        not (at_hand() and os.environ.get("HA_RESTART")), reason="no Home Assistant to restart is named"
    ),
]


class Shed:
    """A roof and a plug with a controller of their own, on the broker; the roof takes `moves_s`."""

    def __init__(self, port: PahoPort) -> None:
        self.moves_s = 2.0
        self.told: list[str] = []
        self._port = port
        self._moving: asyncio.Task[None] | None = None
        port.subscribe("shed/+/set", self._hear)

    async def announce(self) -> None:
        """Appear in Home Assistant: closed, and without power."""
        shared = {"device": {"identifiers": ["shed"], "name": "Shed"}}
        roof = {"unique_id": "shed_roof", "default_entity_id": "cover.shed_roof", "name": "Roof"}
        roof |= {"command_topic": "shed/roof/set", "state_topic": "shed/roof"}
        plug = {"unique_id": "shed_plug", "default_entity_id": "switch.shed_plug", "name": "Plug"}
        plug |= {"command_topic": "shed/plug/set", "state_topic": "shed/plug"}
        self._say("homeassistant/cover/shed_roof/config", json.dumps(roof | shared))
        self._say("homeassistant/switch/shed_plug/config", json.dumps(plug | shared))
        self._say("shed/roof", "closed")
        self._say("shed/plug", "OFF")

    def _hear(self, message: Message) -> None:
        _, part, _ = message.topic.split("/")
        word = message.payload.decode()
        self.told.append(word)
        if part == "plug":
            self._say("shed/plug", word)
        else:
            if self._moving is not None:
                self._moving.cancel()
            self._moving = asyncio.get_running_loop().create_task(self._move(word))

    async def _move(self, word: str) -> None:
        self._say("shed/roof", "opening" if word == "OPEN" else "closing")
        await asyncio.sleep(self.moves_s)
        self._say("shed/roof", "open" if word == "OPEN" else "closed")

    def _say(self, topic: str, payload: str) -> None:
        self._port.publish(Publication(topic, payload.encode(), qos=1, retain=True))


@asynccontextmanager
async def a_shed() -> AsyncIterator[Shed]:
    port = PahoPort(BrokerOptions("127.0.0.1", int(os.environ["MQTT_PORT"]), client_id="shed"))
    shed = Shed(port)
    connected = asyncio.Event()
    port.on_connected(connected.set)
    port.start()
    try:
        await connected.wait()
        await shed.announce()
        yield shed
    finally:
        await port.stop()


async def restart() -> None:
    """Restart Home Assistant and wait until it runs again."""
    process = await asyncio.create_subprocess_exec(*shlex.split(os.environ["HA_RESTART"]))
    assert await process.wait() == 0


async def test_a_restart_of_home_assistant_neither_closes_the_lid_nor_holds_the_night_up(
    evening: Evening,
) -> None:
    async with a_shed() as shed:
        await evening.home.until("cover.shed_roof", "closed")
        await evening.begin(
            enclosure_lid="cover.shed_roof",
            enclosure_power="switch.shed_plug",
            enclosure_lid_s="60",
            enclosure_idle_min="0.1",
            home_assistant_url=os.environ["HA_URL"],
            home_assistant_token=os.environ["HA_TOKEN"],
        )
        shed.moves_s = 10.0  # as long as Home Assistant is away
        await evening.new_session(count=60)
        await evening.home.until("cover.shed_roof", "opening")
        await restart()  # while the lid moves
        async with real_home() as home:
            evening.home = home
            await home.until("cover.shed_roof", "open")
            await home.until(STATUS, "imaging", 120)
            assert "CLOSE" not in shed.told
            told = list(shed.told)
        shed.moves_s = 2.0
        await restart()  # while it images
        async with real_home() as home:
            evening.home = home
            await home.until(STATUS, "imaging", 120)
            assert shed.told == told, "nothing is moved for a restart"
            assert (await home.state("cover.shed_roof"))["state"] == "open"
            await home.press("abort")
            await home.until(RESULT, "aborted")
            await home.until("cover.shed_roof", "closed", 120)
            assert shed.told == ["ON", "OPEN", "CLOSE"]
            assert (await home.state("binary_sensor.evening_problem"))["state"] == "off"
