"""The messages under way to the broker: never more than it takes at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from agent.mqtt.port import Publication

WINDOW = 20  # unconfirmed messages: what brokers take at once; the rest waits in the outbox


class Window:
    """Unconfirmed messages by their id. `on_room` is called when it was full and is half empty again."""

    def __init__(self, on_room: Callable[[], None]) -> None:
        self._on_room = on_room
        self._under_way: dict[int, Publication] = {}
        self._refused = False  # somebody was told that there is no room
        self._all_confirmed = asyncio.Event()
        self._all_confirmed.set()

    def has_room(self) -> bool:
        """Tell whether one more may leave; who hears false is called back."""
        self._refused = self._refused or len(self._under_way) >= WINDOW
        return len(self._under_way) < WINDOW

    def add(self, mid: int, publication: Publication) -> None:
        """Remember a message that was handed over."""
        self._under_way[mid] = publication
        self._all_confirmed.clear()

    def confirm(self, mid: int) -> Publication | None:
        """Forget a confirmed message, and return it."""
        publication = self._under_way.pop(mid, None)
        self._settle()
        return publication

    def lose_connection(self) -> None:
        """Forget what is not sent again after a reconnect."""
        self._under_way = {mid: each for mid, each in self._under_way.items() if each.qos}
        self._settle()

    def take_back(self) -> list[Publication]:
        """Empty it, and return the messages that another client must send: retained ones are said anyway."""
        kept = [each for each in self._under_way.values() if each.qos and not each.retain]
        self._under_way.clear()
        self._settle()
        return kept

    async def drained(self, seconds: float) -> None:
        """Wait until everything is confirmed, but not longer."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._all_confirmed.wait()

    def _settle(self) -> None:
        if not self._under_way:
            self._all_confirmed.set()
        if self._refused and len(self._under_way) <= WINDOW // 2:
            self._refused = False
            self._on_room()
