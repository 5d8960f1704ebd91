"""A broker and its clients in memory, deterministic: retained messages, wills, connections to cut."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain

from agent.mqtt.callbacks import Callbacks
from agent.mqtt.port import Classify, Message, MqttPort, Publication, is_shared, matches, no_hurry

_matches = lru_cache(maxsize=8192)(matches)  # the same few topics, asked for all night


@dataclass(slots=True, eq=False)
class _Subscription:
    topic_filter: str
    callback: Callable[[Message], None]


class MemoryBroker:
    """Keeps retained messages and hands each message to every matching subscription of connected ports.

    `published` lists everything ever published, in order. Delivery happens in the event loop, one turn later.
    """

    def __init__(self) -> None:
        self.published: list[Publication] = []
        self.retained: dict[str, Publication] = {}
        self.shares = True
        self._turns = 0
        self._by_topic: dict[str, list[int]] = {}  # places in `published`
        self._ports: list[MemoryPort] = []

    def attach(self, port: MemoryPort) -> None:
        """Count a port among the connected ones."""
        self._ports.append(port)

    def detach(self, port: MemoryPort) -> None:
        """No longer deliver to a port."""
        if port in self._ports:
            self._ports.remove(port)

    def publish(
        self,
        topic: str,
        payload: bytes | str,
        *,
        retain: bool = False,
        qos: int = 1,
        dup: bool = False,
        response_topic: str = "",
        correlation: bytes = b"",
    ) -> None:
        """Publish as some other client would."""
        body = payload.encode() if isinstance(payload, str) else payload
        self.accept(
            Publication(topic, body, qos=qos, retain=retain, correlation=correlation),
            response_topic=response_topic,
            dup=dup,
        )

    def accept(self, publication: Publication, response_topic: str = "", *, dup: bool = False) -> None:
        """Store (when retained) and deliver a message; live deliveries carry no retain flag."""
        self._by_topic.setdefault(publication.topic, []).append(len(self.published))
        self.published.append(publication)
        if publication.retain and publication.payload:
            self.retained[publication.topic] = publication
        elif publication.retain:
            self.retained.pop(publication.topic, None)
        message = replace(_message(publication, response_topic), dup=dup)
        for port in tuple(self._ports):
            port.deliver(message)
        if self.shares:
            self._deliver_shared(message)

    def _deliver_shared(self, message: Message) -> None:
        """Hand a message to one subscriber of each shared subscription, in turn."""
        found: dict[str, list[tuple[MemoryPort, _Subscription]]] = {}
        for port in self._ports:
            for subscription in port.shared_for(message.topic):
                found.setdefault(subscription.topic_filter, []).append((port, subscription))
        for takers in found.values():
            self._turns += 1
            port, subscription = takers[self._turns % len(takers)]
            port.hand(subscription, message)

    def forget(self) -> None:
        """Forget what was published; what is retained stays."""
        self.published.clear()
        self._by_topic.clear()

    def last(self, topic: str) -> bytes | None:
        """Return the payload last published on a topic."""
        places = self._by_topic.get(topic)
        return self.published[places[-1]].payload if places else None

    def all(self, topic_filter: str) -> list[Publication]:
        """Return everything published on matching topics, in order."""
        matching = (places for topic, places in self._by_topic.items() if _matches(topic_filter, topic))
        return [self.published[place] for place in sorted(chain.from_iterable(matching))]


class MemoryPort(MqttPort):
    """A client of a `MemoryBroker`. `room` limits how many messages may be unconfirmed (None: no limit)."""

    def __init__(
        self, broker: MemoryBroker, *, will: Publication | None = None, reachable: bool = True
    ) -> None:
        self.broker = broker
        self.room: int | None = None
        self._will = will
        self._reachable = reachable
        self._started = False
        self._connected = False
        self._subscriptions: list[_Subscription] = []
        self._on_connected = Callbacks[[]]()
        self._on_disconnected = Callbacks[[str]]()
        self._on_room = Callbacks[[]]()

    @property
    def connected(self) -> bool:
        return self._connected

    @property
    def protocol(self) -> str:
        return "5" if self._started else ""

    @property
    def shares(self) -> bool:
        return self.broker.shares

    def start(self) -> None:
        self._started = True
        self._connect()

    async def stop(self) -> None:
        self._started = False
        self._connected = False
        self.broker.detach(self)

    def publish(self, publication: Publication) -> bool:
        if not self._connected or self.room == 0:
            return False
        if self.room is not None:
            self.room -= 1
        self.broker.accept(publication)
        return True

    def subscribe(
        self,
        topic_filter: str,
        callback: Callable[[Message], None],
        classify: Classify = no_hurry,  # noqa: ARG002 - nothing waits here
    ) -> Callable[[], None]:
        subscription = _Subscription(topic_filter, callback)
        self._subscriptions.append(subscription)
        if self._connected:
            self._replay(subscription)
        return lambda: (
            self._subscriptions.remove(subscription) if subscription in self._subscriptions else None
        )

    def on_connected(self, callback: Callable[[], None]) -> Callable[[], None]:
        return self._on_connected.add(callback)

    def on_disconnected(self, callback: Callable[[str], None]) -> Callable[[], None]:
        return self._on_disconnected.add(callback)

    def on_room(self, callback: Callable[[], None]) -> Callable[[], None]:
        return self._on_room.add(callback)

    def cut(self, reason: str = "the connection was cut") -> None:
        """Lose the broker as a pulled cable does: the will is published, nothing connects until `restore`."""
        self._reachable = False
        if not self._connected:
            return
        self._connected = False
        self.broker.detach(self)
        if self._will is not None:
            self.broker.accept(self._will)
        self._on_disconnected.call(reason)

    def restore(self) -> None:
        """Let the port reach its broker (again)."""
        self._reachable = True
        self._connect()

    def make_room(self, room: int | None = None) -> None:
        """Confirm messages, so that `room` more may be published."""
        self.room = room
        self._on_room.call()

    def deliver(self, message: Message) -> None:
        """Hand a message to each matching subscription, one turn of the loop later."""
        for one in tuple(self._subscriptions):
            if not is_shared(one.topic_filter) and _matches(one.topic_filter, message.topic):
                self.hand(one, message)

    def shared_for(self, topic: str) -> list[_Subscription]:
        """The shared subscriptions that match a topic."""
        return [
            one
            for one in self._subscriptions
            if is_shared(one.topic_filter) and _matches(one.topic_filter, topic)
        ]

    def hand(self, subscription: _Subscription, message: Message) -> None:
        """Hand a message to a subscription, one turn of the loop later."""
        asyncio.get_running_loop().call_soon(self._hand, subscription, message)

    def _connect(self) -> None:
        if not self._started or not self._reachable or self._connected:
            return
        self._connected = True
        self.broker.attach(self)
        for subscription in tuple(self._subscriptions):
            self._replay(subscription)
        asyncio.get_running_loop().call_soon(self._tell_connected)

    def _tell_connected(self) -> None:
        if self._connected:
            self._on_connected.call()

    def _replay(self, subscription: _Subscription) -> None:
        for topic, publication in tuple(self.broker.retained.items()):
            if not is_shared(subscription.topic_filter) and _matches(subscription.topic_filter, topic):
                message = replace(_message(publication, ""), retain=True)
                asyncio.get_running_loop().call_soon(self._hand, subscription, message)

    def _hand(self, subscription: _Subscription, message: Message) -> None:
        if self._connected and subscription in self._subscriptions:
            subscription.callback(message)


def _message(publication: Publication, response_topic: str) -> Message:
    return Message(
        publication.topic,
        publication.payload,
        response_topic=response_topic,
        correlation=publication.correlation,
    )
