"""The link cut again and again for an hour: the whole agent, its own driver, a telescope on the wire."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agent.app.run import run_agent
from agent.clock import LoopClock
from agent.mqtt.memory import MemoryBroker, MemoryPort
from agent.settings import Settings
from agent.targets import Site
from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions
from agent.telescope.simulator.history import FrameTaken, ShutterClosed, ShutterOpened
from tests.soak.world import night_session
from tests.support.invariant import at_rest_or_told
from tests.support.scheduler_time import scheduler_reads

NIGHT = datetime(2026, 1, 15, 19, 0, tzinfo=UTC)
PLACE = Site(48.85, 2.35, 35.0, "Europe/Paris")
BETWEEN_S = (10.0, 60.0)  # from one cut to the next
HALF_OPEN = 0.2  # share of the cuts that the telescope's end of the link says nothing of
AWAY_S = (0.0, 8.0)  # a telescope refuses to answer for that long
FRAMES = 200
LIMIT_H = 6


@dataclass(frozen=True, slots=True)
class Storm:
    """What a storm did, and what it cost."""

    cuts: int
    hours: float
    frames_asked: int
    frames_taken: int
    frames_claimed: int
    captures_begun: int
    captures_broken: int
    outcome: str


async def drop_storm(
    seed: int,
    root: Path,
    *,
    generation: str = "v3",
    frames: int = FRAMES,
    between_s: tuple[float, float] = BETWEEN_S,
) -> Storm:
    """One session of that many frames through such a storm."""
    rng, clock, broker = random.Random(seed), LoopClock(NIGHT), MemoryBroker()
    options = SimulatorOptions.from_mapping(
        {"generation": generation, "site": PLACE, "calibrated": True, "seed": seed, "strict": True}
    )
    todo = root / "ToDo"
    todo.mkdir(parents=True)
    (todo / "storm.json").write_text(json.dumps(night_session("storm", frames)), encoding="utf-8")
    with scheduler_reads(clock):
        async with SimulatedDwarf(options, clock) as sim, at_rest_or_told(sim, broker, clock):
            settings = Settings.model_validate(
                {
                    "site": {"latitude": 48.85, "longitude": 2.35, "timezone": "Europe/Paris"},
                    "conditions": {"sun_below": 90, "min_altitude": -90},
                    "telescopes": [
                        {"id": "scope", "host": "127.0.0.1", "port": sim.port, "http_port": sim.http_port}
                    ],
                    "sessions_dir": str(root),
                    "poll_seconds": 30,
                    "page": {"enabled": False},
                    "suggestions": False,
                }
            )
            stop = asyncio.Event()
            agent = asyncio.create_task(run_agent(settings, clock=clock, stop=stop, port=MemoryPort(broker)))
            rage = _Rage(sim, rng, clock, between_s)
            raging = asyncio.create_task(rage.go_on())
            began = clock.monotonic()
            async with asyncio.timeout(LIMIT_H * 3600):
                while not broker.all("dwarf/scope/result/+"):
                    if agent.done():
                        agent.result()
                    await clock.sleep(10)
            hours = (clock.monotonic() - began) / 3600
            raging.cancel()
            stop.set()
            await agent
            journal = sim.history
    (message,) = broker.all("dwarf/scope/result/+")
    result = json.loads(message.payload)
    return Storm(
        cuts=rage.cuts,
        hours=round(hours, 2),
        frames_asked=frames,
        frames_taken=len(journal.of(FrameTaken)),
        frames_claimed=result["frames"]["taken"],
        captures_begun=len(journal.of(ShutterOpened)),
        captures_broken=sum(closed.reason != "finished" for closed in journal.of(ShutterClosed)),
        outcome=result["result"],
    )


@dataclass
class _Rage:
    sim: SimulatedDwarf
    rng: random.Random
    clock: LoopClock
    between_s: tuple[float, float]
    cuts: int = 0

    async def go_on(self) -> None:
        while True:
            await self.clock.sleep(self.rng.uniform(*self.between_s))
            away = f"drop-link:refuse_s={self.rng.uniform(*AWAY_S):.1f}"
            self.sim.faults.add("half-open" if self.rng.random() < HALF_OPEN else away)
            self.cuts += 1
