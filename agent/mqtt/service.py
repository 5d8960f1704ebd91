"""The agent on MQTT, put together: what it says, what it takes, and how it comes and goes."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Any

from agent.clock import Clock
from agent.events import EventBus
from agent.mqtt.answers import Answers
from agent.mqtt.callbacks import Callbacks
from agent.mqtt.collected import Collected
from agent.mqtt.encoding import encode
from agent.mqtt.groups import GroupTopics
from agent.mqtt.handlers import Handlers
from agent.mqtt.inbox import LIMITS, Inbox, Work
from agent.mqtt.outbox import Outbox
from agent.mqtt.parsing import MAX_DEPTH, MAX_PAYLOAD, MAX_REQUEST_ID
from agent.mqtt.payloads import Payloads, plain
from agent.mqtt.port import Message, MqttPort, Publication, Urgency, always
from agent.mqtt.publisher import Publisher
from agent.mqtt.topics import OFFLINE, ONLINE, TopicError, Topics, check_telescope_id
from agent.mqtt.vocabulary import API_VERSION
from agent.requests import Verb

FAREWELL_S = 3.0  # the last messages get this long to leave
BIRTH_WAIT_S = (1.0, 5.0)  # Home Assistant's own advice: spread what everybody sends after its start

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BirthTopic:
    """Where Home Assistant says that it came or went; both words are its user's to choose."""

    topic: str = "homeassistant/status"
    online: str = "online"
    offline: str = "offline"


@dataclass(frozen=True, slots=True)
class About:
    """What `bridge/info` says of the agent. Each telescope mapping has at least an `id`."""

    version: str
    telescopes: Sequence[Mapping[str, Any]]
    capabilities: Sequence[str] = ()
    config_hash: str = ""
    limits: Mapping[str, int] = field(default_factory=dict)
    log_level: str = "info"
    errors: int = 0


class MqttService:
    """Owns outbox, publisher and inbox over a port. `start`, then `stop`; both may be called once.

    `publisher` says what no event carries (settings, pictures); `outbox` takes discovery messages.
    """

    def __init__(
        self,
        port: MqttPort,
        topics: Topics,
        bus: EventBus,
        handlers: Handlers,
        about: About,
        *,
        clock: Clock,
        zone: tzinfo,
        birth: BirthTopic | None = None,
        discovery_prefix: str = "homeassistant",
        response_prefixes: Collection[str] = (),
        safety_inputs: Collection[str] | None = None,
        chance: random.Random | None = None,
    ) -> None:
        telescopes = _ids(about)
        self.topics = topics
        self.payloads = Payloads(zone, about.version)
        self.outbox = Outbox(port)
        self._groups = GroupTopics(self.outbox, topics)
        self.publisher = Publisher(self.outbox, topics, self.payloads, telescopes, clock)
        self._collected = Collected(self.publisher, self.payloads, telescopes)
        self._port = port
        self._bus = bus
        self._about = about
        self._clock = clock
        self._zone = zone
        self._birth = birth or BirthTopic()
        self._chance = chance or random.Random()  # noqa: S311
        answers = Answers(
            self.outbox,
            topics,
            self.payloads,
            telescopes,
            lambda telescope, kind, more: self.publisher.event(telescope, kind, **more),
            response_prefixes=response_prefixes,
            foreign_prefixes=(discovery_prefix,),
        )
        self._inbox = Inbox(
            self.outbox, topics, answers, telescopes, clock, handlers, safety_inputs=safety_inputs
        )
        self._on_birth = Callbacks[[]]()
        self._on_death = Callbacks[[]]()
        self._ends: list[Callable[[], None]] = []
        self._keeper: asyncio.Task[None] | None = None
        self._birth_task: asyncio.Task[None] | None = None
        self._started_at: datetime | None = None
        self._lost_at: datetime | None = None

    @property
    def connected(self) -> bool:
        """Tell whether the broker is there."""
        return self._port.connected

    def on_birth(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back shortly after Home Assistant came up, before all states are said again."""
        return self._on_birth.add(callback)

    def on_death(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back when Home Assistant says that it is gone."""
        return self._on_death.add(callback)

    def start(self) -> None:
        """Begin to connect, listen and answer; returns at once, with or without a broker."""
        self._started_at = self._clock.now()
        self._say_online()
        self._ends = [
            self.publisher.attach(self._bus),
            self._groups.attach(self._bus),
            self._collected.attach(self._bus),
            self._inbox.attach(self._port),
            self._port.subscribe(self.topics.availability, self._hear_own, always(Urgency.BRIDGE)),
            self._port.subscribe(self._birth.topic, self._hear_home_assistant, always(Urgency.BRIDGE)),
            self._port.on_connected(self._connected),
            self._port.on_disconnected(self._disconnected),
        ]
        self._keeper = asyncio.get_running_loop().create_task(self.publisher.keep_alive(), name="mqtt-keeper")
        self._port.start()

    async def stop(self) -> None:
        """Say goodbye, give the last messages a moment to leave, and disconnect."""
        for end in self._ends:
            end()
        self._ends = []
        for task in (self._keeper, self._birth_task):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        await self._inbox.close()
        self.publisher.farewell()
        if self._port.connected and not await self.outbox.drained(FAREWELL_S):
            _LOGGER.warning("MQTT: %d messages did not leave before the end", self.outbox.waiting)
        await self._port.stop()

    def inform(self, telescopes: Sequence[Mapping[str, Any]]) -> None:
        """Say in `bridge/info` what is known of the telescopes now; their ids stay those of the start."""
        self._about = replace(self._about, telescopes=telescopes)
        self._say_info()

    def diagnose(self, log_level: str, errors: int) -> None:
        """Say in `bridge/info` how much is logged, and how many errors were since the start."""
        self._about = replace(self._about, log_level=log_level, errors=errors)
        self._say_info()

    def say_again(self) -> None:
        """Publish the current truth of every retained topic again."""
        self.outbox.republish()

    def _connected(self) -> None:
        self.outbox.republish()
        self._say_info()
        if self._lost_at is not None:
            away = (self._clock.now() - self._lost_at).total_seconds()
            self._lost_at = None
            self.publisher.bridge_event(
                "broker_back", f"The broker was away for {away:.0f} s.", seconds=round(away)
            )

    def _disconnected(self, reason: str) -> None:
        self._lost_at = self._clock.now()
        _LOGGER.debug("MQTT: lost at %s: %s", self._lost_at, reason)

    def _say_online(self) -> None:
        self.outbox.publish(Publication(self.topics.availability, ONLINE.encode(), retain=True))

    def _hear_own(self, message: Message) -> None:
        """Contradict the will of a former life: a broker may send it after the next one has come."""
        if not message.retain and message.payload == OFFLINE.encode():
            self._say_online()

    def _hear_home_assistant(self, message: Message) -> None:
        word = message.payload.decode("utf-8", "replace").strip()
        if message.retain:
            return  # said before we came: everything is published on connect anyway
        if word == self._birth.offline:
            self._on_death.call()
        elif word == self._birth.online and (self._birth_task is None or self._birth_task.done()):
            task = asyncio.get_running_loop().create_task(self._after_birth(), name="mqtt-birth")
            self._birth_task = task

    async def _after_birth(self) -> None:
        await self._clock.sleep(self._chance.uniform(*BIRTH_WAIT_S))
        self._on_birth.call()
        self.outbox.republish()

    def _say_info(self) -> None:
        about = self._about
        limits = {
            "payload_bytes": MAX_PAYLOAD,
            "depth": MAX_DEPTH,
            "request_id_characters": MAX_REQUEST_ID,
            "submissions_in_work": LIMITS[Work.SUBMISSION],
            **about.limits,
        }
        body = {
            "name": "dwarf-agent",
            "version": about.version,
            "api_version": API_VERSION,
            "started_at": self.payloads.instant(self._started_at),
            "time_zone": str(self._zone),
            "telescopes": [plain(telescope) for telescope in about.telescopes],
            "capabilities": list(about.capabilities),
            "commands": [verb.value for verb in Verb],
            "limits": limits,
            "config_hash": about.config_hash,
            "mqtt_protocol": self._port.protocol,
            "log_level": about.log_level,
            "errors": about.errors,
        }
        payload = encode(body)
        if payload != self.outbox.value(self.topics.info):
            self.outbox.publish(Publication(self.topics.info, payload, retain=True, json=True))


def _ids(about: About) -> tuple[str, ...]:
    ids = tuple(check_telescope_id(str(telescope.get("id", ""))) for telescope in about.telescopes)
    if len(set(ids)) != len(ids):
        raise TopicError(f"Two telescopes share an id: {', '.join(ids)}.", hint="Give each its own.")
    return ids
