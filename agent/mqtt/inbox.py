"""What others ask over MQTT: read, refused or handed to the handlers, and always answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from agent.clock import Clock
from agent.errors import AgentError
from agent.mqtt.handlers import Handlers
from agent.mqtt.outbox import Lane, Outbox
from agent.mqtt.parsing import (
    MAX_PAYLOAD,
    BadRequestError,
    peek_request_id,
    read_bridge,
    read_command,
    read_setting,
    read_submission,
)
from agent.mqtt.payloads import Payloads, command_answer, encode, plain, short
from agent.mqtt.port import Message, MqttPort, Publication
from agent.mqtt.topics import Address, Kind, Topics
from agent.mqtt.vocabulary import EventType, State
from agent.requests import Acknowledgement, Code, Reply, RequestProblem, Verb

ANSWER_EXPIRY_S = 600  # nobody waits longer for an answer
_DEFECT = "The agent met a defect; its log has the details."
_SLOW_S = 1.0  # a submission's answer should take no longer
_URGENT = frozenset({Verb.ABORT, Verb.END_NIGHT, Verb.PAUSE, Verb.STOP_AFTER_THIS, Verb.SKIP})
_LOGGER = logging.getLogger(__name__)

Rejected = Callable[[str, EventType, Mapping[str, Any]], None]
"""Tell that a request was refused: telescope, kind of event, further keys of the event."""


class Desks(StrEnum):
    """Queues of requests in work, each with its own limit: junk on one never blocks another."""

    SUBMIT = "submit"
    COMMAND = "command"
    URGENT = "urgent"  # what stops things always finds room
    SET = "set"
    BRIDGE = "bridge"


LIMITS = {Desks.SUBMIT: 64, Desks.COMMAND: 16, Desks.URGENT: 16, Desks.SET: 16, Desks.BRIDGE: 8}


class Inbox:
    """Subscribes to every request topic. Whatever comes in, the loop survives and the caller hears of it."""

    def __init__(
        self,
        outbox: Outbox,
        topics: Topics,
        payloads: Payloads,
        telescopes: Iterable[str],
        clock: Clock,
        handlers: Handlers,
        rejected: Rejected,
        *,
        foreign_prefixes: Iterable[str] = (),
    ) -> None:
        self._outbox = outbox
        self._topics = topics
        self._payloads = payloads
        self._telescopes = tuple(telescopes)
        self._clock = clock
        self._handlers = handlers
        self._rejected = rejected
        self._closed_prefixes = (f"{topics.base}/", *(f"{prefix}/" for prefix in foreign_prefixes))
        self._in_work = dict.fromkeys(Desks, 0)
        self._tasks: set[asyncio.Task[None]] = set()
        self._readers = {
            Kind.SUBMIT: self._submission,
            Kind.COMMAND: self._command,
            Kind.SET: self._setting,
            Kind.BRIDGE: self._bridge,
        }

    def attach(self, port: MqttPort) -> Callable[[], None]:
        """Subscribe; call the result to end it."""
        ends = [port.subscribe(topic_filter, self.receive) for topic_filter in self._topics.inbound()]

        def detach() -> None:
            for end in ends:
                end()

        return detach

    async def close(self) -> None:
        """Stop working on requests."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def receive(self, message: Message) -> None:
        """Take one message."""
        address = self._topics.address(message.topic)
        if address is None or not message.payload:
            return
        if address.kind is Kind.SAFETY:
            self._safety(address, message)
            return
        try:
            if message.retain:
                self._refuse_replay(message)
            self._readers[address.kind](address, message)
        except BadRequestError as error:
            self._refuse(address, message, error)
        except Exception:
            _LOGGER.exception("MQTT: a message on %s could not be read", message.topic)
            self._refuse(address, message, BadRequestError(Code.FAILED, _DEFECT))

    def _safety(self, address: Address, message: Message) -> None:
        if len(message.payload) > MAX_PAYLOAD:
            _LOGGER.warning(
                "MQTT: the safety source %s sent %d bytes; ignored", address.name, len(message.payload)
            )
            return
        try:
            self._handlers.safety_input(address.name, message.payload, message.retain, self._clock.now())
        except Exception:
            _LOGGER.exception("The report of safety source %s could not be used", address.name)

    def _refuse_replay(self, message: Message) -> None:
        self._outbox.clear(message.topic)
        raise BadRequestError(
            Code.RETAINED_REPLAY,
            "The request was a retained message, replayed by the broker: not acted on, and removed.",
            hint="Publish requests without the retain flag.",
            request_id=peek_request_id(message.payload),
        )

    def _submission(self, address: Address, message: Message) -> None:
        submission = read_submission(message.payload, address.telescope, self._clock.now())
        if not submission.telescope and len(self._telescopes) == 1:
            submission = replace(submission, telescope=self._telescopes[0])
        self._known(submission.telescope, submission.request_id)

        async def work() -> None:
            started = self._clock.monotonic()
            try:
                answer = await self._handlers.submit(submission)
            except Exception as error:  # noqa: BLE001
                answer = _refused(_blame(error), submission.telescope, submission.request_id)
            if self._clock.monotonic() - started > _SLOW_S:
                _LOGGER.warning("Answering a submission took more than %.0f s", _SLOW_S)
            echoed = replace(
                answer,
                request_id=answer.request_id or submission.request_id,
                telescope=answer.telescope or submission.telescope,
            )
            self._acknowledge(address, message, echoed)

        self._begin(Desks.SUBMIT, submission.request_id, work())

    def _command(self, address: Address, message: Message) -> None:
        command = read_command(message.payload, self._clock.now())
        self._known(address.telescope, command.request_id)

        def accepted(text: str) -> None:
            answer(Reply(True, Code.ACCEPTED, text))

        def answer(reply: Reply) -> None:
            echoed = replace(reply, request_id=reply.request_id or command.request_id)
            self._reply(address, message, echoed, command=command.verb.value)

        async def work() -> None:
            try:
                reply = await self._handlers.command(address.telescope, command, accepted)
            except Exception as error:  # noqa: BLE001
                reply = _blame(error)
            answer(reply)

        place = Desks.URGENT if command.verb in _URGENT else Desks.COMMAND
        self._begin(place, command.request_id, work())

    def _setting(self, address: Address, message: Message) -> None:
        request = read_setting(message.payload, self._clock.now())
        self._known(address.telescope, request.request_id)

        async def work() -> None:
            try:
                reply = await self._handlers.set_value(address.telescope, address.name, request.value)
            except Exception as error:  # noqa: BLE001
                reply = _blame(error)
            echoed = replace(reply, request_id=reply.request_id or request.request_id)
            self._reply(address, message, echoed, setting=address.name)

        self._begin(Desks.SET, request.request_id, work())

    def _bridge(self, address: Address, message: Message) -> None:
        request = read_bridge(message.payload, self._clock.now())

        async def work() -> None:
            try:
                data = plain(await self._handlers.bridge_request(address.name, request.body))
                reply = Reply(True, Code.DONE, "", request.request_id)
            except Exception as error:  # noqa: BLE001
                data, reply = None, replace(_blame(error), request_id=request.request_id)
            self._bridge_answer(address, message, reply, data)

        self._begin(Desks.BRIDGE, request.request_id, work())

    def _begin(self, place: Desks, request_id: str, work: Coroutine[Any, Any, None]) -> None:
        if self._in_work[place] >= LIMITS[place]:
            work.close()
            raise BadRequestError(
                Code.BUSY,
                f"{LIMITS[place]} requests of this kind are in work already.",
                hint="Wait for their answers, then send it again.",
                request_id=request_id,
            )
        self._in_work[place] += 1
        task = asyncio.get_running_loop().create_task(work, name=f"mqtt-{place}-{request_id}")
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._end(place, done))

    def _end(self, place: Desks, task: asyncio.Task[None]) -> None:
        self._in_work[place] -= 1
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOGGER.error("A request could not be answered", exc_info=error)

    def _known(self, telescope: str, request_id: str) -> None:
        if telescope in self._telescopes:
            return
        known = ", ".join(self._telescopes) or "none"
        named = (
            f"There is no telescope {telescope[:64]!r} here."
            if telescope
            else "The request names no telescope."
        )
        raise BadRequestError(
            Code.UNKNOWN_TELESCOPE, named, path="/telescope", hint=f"Known: {known}.", request_id=request_id
        )

    def _refuse(self, address: Address, message: Message, error: BadRequestError) -> None:
        _LOGGER.info("MQTT: refused a message on %s: %s", message.topic, error)
        found = error.problem
        reply = Reply(False, error.code, found.message, error.request_id, found.hint)
        match address.kind:
            case Kind.SUBMIT:
                answer = _refused(reply, address.telescope, error.request_id, found)
                self._acknowledge(address, message, answer)
            case Kind.BRIDGE:
                self._bridge_answer(address, message, reply, None)
            case Kind.SET:
                self._reply(address, message, reply, setting=address.name)
            case _:
                self._reply(address, message, reply)

    def _acknowledge(self, address: Address, message: Message, answer: Acknowledgement) -> None:
        body = self._payloads.answer(answer)
        payload = encode(body)
        self._say(self._topics.submit_response(address.telescope), payload)
        known = answer.telescope in self._telescopes
        if known and not address.telescope:
            self._say(self._topics.submit_response(answer.telescope), payload)
        if known:
            self._keep(answer.telescope, payload)
        self._say_back(message, payload)
        if known and not answer.accepted:
            self._rejected(
                answer.telescope,
                EventType.SESSION_REJECTED,
                _rejection(
                    answer.code, answer.message, answer.request_id, session_id=answer.session_id or None
                ),
            )

    def _reply(
        self, address: Address, message: Message, reply: Reply, *, command: str = "", setting: str = ""
    ) -> None:
        telescope = address.telescope
        payload = encode(command_answer(reply, telescope, command=command, setting=setting))
        self._say(self._topics.command_response(telescope), payload)
        if telescope in self._telescopes:
            self._keep(telescope, payload)
            if not reply.ok:
                more = _rejection(reply.code, reply.message, reply.request_id, command=command or setting)
                self._rejected(telescope, EventType.COMMAND_REJECTED, more)
        self._say_back(message, payload)

    def _bridge_answer(
        self, address: Address, message: Message, reply: Reply, data: Mapping[str, Any] | None
    ) -> None:
        payload = encode(
            {
                "request_id": reply.request_id or None,
                "status": "ok" if reply.ok else "error",
                "code": reply.code,
                "message": short(reply.message),
                "hint": short(reply.hint),
                "data": data,
            }
        )
        self._say(self._topics.bridge_response(address.name), payload)
        self._say_back(message, payload)

    def _say(self, topic: str, payload: bytes, correlation: bytes = b"") -> None:
        publication = Publication(
            topic, payload, expiry_s=ANSWER_EXPIRY_S, json=True, correlation=correlation
        )
        self._outbox.publish(publication, Lane.ANSWER)

    def _keep(self, telescope: str, payload: bytes) -> None:
        topic = self._topics.state(telescope, State.RESPONSE)
        self._outbox.publish(Publication(topic, payload, retain=True, json=True))

    def _say_back(self, message: Message, payload: bytes) -> None:
        """Answer an MQTT 5 caller where it asks for it, unless that could reach topics that are ours."""
        topic = message.response_topic
        if not topic or message.retain:
            return
        unpublishable = any(char in topic for char in "+#\x00") or topic.startswith(
            ("$", *self._closed_prefixes)
        )
        if unpublishable:
            _LOGGER.info("MQTT: no answer on the response topic %.80r: it is not for callers", topic)
            return
        self._say(topic, payload, message.correlation)


def _blame(error: Exception) -> Reply:
    """Return an error answer: the handlers's own words, or that a defect was met."""
    if isinstance(error, AgentError):
        code = Code(error.code) if error.code in set(Code) else Code.FAILED
        return Reply(False, code, error.message, hint=error.hint)
    _LOGGER.error("A request met a defect", exc_info=error)
    return Reply(False, Code.FAILED, _DEFECT)


def _refused(
    reply: Reply, telescope: str, request_id: str, problem: RequestProblem | None = None
) -> Acknowledgement:
    found = problem or RequestProblem("", reply.code.value, reply.message, reply.hint)
    return Acknowledgement(
        False, reply.code, reply.message, telescope=telescope, request_id=request_id, errors=(found,)
    )


def _rejection(code: Code, message: str, request_id: str, **more: Any) -> dict[str, Any]:
    return {"code": code.value, "message": short(message), "request_id": request_id or None, **more}
