"""A short talk with a running agent over MQTT: ask, listen, go."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.errors import AgentError
from agent.mqtt.port import Message, MqttPort, Publication
from agent.mqtt.topics import Topics

if TYPE_CHECKING:
    from agent.settings import Settings

CONNECT_S = 10.0  # a broker in the same house answers in well under a second
ANSWER_S = 10.0  # the agent answers within a second, even while the telescope sleeps
QUIET_S = 0.5  # retained messages come in one burst; a pause this long means it is over


class NoAnswerError(AgentError):
    """The broker or the agent does not answer."""

    code = "no_answer"


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that came in; `body` is decoded JSON, or the text itself when it is none."""

    topic: str
    body: Any
    retain: bool

    @property
    def mapping(self) -> dict[str, Any]:
        """The body when it is a JSON object, else an empty one."""
        return self.body if isinstance(self.body, dict) else {}


class Conversation:
    """A connected MQTT client that keeps what it hears in order."""

    def __init__(self, port: MqttPort, topics: Topics) -> None:
        self.topics = topics
        self._port = port
        self._heard: asyncio.Queue[Heard] = asyncio.Queue()

    def say(self, topic: str, body: dict[str, Any]) -> None:
        """Publish a JSON body."""
        payload = json.dumps(body, ensure_ascii=False).encode()
        if not self._port.publish(Publication(topic, payload, qos=1, json=True)):
            raise NoAnswerError(
                "The MQTT broker went away before the request could be sent.", hint="Try again."
            )

    async def hear(self, wanted: Callable[[Heard], bool], seconds: float | None, why: str) -> Heard:
        """Return the next message that is wanted; NoAnswerError with `why` when none comes in time."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    heard = await self._heard.get()
                    if wanted(heard):
                        return heard
        except TimeoutError:
            raise NoAnswerError(why, hint="Is 'dwarf-agent run' connected to the same broker?") from None

    async def burst(self) -> list[Heard]:
        """Return what comes until there is a pause."""
        heard: list[Heard] = []
        with contextlib.suppress(TimeoutError):
            while True:
                heard.append(await asyncio.wait_for(self._heard.get(), QUIET_S))
        return heard

    def take(self, message: Message) -> None:
        """Keep one message."""
        text = message.payload.decode("utf-8", "replace")
        try:
            body = json.loads(text)
        except ValueError:
            body = text
        self._heard.put_nowait(Heard(message.topic, body, message.retain))


@contextlib.asynccontextmanager
async def conversation(port: MqttPort, topics: Topics, *filters: str) -> AsyncIterator[Conversation]:
    """Connect, subscribe to the filters, and leave in order at the end."""
    talk = Conversation(port, topics)
    connected = asyncio.Event()
    for topic_filter in filters:
        port.subscribe(topic_filter, talk.take)
    port.on_connected(connected.set)
    port.start()
    try:
        try:
            await asyncio.wait_for(connected.wait(), CONNECT_S)
        except TimeoutError:
            raise NoAnswerError(
                "The MQTT broker does not answer.",
                hint="Check mqtt_host, mqtt_port, user name and password (DWARF_MQTT_..., or --mqtt-host).",
            ) from None
        yield talk
    finally:
        await port.stop()


def client_port(settings: Settings) -> MqttPort:
    """Return an unconnected client for the broker of the settings; AgentError when there is none."""
    from agent.mqtt.paho_port import PahoPort

    if not settings.mqtt.host:
        raise NoAnswerError(
            "The MQTT broker's address is not set.",
            hint="Set mqtt_host in config.yaml, DWARF_MQTT_HOST in the environment, or --mqtt-host.",
        )
    return PahoPort(settings.mqtt.broker(client_id=f"dwarf-agent-cli-{secrets.token_hex(4)}"))


def new_request_id() -> str:
    """Return an id that answers can be matched by."""
    return f"cli-{secrets.token_hex(6)}"
