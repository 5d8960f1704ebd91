"""A whole agent on a telescope of values, an MQTT port in memory, and a clock that jumps."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.app.building import Drivers
from agent.app.run import run_agent
from agent.clock import LoopClock
from agent.mqtt.memory import MemoryBroker, MemoryPort
from agent.settings import Settings
from agent.station.station import Station
from agent.telescope.interface import Telescope
from tests.support.fake_telescope import FakeTelescope
from tests.support.scheduler_time import scheduler_reads
from tests.support.small_pictures import small_pictures as small_pictures

DUSK = datetime(2026, 3, 12, 18, 0, tzinfo=UTC)
BASE = {
    "site": {"latitude": 48.85, "longitude": 2.35, "timezone": "Europe/Paris"},
    "poll_seconds": 10,  # a fifth of the work of the usual 2
    "page": {"enabled": False},
    "suggestions": False,
}
ANY_SKY = {"sun_below": 90, "min_altitude": -90}  # most tests are about something else than the dark


NEVER_SETS = {"do_action": True, "target": "M 81", "ra_coord": 9.9258, "dec_coord": 69.0653}


def session(**sections: Any) -> dict[str, Any]:
    """A session document: goto M 42 and 12 frames of 15 s, changed by the given sections."""
    body: dict[str, Any] = {
        "id_command": {"max_retries": 2},
        "goto_manual": {"do_action": True, "target": "M 42", "ra_coord": 5.59, "dec_coord": -5.39},
        "setup_camera": {"do_action": True, "exposure": "15", "gain": 80, "count": 12},
    }
    body.update(sections)
    return {"command": {key: value for key, value in body.items() if value is not None}}


_LOOKS = 600  # after so many whoever waits looks seldom


class Observatory:
    """The agent under test with everything around it."""

    def __init__(
        self, root: Path, start: datetime = DUSK, clock: LoopClock | None = None, **settings: Any
    ) -> None:
        self.root = root
        self.clock = clock or LoopClock(start)
        self.telescope = FakeTelescope(self.clock)
        self.driver: Telescope | None = None  # another telescope than that of values
        self.others: dict[str, Telescope] = {}  # by address: what else there is
        self.broker = MemoryBroker()
        self.port = MemoryPort(self.broker)
        self.settings = Settings.model_validate(
            {
                **BASE,
                "telescopes": [{"id": "scope", "host": "192.0.2.1", "model": "D3"}],
                "sessions_dir": str(root / "Astro_Sessions"),
                **settings,
                "conditions": {**ANY_SKY, **settings.get("conditions", {})},
            }
        )
        self.stations: dict[str, Station] = {}
        self.stop = asyncio.Event()
        self.pages: list[str] = []  # where the page was said to be
        self.code: int | None = None

    def folder(self, name: str) -> Path:
        return self.root / "Astro_Sessions" / name

    def files(self, name: str) -> list[str]:
        folder = self.folder(name)
        return sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.exists() else []

    def drop(self, name: str, document: Any) -> None:
        folder = self.folder("ToDo")
        folder.mkdir(parents=True, exist_ok=True)
        text = document if isinstance(document, str) else json.dumps(document)
        (folder / name).write_text(text, encoding="utf-8")

    def said(self, topic: str) -> list[Any]:
        """Every body published below the telescope's topic."""
        return [_decoded(message.payload) for message in self.broker.all(f"dwarf/scope/{topic}")]

    @property
    def results(self) -> list[dict[str, Any]]:
        return self.said("result/+")

    def say(self, topic: str, body: Any, *, retain: bool = False) -> None:
        payload = body if isinstance(body, str) else json.dumps(body)
        self.broker.publish(f"dwarf/{topic}", payload, retain=retain)

    async def until(self, condition: Callable[[], bool], hours: float = 24, every_s: float = 1) -> None:
        async with asyncio.timeout(hours * 3600):
            looks = 0
            while not condition():
                looks += 1
                await self.clock.sleep(every_s if looks < _LOOKS else 5 * every_s)

    async def sessions_ended(self, count: int, hours: float = 24) -> None:
        await self.until(lambda: len(self.broker.all("dwarf/scope/result/+")) >= count, hours, every_s=20)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Run the agent; leaving the context stops it as SIGTERM does."""
        self.stop = asyncio.Event()
        ready = asyncio.Event()
        self.port = MemoryPort(self.broker)

        def is_ready(stations: Any) -> None:
            self.stations.update(stations)
            ready.set()

        with scheduler_reads(self.clock):
            agent = asyncio.create_task(
                run_agent(
                    self.settings,
                    clock=self.clock,
                    ready=is_ready,
                    stop=self.stop,
                    drivers=Drivers(
                        native=lambda wanted: (
                            self.others.get(wanted.own.host) or self.driver or self.telescope
                        )
                    ),
                    port=self.port,
                    page_told=self.pages.append,
                )
            )
            waiting = asyncio.create_task(ready.wait())
            await asyncio.wait({agent, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if agent.done():
                agent.result()
            # the last thing said at the start: everything is subscribed now
            await self.until(lambda: agent.done() or bool(self.said("safety")), hours=1, every_s=0.1)
            assert not agent.done(), f"the agent ended by itself with code {agent.result()}"
            for station in self.stations.values():
                await station.intake.looked()
            try:
                yield
            finally:
                self.stop.set()
                self.code = await agent


@pytest.fixture
def observatory(tmp_path: Path) -> Callable[..., Observatory]:
    return lambda **settings: Observatory(tmp_path, **settings)


def _decoded(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode("utf-8", "replace")
