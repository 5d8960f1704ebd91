"""The agent in real time, its own driver, and a simulated telescope that is quicker than any real one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.app.run import run_agent
from agent.clock import SystemClock
from agent.mqtt.memory import MemoryBroker, MemoryPort
from agent.settings import Settings
from agent.station.station import Station
from agent.targets import Site
from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions
from agent.telescope.simulator.history import Received

PLACE = Site(48.85, 2.35, 35.0, "Europe/Paris")
ANYTIME = {"conditions": {"sun_below": 90, "min_altitude": -90}}
AT_ONCE = 1e6  # a telescope this many times quicker answers within a turn of the loop


class HastyClock(SystemClock):
    """The machine's clock, on which waiting takes a fraction of the time."""

    def __init__(self, speed: float) -> None:
        self.speed = speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)


@dataclass
class Stage:
    """What a measurement works with."""

    root: Path
    sim: SimulatedDwarf
    broker: MemoryBroker
    stations: dict[str, Station] = field(default_factory=dict)

    @property
    def station(self) -> Station:
        return self.stations["scope"]

    def drop(self, name: str, document: dict[str, Any]) -> None:
        folder = self.root / "ToDo"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(document), encoding="utf-8")

    def say(self, topic: str, body: Any) -> None:
        self.broker.publish(f"dwarf/{topic}", json.dumps(body))

    def count(self, topic: str) -> int:
        return len(self.broker.all(f"dwarf/scope/{topic}"))

    def received_since(self, instant: datetime) -> list[Received]:
        return [one for one in self.sim.received if one.at >= instant]

    async def results(self, count: int, limit_s: float = 120.0) -> None:
        """Wait until that many sessions have ended."""
        async with asyncio.timeout(limit_s):
            while self.count("result/+") < count:
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def staged(
    *faults: str, speed: float = AT_ONCE, calibrated: bool = True, **settings: Any
) -> AsyncIterator[Stage]:
    """The agent, connected and idle."""
    options = SimulatorOptions.from_mapping(
        {
            "site": PLACE,
            "calibrated": calibrated,
            "faults": list(faults),
            "horizon": False,
            "generation": "v3",
            "strict": True,
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        async with SimulatedDwarf(options, HastyClock(speed)) as sim:
            stage = Stage(Path(folder), sim, MemoryBroker())
            wanted = Settings.model_validate(
                {
                    "site": {"latitude": 48.85, "longitude": 2.35, "timezone": "UTC"},
                    "telescopes": [
                        {"id": "scope", "host": "127.0.0.1", "port": sim.port, "http_port": sim.http_port}
                    ],
                    "sessions_dir": folder,
                    **ANYTIME,
                    **settings,
                }
            )
            stop = asyncio.Event()
            agent = asyncio.create_task(
                run_agent(
                    wanted,
                    clock=SystemClock(),
                    stop=stop,
                    port=MemoryPort(stage.broker),
                    ready=stage.stations.update,
                )
            )
            while not stage.stations:
                await asyncio.sleep(0.01)
                if agent.done():
                    agent.result()
            await stage.station.telescope.wait_connected()
            await stage.station.intake.looked()
            await asyncio.sleep(0.5)
            try:
                yield stage
            finally:
                stop.set()
                await agent


def document(frames: int = 1, at: datetime | None = None, **sections: Any) -> dict[str, Any]:
    """A session without waits: goto and frames of one second, started at an instant or at once."""
    start = {} if at is None else {"date": f"{at:%Y-%m-%d}", "time": f"{at:%H:%M:%S}"}
    return {
        "command": {
            "id_command": {"max_retries": 1, **start},
            "goto_manual": {"do_action": True, "target": "bench", "ra_coord": 5.59, "dec_coord": 80.0},
            "setup_camera": {"do_action": True, "exposure": "1", "gain": 80, "count": frames},
            **{name: {"do_action": True, **value} for name, value in sections.items()},
        }
    }


def now() -> datetime:
    return datetime.now(UTC)
