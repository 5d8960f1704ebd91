"""Helpers of the MQTT tests."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.clock import LoopClock
from agent.errors import Problem
from agent.events import EventBus
from agent.mqtt.broker_options import BrokerOptions
from agent.mqtt.handlers import Accepted
from agent.mqtt.memory import MemoryBroker, MemoryPort
from agent.mqtt.paho_port import PahoPort
from agent.mqtt.port import Message, Publication
from agent.mqtt.service import About, MqttService
from agent.mqtt.topics import Topics
from agent.requests import Acknowledgement, Code, Command, Reply, Submission
from tests.support.virtual_loop import run_virtual

PATIENCE_S = 20.0  # a slow machine may need that; nothing here waits as long when all is well


class Ear:
    """A client that hears everything on a filter."""

    def __init__(self, port: PahoPort, topic_filter: str = "#") -> None:
        self.port = port
        self.heard: list[Message] = []
        self._news = asyncio.Event()
        self.connections = 0
        port.subscribe(topic_filter, self._hear)
        port.on_connected(self._count)

    async def until(self, wanted: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not wanted():
                self._news.clear()
                await self._news.wait()

    async def connected(self, times: int = 1) -> None:
        await self.until(lambda: self.port.connected and self.connections >= times)

    async def message(self, topic: str, payload: bytes | None = None) -> Message:
        def find() -> Message | None:
            return next(
                (m for m in self.heard if m.topic == topic and (payload is None or m.payload == payload)),
                None,
            )

        await self.until(lambda: find() is not None)
        found = find()
        assert found is not None
        return found

    async def body(self, topic: str) -> Any:
        return json.loads((await self.message(topic)).payload)

    def _hear(self, message: Message) -> None:
        self.heard.append(message)
        self._news.set()

    def _count(self) -> None:
        self.connections += 1
        self._news.set()


async def logged(caplog: pytest.LogCaptureFixture, text: str) -> None:
    """Wait until a text stands in the log."""
    seen = asyncio.Event()
    loop = asyncio.get_running_loop()

    class Watch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if text in record.getMessage():
                loop.call_soon_threadsafe(seen.set)

    watch = Watch()
    logging.getLogger().addHandler(watch)
    try:
        if text not in caplog.text:
            await asyncio.wait_for(seen.wait(), PATIENCE_S)
    finally:
        logging.getLogger().removeHandler(watch)


@asynccontextmanager
async def listening(
    options: BrokerOptions, topic_filter: str = "#", will: Publication | None = None
) -> AsyncIterator[Ear]:
    port = PahoPort(options, will=will)
    ear = Ear(port, topic_filter)
    port.start()
    try:
        await ear.connected()
        yield ear
    finally:
        await port.stop()


NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
TELESCOPE = "dwarf3_1a2b3c"


class FakeHandlers:
    """Handlers that take everything, unless told otherwise, and remembers what it was asked."""

    def __init__(self) -> None:
        self.submissions: list[Submission] = []
        self.commands: list[tuple[str, Command]] = []
        self.values: list[tuple[str, str, object]] = []
        self.questions: list[tuple[str, dict[str, Any]]] = []
        self.safety: list[tuple[str, bytes, bool]] = []
        self.trouble: Exception | None = None
        self.gate: asyncio.Event | None = None

    async def submit(self, submission: Submission) -> Acknowledgement:
        self.submissions.append(submission)
        await self._pass()
        return Acknowledgement(
            True,
            Code.QUEUED,
            "Queued as number 1.",
            telescope=submission.telescope,
            session_id=submission.session_id or "made-up",
            position=1,
            scheduled_for=NOW + timedelta(hours=1),
            warnings=(Problem("defaulted", "No calibration is asked for.", path="/calibration"),),
        )

    async def command(self, telescope: str, command: Command, accepted: Accepted) -> Reply:
        self.commands.append((telescope, command))
        accepted("On it.")
        await self._pass()
        return Reply(True, Code.DONE, "It has stopped.")

    async def set_value(self, telescope: str, key: str, value: object) -> Reply:
        self.values.append((telescope, key, value))
        await self._pass()
        return Reply(True, Code.DONE, f"{key} is {value}.")

    async def bridge_request(self, verb: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        self.questions.append((verb, dict(body)))
        await self._pass()
        return {"verb": verb, "at": NOW, "ratio": float("nan")}

    def safety_input(self, source: str, payload: bytes, retained: bool, received_at: datetime) -> None:
        self.safety.append((source, payload, retained))
        if self.trouble:
            raise self.trouble

    async def _pass(self) -> None:
        if self.gate is not None:
            await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble


class House:
    """The service over a broker in memory, on a clock of its own."""

    def __init__(
        self, *, reachable: bool = True, telescopes: tuple[str, ...] = (TELESCOPE,), **more: Any
    ) -> None:
        self.broker = MemoryBroker()
        self.topics = Topics()
        self.port = MemoryPort(self.broker, will=self.topics.will(), reachable=reachable)
        self.bus = EventBus()
        self.handlers = FakeHandlers()
        self.service = MqttService(
            self.port,
            self.topics,
            self.bus,
            self.handlers,
            About("1.2.3", [{"id": telescope, "model": "D3"} for telescope in telescopes]),
            clock=LoopClock(NOW),
            zone=ZoneInfo("Europe/Berlin"),
            chance=random.Random(1),
            **more,
        )

    def body(self, topic: str) -> Any:
        """Return the JSON body last published below the base."""
        payload = self.broker.last(f"dwarf/{topic}")
        assert payload is not None, f"nothing was published on {topic}"
        return json.loads(payload)

    def bodies(self, topic: str) -> list[Any]:
        return [json.loads(found.payload) for found in self.broker.all(f"dwarf/{topic}") if found.payload]

    def events(self) -> list[str]:
        return [body["event_type"] for body in self.bodies(f"{TELESCOPE}/event")]

    async def ask(self, topic: str, payload: bytes | str, **more: Any) -> None:
        self.broker.publish(f"dwarf/{topic}", payload, **more)
        await settle()


async def settle() -> None:
    """Let everything that is ready run."""
    for _ in range(20):
        await asyncio.sleep(0)


def at_house(test: Callable[[House], Coroutine[Any, Any, None]], **options: Any) -> None:
    """Run a test against a started house, in simulated time, and stop the house."""

    async def run() -> None:
        house = House(**options)
        house.service.start()
        await settle()
        await test(house)
        await house.service.stop()

    run_virtual(run())
