"""Home Assistant entities as safety sources, over its WebSocket API.

The reader follows the entities' states and vouches for them only while Home Assistant answers its pings: when
the connection is lost, every entity is unsafe at once.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp

from agent.clock import Clock
from agent.conditions.safety.errors import TriedInVainError, UnreadableInputError
from agent.conditions.safety.inputs import Reading
from agent.conditions.safety.sources import EntitySource
from agent.errors import AgentError
from agent.reasons import SafetyLevel
from agent.text import escaped

_LOGGER = logging.getLogger(__name__)

_PING_S = 20.0  # between two pings: a silent Home Assistant is noticed within half a minute
_ANSWER_S = 10.0  # Home Assistant answers within milliseconds; ten seconds is a busy Raspberry Pi
_TRUSTED_S = _PING_S + _ANSWER_S + 5.0  # a state outlives two answers by a little, never a lost connection
_RETRY_S = (1.0, 2.0, 5.0, 10.0, 30.0)  # pauses between attempts; Home Assistant restarts within minutes
_REFUSED_RETRY_S = 300.0  # a wrong token needs a person
_NOT_TRIED = ("not_found", "unauthorized")  # while it starts, a service is not there yet
_MAX_MESSAGE = 4 * 1024 * 1024


class EntityReaderError(AgentError):
    """Home Assistant does not do what the reader asks; the message says what."""

    code = "home_assistant"


class TokenRefusedError(EntityReaderError):
    """Home Assistant does not know the token."""

    code = "home_assistant_token"


class HomeAssistantRefusedError(EntityReaderError):
    """Home Assistant does not do what it was asked; `why` is its own code."""

    def __init__(self, message: str, why: object) -> None:
        super().__init__(message)
        self.why = why


@dataclass(slots=True)
class _Entity:
    """What an entity last said, when it said so on the clock's monotonic time, and what people call it."""

    state: str | None = None
    at: float = 0.0
    name: str = ""


class Hears(Protocol):
    """Who is told of the entities, by the names of their sources."""

    def report(self, name: str, read: Callable[[], Reading]) -> None:
        """Take what `read` returns; it raises UnreadableInputError when the entity says nothing."""

    def lose(self, name: str, why: str) -> None:
        """The connection is gone."""


async def call_service(url: str, token: str, clock: Clock, entity_id: str, service: str) -> None:
    """Have Home Assistant do something with an entity; EntityReaderError when it does not.

    TriedInVainError when it tried, as far as can be told: another order is another try.
    """
    domain = entity_id.partition(".")[0]
    try:
        async with (
            clock.timeout(3 * _ANSWER_S),
            aiohttp.ClientSession() as http,
            http.ws_connect(url, max_msg_size=_MAX_MESSAGE) as socket,
        ):
            connection = _Connection(socket, clock)
            await connection.log_in(token)
            wanted = {"domain": domain, "service": service, "target": {"entity_id": entity_id}}
            with suppress(TimeoutError):  # it was told; some services answer only when all is done
                await _carried_out(connection.ask("call_service", lambda _: None, **wanted))
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as problem:
        what = str(problem) or type(problem).__name__
        raise EntityReaderError(f"Home Assistant does not answer ({what}).") from problem


async def _carried_out(asking: Awaitable[None]) -> None:
    try:
        await asking
    except HomeAssistantRefusedError as refused:
        if refused.why in _NOT_TRIED:
            raise
        raise TriedInVainError(refused.message) from refused


@dataclass(slots=True)
class EntityReader:
    """Keeps the entities' states in the monitor. `run()` connects, and reconnects, until cancelled."""

    monitor: Hears
    clock: Clock
    sources: Sequence[EntitySource]
    token: str = field(repr=False)
    url: str
    _entities: dict[str, _Entity] = field(default_factory=dict, init=False)
    _failures: int = field(default=0, init=False)

    async def run(self) -> None:
        """Follow the entities for ever; every loss makes them unsafe and is tried again."""
        async with aiohttp.ClientSession() as http:
            while True:
                try:
                    await self._follow(http)
                except TokenRefusedError as refused:
                    self._lost(str(refused))
                    await self.clock.sleep(_REFUSED_RETRY_S)
                except (EntityReaderError, aiohttp.ClientError, OSError, TimeoutError, ValueError) as problem:
                    self._lost(f"Home Assistant does not answer ({problem or type(problem).__name__})")
                    pause = _RETRY_S[min(self._failures, len(_RETRY_S)) - 1]
                    await self.clock.sleep(pause)

    async def _follow(self, http: aiohttp.ClientSession) -> None:
        async with self.clock.timeout(_ANSWER_S):
            socket = await http.ws_connect(self.url, max_msg_size=_MAX_MESSAGE, autoping=True)
        async with socket:
            connection = _Connection(socket, self.clock)
            await connection.log_in(self.token)
            await connection.ask(
                "subscribe_entities",
                self._on_event,
                entity_ids=sorted({source.entity_id for source in self.sources}),
            )
            self._failures = 0
            _LOGGER.info("Following %d entities of Home Assistant", len(self.sources))
            while True:
                await connection.listen(_PING_S, self._on_event)
                await connection.ask("ping", self._on_event)
                self._report_all()

    def _on_event(self, event: dict[str, Any]) -> None:
        """Take a change: a = now there, c = changed, r = removed; s = state, lu/lc = when, in seconds."""
        now = self.clock.monotonic()
        for entity_id, said in (event.get("a") or {}).items():
            age = self.clock.now().timestamp() - float(said.get("lu") or said.get("lc") or 0.0)
            self._entities[entity_id] = _Entity(str(said.get("s")), now - max(0.0, age), _name_in(said))
        for entity_id, said in (event.get("c") or {}).items():
            entity = self._entities.setdefault(entity_id, _Entity())
            added = said.get("+") or {}
            if "s" in added:
                entity.state = str(added["s"])
            entity.name = _name_in(added) or entity.name
            entity.at = now
        for entity_id in event.get("r") or ():
            self._entities.pop(entity_id, None)
        self._report_all()

    def _report_all(self) -> None:
        """Report every entity: Home Assistant has just answered, so what it said last still holds."""
        now = self.clock.monotonic()
        for source in self.sources:
            entity = self._entities.get(source.entity_id) or _Entity()
            self.monitor.report(source.name, _read_later(source, entity, now))

    def _lost(self, why: str) -> None:
        why = escaped(why.rstrip("."))
        self._entities.clear()
        log = _LOGGER.debug if self._failures else _LOGGER.warning
        log("Weather entities are unsafe: %s", why)
        self._failures += 1
        for source in self.sources:
            self.monitor.lose(source.name, why)


class _Connection:
    """Questions and answers over one connection."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, clock: Clock) -> None:
        self._socket = socket
        self._clock = clock
        self._id = 0

    async def log_in(self, token: str) -> None:
        async with self._clock.timeout(_ANSWER_S):
            greeting = await self._receive()
            if greeting.get("type") != "auth_required":
                raise EntityReaderError("Home Assistant did not ask for a token.")
            await self._socket.send_json({"type": "auth", "access_token": token})
            answer = await self._receive()
        if answer.get("type") != "auth_ok":
            raise TokenRefusedError("Home Assistant refuses the token. Make a new long-lived token.")

    async def ask(self, kind: str, on_event: Callable[[dict[str, Any]], None], **arguments: object) -> None:
        """Send a command and wait for its answer; events that come in between are handed on."""
        self._id += 1
        await self._socket.send_json({"id": self._id, "type": kind, **arguments})
        async with self._clock.timeout(_ANSWER_S):
            while True:
                message = await self._receive()
                if message.get("type") == "event":
                    on_event(message.get("event") or {})
                elif message.get("id") == self._id:
                    break
        if message.get("type") == "result" and not message.get("success"):
            error = message.get("error") or {}
            said = error.get("message", "no reason given")
            raise HomeAssistantRefusedError(f"Home Assistant refuses {kind}: {said}", error.get("code"))

    async def listen(self, seconds: float, on_event: Callable[[dict[str, Any]], None]) -> None:
        """Hand on events for that long."""
        end = self._clock.monotonic() + seconds
        while (left := end - self._clock.monotonic()) > 0:
            try:
                async with self._clock.timeout(left):
                    message = await self._receive()
            except TimeoutError:
                return
            if message.get("type") == "event":
                on_event(message.get("event") or {})

    async def _receive(self) -> dict[str, Any]:
        message = await self._socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise EntityReaderError("Home Assistant closed the connection.")
        decoded = message.json()
        return decoded if isinstance(decoded, dict) else {}


def _name_in(said: dict[str, Any]) -> str:
    attributes = said.get("a")
    name = attributes.get("friendly_name") if isinstance(attributes, dict) else None
    return escaped(name, 60) if isinstance(name, str) else ""


def _read_later(source: EntitySource, entity: _Entity, now: float) -> Callable[[], Reading]:
    def read() -> Reading:
        if entity.state is None:
            raise UnreadableInputError(f"Home Assistant has no entity {source.entity_id}.")
        safe, words = source.safe_when.judge(entity.state)
        age = now - entity.at
        if not safe:
            return Reading(source.level, words, good_for_s=_TRUSTED_S, age_s=age, name=entity.name)
        good_for = _TRUSTED_S if source.max_age_s is None else min(_TRUSTED_S, source.max_age_s - age)
        if good_for <= 0:
            raise UnreadableInputError(f"It has said nothing for {source.max_age_s:g} s.")
        return Reading(SafetyLevel.CLEAR, words, good_for_s=good_for, age_s=age, name=entity.name)

    return read
