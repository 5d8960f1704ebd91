"""When discovery is published: at each connect, on change, and whenever it is asked for again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from itertools import takewhile

from agent.clock import Clock
from agent.mqtt.discovery.announced import Announced, Entry
from agent.mqtt.discovery.model import DeviceMessage
from agent.mqtt.port import MqttPort, Publication

MIN_GAP_S = 3.0  # Home Assistant may lose a component when two messages of a device come closer than this
ROOM_RETRY_S = 1.0  # seconds until a message is offered again that the port had no room for

_LOGGER = logging.getLogger(__name__)

_Outcome = tuple[float | None, bool]  # seconds until there is more to do (None: nothing), announced changed


class Announcer:
    """Keeps the retained discovery messages equal to those last given to `announce`. `run` is its one task.

    It hands messages to the port itself, because the message that removes a component must not be overtaken
    by the next one of the same topic, which waiting in an outbox would do.
    """

    def __init__(self, port: MqttPort, announced: Announced, clock: Clock) -> None:
        self._port = port
        self._announced = announced
        self._clock = clock
        self._wanted: dict[str, DeviceMessage] | None = None
        self._retained: frozenset[str] = frozenset()
        self._sent: dict[str, str] = {}  # topic -> digest of what counts as published now
        self._sent_at: dict[str, float] = {}
        self._wake = asyncio.Event()

    def announce(self, messages: Iterable[DeviceMessage], retained: Iterable[str]) -> None:
        """Say which devices exist now, the agent's own first, and which retained topics the agent speaks on.

        Devices and topics of before that are not among them are taken from the broker.
        """
        self._wanted = {message.topic: message for message in messages}
        self._retained = frozenset(retained)
        self._wake.set()

    def resend(self) -> None:
        """Publish all of it again: Home Assistant came up, or somebody wants back a device he deleted."""
        self._sent.clear()
        self._wake.set()

    async def run(self) -> None:
        """Publish until cancelled."""
        end = self._port.on_connected(self.resend)  # the broker may have lost its store
        try:
            while True:
                self._wake.clear()
                await self._pause(await self._step())
        finally:
            end()

    async def _step(self) -> float | None:
        """Publish what may be published now; return the seconds until there is more to do, if any."""
        if self._wanted is None or not self._port.connected:
            return None
        outcomes: list[_Outcome] = [(None, self._announced.add_retained(self._retained))]
        outcomes.append(self._remove_devices(self._wanted))
        outcomes += [self._bring_up_to_date(message) for message in self._wanted.values()]
        outcomes.append(self._empty_old_topics(self._wanted))
        if any(noted for _, noted in outcomes):
            await asyncio.to_thread(self._announced.save)
        return min((wait for wait, _ in outcomes if wait is not None), default=None)

    def _bring_up_to_date(self, message: DeviceMessage) -> _Outcome:
        """Publish one device if it needs it; components that are gone are taken out one message earlier."""
        entry = self._announced.get(message.topic)
        gone = entry.gone_from(message) if entry else {}
        taken_out = entry is not None and gone == entry.leaving and message.topic in self._sent
        leaving = {} if taken_out else gone
        text = message.with_removed(leaving) if leaving else message
        if self._sent.get(message.topic) == text.digest:
            return None, False
        now = self._clock.monotonic()
        earliest = self._sent_at.get(message.topic, now - MIN_GAP_S) + MIN_GAP_S
        if now < earliest:
            return earliest - now, False
        if not self._publish(message.topic, text.wire.encode()):
            return ROOM_RETRY_S, False
        self._sent[message.topic] = text.digest
        self._sent_at[message.topic] = now
        stays = {key: platform for key, platform in message.components.items() if key not in leaving}
        noted = self._announced.put(message.topic, Entry(stays, leaving))
        _LOGGER.debug("Discovery: %s published, %d components leave", message.topic, len(leaving))
        return (MIN_GAP_S if leaving else None), noted

    def _remove_devices(self, wanted: dict[str, DeviceMessage]) -> _Outcome:
        """Empty the discovery topics of devices that are gone."""
        wait, noted = None, False
        for topic in self._announced.entries:
            if topic in wanted:
                continue
            if not self._empty([topic]):
                wait = ROOM_RETRY_S
                continue
            noted = True
            self._announced.drop(topic)
            self._sent.pop(topic, None)
        return wait, noted

    def _empty_old_topics(self, wanted: dict[str, DeviceMessage]) -> _Outcome:
        """Empty retained topics that are no longer ours, but only when Home Assistant reads the new ones."""
        old = sorted(self._announced.retained - self._retained)
        if not old:
            return None, False
        if not wanted.keys() <= self._sent.keys():
            return ROOM_RETRY_S, False
        now = self._clock.monotonic()
        due = max((self._sent_at[topic] + MIN_GAP_S for topic in wanted), default=now)
        if now < due:
            return due - now, False
        emptied = self._empty(old)
        self._announced.drop_retained(emptied)
        return (None if emptied == old else ROOM_RETRY_S), bool(emptied)

    def _empty(self, topics: list[str]) -> list[str]:
        """Empty retained topics; return those that the port had room for."""
        emptied = list(takewhile(lambda topic: self._publish(topic, b""), topics))
        if emptied:
            _LOGGER.info("Discovery: emptied %s", ", ".join(emptied))
        return emptied

    def _publish(self, topic: str, payload: bytes) -> bool:
        return self._port.publish(Publication(topic, payload, qos=1, retain=True))

    async def _pause(self, seconds: float | None) -> None:
        try:
            async with self._clock.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
