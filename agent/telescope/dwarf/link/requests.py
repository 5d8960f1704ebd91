"""Questions and answers over a link that numbers neither: matched by command, one of a kind in flight.

The module is no part of the match: a Dwarf II was seen to answer for its wide camera as if it were the tele.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from agent.telescope.dwarf.wire.commands import Module, name_of
from agent.telescope.dwarf.wire.envelope import ANSWER_TYPES, Generation, Packet, PacketType
from agent.telescope.dwarf.wire.notifications import (
    LateAnswer,
    Notification,
    Unknown,
    Unreadable,
    read_notification,
)
from agent.telescope.dwarf.wire.plausible import plausible
from agent.telescope.errors import UnreachableError

_LOGGER = logging.getLogger(__name__)

_MOST_STRANGERS = 500  # there are some hundred notifications


@dataclass(frozen=True, slots=True)
class Answered:
    """The telescope's answer to the command of a conversation."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """The link broke; nothing more will come."""

    error: UnreachableError


Replies = asyncio.Queue[Notification | Answered | Broken]


class Exchange:
    """Sends commands through `transmit` and hands out what comes back. Owns every pending answer.

    Bounding the time is the caller's part: a cancelled question is forgotten, its late answer published.
    """

    def __init__(self, transmit: Callable[[int, bytes], Awaitable[None]]) -> None:
        self.generation = Generation.V3
        self._transmit = transmit
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._pending: dict[int, Replies] = {}  # a conversation takes every answer, a question the first
        self._inboxes: list[Replies] = []
        self._listeners: list[Callable[[Notification], None]] = []
        self._strangers: set[int] = set()
        self.unread = 0  # packets that came and had no meaning

    async def ask(self, cmd: int, data: bytes = b"") -> bytes:
        """Send a command and return the data of its answer; UnreachableError when the link breaks."""
        async with self._question(cmd, data, asyncio.Queue()) as replies:
            event = await replies.get()
        if isinstance(event, Answered):
            return event.data
        if isinstance(event, Broken):
            raise event.error
        raise AssertionError("a question without notifications got one")

    @asynccontextmanager
    async def converse(self, cmd: int, data: bytes = b"") -> AsyncIterator[Replies]:
        """Send a command; the replies gets its answers and every notification, in the order they came.

        Telescopes were seen to answer a long command at once, and again when it fails.
        """
        with self.watch() as replies:
            async with self._question(cmd, data, replies):
                yield replies

    @contextmanager
    def watch(self) -> Iterator[Replies]:
        """Collect every notification, without asking anything."""
        replies: Replies = asyncio.Queue()
        self._inboxes.append(replies)
        try:
            yield replies
        finally:
            self._inboxes.remove(replies)

    def listen(self, listener: Callable[[Notification], None]) -> Callable[[], None]:
        """Call `listener` for each notification, before any conversation gets it; the result ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def could_not_read(self) -> None:
        """Something came that is no packet; an answer may be lost with it."""
        self.unread += 1
        self.publish(Unreadable())

    def deliver(self, packet: Packet) -> None:
        """Take in a packet from the telescope."""
        if packet.type == PacketType.NOTIFICATION or packet.module_id == Module.NOTIFY:
            self.publish(read_notification(packet.cmd, packet.data, self.generation))
            return
        replies = self._pending.get(packet.cmd)
        if packet.type not in ANSWER_TYPES:
            self.could_not_read()
            _LOGGER.debug("%s comes as nothing known (type %d)", name_of(packet.cmd), packet.type)
            return
        if replies is None:
            _LOGGER.debug("Nobody waits for an answer to %s", name_of(packet.cmd))
            self.publish(LateAnswer(packet.cmd, packet.data))
            return
        replies.put_nowait(Answered(packet.data))

    def publish(self, notification: Notification) -> None:
        """Hand a notification to every listener and replies; a failing listener never stops the others.

        What no telescope can mean is handed to nobody.
        """
        if not plausible(notification):
            _LOGGER.debug("Not believed: %s", notification)
            return
        if isinstance(notification, Unknown) and self._is_strange(notification.cmd):
            _LOGGER.debug("Notification %d is not used: %s", notification.cmd, notification.data.hex())
        for listener in tuple(self._listeners):
            try:
                listener(notification)
            except Exception:
                _LOGGER.exception("A listener failed on %s", type(notification).__name__)
        for replies in self._inboxes:
            replies.put_nowait(notification)

    def _is_strange(self, cmd: int) -> bool:
        """Whether this is the first of its kind, of as many as can be remembered."""
        if cmd in self._strangers or len(self._strangers) >= _MOST_STRANGERS:
            return False
        self._strangers.add(cmd)
        return True

    def interrupt(self, error: UnreachableError) -> None:
        """The link broke: whoever waits for anything learns it now."""
        waiting = list(self._inboxes)
        waiting += [replies for replies in self._pending.values() if replies not in waiting]
        self._pending.clear()
        for replies in waiting:
            replies.put_nowait(Broken(error))

    @asynccontextmanager
    async def _question(self, cmd: int, data: bytes, replies: Replies) -> AsyncIterator[Replies]:
        async with self._locks[cmd]:
            self._pending[cmd] = replies
            try:
                await self._transmit(cmd, data)
                yield replies
            finally:
                self._pending.pop(cmd, None)
