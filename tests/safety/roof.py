"""A roof over a telescope, told and seen over MQTT: it takes its time, jams, and lies when asked to."""

from __future__ import annotations

import asyncio
from typing import Any

from agent.clock import Clock
from agent.mqtt.memory import MemoryBroker, MemoryPort
from agent.mqtt.port import Message

SETTINGS: dict[str, Any] = {
    "lid": "shed/roof/set OPEN CLOSE",
    "lid_open": "shed/roof/open is 1",
    "lid_closed": "shed/roof/closed is 1",
    "lid_s": 60,
    "idle_min": 5,
}


class Roof:
    """Moves in `travel_s`; `position` is 0 closed to 1 open. `orders` lists what it was told, and when."""

    def __init__(self, broker: MemoryBroker, clock: Clock, *, position: float = 0.0) -> None:
        self._broker = broker
        self._clock = clock
        self._port = MemoryPort(broker)
        self._moving: asyncio.Task[None] | None = None
        self.position = position
        self.travel_s = 20.0
        self.jams_at: float | None = None  # the position it cannot get past
        self.deaf = 0  # orders it does not hear
        self.says: dict[str, str] = {}  # what its switches say instead of the truth
        self.orders: list[tuple[float, str]] = []
        self.positions: list[tuple[float, float]] = []
        self.closed_over: list[str] = []  # what was wrong whenever it began to close

    def begin(self) -> None:
        """Listen, and show where it is."""
        self._port.subscribe("shed/roof/set", self._hear)
        self._port.start()
        self.show()

    def show(self) -> None:
        """Tell what its two end switches say."""
        truth = {"open": "1" if self.position >= 1 else "0", "closed": "1" if self.position <= 0 else "0"}
        for name, value in {**truth, **self.says}.items():
            self._broker.publish(f"shed/roof/{name}", value, retain=True)
        self.positions.append((self._clock.monotonic(), self.position))

    def told(self, word: str) -> int:
        """How often it was told that."""
        return sum(1 for _, order in self.orders if order == word)

    def push(self, position: float) -> None:
        """Somebody moves it by hand."""
        if self._moving is not None:
            self._moving.cancel()
        self.position = position
        self.show()

    def _hear(self, message: Message) -> None:
        word = message.payload.decode()
        self.orders.append((self._clock.monotonic(), word))
        if self.deaf:
            self.deaf -= 1
            return
        if self._moving is not None:
            self._moving.cancel()
        self._moving = asyncio.create_task(self._move(1.0 if word == "OPEN" else 0.0), name="roof")

    async def _move(self, to: float) -> None:
        while self.position != to:
            self.show()
            await self._clock.sleep(self.travel_s / 10)
            step = 0.1 if to > self.position else -0.1
            new = round(self.position + step, 1)
            if self.jams_at is not None and (self.position - self.jams_at) * (new - self.jams_at) <= 0:
                return
            self.position = new
        self.show()
