"""When discovery is published: at each connect, on change, and whenever it is asked for again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace

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
        self._sent: dict[str, str] = {}  # topic -> digest of what counts as published now
        self._sent_at: dict[str, float] = {}
        self._wake = asyncio.Event()

    def announce(self, messages: Iterable[DeviceMessage]) -> None:
        """Say which devices exist now, the agent's own first; others announced before are removed."""
        self._wanted = {message.topic: message for message in messages}
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
        outcomes = [self._remove_devices(self._wanted)]
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
        old = tuple(topic for topic in (entry.owned if entry else ()) if topic not in message.owned)
        noted = self._announced.put(message.topic, Entry(stays, message.owned + old, leaving))
        _LOGGER.debug("Discovery: %s published, %d components leave", message.topic, len(leaving))
        return (MIN_GAP_S if leaving else None), noted

    def _remove_devices(self, wanted: dict[str, DeviceMessage]) -> _Outcome:
        """Empty the discovery topics of devices that are gone, then the retained topics they owned."""
        in_use = {topic for message in wanted.values() for topic in message.owned}
        wait, noted = None, False
        for topic, entry in self._announced.entries.items():
            if topic in wanted:
                continue
            if not self._empty([topic, *(owned for owned in entry.owned if owned not in in_use)]):
                wait = ROOM_RETRY_S
                continue
            noted = True
            self._announced.drop(topic)
            self._sent.pop(topic, None)
        return wait, noted

    def _empty_old_topics(self, wanted: dict[str, DeviceMessage]) -> _Outcome:
        """Empty what devices own no longer, but only when Home Assistant reads their new topics."""
        in_use = {topic for message in wanted.values() for topic in message.owned}
        now = self._clock.monotonic()
        waits, noted = [], False
        for topic, message in wanted.items():
            entry = self._announced.get(topic)
            if entry is None or entry.owned == message.owned or topic not in self._sent:
                continue
            due = self._sent_at[topic] + MIN_GAP_S
            if now < due:
                waits.append(due - now)
            elif self._empty([owned for owned in entry.owned if owned not in in_use]):
                noted = self._announced.put(topic, replace(entry, owned=message.owned)) or noted
            else:
                waits.append(ROOM_RETRY_S)
        return min(waits, default=None), noted

    def _empty(self, topics: list[str]) -> bool:
        """Empty retained topics; false when the port had no room."""
        if not all(self._publish(topic, b"") for topic in topics):
            return False
        if topics:
            _LOGGER.info("Discovery: emptied %s", ", ".join(topics))
        return True

    def _publish(self, topic: str, payload: bytes) -> bool:
        return self._port.publish(Publication(topic, payload, qos=1, retain=True))

    async def _pause(self, seconds: float | None) -> None:
        try:
            async with self._clock.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
