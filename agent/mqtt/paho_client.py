"""paho's client, made so that its thread tells everything and never dies unheard."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import (
    MQTT_CLEAN_START_FIRST_ONLY,
    MQTT_ERR_SUCCESS,
    MQTT_ERR_UNKNOWN,
    Client,
    MQTTMessage,
    MQTTv5,
    MQTTv311,
)
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from agent.mqtt.broker_options import BrokerOptions, Protocol
from agent.mqtt.port import Message, Publication

SESSION_EXPIRY_S = 60  # a request sent during a short outage arrives; one from hours ago never does
WILL_DELAY_S = 15  # below the session expiry: a blip of the network makes nothing unavailable
MAX_PACKET = 1024 * 1024  # bytes that a broker may send us at once
RETRY_S = (1, 60)  # first and longest pause between attempts
REFUSED_RETRY_S = (60, 300)  # the same after a refused user: brokers lock out who tries too often

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ThreadCallbacks:
    """What the thread tells. Each is called in the thread, with the client first, and must not raise."""

    opened: Callable[..., None]  # the network connection stands, the greeting is on its way
    connack: Callable[..., None]  # reason code, its name, properties or None
    disconnected: Callable[..., None]  # reason code, its name
    unreachable: Callable[..., None]  # why
    confirmed: Callable[..., None]  # message id, failure or ""
    subscribed: Callable[..., None]  # message id, failures or "" in the order asked
    message: Callable[[Client, MQTTMessage], None]
    died: Callable[..., None]  # why


class ThreadClient(Client):
    """One client of one protocol version, with a thread that reconnects for ever."""

    def __init__(
        self,
        options: BrokerOptions,
        version: Protocol,
        tls: ssl.SSLContext | None,
        will: Publication | None,
        news: ThreadCallbacks,
    ) -> None:
        self._is_v5 = version is Protocol.V5
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=options.client_id,
            clean_session=None if self._is_v5 else True,
            protocol=MQTTv5 if self._is_v5 else MQTTv311,
        )
        self._broker = options
        self._news = news
        self._why = ""
        if options.username:
            self.username_pw_set(options.username, options.password or None)
        if tls is not None:
            self.tls_set_context(tls)
        if will is not None:
            self.will_set(will.topic, will.payload, will.qos, will.retain, self._last_words_properties())
        self.reconnect_delay_set(*RETRY_S)
        self.on_socket_open = _safely(self._tell_opened)
        self.on_connect = _safely(self._tell_connack)
        self.on_connect_fail = _safely(self._tell_unreachable)
        self.on_disconnect = _safely(self._tell_disconnected)
        self.on_publish = _safely(self._tell_confirmed)
        self.on_subscribe = _safely(self._tell_subscribed)
        self.on_message = _safely(self._tell_message)

    def begin(self) -> None:
        """Start the thread, which connects."""
        options = self._broker
        if self._is_v5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = SESSION_EXPIRY_S
            properties.MaximumPacketSize = MAX_PACKET
            self.connect_async(
                options.host,
                options.port,
                options.keepalive_s,
                clean_start=MQTT_CLEAN_START_FIRST_ONLY,
                properties=properties,
            )
        else:
            self.connect_async(options.host, options.port, options.keepalive_s)
        self.loop_start()

    def end(self) -> None:
        """Disconnect in order and wait for the thread; blocks."""
        self.disconnect()
        self.loop_stop()

    def retry_soon(self) -> None:
        """Reconnect soon when the connection is lost."""
        self.reconnect_delay_set(*RETRY_S)

    def retry_rarely(self) -> None:
        """Reconnect only now and then."""
        self.reconnect_delay_set(*REFUSED_RETRY_S)

    def ask_for(self, filters: list[str]) -> int | None:
        """Subscribe in one packet; return its message id, None when there is no connection."""
        if self._is_v5:
            result, mid = self.subscribe([(name, SubscribeOptions(qos=1)) for name in filters])
        else:
            result, mid = self.subscribe([(name, 1) for name in filters])
        return mid if result == MQTT_ERR_SUCCESS else None

    def reconnect(self) -> MQTTErrorCode:
        """Connect, remembering why it did not work: paho itself does not tell."""
        try:
            return super().reconnect()
        except OSError as error:
            self._why = _plain_reason(error)
            raise
        except ValueError as error:  # a host name that cannot be one
            self._why = str(error)
            raise OSError(str(error)) from error

    def loop_forever(self, timeout: float = 1.0, retry_first_connection: bool = False) -> MQTTErrorCode:
        """Run the thread; whatever a hostile broker makes paho raise is told instead of ending in silence."""
        try:
            return super().loop_forever(timeout, retry_first_connection)
        except Exception as error:
            _LOGGER.debug("MQTT: paho raised", exc_info=True)
            self._news.died(self, f"{type(error).__name__}: {error}")
            return MQTT_ERR_UNKNOWN

    def _last_words_properties(self) -> Properties | None:
        if not self._is_v5:
            return None
        properties = Properties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]
        properties.WillDelayInterval = WILL_DELAY_S
        return properties

    def _tell_opened(self, _1: Any, _2: Any, _3: Any) -> None:
        self._news.opened(self)

    def _tell_connack(self, _1: Any, _2: Any, _3: Any, reason: ReasonCode, found: Properties | None) -> None:
        self._news.connack(self, reason.value, str(reason), found)

    def _tell_unreachable(self, _1: Any, _2: Any) -> None:
        self._news.unreachable(self, self._why)

    def _tell_disconnected(self, _1: Any, _2: Any, _3: Any, reason: ReasonCode, _4: Any) -> None:
        self._news.disconnected(self, reason.value, str(reason))

    def _tell_confirmed(self, _1: Any, _2: Any, mid: int, reason: ReasonCode, _3: Any) -> None:
        self._news.confirmed(self, mid, str(reason) if reason.is_failure else "")

    def _tell_subscribed(self, _1: Any, _2: Any, mid: int, reasons: list[ReasonCode], _3: Any) -> None:
        self._news.subscribed(self, mid, [str(reason) if reason.is_failure else "" for reason in reasons])

    def _tell_message(self, _1: Any, _2: Any, found: MQTTMessage) -> None:
        self._news.message(self, found)


def publish_properties(publication: Publication) -> Properties:
    """Return what MQTT 5 says beside a message."""
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    if publication.expiry_s is not None:
        properties.MessageExpiryInterval = publication.expiry_s
    if publication.json:
        properties.ContentType = "application/json"
        properties.PayloadFormatIndicator = 1
    if publication.correlation:
        properties.CorrelationData = publication.correlation
    return properties


def message(found: MQTTMessage, kept_bytes: int) -> Message:
    """Return paho's message as ours, its payload cut to `kept_bytes`."""
    properties = found.properties
    return Message(
        topic=found.topic,
        payload=bytes(found.payload[:kept_bytes]),
        retain=bool(found.retain),
        dup=bool(found.dup),
        response_topic=str(getattr(properties, "ResponseTopic", "") or ""),
        correlation=bytes(getattr(properties, "CorrelationData", b"") or b""),
    )


def _safely(callback: Callable[..., None]) -> Callable[..., None]:
    def guarded(*args: Any) -> None:
        try:
            callback(*args)
        except Exception:
            _LOGGER.exception("MQTT: news from the broker could not be read")

    return guarded


def _plain_reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate does not check out ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"no TLS with it ({error.reason or error})"
    return error.strerror or str(error) or type(error).__name__
