"""A fleet on one mosquitto: what placing a submission costs, how even it gets, and what deaths lose.

The agents are the fleet's own parts, each with a client, a disk and a telescope that is a queue of sessions;
their planners cost nothing. What they hold outlives a death, as files do.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any

from agent.clock import SystemClock
from agent.fleet.fleet import Fleet
from agent.fleet.held import HeldSubmissions
from agent.mqtt.broker_options import BrokerOptions
from agent.mqtt.outbox import Outbox
from agent.mqtt.paho_port import PahoPort
from agent.mqtt.payloads import Payloads
from agent.mqtt.port import Classify, Message, Publication, no_hurry
from benchmarks.reporting import quiet, say
from tests.fleet.stand import Telescopes
from tests.support.brokers import Mosquitto

BASE = "club"
AGAIN_S = 10.0  # a submission without an answer is sent again
DOWN_S = 3.0  # a killed agent is back after that


class CountingPort(PahoPort):
    """Counts what it says and hears."""

    def __init__(self, options: BrokerOptions, counts: Counter[str]) -> None:
        super().__init__(options)
        self._counts = counts

    def publish(self, publication: Publication) -> bool:
        is_taken = super().publish(publication)
        self._counts["published"] += is_taken
        return is_taken

    def subscribe(self, topic_filter: str, callback: Any, classify: Classify = no_hurry) -> Any:
        def counted(message: Message) -> None:
            self._counts["delivered"] += 1
            callback(message)

        return super().subscribe(topic_filter, counted, classify)


@dataclass
class Agents:
    """The agents, and what they have."""

    port: int
    folder: Path
    clock: SystemClock = field(default_factory=SystemClock)
    counts: Counter[str] = field(default_factory=Counter)
    telescopes: dict[str, Telescopes] = field(default_factory=dict)
    fleets: dict[str, Fleet] = field(default_factory=dict)
    _running: dict[str, tuple[CountingPort, asyncio.Task[None]]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Let an agent live (again)."""
        port = CountingPort(BrokerOptions("127.0.0.1", self.port, client_id=name), self.counts)
        outbox = Outbox(port)
        fleet = self.fleets[name] = Fleet(
            name,
            BASE,
            port,
            outbox,
            Payloads(UTC, "0"),
            self.telescopes.setdefault(name, Telescopes(self.clock)),
            HeldSubmissions(self.folder / name),
            self.clock,
        )
        fleet.attach()
        port.on_connected(outbox.republish)
        port.start()
        self._running[name] = port, asyncio.create_task(fleet.run())

    async def kill(self, name: str) -> None:
        """End one between two steps; what it was told and did not write down is gone."""
        port, task = self._running.pop(name)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await port.stop()

    async def close(self) -> None:
        """End all."""
        await asyncio.gather(*(self.kill(name) for name in tuple(self._running)))

    def places(self) -> Counter[str]:
        """On how many telescopes each session is."""
        return Counter(name for one in self.telescopes.values() for name in one.has)


class Submitter:
    """Sends sessions, a few at a time, until each is answered."""

    def __init__(self, port: int) -> None:
        self._port = PahoPort(BrokerOptions("127.0.0.1", port, client_id="submitter"))
        self._port.subscribe(f"{BASE}/any/session/response", self._hear)
        self._port.start()
        self.answered: dict[str, float] = {}
        self.sent: dict[str, float] = {}
        self.again = 0
        self._news = asyncio.Event()

    async def run(self, count: int, at_once: int) -> None:
        """Send that many."""
        names = [f"s{number:05}" for number in range(count)]
        while len(self.answered) < count:
            now = time.monotonic()
            open_ = [name for name in self.sent if name not in self.answered]
            for name in open_:
                if now - self.sent[name] > AGAIN_S:
                    self.again += 1
                    self._send(name)
            for name in names[len(self.sent) : len(self.sent) + at_once - len(open_)]:
                self._send(name)
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await self._news.wait()

    async def close(self) -> None:
        """Leave."""
        await self._port.stop()

    def _send(self, name: str) -> None:
        goto = {"do_action": True, "target": "M 42", "ra_coord": 5.59, "dec_coord": -5.39}
        setup = {"do_action": True, "exposure": "15", "gain": 80, "count": 80}
        command = {"id_command": {}, "goto_manual": goto, "setup_camera": setup}
        payload = json.dumps({"session_id": name, "request_id": name, "command": command}).encode()
        if self._port.publish(Publication(f"{BASE}/any/session/submit", payload)):
            self.sent[name] = time.monotonic()

    def _hear(self, message: Message) -> None:
        said = json.loads(message.payload)
        name = said["request_id"] or said["session_id"]
        if said["status"] == "accepted" and name not in self.answered:
            self.answered[name] = time.monotonic() - self.sent[name]
            self._news.set()


async def measure(agents: int = 8, submissions: int = 40, kills: int = 1, at_once: int = 20) -> None:
    """Place submissions on that many agents, with deaths spread over the time."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker = await Mosquitto(folder, extra=("max_queued_messages 0",)).start()
        fleet = Agents(broker.port, folder / "held")
        names = [f"agent-{number:03}" for number in range(agents)]
        for one in names:
            fleet.start(one)
        while any(len(one.totals.agents) < agents - 1 for one in fleet.fleets.values()):
            await asyncio.sleep(0.1)
        fleet.counts.clear()
        submitter = Submitter(broker.port)
        killing = asyncio.create_task(_kill(fleet, submitter, names, submissions, kills))
        began = time.perf_counter()
        await submitter.run(submissions, at_once)
        seconds = time.perf_counter() - began
        counts = Counter(fleet.counts)
        await killing
        async with asyncio.timeout(120):
            while any(one.without_place for one in fleet.fleets.values()):
                await asyncio.sleep(0.2)
        await fleet.close()
        await submitter.close()
        broker.stop()
    places = fleet.places()
    loads = [len(one.has) for one in fleet.telescopes.values()]
    took = sorted(submitter.answered.values())
    say(
        "fleet",
        agents=agents,
        submissions=submissions,
        placed_per_s=round(submissions / seconds, 1),
        answer_median_s=round(statistics.median(took), 2),
        answer_p95_s=round(took[int(0.95 * (len(took) - 1))], 2),
        published_per_placing=round(counts["published"] / submissions, 1),
        delivered_per_placing=round(counts["delivered"] / submissions, 1),
        fewest=min(loads),
        most=max(loads),
        kills=kills,
        sent_again=submitter.again,
        lost=submissions - len(places),
        doubled=sum(count > 1 for count in places.values()),
    )


async def _kill(fleet: Agents, submitter: Submitter, names: list[str], submissions: int, kills: int) -> None:
    chance = random.Random(1)
    for number in range(kills):
        while len(submitter.answered) < submissions * (number + 1) // (kills + 1):
            await asyncio.sleep(0.05)
        victim = chance.choice(names)
        await fleet.kill(victim)
        await asyncio.sleep(DOWN_S)
        fleet.start(victim)


if __name__ == "__main__":
    quiet()
    parser = argparse.ArgumentParser(description=__doc__)
    for option, value in (("agents", 100), ("submissions", 1000), ("kills", 10), ("at-once", 20)):
        parser.add_argument(f"--{option}", type=int, default=value)
    asyncio.run(measure(**vars(parser.parse_args())))
