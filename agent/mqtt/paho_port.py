"""The port over paho-mqtt, which owns a network thread.

Callbacks from that thread do nothing but hand their news to the event loop, each inside a try: an exception
in one of them would end the thread without a word.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from paho.mqtt.client import MQTT_ERR_SUCCESS, Client, MQTTMessage
from paho.mqtt.properties import Properties

from agent.mqtt import paho_client
from agent.mqtt.backlog import Backlog
from agent.mqtt.broker_options import BrokerOptions, Protocol
from agent.mqtt.callbacks import Callbacks
from agent.mqtt.connection_state import ConnectionState, Phase
from agent.mqtt.paho_client import ThreadCallbacks, ThreadClient
from agent.mqtt.port import Classify, Message, MqttPort, Publication, Urgency, is_shared, matches, no_hurry
from agent.mqtt.takeovers import Takeovers
from agent.mqtt.window import WINDOW, Window
from agent.text import escaped

__all__ = ["WINDOW", "PahoPort"]

GREETING_S = 5.0  # some 3.1.1 brokers never answer an MQTT 5 greeting: after this the other one is tried
SUBACK_WAIT_S = 10.0  # some brokers never confirm; they are believed after this
CONFIRM_WAIT_S = 2.0  # at the end, messages get this long to be confirmed
THREAD_END_S = 6.0  # paho may sit in a connect for 5 s
RETRY_MAX_S = 60.0  # between attempts with the one and the other protocol
KEPT_BYTES = 512 * 1024  # of a payload: more is refused anyway

_BAD_PROTOCOL = 0x84
_TAKEN_OVER = 0x8E
_CREDENTIALS = frozenset({0x86, 0x87})  # bad user name or password; not authorized
_LOGGER = logging.getLogger(__name__)


class _Subscription:
    def __init__(self, topic_filter: str, callback: Callable[[Message], None], classify: Classify) -> None:
        self.topic_filter = topic_filter
        self.callback = callback
        self.classify = classify


class _Delivery(NamedTuple):
    message: Message
    subscriptions: list[_Subscription]


class PahoPort(MqttPort):
    """An MQTT connection that keeps itself, over MQTT 5 where the broker knows it, else 3.1.1."""

    def __init__(
        self,
        options: BrokerOptions,
        *,
        will: Publication | None = None,
        on_refused: Callable[[str], None] | None = None,
    ) -> None:
        """`on_refused` hears, in place of the log, why the first connection does not come about."""
        self._options = options
        self._on_refused = on_refused
        self._will = will
        self._tls: ssl.SSLContext | None = options.tls.context() if options.tls else None
        auto = options.protocol is Protocol.AUTO
        self._versions = (Protocol.V5, Protocol.V311) if auto else (options.protocol,)  # the first is in use
        self._state = ConnectionState()
        self._client: ThreadClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._said_protocol = ""
        self._shares = False
        self._accepted_at = 0.0
        self._takeovers = Takeovers()
        self._subscribing: dict[int, list[str]] = {}
        self._first_subscribe: int | None = None
        self._retry_s = 0.0
        self._carried: list[Publication] = []  # of a client that ended
        self._ending: set[asyncio.Task[None]] = set()
        self._largest = 0  # bytes of a packet the broker takes; 0 unknown
        self._backlog: Backlog[_Delivery] = Backlog()
        self._told = ""
        self._refused_topics: set[str] = set()
        self._subscriptions: list[_Subscription] = []
        self._on_connected = Callbacks[[]]()
        self._on_disconnected = Callbacks[[str]]()
        self._on_room = Callbacks[[]]()
        self._window = Window(self._on_room.call)

    @property
    def connected(self) -> bool:
        return self._state.phase is Phase.READY

    @property
    def protocol(self) -> str:
        return self._said_protocol

    @property
    def shares(self) -> bool:
        return self._shares

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._open()

    async def stop(self) -> None:
        if self.connected:
            await self._window.drained(CONFIRM_WAIT_S)
        self._state.to(Phase.STOPPED)
        client, self._client = self._client, None
        await asyncio.gather(*self._ending)
        if client is not None:
            await _end(client)

    def publish(self, publication: Publication) -> bool:
        client = self._client
        if client is None or not self.connected or not self._window.has_room():
            return False
        if self._largest and len(publication.payload) + len(publication.topic.encode()) + 200 > self._largest:
            _LOGGER.warning(
                "MQTT: the broker takes %d bytes at most; a message of %d on %s was left out",
                self._largest,
                len(publication.payload),
                escaped(publication.topic),
            )
            return True
        is_v5 = self._versions[0] is Protocol.V5
        try:
            info = client.publish(
                publication.topic,
                publication.payload,
                publication.qos,
                publication.retain,
                paho_client.publish_properties(publication) if is_v5 else None,
            )
        except ValueError as error:
            _LOGGER.warning(
                "MQTT: a message on %s cannot be published: %s", escaped(publication.topic), error
            )
            return True
        if publication.qos == 0 and info.rc != MQTT_ERR_SUCCESS:
            return False
        self._window.add(info.mid, publication)
        return True

    def subscribe(
        self, topic_filter: str, callback: Callable[[Message], None], classify: Classify = no_hurry
    ) -> Callable[[], None]:
        subscription = _Subscription(topic_filter, callback, classify)
        self._subscriptions.append(subscription)
        if self._state.accepted:
            self._send_subscribe([topic_filter])
        return lambda: self._unsubscribe(subscription)

    def on_connected(self, callback: Callable[[], None]) -> Callable[[], None]:
        return self._on_connected.add(callback)

    def on_disconnected(self, callback: Callable[[str], None]) -> Callable[[], None]:
        return self._on_disconnected.add(callback)

    def on_room(self, callback: Callable[[], None]) -> Callable[[], None]:
        return self._on_room.add(callback)

    def _open(self) -> None:
        if not self._state.to(Phase.CONNECTING):
            return
        news = ThreadCallbacks(
            opened=self._from_thread(self._opened),
            connack=self._from_thread(self._connack),
            disconnected=self._from_thread(self._disconnected),
            unreachable=self._from_thread(self._unreachable),
            confirmed=self._from_thread(self._confirmed),
            subscribed=self._from_thread(self._subscribed),
            message=self._message_in_thread,
            died=self._from_thread(self._died),
        )
        self._client = ThreadClient(self._options, self._versions[0], self._tls, self._will, news)
        self._client.begin()

    def _from_thread(self, handler: Callable[..., None]) -> Callable[..., None]:
        """Return what paho's thread may call: the handler runs in the loop, if its client is still ours."""

        def hand_over(client: Client, *news: Any) -> None:
            loop = self._loop
            if loop is not None:
                with suppress(RuntimeError):  # the loop is closed: nobody is left to hear
                    loop.call_soon_threadsafe(self._hear, handler, client, news)

        return hand_over

    def _hear(self, handler: Callable[..., None], client: Client, news: tuple[Any, ...]) -> None:
        if client is self._client:
            handler(*news)

    def _opened(self) -> None:
        if len(self._versions) > 1:
            self._state.to(Phase.GREETING, GREETING_S, self._try_other_version)
        else:
            self._state.to(Phase.GREETING)

    def _connack(self, reason: int, name: str, properties: Properties | None) -> None:
        if reason >= 0x80:
            self._refused(reason, name)
            return
        if not self._state.to(Phase.SUBSCRIBING, SUBACK_WAIT_S, self._never_confirmed):
            return
        assert self._client is not None
        assert self._loop is not None
        self._versions = self._versions[:1]
        self._accepted_at = self._loop.time()
        self._retry_s = 0.0
        self._largest = int(getattr(properties, "MaximumPacketSize", 0) or 0)
        is_v5 = self._versions[0] is Protocol.V5
        self._shares = is_v5 and getattr(properties, "SharedSubscriptionAvailable", 1) != 0
        self._client.retry_soon()
        filters = list(dict.fromkeys(subscription.topic_filter for subscription in self._subscriptions))
        self._first_subscribe = self._send_subscribe(filters) if filters else None
        if self._first_subscribe is None:
            self._establish()

    def _refused(self, reason: int, name: str) -> None:
        if reason == _BAD_PROTOCOL and self._options.protocol is Protocol.AUTO:
            self._try_other_version()
        elif reason in _CREDENTIALS:
            self._tell(
                f"the broker refuses user {self._options.username or '(none)'!r}: check user and password"
            )
            assert self._client is not None
            self._client.retry_rarely()
        else:
            self._tell(f"the broker refuses the connection: {name}")

    def _disconnected(self, reason: int, name: str) -> None:
        before = self._state.phase
        was_accepted = self._state.accepted
        self._state.to(Phase.CONNECTING)  # paho's thread tries again by itself
        self._subscribing.clear()
        self._window.lose_connection()
        if not was_accepted:
            if len(self._versions) > 1:
                self._try_other_version()
            elif not self._told:
                self._tell(f"the broker closed the connection: {name}")
            return
        assert self._loop is not None
        pause_s = self._takeovers.lost(self._loop.time() - self._accepted_at, said=reason == _TAKEN_OVER)
        if pause_s:
            name = (
                f"another client seems to use the same client id {self._options.client_id!r}; "
                "give each agent its own mqtt_client_id"
            )
        self._tell(f"lost the broker: {name}")
        if before is Phase.READY:
            self._on_disconnected.call(name)
        if pause_s:
            self._reopen(pause_s)

    def _unreachable(self, why: str) -> None:
        self._tell(f"the broker cannot be reached: {why}")

    def _died(self, why: str) -> None:
        was_ready = self.connected
        self._state.to(Phase.CONNECTING)
        _LOGGER.error("MQTT: the network thread ended (%s); starting another", escaped(why))
        if was_ready:
            self._on_disconnected.call("the network thread ended")
        if len(self._versions) > 1:
            self._try_other_version()
        else:
            self._try_again()

    def _try_other_version(self) -> None:
        """Try the other protocol: old brokers answer an MQTT 5 greeting with a refusal, or by hanging up."""
        other = Protocol.V311 if self._versions[0] is Protocol.V5 else Protocol.V5
        self._versions = (other, self._versions[0])
        _LOGGER.debug("MQTT: trying MQTT %s", other.value)
        self._try_again()

    def _try_again(self) -> None:
        pause_s = self._retry_s
        self._retry_s = min(RETRY_MAX_S, max(1.0, pause_s * 2))
        self._reopen(pause_s)

    def _reopen(self, pause_s: float) -> None:
        """Begin anew with another network thread, after a pause."""
        client, self._client = self._client, None
        assert self._loop is not None
        self._carried += self._window.take_back()
        if client is not None:
            task = self._loop.create_task(_end(client), name="mqtt-end")
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
        self._state.to(Phase.PAUSING, pause_s, self._open)

    def _confirmed(self, mid: int, failure: str) -> None:
        publication = self._window.confirm(mid)
        if failure and publication is not None and publication.topic not in self._refused_topics:
            self._refused_topics.add(publication.topic)
            _LOGGER.warning(
                "MQTT: the broker did not take a message on %s: %s", escaped(publication.topic), failure
            )

    def _subscribed(self, mid: int, failures: list[str]) -> None:
        for topic_filter, failure in zip(self._subscribing.pop(mid, []), failures, strict=False):
            if failure:
                _LOGGER.warning(
                    "MQTT: the broker refuses to deliver %s: %s; give the user the right to read it",
                    topic_filter,
                    failure,
                )
        if mid == self._first_subscribe:
            self._establish()

    def _never_confirmed(self) -> None:
        _LOGGER.warning("MQTT: the broker did not confirm the subscriptions; going on without")
        self._establish()

    def _establish(self) -> None:
        if not self._state.to(Phase.READY):
            return
        self._first_subscribe = None
        self._said_protocol = self._versions[0].value
        if not self._takeovers.suspected:
            self._told = ""
        options = self._options
        _LOGGER.info("MQTT: connected to %s:%d (MQTT %s)", options.host, options.port, self._said_protocol)
        carried, self._carried = self._carried, []
        for publication in carried:
            self.publish(publication)
        self._on_connected.call()

    def _send_subscribe(self, filters: list[str]) -> int | None:
        assert self._client is not None
        filters = [one for one in filters if self._shares or not is_shared(one)]
        mid = self._client.ask_for(filters) if filters else None
        if mid is not None:
            self._subscribing[mid] = filters
        return mid

    def _unsubscribe(self, subscription: _Subscription) -> None:
        if subscription not in self._subscriptions:
            return
        self._subscriptions.remove(subscription)
        shared = any(other.topic_filter == subscription.topic_filter for other in self._subscriptions)
        if self._state.accepted and self._client is not None and not shared:
            self._client.unsubscribe(subscription.topic_filter)

    def _message_in_thread(self, client: Client, found: MQTTMessage) -> None:
        loop = self._loop
        if loop is None or client is not self._client:
            return
        message = paho_client.message(found, KEPT_BYTES)
        wanted = [each for each in tuple(self._subscriptions) if matches(each.topic_filter, message.topic)]
        urgency = min(
            (each.classify(message.topic, message.payload) for each in wanted), default=Urgency.REST
        )
        if wanted and self._backlog.put(urgency, message, _Delivery(message, wanted)):
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        deliveries, more = self._backlog.take()
        for message, wanted in deliveries:
            for subscription in wanted:
                if subscription not in self._subscriptions:
                    continue
                try:
                    subscription.callback(message)
                except Exception:
                    _LOGGER.exception("MQTT: a message on %s could not be taken", escaped(message.topic))
        if more and self._loop is not None:
            self._loop.call_soon(self._deliver)  # others get their turn in between
            return
        for urgency, count in self._backlog.dropped().items():
            _LOGGER.warning(
                "MQTT: %s messages of the kind %s came faster than they could be read and were left out",
                f"{count:,}",
                urgency.name.lower(),
            )

    def _tell(self, trouble: str) -> None:
        """Log trouble: a warning when it is news, else for those who look closely."""
        if self._on_refused is not None and not self._said_protocol:
            self._on_refused(trouble)
            return
        level = logging.DEBUG if trouble == self._told else logging.WARNING
        self._told = trouble
        _LOGGER.log(level, "MQTT: %s:%d: %s", self._options.host, self._options.port, trouble)


async def _end(client: ThreadClient) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(THREAD_END_S):
            await asyncio.to_thread(client.end)
