"""Messages on their way from the network thread to the event loop: junk fills only the queue of its kind."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

from agent.mqtt.port import Message, Urgency

ItemT = TypeVar("ItemT")

QUEUE_BYTES = 4 * 1024 * 1024  # of one queue: fifteen thousand small messages, or sixteen of the largest
SAFETY_BYTES = 512 * 1024  # of one safety topic; its newest message always finds room
MAX_SAFETY_TOPICS = 256  # with a queue of their own; nobody has as many sources
_OVERHEAD = 250  # bytes that a message takes beside topic and payload
_SHARE = {  # messages taken in one round
    Urgency.SAFETY: 16,
    Urgency.STOP: 16,
    Urgency.SUBMISSION: 8,
    Urgency.COMMAND: 8,
    Urgency.SETTING: 8,
    Urgency.BRIDGE: 4,
    Urgency.REST: 8,
}


class _Queue(Generic[ItemT]):
    """Messages in order, up to a number of bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[tuple[ItemT, int]] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, item: ItemT, size: int, *, keep_newest: bool) -> int:
        """Add an item; return how many were left out: the oldest for it, or it itself."""
        dropped = 0
        if not keep_newest and self._waiting and self._bytes + size > self._limit:
            return 1
        while keep_newest and self._waiting and self._bytes + size > self._limit:
            self.take()
            dropped += 1
        self._waiting.append((item, size))
        self._bytes += size
        return dropped

    def take(self) -> ItemT:
        item, size = self._waiting.popleft()
        self._bytes -= size
        return item


class Backlog(Generic[ItemT]):
    """Takes messages in one thread, gives them out in another: the most urgent first, a share of each kind.

    Every safety topic has a queue of its own that leaves out its oldest messages when it is full; the other
    kinds leave out what comes then.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queues: dict[tuple[Urgency, str], _Queue[ItemT]] = {}
        self._dropped: dict[Urgency, int] = {}

    def put(self, urgency: Urgency, message: Message, item: ItemT) -> bool:
        """Add an item; true when nothing waited, so that somebody must be woken to `take`."""
        size = len(message.payload) + len(message.topic) + _OVERHEAD
        safety = urgency is Urgency.SAFETY
        with self._lock:
            idle = not self._queues
            key = (urgency, message.topic if safety and len(self._queues) < MAX_SAFETY_TOPICS else "")
            queue = self._queues.get(key)
            if queue is None:
                queue = self._queues[key] = _Queue(SAFETY_BYTES if safety else QUEUE_BYTES)
            dropped = queue.put(item, size, keep_newest=safety)
            if dropped:
                self._dropped[urgency] = self._dropped.get(urgency, 0) + dropped
            return idle

    def take(self) -> tuple[list[ItemT], bool]:
        """Return the next round of items, and whether more wait."""
        with self._lock:
            items: list[ItemT] = []
            for key in sorted(self._queues):
                queue = self._queues[key]
                items += [queue.take() for _ in range(min(len(queue), _SHARE[key[0]]))]
            self._queues = {key: queue for key, queue in self._queues.items() if len(queue)}
            return items, bool(self._queues)

    def dropped(self) -> dict[Urgency, int]:
        """Return how many messages of each kind were left out since this was last asked."""
        with self._lock:
            dropped, self._dropped = self._dropped, {}
            return dropped
