"""A request that the broker delivers twice acts once: the second is told what the first was told."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable

from agent.clock import Clock
from agent.mqtt.port import Message

REMEMBERED_S = 120.0  # a broker delivers again within seconds of a reconnect; a person presses again later
MAX_REMEMBERED = 512

Key = tuple[str, str, bytes]
"""Topic, request id, digest of the body."""

Answer = Callable[[Message], None]
"""Publish an answer for the caller of that message."""


class Exchange:
    """One request with everyone who sent it, and what they were told so far."""

    def __init__(self, message: Message, key: Key, begun: float) -> None:
        self.key = key
        self.begun = begun
        self._messages = [message]
        self._answers: list[Answer] = []

    def answer(self, answer: Answer) -> None:
        """Answer everyone who sent this request, now or later."""
        self._answers.append(answer)
        for message in self._messages:
            answer(message)

    def join(self, message: Message) -> None:
        """Tell one more sender what was said; what is still to come is told as well."""
        self._messages.append(message)
        for answer in tuple(self._answers):
            answer(message)


class Exchanges:
    """Remembers the latest requests by topic, request id and body."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: OrderedDict[Key, Exchange] = OrderedDict()

    def begin(self, message: Message, request_id: str) -> Exchange | None:
        """Return a new exchange to act on; None when this message repeats one, and has been answered.

        A message repeats another when topic and body are the same and either both carry the same request id,
        or the broker flags it as delivered again.
        """
        now = self._clock.monotonic()
        while self._known and next(iter(self._known.values())).begun < now - REMEMBERED_S:
            self._known.popitem(last=False)
        key = _key(message, request_id)
        known = self._known.get(key)
        if known is not None and (request_id or message.dup):
            known.join(message)
            return None
        exchange = self._known[key] = Exchange(message, key, now)
        self._known.move_to_end(key)
        if len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)
        return exchange

    def forget(self, exchange: Exchange) -> None:
        """Let the same request be tried again: this one was not acted on."""
        self._known.pop(exchange.key, None)


def _key(message: Message, request_id: str) -> Key:
    return message.topic, request_id, hashlib.blake2b(message.payload, digest_size=16).digest()
