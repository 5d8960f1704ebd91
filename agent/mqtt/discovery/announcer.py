"""When discovery is published: at each connect, at Home Assistant's birth, on change, and on request."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from dataclasses import replace

from agent.clock import Clock
from agent.mqtt.discovery.ledger import Entry, Ledger
from agent.mqtt.discovery.model import DeviceMessage, DiscoveryOptions
from agent.mqtt.port import Message, MqttPort, Publication

BIRTH_JITTER_S = (1.0, 5.0)  # not every publisher of a house at once
MIN_GAP_S = 3.0  # Home Assistant may lose a component when two messages of a device come closer than this
ROOM_RETRY_S = 1.0  # seconds until a message is offered again that the port had no room for

_LOGGER = logging.getLogger(__name__)

_Outcome = tuple[float | None, bool]  # seconds until there is more to do (None: nothing), ledger changed


class Announcer:
    """Keeps the retained discovery messages equal to those last given to `announce`. `run` is its one task.

    `republish` publishes all retained states again; it is called after a birth. A device that somebody
    deleted in Home Assistant comes back at the next birth, connect or `resend`, not at once.
    """

    def __init__(
        self,
        port: MqttPort,
        ledger: Ledger,
        options: DiscoveryOptions,
        *,
        clock: Clock,
        rng: random.Random,
        republish: Callable[[], None],
    ) -> None:
        self._port = port
        self._ledger = ledger
        self._options = options
        self._clock = clock
        self._rng = rng
        self._republish = republish
        self._wanted: dict[str, DeviceMessage] = {}
        self._known = False
        self._sent: dict[str, str] = {}  # topic -> digest of what this connection was given
        self._sent_at: dict[str, float] = {}
        self._born_at: float | None = None
        self._states_due = False
        self._wake = asyncio.Event()

    def announce(self, messages: Iterable[DeviceMessage]) -> None:
        """Say which devices exist now, the agent's own first; others announced before are removed."""
        self._wanted = {message.topic: message for message in messages}
        self._known = True
        self._wake.set()

    def resend(self) -> None:
        """Publish everything again, states included, whether or not it changed."""
        self._sent.clear()
        self._states_due = True
        self._wake.set()

    async def run(self) -> None:
        """Publish until cancelled."""
        endings = [
            self._port.on_connected(self._on_connected),
            self._port.subscribe(self._options.birth_topic, self._on_status),
        ]
        try:
            while True:
                delay = await self._step()
                await self._pause(delay)
        finally:
            for end in endings:
                end()

    async def _step(self) -> float | None:
        """Publish what may be published now; return the seconds until there is more to do, if any."""
        self._wake.clear()
        if not self._known or not self._port.connected:
            return None
        now = self._clock.monotonic()
        waits: list[float] = []
        if self._born_at is not None:
            if now >= self._born_at:
                self._born_at = None
                self._sent.clear()
                self._states_due = True
            else:
                waits.append(self._born_at - now)
        changed = False
        for wait, noted in (self._remove_leftovers(), *self._bring_all_up_to_date(now)):
            changed |= noted
            if wait is not None:
                waits.append(wait)
        if changed:
            await asyncio.to_thread(self._ledger.save)
        if self._states_due and not waits:
            self._states_due = False
            self._republish()
        return min(waits, default=None)

    def _bring_all_up_to_date(self, now: float) -> list[_Outcome]:
        return [self._bring_up_to_date(message, now) for message in self._wanted.values()]

    def _bring_up_to_date(self, message: DeviceMessage, now: float) -> _Outcome:
        """Publish one device if it needs it."""
        entry = self._ledger.get(message.topic)
        removed = entry.gone_from(message) if entry else {}
        finished = entry is not None and removed == entry.leaving and message.topic in self._sent
        text = message if finished or not removed else message.with_removed(removed)
        if self._sent.get(message.topic) == text.digest:
            return None, False
        earliest = self._sent_at.get(message.topic, now - MIN_GAP_S) + MIN_GAP_S
        if now < earliest:
            return earliest - now, False
        if not self._port.publish(Publication(message.topic, text.wire.encode(), qos=1, retain=True)):
            return ROOM_RETRY_S, False
        self._sent[message.topic] = text.digest
        self._sent_at[message.topic] = now
        leaving = {} if text is message else removed
        kept = {key: platform for key, platform in message.components.items() if key not in leaving}
        noted = self._ledger.put(message.topic, Entry(kept, message.owned, leaving))
        _LOGGER.debug("Discovery: %s published, %d components leave", message.topic, len(leaving))
        return (MIN_GAP_S if leaving else None), noted

    def _remove_leftovers(self) -> _Outcome:
        """Empty the topics of devices that are gone, and retained topics that devices no longer own."""
        in_use = {topic for message in self._wanted.values() for topic in message.owned}
        wait, changed = None, False
        for topic, entry in self._ledger.entries.items():
            emptied = [owned for owned in entry.owned if owned not in in_use]
            if topic not in self._wanted:
                emptied.append(topic)
            if not emptied:
                continue
            if not all(self._port.publish(Publication(one, b"", qos=1, retain=True)) for one in emptied):
                wait = ROOM_RETRY_S
                continue
            _LOGGER.info("Discovery: %s emptied", ", ".join(emptied))
            changed = True
            if topic in self._wanted:
                self._ledger.put(topic, replace(entry, owned=self._wanted[topic].owned))
            else:
                self._ledger.drop(topic)
                self._sent.pop(topic, None)
        return wait, changed

    async def _pause(self, seconds: float | None) -> None:
        try:
            async with self._clock.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    def _on_connected(self) -> None:
        self._sent.clear()  # the broker may have lost its store
        self._wake.set()

    def _on_status(self, message: Message) -> None:
        if message.payload != self._options.birth_payload.encode() or message.retain:
            return  # some brokers keep a birth: at connect everything is published anyway
        if self._born_at is None:
            self._born_at = self._clock.monotonic() + self._rng.uniform(*BIRTH_JITTER_S)
        self._wake.set()
