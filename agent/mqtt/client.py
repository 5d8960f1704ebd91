"""A caller for the command line: sends a session and waits for its end, or reads what the agent says."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from agent.errors import AgentError
from agent.mqtt.broker_options import BrokerOptions
from agent.mqtt.encoding import decode, encode
from agent.mqtt.paho_port import PahoPort
from agent.mqtt.port import Message, MqttPort, Publication
from agent.mqtt.topics import ONLINE, Topics

CONNECT_S = 15.0  # finding out that a broker only knows MQTT 3.1.1 takes 5
AGENT_S = 3.0  # the agent's availability is retained: it comes at once or not at all
ANSWER_S = 10.0  # the agent answers within one
DONE_S = 180.0  # a stopped capture may close its stack for a minute or two
QUIET_S = 0.3  # after this long without another retained message, all are there


class CallerError(AgentError):
    """The agent could not be asked."""

    code = "no_agent"


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a session: the agent's answer, and its result when it was waited for."""

    answer: Mapping[str, Any]
    result: Mapping[str, Any] | None = None

    @property
    def accepted(self) -> bool:
        """Tell whether the agent took the session."""
        return self.answer.get("status") == "accepted"


class Caller:
    """One question at a time to the agent below a base topic. Make with `calling`."""

    def __init__(self, port: MqttPort, topics: Topics) -> None:
        self._port = port
        self._topics = topics
        self._heard: list[Message] = []
        self._last: dict[str, Message] = {}
        self._old: dict[str, bytes] = {}  # what was retained before the question: no news, however often said
        self._cut_off = False
        self._refused = ""
        self._news = asyncio.Event()
        self._listener: Callable[[Message], None] | None = None
        self._port.on_connected(self._news.set)
        self._port.on_disconnected(self._lost)
        self._port.subscribe(f"{topics.base}/#", self._hear)

    async def connect(self, *, needs_agent: bool = True) -> None:
        """Connect, with every subscription confirmed, and find the agent; raise `CallerError`."""
        self._port.start()
        await self._until(lambda: self._port.connected or bool(self._refused), CONNECT_S)
        if not self._port.connected:
            why = self._refused or "The MQTT broker cannot be reached."
            hint = "The settings are mqtt_host, mqtt_port, mqtt_username and mqtt_password."
            raise CallerError(why, code="no_broker", hint=hint)
        if (
            not await self._until(lambda: self._word(self._topics.availability) == ONLINE, AGENT_S)
            and needs_agent
        ):
            raise CallerError(
                f"No agent answers below the topic {self._topics.base!r} on this broker.",
                hint="Start it with `dwarf-agent run`, or give its base topic.",
            )

    def refused(self, why: str) -> None:
        """The broker cannot be reached, or lets nobody in: waiting longer does not help a person."""
        self._refused = why
        self._news.set()

    async def submit(
        self,
        body: Mapping[str, Any],
        *,
        telescope: str = "",
        wait: bool = False,
        limit_s: float | None = None,
        on_answer: Callable[[Mapping[str, Any]], None] | None = None,
        on_news: Callable[[str, Mapping[str, Any]], None] | None = None,
    ) -> Submitted:
        """Send a session; with `wait`, also wait for its result (for ever without `limit_s`).

        `on_answer` hears the answer at once, `on_news` all that is published meanwhile: the topic below the
        base, and the body.
        Raises `CallerError` when no answer or no result came in time.
        """
        request_id = str(body.get("request_id") or f"cli-{secrets.token_hex(6)}")
        self._listener = self._forward(on_news) if on_news else None
        self._heard.clear()
        self._old = {topic: message.payload for topic, message in self._last.items()}
        self._cut_off = False
        payload = encode({**body, "request_id": request_id})
        if not self._port.publish(Publication(self._topics.submit(telescope), payload, json=True)):
            raise CallerError("The MQTT broker was lost.", code="no_broker", hint="Try again.")
        topic = self._topics.submit_response(telescope)

        def answered() -> Mapping[str, Any] | None:
            return self._find(lambda name, answer: name == topic and answer.get("request_id") == request_id)

        if not await self._until(lambda: answered() is not None, ANSWER_S):
            raise CallerError("The agent did not answer.", code="no_answer", hint="Look at its log.")
        answer = answered() or {}
        if on_answer is not None:
            on_answer(answer)
        if not wait or answer.get("status") != "accepted":
            return Submitted(answer)
        if not await self._until(lambda: self._ended(answer, request_id) is not None, limit_s):
            raise CallerError(f"The session did not end within {limit_s:.0f} s.", code="no_result")
        return Submitted(answer, self._ended(answer, request_id))

    async def command(
        self,
        telescope: str,
        verb: str,
        arguments: Mapping[str, Any],
        *,
        on_accepted: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> Mapping[str, Any]:
        """Send a verb and return how it ended: `status` done or error. `on_accepted` hears that it was taken.

        Raises `CallerError` when no answer came, or the work took longer than any of the telescope's does.
        """
        request_id = f"cli-{secrets.token_hex(6)}"
        self._heard.clear()
        payload = encode({**arguments, "command": verb, "request_id": request_id})
        if not self._port.publish(Publication(self._topics.command(telescope), payload, json=True)):
            raise CallerError("The MQTT broker was lost.", code="no_broker", hint="Try again.")

        def answer(*wanted: str) -> Mapping[str, Any] | None:
            return self._find(
                lambda _, body: body.get("request_id") == request_id and body.get("status") in wanted
            )

        if not await self._until(lambda: answer("accepted", "done", "error") is not None, ANSWER_S):
            raise CallerError(
                f"No agent answered for telescope {telescope!r}.", code="no_answer", hint="Look at its log."
            )
        if (accepted := answer("accepted")) is not None and on_accepted is not None:
            on_accepted(accepted)
        if not await self._until(lambda: answer("done", "error") is not None, DONE_S):
            raise CallerError(f"{verb!r} was not done within {DONE_S:.0f} s.", code="no_answer")
        return answer("done", "error") or {}

    async def set_value(self, telescope: str, key: str, value: object) -> Mapping[str, Any]:
        """Change a setting of a telescope and return the answer; `CallerError` when none came."""
        request_id = f"cli-{secrets.token_hex(6)}"
        self._heard.clear()
        payload = encode({"value": value, "request_id": request_id})
        if not self._port.publish(Publication(self._topics.set(telescope, key), payload, json=True)):
            raise CallerError("The MQTT broker was lost.", code="no_broker", hint="Try again.")

        def answer() -> Mapping[str, Any] | None:
            return self._find(lambda _, body: body.get("request_id") == request_id)

        if not await self._until(lambda: answer() is not None, ANSWER_S):
            raise CallerError(
                f"No agent answered for telescope {telescope!r}.", code="no_answer", hint="Look at its log."
            )
        return answer() or {}

    async def follow(self, on_news: Callable[[str, Mapping[str, Any]], None]) -> None:
        """Hear all that is published from now on: the topic below the base, and the body.

        It lasts until `on_news` raises an OSError, which is raised here: nobody reads any more.
        """
        gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def tell(topic: str, body: Mapping[str, Any]) -> None:
            try:
                on_news(topic, body)
            except OSError as error:
                if not gone.done():
                    gone.set_exception(error)

        self._listener = self._forward(tell)
        await gone

    async def question(
        self, verb: str, body: Mapping[str, Any], limit_s: float = DONE_S
    ) -> Mapping[str, Any]:
        """Ask the agent about itself; return its answer's data, or raise `CallerError` with its words."""
        request_id = f"cli-{secrets.token_hex(6)}"
        self._heard.clear()
        payload = encode({**body, "request_id": request_id})
        if not self._port.publish(Publication(self._topics.bridge_request(verb), payload, json=True)):
            raise CallerError("The MQTT broker was lost.", code="no_broker", hint="Try again.")
        topic = self._topics.bridge_response(verb)

        def answered() -> Mapping[str, Any] | None:
            return self._find(lambda name, answer: name == topic and answer.get("request_id") == request_id)

        if not await self._until(lambda: answered() is not None, limit_s):
            raise CallerError("The agent did not answer.", code="no_answer", hint="Look at its log.")
        answer = answered() or {}
        if answer.get("status") != "ok":
            raise CallerError(
                str(answer.get("message")), code=str(answer.get("code")), hint=str(answer.get("hint") or "")
            )
        return answer.get("data") or {}

    async def status(self) -> dict[str, Any]:
        """Return all that the agent keeps retained, by topic below the base; of pictures only the size."""
        while await self._more():
            pass
        cut = len(self._topics.base) + 1
        return {topic[cut:]: _readable(message.payload) for topic, message in sorted(self._last.items())}

    async def _more(self) -> bool:
        known = len(self._last)
        return await self._until(lambda: len(self._last) > known, QUIET_S)

    def _ended(self, answer: Mapping[str, Any], request_id: str) -> Mapping[str, Any] | None:
        """Find the session's result: said once on its own topic, or kept as the telescope's last one.

        What was kept before the session was sent is an earlier one's, whatever its id.
        """
        telescope, session_id = str(answer.get("telescope") or ""), str(answer.get("session_id") or "")
        once = self._topics.result(telescope, session_id)
        kept = self._topics.state(telescope, "result")
        was_known = bool(answer.get("duplicate"))

        def is_it(topic: str, result: Mapping[str, Any]) -> bool:
            if topic == once:
                return True
            same = result.get("session_id") == session_id
            return topic == kept and same and (was_known or result.get("request_id") == request_id)

        if (found := self._find(is_it)) is not None:
            return found
        last = self._last.get(kept)  # a result may have come and gone while the connection was lost
        result = _json(last.payload) if last is not None and self._is_new(last) else None
        return result if result is not None and is_it(kept, result) else None

    def _find(self, wanted: Callable[[str, Mapping[str, Any]], bool]) -> Mapping[str, Any] | None:
        for message in self._heard:
            body = _json(message.payload)
            if body is not None and wanted(message.topic, body):
                return body
        return None

    def _hear(self, message: Message) -> None:
        if self._is_state(message.topic):
            self._keep(message)
            if message.retain and not self._cut_off:
                self._old[message.topic] = message.payload  # on its way since we subscribed
        if self._is_answer(message.topic) and not message.retain and self._is_new(message):
            self._heard.append(message)
        if self._listener is not None:
            self._listener(message)
        self._news.set()

    def _is_new(self, message: Message) -> bool:
        return message.payload != self._old.get(message.topic)

    def _lost(self, _reason: str) -> None:
        self._cut_off = True

    def _is_state(self, topic: str) -> bool:
        """Tell whether a topic is one of those the agent keeps retained; live news of them carry no flag."""
        match topic.removeprefix(f"{self._topics.base}/").split("/"):
            case [owner, name]:
                return owner != "session" and name not in ("event", "command")
            case [_, "group", _]:
                return True
        return False

    def _keep(self, message: Message) -> None:
        if message.payload:
            self._last[message.topic] = message
        else:
            self._last.pop(message.topic, None)

    def _is_answer(self, topic: str) -> bool:
        answers = ("/session/response", "/command/response")
        return topic.endswith(answers) or "/result" in topic or "/bridge/response/" in topic

    def _forward(self, on_news: Callable[[str, Mapping[str, Any]], None]) -> Callable[[Message], None]:
        cut = len(self._topics.base) + 1

        def forward(message: Message) -> None:
            body = _json(message.payload)
            if body is not None and not message.retain:
                on_news(message.topic[cut:], body)

        return forward

    def _word(self, topic: str) -> str:
        message = self._last.get(topic)
        return message.payload.decode("utf-8", "replace") if message else ""

    async def _until(self, wanted: Callable[[], bool], seconds: float | None) -> bool:
        try:
            async with asyncio.timeout(seconds):
                while not wanted():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return wanted()
        return True


@asynccontextmanager
async def calling(
    options: BrokerOptions, base: str = "dwarf", port: MqttPort | None = None, *, needs_agent: bool = True
) -> AsyncIterator[Caller]:
    """Connect a caller, and disconnect it at the end. `options.client_id` must be its own.

    Without `needs_agent`, an agent that is offline is no error: what it said last can still be read.
    """

    def refused(trouble: str) -> None:
        place = f"{options.host}:{options.port}"
        caller.refused(f"The MQTT broker at {place} {trouble.removeprefix('the broker ')}.")

    found = port or PahoPort(options, on_refused=refused)
    caller = Caller(found, Topics.below(base))
    try:
        await caller.connect(needs_agent=needs_agent)
        yield caller
    finally:
        await found.stop()


def caller_id() -> str:
    """Return a client id that no other caller has."""
    return f"dwarf-agent-cli-{secrets.token_hex(4)}"


def _json(payload: bytes) -> dict[str, Any] | None:
    body = decode(payload)
    return body if isinstance(body, dict) else None


def _readable(payload: bytes) -> Any:
    said = decode(payload)
    return {"bytes": len(said)} if isinstance(said, bytes) else said
