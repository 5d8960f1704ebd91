"""What the rest of this room needs from an MQTT client, and nothing more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol


class Urgency(IntEnum):
    """Kinds of messages that come in, the most urgent first. Each waits in a queue of its own."""

    SAFETY = 0
    STOP = 1  # commands that stop things
    SUBMISSION = 2
    COMMAND = 3
    SETTING = 4
    BRIDGE = 5
    REST = 6


Classify = Callable[[str, bytes], Urgency]
"""Tell how urgent a message is by topic and payload. Called in any thread; must be quick and not raise."""


def always(urgency: Urgency) -> Classify:
    """Return what classifies every message as one kind."""
    return lambda *_: urgency


no_hurry = always(Urgency.REST)
_SHARED = "$share/"


@dataclass(frozen=True, slots=True)
class Message:
    """A message that came in. `retain` is true only for a replay from the broker's store.

    `dup` is true when the broker delivers it again, unsure whether it arrived. `response_topic` and
    `correlation` are set by MQTT 5 callers alone.
    """

    topic: str
    payload: bytes
    retain: bool = False
    dup: bool = False
    response_topic: str = ""
    correlation: bytes = b""


@dataclass(frozen=True, slots=True)
class Publication:
    """A message on its way out. `expiry_s`, `json` and `correlation` travel on MQTT 5 connections alone."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    expiry_s: int | None = None
    json: bool = False
    correlation: bytes = b""


class MqttPort(Protocol):
    """A connection that keeps itself: `start` returns at once, and it (re)connects until `stop`.

    Every callback runs in the event loop. Subscriptions (QoS 1) outlive connections. `on_connected` callbacks
    run once the broker has confirmed all subscriptions: an answer to what they publish cannot be missed.
    """

    @property
    def connected(self) -> bool:
        """Tell whether publishing makes sense now."""

    @property
    def protocol(self) -> str:
        """Return "5", "3.1.1", or "" before the first connection."""

    @property
    def shares(self) -> bool:
        """Tell whether the broker gives each message of a shared subscription to one of its subscribers."""

    def start(self) -> None:
        """Begin to connect."""

    async def stop(self) -> None:
        """Disconnect in order, which suppresses the will; messages already taken get a while to leave."""

    def publish(self, publication: Publication) -> bool:
        """Hand over a message; false when not connected, or too many are unconfirmed (wait for `on_room`)."""

    def subscribe(
        self, topic_filter: str, callback: Callable[[Message], None], classify: Classify = no_hurry
    ) -> Callable[[], None]:
        """Call back for each message that matches; call the returned function to end it.

        In a flood, `classify` tells which messages are handed over first. A filter made by `shared` is left
        alone while the broker knows no shared subscriptions.
        """

    def on_connected(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after each connect; call the returned function to end it."""

    def on_disconnected(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call back with a reason after each loss of an established connection."""

    def on_room(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back when `publish`, having refused for lack of room, would take messages again."""


def shared(topic_filter: str, subscribers: str) -> str:
    """Return the filter of a subscription that several clients share, by a word of theirs."""
    return f"{_SHARED}{subscribers}/{topic_filter}"


def is_shared(topic_filter: str) -> bool:
    """Tell whether a filter is that of a shared subscription."""
    return topic_filter.startswith(_SHARED)


def matches(topic_filter: str, topic: str) -> bool:
    """Tell whether a topic matches a filter; a filter that begins with a wildcard leaves `$` topics alone."""
    if is_shared(topic_filter):
        topic_filter = topic_filter.removeprefix(_SHARED).partition("/")[2]
    if topic.startswith("$") and topic_filter[:1] in ("+", "#"):
        return False
    wanted, levels = topic_filter.split("/"), topic.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(levels) or level not in ("+", levels[index]):
            return False
    return len(wanted) == len(levels)
