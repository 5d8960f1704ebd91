"""Six thousand junk messages on any topic: what matters is neither lost nor late."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.clock import SystemClock
from agent.events import EventBus
from agent.mqtt.broker_options import BrokerOptions
from agent.mqtt.handlers import Accepted
from agent.mqtt.paho_port import PahoPort
from agent.mqtt.port import Urgency
from agent.mqtt.service import About, MqttService
from agent.mqtt.topics import Topics
from agent.requests import Acknowledgement, Command, Reply, Submission
from tests.mqtt.support import TELESCOPE, FakeHandlers
from tests.support.brokers import Mosquitto
from tests.support.tables import every

JUNK = 6000
PATIENCE_S = 60.0
LATE_S = 8.0  # half a second on a free machine; a busy one reads its network later
WANTED = {"unsafe", "abort", "pause", "session"}
_FLOOD = """
import sys, time
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

port, count, topic, payload, telescope = int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]
client = Client(CallbackAPIVersion.VERSION2)
client.connect("127.0.0.1", port)
client.loop_start()
vital = [
    ("safety/input/roof", '{"safe": false}'),
    (telescope + "/command", "abort"),
    (telescope + "/command", '{"command": "pause", "request_id": "p"}'),
    (telescope + "/session/submit", '{"goto_manual": {"target": "M 31"}, "session_id": "s"}'),
]
for number in range(count):
    info = client.publish("dwarf/" + topic.replace("N", str(number)), payload.replace("N", str(number)), 0)
print(time.monotonic(), flush=True)
for vital_topic, body in vital:
    info = client.publish("dwarf/" + vital_topic, body, 1)
info.wait_for_publish(60)
client.disconnect()
"""


class Recorder(FakeHandlers):
    """Handlers that note when what matters reached them."""

    def __init__(self) -> None:
        super().__init__()
        self.at: dict[str, float] = {}
        self.after: dict[str, int] = {}  # how many other calls came before
        self.calls = 0
        self.all_there = asyncio.Event()

    async def submit(self, submission: Submission) -> Acknowledgement:
        self._note("session" if submission.session_id == "s" else "")
        return await super().submit(submission)

    async def command(self, telescope: str, command: Command, accepted: Accepted) -> Reply:
        self._note(command.verb.value)
        return await super().command(telescope, command, accepted)

    async def bridge_request(self, verb: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        self._note("")
        return await super().bridge_request(verb, body)

    def safety_input(self, source: str, payload: bytes, retained: bool, received_at: datetime) -> None:
        self._note("unsafe" if (source, payload) == ("roof", b'{"safe": false}') else "")

    def _note(self, name: str) -> None:
        self.calls += 1
        self.at.setdefault(name, time.monotonic())
        self.after.setdefault(name, self.calls)
        if set(self.at) >= WANTED:
            self.all_there.set()


FLOODS = pytest.mark.parametrize(
    ("topic", "payload"),
    every(
        5,
        [
            ("safety/input/roof", "junk N"),
            ("safety/input/unknown-N", '{"safe": true}'),
            (f"{TELESCOPE}/command", "fly N"),
            (f"{TELESCOPE}/command", '{"command": "fly", "reason": "abort N"}'),
            (f"{TELESCOPE}/session/submit", "{junk N"),
            (f"{TELESCOPE}/set/x-N", "1"),
            (f"{TELESCOPE}/session/submit", '{"junk": N}'),
            ("N/command", "abort"),
            ("bridge/request/N", "junk"),
        ],
    ),
)


@asynccontextmanager
async def _agent(directory: Path) -> AsyncIterator[tuple[Mosquitto, PahoPort, Recorder]]:
    broker = await Mosquitto(directory).start()
    handlers = Recorder()
    port = PahoPort(BrokerOptions("127.0.0.1", broker.port, "agent"))
    up = asyncio.Event()
    port.on_connected(up.set)
    service = MqttService(
        port,
        Topics(),
        EventBus(),
        handlers,
        About("1.2.3", [{"id": TELESCOPE}]),
        clock=SystemClock(),
        zone=ZoneInfo("Europe/Berlin"),
        safety_inputs=("roof",),
    )
    service.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            await up.wait()
            yield broker, port, handlers
    finally:
        await service.stop()
        broker.stop()


def _flood(broker: Mosquitto, topic: str, payload: str) -> list[str]:
    return [sys.executable, "-c", _FLOOD, str(broker.port), str(JUNK), topic, payload, TELESCOPE]


@pytest.mark.parametrize(
    ("topic", "payload"),
    every(
        2,
        [
            ("safety/input/unknown-N", '{"safe": true}'),
            (f"{TELESCOPE}/command", "fly N"),
            (f"{TELESCOPE}/set/x-N", "1"),
        ],
    ),
)
async def test_a_flood_neither_loses_nor_delays_what_matters(
    tmp_path: Path, topic: str, payload: str
) -> None:
    async with _agent(tmp_path) as (broker, _, handlers):
        flood = await asyncio.create_subprocess_exec(
            *_flood(broker, topic, payload), stdout=asyncio.subprocess.PIPE
        )
        assert flood.stdout is not None
        said_at = float(await flood.stdout.readline())
        await handlers.all_there.wait()
        await flood.wait()
        late = {name: handlers.at[name] - said_at for name in WANTED}
        assert max(late.values()) < LATE_S, late


@FLOODS
async def test_after_a_flood_that_met_a_busy_agent_what_matters_comes_first(
    tmp_path: Path, topic: str, payload: str
) -> None:
    async with _agent(tmp_path) as (broker, port, handlers):
        _stand_still_for(_flood(broker, topic, payload), port)
        await handlers.all_there.wait()
        assert max(handlers.after[name] for name in WANTED - _delayed_by_their_own_junk(topic)) <= 100


def _stand_still_for(flood: list[str], port: PahoPort) -> None:
    """Let the whole flood come in while the event loop does nothing."""
    subprocess.run(flood, check=True, capture_output=True)
    deadline = time.monotonic() + PATIENCE_S
    while not _has_read_all(port):
        assert time.monotonic() < deadline, "the session was lost"
        time.sleep(0.01)


def _has_read_all(port: PahoPort) -> bool:
    """Tell whether the network thread has taken everything from the broker: the session was said last."""
    queue = port._backlog._queues.get((Urgency.SUBMISSION, ""))
    return queue is not None and b'"M 31"' in queue._waiting[-1][0].message.payload


def _delayed_by_their_own_junk(topic: str) -> set[str]:
    """What shares its queue with the junk comes in its turn, the rest at once."""
    return {"unsafe"} if topic == "safety/input/roof" else {"session"} if topic.endswith("submit") else set()
