"""Agents of a fleet on a broker in memory, with telescopes of values behind them."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent.clock import Clock, LoopClock
from agent.errors import AgentError
from agent.fleet.fleet import Fleet
from agent.fleet.held import HeldSubmissions
from agent.mqtt.memory import MemoryBroker, MemoryPort
from agent.mqtt.outbox import Outbox
from agent.mqtt.payloads import Payloads
from agent.planner.goal_progress import Light
from agent.planner.offer import Offer
from agent.requests import Acknowledgement, Code, Submission

DUSK = datetime(2026, 3, 12, 18, 0, tzinfo=UTC)
LONG = timedelta(minutes=20)  # that each session takes


@dataclass
class Telescopes:
    """One telescope with a queue; what it has is what outlives an agent's death."""

    clock: Clock
    lights: list[Light] = field(default_factory=list)
    has: dict[str, Submission] = field(default_factory=dict)
    refuses: bool = False
    slow_s: float = 0.0  # that an offer takes
    broken: set[int] = field(default_factory=set)  # which of the looks into its folders fail
    looks: int = 0
    behind: timedelta = timedelta(0)  # what its machine's clock is

    async def known(self, submission: Submission) -> Acknowledgement | None:
        self.looks += 1
        if self.looks in self.broken:
            raise AgentError("The folder is away.", code="store")
        if _name(submission) not in self.has:
            return None
        return Acknowledgement(True, Code.DUPLICATE, "known", "scope", duplicate=True)

    async def offer(self, submission: Submission) -> Offer | None:
        if self.slow_s:
            await self.clock.sleep(self.slow_s)
        ends = self.clock.now() - self.behind + LONG * (len(self.has) + 1)
        return Offer("scope", ends.date(), ends - LONG, ends, 1200.0, 1200.0, 1200.0 * len(self.has))

    async def submit(self, submission: Submission) -> Acknowledgement:
        if self.refuses:
            return Acknowledgement(False, Code.INVALID, "it cannot", "scope")
        if (known := await self.known(submission)) is not None:
            return known
        self.has[_name(submission)] = submission
        return Acknowledgement(True, Code.QUEUED, "queued", "scope", session_id=submission.session_id)

    def collected(self) -> Sequence[Light]:
        return self.lights


def _name(submission: Submission) -> str:
    return submission.session_id or f"{submission.request_id} {json.dumps(submission.body, sort_keys=True)}"


class Club:
    """A broker with agents that can be killed and started again."""

    def __init__(self, root: Path, clock: LoopClock) -> None:
        self.root = root
        self.clock = clock
        self.broker = MemoryBroker()
        self.telescopes: dict[str, Telescopes] = {}
        self.fleets: dict[str, Fleet] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._ports: dict[str, MemoryPort] = {}

    async def start(self, *names: str) -> None:
        for name in names:
            port = self._ports[name] = MemoryPort(self.broker)
            outbox = Outbox(port)
            mine = self.telescopes.setdefault(name, Telescopes(self.clock))
            held, payloads = HeldSubmissions(self.root / name), Payloads(UTC, "0")
            chance = random.Random(name)
            fleet = self.fleets[name] = Fleet(
                name, "club", port, outbox, payloads, mine, held, self.clock, chance
            )
            fleet.attach()
            port.start()
            port.on_connected(outbox.republish)
            self._running[name] = asyncio.create_task(fleet.run())
        await self.clock.sleep(0.1)

    async def kill(self, name: str) -> None:
        """End an agent between two of its steps, without a word."""
        self._ports[name].cut()
        await self._ports[name].stop()
        task = self._running.pop(name)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def close(self) -> None:
        for name in tuple(self._running):
            await self.kill(name)

    def submit(self, **more: Any) -> None:
        goto = {"do_action": True, "target": "M 42", "ra_coord": 5.59, "dec_coord": -5.39}
        body = {"command": {"id_command": {}, "goto_manual": goto}, **more}
        self.broker.publish("club/any/session/submit", json.dumps(body))

    @property
    def answers(self) -> list[dict[str, Any]]:
        return [json.loads(one.payload) for one in self.broker.all("club/any/session/response")]

    @property
    def where(self) -> dict[str, int]:
        """How many sessions each agent's telescope has."""
        return {name: len(one.has) for name, one in self.telescopes.items()}


def club_of(root: Path) -> Club:
    return Club(root, LoopClock(DUSK))
