"""What others ask over MQTT: read, refused or handed to the handlers, and always answered."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Collection, Coroutine, Iterable
from dataclasses import replace
from enum import StrEnum
from typing import Any

from agent.clock import Clock
from agent.errors import AgentError
from agent.mqtt.answers import Answers, refusal
from agent.mqtt.exchanges import Exchange, Exchanges
from agent.mqtt.handlers import Handlers
from agent.mqtt.outbox import Outbox
from agent.mqtt.parsing import (
    BadRequestError,
    peek_request_id,
    read_bridge,
    read_command,
    read_setting,
    read_submission,
)
from agent.mqtt.payloads import plain
from agent.mqtt.port import Message, MqttPort, Urgency
from agent.mqtt.topics import Address, Kind, Topics
from agent.requests import Code, Command, Reply, Verb
from agent.session.telescope_wish import is_open
from agent.text import escaped

_DEFECT = "The agent met a defect; its log has the details."
_SLOW_S = 1.0  # a submission's answer should take no longer
_STOPPING = frozenset({Verb.ABORT, Verb.END_NIGHT, Verb.PAUSE, Verb.STOP_AFTER_THIS, Verb.SKIP})
_WORDS = "|".join(verb.value.replace("_", "[-_ ]") for verb in _STOPPING)
_STOP = re.compile(
    rf'\s*"?\s*(?:{_WORDS})\s*"?\s*$|.*"command"\s*:\s*"\s*(?:{_WORDS})\s*"'.encode(),
    re.IGNORECASE | re.DOTALL,
)
_STOP_BYTES = 4096  # a command that stops is short; longer ones are looked at in their turn
_URGENCIES = {
    Kind.SUBMIT: Urgency.SUBMISSION,
    Kind.COMMAND: Urgency.COMMAND,
    Kind.SET: Urgency.SETTING,
    Kind.BRIDGE: Urgency.BRIDGE,
}
_LOGGER = logging.getLogger(__name__)


class Work(StrEnum):
    """Kinds of requests in work, each with its own limit: junk of one never blocks another."""

    SUBMISSION = "submission"
    COMMAND = "command"
    STOP = "stop"  # what stops things always finds room
    SETTING = "setting"
    QUESTION = "question"


LIMITS = {Work.SUBMISSION: 64, Work.COMMAND: 16, Work.STOP: 16, Work.SETTING: 16, Work.QUESTION: 8}


class Inbox:
    """Subscribes to every request topic. Whatever comes in, the loop survives and the caller hears of it.

    `safety_inputs` names the safety inputs that are listened to; None treats every name as one of them.
    """

    def __init__(
        self,
        outbox: Outbox,
        topics: Topics,
        answers: Answers,
        telescopes: Iterable[str],
        clock: Clock,
        handlers: Handlers,
        *,
        safety_inputs: Collection[str] | None = None,
    ) -> None:
        self._outbox = outbox
        self._topics = topics
        self._answers = answers
        self._telescopes = tuple(telescopes)
        self._clock = clock
        self._handlers = handlers
        self._safety_inputs = safety_inputs
        self._exchanges = Exchanges(clock)
        self._in_work = dict.fromkeys(Work, 0)
        self._tasks: set[asyncio.Task[None]] = set()
        self._readers = {
            Kind.SUBMIT: self._submission,
            Kind.COMMAND: self._command,
            Kind.SET: self._setting,
            Kind.BRIDGE: self._bridge,
        }

    def attach(self, port: MqttPort) -> Callable[[], None]:
        """Subscribe; call the result to end it."""
        ends = [port.subscribe(each, self.receive, self.classify) for each in self._topics.inbound()]

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
        self._answers.close()

    def classify(self, topic: str, payload: bytes) -> Urgency:
        """Tell how urgent a message is, by its topic and, of commands, by its verb."""
        address = self._topics.address(topic)
        if address is None:
            return Urgency.REST
        if address.kind is Kind.SAFETY:
            known = self._safety_inputs is None or address.name in self._safety_inputs
            return Urgency.SAFETY if known else Urgency.REST
        if address.kind is Kind.COMMAND and len(payload) <= _STOP_BYTES and _STOP.match(payload):
            return Urgency.STOP
        return _URGENCIES[address.kind]

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
            self._answers.refuse(address, message, error)
        except Exception:
            _LOGGER.exception("MQTT: a message on %s could not be read", escaped(message.topic))
            self._answers.refuse(address, message, BadRequestError(Code.FAILED, _DEFECT))

    def _safety(self, address: Address, message: Message) -> None:
        """Hand a report over as it came: one that is too large or unreadable is news as well."""
        try:
            self._handlers.safety_input(address.name, message.payload, message.retain, self._clock.now())
        except Exception:
            _LOGGER.exception("The report of safety source %s could not be used", escaped(address.name))

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
        if not is_open(submission.telescope):
            self._known(submission.telescope, submission.request_id)
        exchange = self._exchanges.begin(message, "")  # the store knows a session that is sent again
        if exchange is None:
            return

        async def work() -> None:
            started = self._clock.monotonic()
            try:
                answer = await self._handlers.submit(submission)
            except Exception as error:  # noqa: BLE001
                answer = refusal(error_reply(error), submission.telescope, submission.request_id)
            if self._clock.monotonic() - started > _SLOW_S:
                _LOGGER.warning("Answering a submission took more than %.0f s", _SLOW_S)
            echoed = replace(
                answer,
                request_id=answer.request_id or submission.request_id,
                telescope=answer.telescope or submission.telescope,
            )
            exchange.answer(lambda sender: self._answers.acknowledge(address, sender, echoed))

        self._begin(Work.SUBMISSION, exchange, submission.request_id, work())

    def _command(self, address: Address, message: Message) -> None:
        command = read_command(message.payload, self._clock.now())
        self._known(address.telescope, command.request_id)
        exchange = self._exchanges.begin(message, command.request_id)
        if exchange is None:
            return

        def accepted(text: str) -> None:
            answer(Reply(True, Code.ACCEPTED, text))

        def answer(reply: Reply) -> None:
            echoed = replace(reply, request_id=reply.request_id or command.request_id)
            exchange.answer(
                lambda sender: self._answers.reply(address, sender, echoed, command=command.verb.value)
            )

        async def work() -> None:
            try:
                reply = await self._handlers.command(address.telescope, command, accepted)
            except Exception as error:  # noqa: BLE001
                reply = error_reply(error)
            answer(reply)

        place = Work.STOP if is_stop(command) else Work.COMMAND
        self._begin(place, exchange, command.request_id, work())

    def _setting(self, address: Address, message: Message) -> None:
        request = read_setting(message.payload, self._clock.now())
        self._known(address.telescope, request.request_id)
        exchange = self._exchanges.begin(message, request.request_id)
        if exchange is None:
            return

        async def work() -> None:
            try:
                reply = await self._handlers.set_value(address.telescope, address.name, request.value)
            except Exception as error:  # noqa: BLE001
                reply = error_reply(error)
            echoed = replace(reply, request_id=reply.request_id or request.request_id)
            exchange.answer(lambda sender: self._answers.reply(address, sender, echoed, setting=address.name))

        self._begin(Work.SETTING, exchange, request.request_id, work())

    def _bridge(self, address: Address, message: Message) -> None:
        request = read_bridge(message.payload, self._clock.now())
        exchange = self._exchanges.begin(message, request.request_id)
        if exchange is None:
            return

        async def work() -> None:
            try:
                data = plain(await self._handlers.bridge_request(address.name, request.body))
                reply = Reply(True, Code.DONE, "", request.request_id)
            except Exception as error:  # noqa: BLE001
                data, reply = None, replace(error_reply(error), request_id=request.request_id)
            exchange.answer(lambda sender: self._answers.answer_question(address, sender, reply, data))

        self._begin(Work.QUESTION, exchange, request.request_id, work())

    def _begin(
        self, place: Work, exchange: Exchange, request_id: str, work: Coroutine[Any, Any, None]
    ) -> None:
        if self._in_work[place] >= LIMITS[place]:
            work.close()
            self._exchanges.forget(exchange)
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

    def _end(self, place: Work, task: asyncio.Task[None]) -> None:
        self._in_work[place] -= 1
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOGGER.error("A request could not be answered", exc_info=error)

    def _known(self, telescope: str, request_id: str) -> None:
        if telescope in self._telescopes:
            return
        known = ", ".join(self._telescopes) or "none"
        named = (
            f"There is no telescope '{escaped(telescope, 64)}' here."
            if telescope
            else "The request names no telescope."
        )
        raise BadRequestError(
            Code.UNKNOWN_TELESCOPE, named, path="/telescope", hint=f"Known: {known}.", request_id=request_id
        )


def is_stop(command: Command) -> bool:
    """Tell whether a command stops something, and so always finds room."""
    return command.verb in _STOPPING


def error_reply(error: Exception) -> Reply:
    """Return an error answer: the handlers' own words, or that a defect was met."""
    if isinstance(error, AgentError):
        code = Code(error.code) if error.code in set(Code) else Code.FAILED
        return Reply(False, code, error.message, hint=error.hint)
    _LOGGER.error("A request met a defect", exc_info=error)
    return Reply(False, Code.FAILED, _DEFECT)
