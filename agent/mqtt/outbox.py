"""What waits to be published: the last value of each retained topic, and a bounded list of the rest."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from agent.mqtt.callbacks import Callbacks
from agent.mqtt.port import MqttPort, Publication

MAX_EVENTS = 200  # events and results kept through an outage: a busy night; results are on disk as well
MAX_ANSWERS = 100  # answers kept: more than can be asked at once

_LOGGER = logging.getLogger(__name__)


class Lane(StrEnum):
    """Which bounded list an unretained message waits in: no flood of answers pushes out results."""

    EVENT = "event"
    ANSWER = "answer"


_LIMITS = {Lane.EVENT: MAX_EVENTS, Lane.ANSWER: MAX_ANSWERS}


class _Entry(NamedTuple):
    """A message that waits; `lane` is None for a retained one."""

    publication: Publication
    lane: Lane | None = None
    handed: Callable[[], None] | None = None


class Outbox:
    """Hands messages to the port in order, only while it takes them.

    Knows the current truth of every retained topic, and publishes all of it again after each connect.
    """

    def __init__(self, port: MqttPort) -> None:
        self._port = port
        self._truth: dict[str, Publication] = {}
        self._waiting: OrderedDict[str | int, _Entry] = OrderedDict()
        self._counts = dict.fromkeys(Lane, 0)
        self._serial = 0
        self._full = False  # some were dropped
        self._empty = asyncio.Event()
        self._empty.set()
        self._listeners = Callbacks[[Publication]]()
        port.on_room(self._pump)

    @property
    def waiting(self) -> int:
        """Count the messages that have not been handed to the port."""
        return len(self._waiting)

    def publish(
        self,
        publication: Publication,
        lane: Lane = Lane.EVENT,
        handed: Callable[[], None] | None = None,
    ) -> None:
        """Publish as soon as possible. A retained message replaces one that still waits on the same topic.

        `handed` is called when the port took an unretained message: not before there is a broker.
        """
        if publication.retain:
            self._retain(publication)
        else:
            self._append(_Entry(publication, lane, handed), lane)
        self._listeners.call(publication)
        self._pump()

    def listen(self, listener: Callable[[Publication], None]) -> Callable[[], None]:
        """Call back with everything that is published, broker or none; call the result to end it."""
        return self._listeners.add(listener)

    def value(self, topic: str) -> bytes | None:
        """Return the current truth of a retained topic."""
        publication = self._truth.get(topic)
        return None if publication is None else publication.payload

    def clear(self, topic: str) -> None:
        """Remove a retained topic from the broker."""
        self.publish(Publication(topic, b"", retain=True))

    def republish(self) -> None:
        """Publish every retained topic's current truth again, before whatever else waits."""
        rest = [(key, entry) for key, entry in self._waiting.items() if key not in self._truth]
        self._waiting = OrderedDict(
            (topic, _Entry(publication)) for topic, publication in self._truth.items()
        )
        self._waiting.update(rest)
        self._pump()

    async def drained(self, seconds: float) -> bool:
        """Wait until nothing waits any more; false when that took too long."""
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True

    def _retain(self, publication: Publication) -> None:
        topic = publication.topic
        if publication.payload:
            self._truth[topic] = publication
        else:
            self._truth.pop(topic, None)
        self._waiting.pop(topic, None)
        self._waiting[topic] = _Entry(publication)

    def _append(self, entry: _Entry, lane: Lane) -> None:
        if self._counts[lane] >= _LIMITS[lane]:
            self._drop_oldest(lane)
        self._serial += 1
        self._counts[lane] += 1
        self._waiting[self._serial] = entry

    def _drop_oldest(self, lane: Lane) -> None:
        key = next(key for key, entry in self._waiting.items() if entry.lane is lane)
        del self._waiting[key]
        self._counts[lane] -= 1
        if not self._full:
            self._full = True
            _LOGGER.warning(
                "MQTT: more than %d messages wait for the broker; dropping the oldest", _LIMITS[lane]
            )

    def _pump(self) -> None:
        while self._waiting and self._port.connected:
            key, (publication, lane, handed) = next(iter(self._waiting.items()))
            try:
                if not self._port.publish(publication):
                    break
            except Exception:
                _LOGGER.exception("MQTT: a message on %s met a defect and is left out", publication.topic)
                handed = None
            del self._waiting[key]
            if lane is not None:
                self._counts[lane] -= 1
            if handed is not None:
                handed()
        if self._waiting:
            self._empty.clear()
        else:
            self._empty.set()
