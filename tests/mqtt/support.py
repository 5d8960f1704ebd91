"""Helpers of the MQTT tests."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from agent.mqtt.broker_options import BrokerOptions
from agent.mqtt.paho_port import PahoPort
from agent.mqtt.port import Message, Publication

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
