"""The port over paho-mqtt, which owns a network thread.

Callbacks from that thread do nothing but hand their news to the event loop, each inside a try: an exception
in one of them would end the thread without a word.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from paho.mqtt.client import MQTT_ERR_SUCCESS, Client, MQTTMessage
from paho.mqtt.properties import Properties

from agent.mqtt import paho_client
from agent.mqtt.broker_options import BrokerOptions, Protocol
from agent.mqtt.callbacks import Callbacks
from agent.mqtt.paho_client import News, ThreadClient
from agent.mqtt.port import Message, MqttPort, Publication, matches

WINDOW = 20  # unconfirmed messages: what brokers take at once; the rest waits in the outbox
GREETING_S = 5.0  # some 3.1.1 brokers never answer an MQTT 5 greeting: after this the other one is tried
SUBACK_WAIT_S = 10.0  # some brokers never confirm; they are believed after this
CONFIRM_WAIT_S = 2.0  # at the end, messages get this long to be confirmed
THREAD_END_S = 6.0  # paho may sit in a connect for 5 s
RETRY_MAX_S = 60.0  # between attempts with the one and the other protocol
MAX_BACKLOG = 500  # messages that wait for the event loop; more than that is a flood
KEPT_BYTES = 512 * 1024  # of a payload: more is refused anyway

_BAD_PROTOCOL = 0x84
_TAKEN_OVER = 0x8E
_CREDENTIALS = frozenset({0x86, 0x87})  # bad user name or password; not authorized
_LOGGER = logging.getLogger(__name__)


class _Subscription:
    def __init__(self, topic_filter: str, callback: Callable[[Message], None]) -> None:
        self.topic_filter = topic_filter
        self.callback = callback


class PahoPort(MqttPort):
    """An MQTT connection that keeps itself, over MQTT 5 where the broker knows it, else 3.1.1."""

    def __init__(self, options: BrokerOptions, *, will: Publication | None = None) -> None:
        self._options = options
        self._will = will
        self._tls: ssl.SSLContext | None = options.tls.context() if options.tls else None
        self._version = Protocol.V5 if options.protocol is Protocol.AUTO else options.protocol
        self._settled = options.protocol is not Protocol.AUTO
        self._client: ThreadClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connected = False
        self._said_protocol = ""
        self._accepted = False  # this connection has had its CONNACK
        self._subscribing: dict[int, list[str]] = {}
        self._first_subscribe: int | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._retry_s = 0.0
        self._unconfirmed: dict[int, Publication] = {}
        self._carried: list[Publication] = []  # of a client that ended; retained ones are said again anyway
        self._all_confirmed = asyncio.Event()
        self._ending: set[asyncio.Task[None]] = set()
        self._full = False
        self._largest = 0  # bytes of a packet the broker takes; 0 unknown
        self._backlog: deque[Message] = deque()
        self._flooded = False
        self._told = ""
        self._refused_topics: set[str] = set()
        self._subscriptions: list[_Subscription] = []
        self._on_connected = Callbacks[[]]()
        self._on_disconnected = Callbacks[[str]]()
        self._on_room = Callbacks[[]]()

    @property
    def connected(self) -> bool:
        return self._connected

    @property
    def protocol(self) -> str:
        return self._said_protocol

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._open()

    async def stop(self) -> None:
        client, self._client = self._client, None
        self._cancel_timer()
        await asyncio.gather(*self._ending)
        if client is None:
            return
        if self._connected and self._unconfirmed:
            self._client = client  # still hears confirmations
            with suppress(TimeoutError):
                async with asyncio.timeout(CONFIRM_WAIT_S):
                    await self._all_confirmed.wait()
            self._client = None
        self._connected = False
        await _end(client)

    def publish(self, publication: Publication) -> bool:
        client = self._client
        if client is None or not self._connected:
            return False
        if len(self._unconfirmed) >= WINDOW:
            self._full = True
            return False
        if self._largest and len(publication.payload) + len(publication.topic.encode()) + 200 > self._largest:
            _LOGGER.warning(
                "MQTT: the broker takes %d bytes at most; a message of %d on %s was left out",
                self._largest,
                len(publication.payload),
                publication.topic,
            )
            return True
        try:
            info = client.publish(
                publication.topic,
                publication.payload,
                publication.qos,
                publication.retain,
                paho_client.publish_properties(publication) if self._version is Protocol.V5 else None,
            )
        except ValueError as error:
            _LOGGER.warning("MQTT: a message on %r cannot be published: %s", publication.topic, error)
            return True
        if publication.qos == 0 and info.rc != MQTT_ERR_SUCCESS:
            return False
        self._unconfirmed[info.mid] = publication
        self._all_confirmed.clear()
        return True

    def subscribe(self, topic_filter: str, callback: Callable[[Message], None]) -> Callable[[], None]:
        subscription = _Subscription(topic_filter, callback)
        self._subscriptions.append(subscription)
        if self._accepted:
            self._send_subscribe([topic_filter])
        return lambda: self._unsubscribe(subscription)

    def on_connected(self, callback: Callable[[], None]) -> Callable[[], None]:
        return self._on_connected.add(callback)

    def on_disconnected(self, callback: Callable[[str], None]) -> Callable[[], None]:
        return self._on_disconnected.add(callback)

    def on_room(self, callback: Callable[[], None]) -> Callable[[], None]:
        return self._on_room.add(callback)

    def _open(self) -> None:
        self._accepted = False
        self._subscribing.clear()
        news = News(
            opened=self._from_thread(self._opened),
            connack=self._from_thread(self._connack),
            disconnected=self._from_thread(self._disconnected),
            unreachable=self._from_thread(self._unreachable),
            confirmed=self._from_thread(self._confirmed),
            subscribed=self._from_thread(self._subscribed),
            message=self._message_in_thread,
            died=self._from_thread(self._died),
        )
        self._client = ThreadClient(self._options, self._version, self._tls, self._will, news)
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
        assert self._loop is not None
        if not self._settled:
            self._cancel_timer()
            self._timer = self._loop.call_later(GREETING_S, self._other_protocol)

    def _connack(self, reason: int, name: str, properties: Properties | None) -> None:
        self._cancel_timer()
        if reason >= 0x80:
            self._refused(reason, name)
            return
        self._accepted = True
        self._settled = True
        self._retry_s = 0.0
        self._largest = int(getattr(properties, "MaximumPacketSize", 0) or 0)
        assert self._client is not None
        self._client.hurry()
        filters = list(dict.fromkeys(subscription.topic_filter for subscription in self._subscriptions))
        self._first_subscribe = self._send_subscribe(filters) if filters else None
        if self._first_subscribe is None:
            self._establish()
        else:
            assert self._loop is not None
            self._cancel_timer()
            self._timer = self._loop.call_later(SUBACK_WAIT_S, self._never_confirmed)

    def _refused(self, reason: int, name: str) -> None:
        if reason == _BAD_PROTOCOL and self._options.protocol is Protocol.AUTO:
            self._other_protocol()
        elif reason in _CREDENTIALS:
            self._tell(
                f"the broker refuses user {self._options.username or '(none)'!r}: check user and password"
            )
            assert self._client is not None
            self._client.slow_down()
        else:
            self._tell(f"the broker refuses the connection: {name}")

    def _disconnected(self, reason: int, name: str) -> None:
        was_accepted, was_connected = self._accepted, self._connected
        self._accepted = self._connected = False
        self._cancel_timer()
        self._subscribing.clear()
        for mid in [mid for mid, publication in self._unconfirmed.items() if publication.qos == 0]:
            del self._unconfirmed[mid]  # paho sends the others again, these are gone
        if not was_accepted:
            if not self._settled:
                self._other_protocol()
            elif not self._told:
                self._tell(f"the broker closed the connection: {name}")
            return
        if reason == _TAKEN_OVER:
            name = f"another client uses the same client id {self._options.client_id!r}"
        self._tell(f"lost the broker: {name}")
        if was_connected:
            self._on_disconnected.call(name)

    def _unreachable(self, why: str) -> None:
        self._tell(f"the broker cannot be reached: {why}")

    def _died(self, why: str) -> None:
        was_connected, self._connected = self._connected, False
        _LOGGER.error("MQTT: the network thread ended (%s); starting another", why)
        self._accepted = False
        if was_connected:
            self._on_disconnected.call("the network thread ended")
        if self._settled:
            self._reopen()
        else:
            self._other_protocol()

    def _other_protocol(self) -> None:
        """Try the other protocol: old brokers answer an MQTT 5 greeting with a refusal, or by hanging up."""
        self._version = Protocol.V311 if self._version is Protocol.V5 else Protocol.V5
        _LOGGER.debug("MQTT: trying MQTT %s", self._version.value)
        self._reopen()

    def _reopen(self) -> None:
        client, self._client = self._client, None
        assert self._loop is not None
        self._carried.extend(lost for lost in self._unconfirmed.values() if lost.qos and not lost.retain)
        self._unconfirmed.clear()
        if client is not None:
            task = self._loop.create_task(_end(client), name="mqtt-end")
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
        self._cancel_timer()
        self._timer = self._loop.call_later(self._retry_s, self._open)
        self._retry_s = min(RETRY_MAX_S, max(1.0, self._retry_s * 2))

    def _confirmed(self, mid: int, failure: str) -> None:
        publication = self._unconfirmed.pop(mid, None)
        if failure and publication is not None and publication.topic not in self._refused_topics:
            self._refused_topics.add(publication.topic)
            _LOGGER.warning("MQTT: the broker did not take a message on %s: %s", publication.topic, failure)
        if not self._unconfirmed:
            self._all_confirmed.set()
        if self._full and len(self._unconfirmed) <= WINDOW // 2:
            self._full = False
            self._on_room.call()

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
        self._cancel_timer()
        self._first_subscribe = None
        if self._connected or not self._accepted:
            return
        self._connected = True
        self._full = False
        self._said_protocol = self._version.value
        self._told = ""
        options = self._options
        _LOGGER.info("MQTT: connected to %s:%d (MQTT %s)", options.host, options.port, self._version.value)
        carried, self._carried = self._carried, []
        for publication in carried:
            self.publish(publication)
        self._on_connected.call()

    def _send_subscribe(self, filters: list[str]) -> int | None:
        assert self._client is not None
        mid = self._client.ask_for(filters)
        if mid is not None:
            self._subscribing[mid] = filters
        return mid

    def _unsubscribe(self, subscription: _Subscription) -> None:
        if subscription not in self._subscriptions:
            return
        self._subscriptions.remove(subscription)
        shared = any(other.topic_filter == subscription.topic_filter for other in self._subscriptions)
        if self._accepted and self._client is not None and not shared:
            self._client.unsubscribe(subscription.topic_filter)

    def _message_in_thread(self, client: Client, message: MQTTMessage) -> None:
        if self._loop is None or client is not self._client:
            return
        if len(self._backlog) >= MAX_BACKLOG:
            if not self._flooded:
                self._flooded = True
                _LOGGER.warning("MQTT: more than %d messages wait to be read; dropping the rest", MAX_BACKLOG)
            return
        self._backlog.append(paho_client.message(message, KEPT_BYTES))
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        if not self._backlog:
            return
        message = self._backlog.popleft()
        if not self._backlog:
            self._flooded = False
        for subscription in tuple(self._subscriptions):
            if matches(subscription.topic_filter, message.topic):
                try:
                    subscription.callback(message)
                except Exception:
                    _LOGGER.exception("MQTT: a message on %s could not be taken", message.topic)

    def _tell(self, trouble: str) -> None:
        """Log trouble: a warning when it is news, else for those who look closely."""
        level = logging.DEBUG if trouble == self._told else logging.WARNING
        self._told = trouble
        _LOGGER.log(level, "MQTT: %s:%d: %s", self._options.host, self._options.port, trouble)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


async def _end(client: ThreadClient) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(THREAD_END_S):
            await asyncio.to_thread(client.end)
