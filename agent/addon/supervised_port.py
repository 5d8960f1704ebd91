"""An MQTT connection to whatever broker Home Assistant's Supervisor names, whenever there is one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from pydantic import SecretStr

from agent.addon.supervisor import FoundBroker, Supervisor, SupervisorError
from agent.clock import Clock
from agent.errors import AgentError
from agent.mqtt.callbacks import Callbacks
from agent.mqtt.paho_port import PahoPort
from agent.mqtt.port import Classify, Message, MqttPort, Publication, no_hurry
from agent.mqtt.topics import Topics
from agent.settings.parts import MqttSettings

_LOGGER = logging.getLogger(__name__)

PAUSES_S = (2.0, 5.0, 10.0, 20.0, 30.0)  # between two questions while there is no broker
LOOK_S = 30.0  # a connection that is down at two looks in a row may have an old password: ask again

Ask = Callable[[], Awaitable[FoundBroker | None]]
Connect = Callable[[FoundBroker], MqttPort]
Dial = Callable[[MqttSettings], MqttPort]


def dial(settings: MqttSettings) -> MqttPort:
    """Return an unconnected client for these settings, whose will says that the agent is gone."""
    return PahoPort(settings.broker(), will=Topics(settings.base_topic).will())


def supervised_port(
    settings: MqttSettings, supervisor: Supervisor, clock: Clock, *, dial: Dial = dial
) -> MqttPort | None:
    """Return a port to the Supervisor's broker; None when the settings name a broker themselves."""
    if settings.host:
        return None

    def connect(found: FoundBroker) -> MqttPort:
        return dial(with_broker(settings, found))

    return SupervisedPort(supervisor.broker, connect, clock)


def with_broker(settings: MqttSettings, found: FoundBroker) -> MqttSettings:
    """Return the settings with the Supervisor's broker; a user that was set stays."""
    chosen = {
        "host": found.host,
        "port": found.port,
        "username": settings.username or found.username,
        "password": settings.password if settings.username else SecretStr(found.password),
        "tls": settings.tls or found.tls,
    }
    return settings.model_copy(update=chosen)


@dataclass(slots=True, eq=False)
class _Subscription:
    topic_filter: str
    callback: Callable[[Message], None]
    classify: Classify = no_hurry
    end: Callable[[], None] | None = None


class SupervisedPort(MqttPort):
    """Asks for a broker until there is one, and again whenever the one it has does not let it in."""

    def __init__(self, ask: Ask, connect: Connect, clock: Clock) -> None:
        self._ask = ask
        self._connect = connect
        self._clock = clock
        self._found: FoundBroker | None = None
        self._inner: MqttPort | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._told = ""
        self._subscriptions: list[_Subscription] = []
        self._on_connected = Callbacks[[]]()
        self._on_disconnected = Callbacks[[str]]()
        self._on_room = Callbacks[[]]()

    @property
    def connected(self) -> bool:
        return self._inner is not None and self._inner.connected

    @property
    def protocol(self) -> str:
        return self._inner.protocol if self._inner is not None else ""

    @property
    def shares(self) -> bool:
        return self._inner is not None and self._inner.shares

    def start(self) -> None:
        self._keeper = asyncio.get_running_loop().create_task(self._keep(), name="mqtt-supervisor")

    async def stop(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
        if self._inner is not None:
            await self._inner.stop()

    def publish(self, publication: Publication) -> bool:
        return self._inner is not None and self._inner.publish(publication)

    def subscribe(
        self, topic_filter: str, callback: Callable[[Message], None], classify: Classify = no_hurry
    ) -> Callable[[], None]:
        subscription = _Subscription(topic_filter, callback, classify)
        self._subscriptions.append(subscription)
        if self._inner is not None:
            subscription.end = self._inner.subscribe(topic_filter, callback, classify)
        return lambda: self._unsubscribe(subscription)

    def on_connected(self, callback: Callable[[], None]) -> Callable[[], None]:
        return self._on_connected.add(callback)

    def on_disconnected(self, callback: Callable[[str], None]) -> Callable[[], None]:
        return self._on_disconnected.add(callback)

    def on_room(self, callback: Callable[[], None]) -> Callable[[], None]:
        return self._on_room.add(callback)

    async def _keep(self) -> None:
        asked = 0
        while True:
            await self._look()
            if self._inner is None:
                await self._clock.sleep(PAUSES_S[min(asked, len(PAUSES_S) - 1)])
                asked += 1
                continue
            asked = 0
            while not await self._down():
                pass

    async def _down(self) -> bool:
        """Tell whether the connection was down at two looks in a row."""
        for _ in range(2):
            await self._clock.sleep(LOOK_S)
            if self.connected:
                return False
        return True

    async def _look(self) -> None:
        try:
            found = await self._ask()
        except SupervisorError as error:
            self._tell(str(error))
            return
        if found is None:
            self._tell(
                "Home Assistant has no MQTT broker yet. Install the Mosquitto broker, or set mqtt_host. "
                "Sessions from files run all the same, and the broker is used as soon as it is there."
            )
            return
        self._told = ""
        if found == self._found:
            return
        try:
            inner = self._connect(found)
        except AgentError as error:
            self._tell(str(error))
            return
        _LOGGER.info("The MQTT broker is %s:%d, as Home Assistant says", found.host, found.port)
        self._found = found
        await self._replace(inner)

    async def _replace(self, inner: MqttPort) -> None:
        old, self._inner = self._inner, None
        if old is not None:
            await old.stop()
        self._inner = inner
        inner.on_connected(self._on_connected.call)
        inner.on_disconnected(self._on_disconnected.call)
        inner.on_room(self._on_room.call)
        for subscription in self._subscriptions:
            subscription.end = inner.subscribe(
                subscription.topic_filter, subscription.callback, subscription.classify
            )
        inner.start()

    def _unsubscribe(self, subscription: _Subscription) -> None:
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
            if subscription.end is not None:
                subscription.end()

    def _tell(self, words: str) -> None:
        _LOGGER.log(logging.DEBUG if words == self._told else logging.WARNING, "%s", words)
        self._told = words
