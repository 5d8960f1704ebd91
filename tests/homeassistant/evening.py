"""An evening in a running Home Assistant: the agent and a simulated telescope beside it, announced to it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from tests.end_to_end.conftest import Process, Scene
from tests.homeassistant.real import RealHome, real_home
from tests.support.brokers import Mosquitto

STATUS, QUEUE = "sensor.evening_status", "sensor.evening_queue"
RESULT, WEATHER = "sensor.evening_last_result", "binary_sensor.evening_weather"
NEW = "script.evening_new_session"
AGENT = "binary_sensor.dwarf_agent_connectivity"


class Evening:
    """Home Assistant, the agent, the telescope."""

    def __init__(self, home: RealHome, scene: Scene) -> None:
        self.home = home
        self.scene = scene
        self.agent: Process | None = None

    async def begin(self, hour: float = 20.5, **settings: str) -> None:
        """Have the agent run where it is that hour by the Sun, announced and idle."""
        now = datetime.now(UTC)
        evening = 15.0 * (hour - now.hour - now.minute / 60)
        await self.scene.simulator("--speed", "3", "--set", "calibrated=true", "--set", "serial=evening")
        place = {"latitude": "13.75", "longitude": str(round((evening + 180) % 360 - 180, 2))}
        names = {"telescope_name": "Evening", "telescope_entity_prefix": "evening"}
        names["telescope_stream_port"] = str(self.scene.ports[1])
        self.agent = await self.scene.agent(**place, **names, weather_clear_for_min="0.1", **settings)
        await self.home.until("sensor.dwarf_agent_started", lambda at: at["state"] >= now.isoformat()[:19])
        await self.home.until(AGENT, "on")
        await self.home.until(STATUS, "idle")
        await self.home.make(
            "script",
            "evening_new_session",
            "submit_session",
            submit_entity="notify.evening_submit",
            response_entity="sensor.evening_last_response",
            result_entity="sensor.evening_last_result",
        )
        await self.home.until(NEW, "off")

    async def new_session(self, target: str = "", count: int = 40, **fields: Any) -> dict[str, Any]:
        """Fill in the dialog; an empty target is where the telescope points."""
        given = {"exposure": "5", "gain": 60, "filter": "Astro", **fields}
        answer: dict[str, Any] = await self.home.call(NEW, answers=True, target=target, count=count, **given)
        return answer

    async def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        """Have something else in the house publish."""
        await self.home.call("mqtt.publish", topic=topic, payload=payload, retain=retain)

    async def info(self) -> dict[str, Any]:
        """Return what the agent tells of itself."""
        told = await asyncio.to_thread(
            subprocess.run,
            [
                "mosquitto_sub",
                "-p",
                os.environ["MQTT_PORT"],
                "-t",
                "dwarf/bridge/info",
                "-C",
                "1",
                "-W",
                "10",
            ],
            capture_output=True,
            check=True,
        )
        return cast(dict[str, Any], json.loads(told.stdout))

    async def says(self) -> tuple[str, str, str]:
        """Return what the status is, its reason and its message."""
        now = await self.home.state(STATUS)
        about = now["attributes"]
        return now["state"], about.get("reason") or "", about.get("message") or ""


@asynccontextmanager
async def an_evening(folder: Path) -> AsyncIterator[Evening]:
    """Give one, with nothing begun yet."""
    broker = cast(Mosquitto, SimpleNamespace(port=int(os.environ["MQTT_PORT"])))
    scene = Scene(folder, broker)
    async with real_home() as home:
        try:
            yield Evening(home, scene)
        finally:
            for process in scene.processes:
                process.kill()
