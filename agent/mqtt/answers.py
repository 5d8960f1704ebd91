"""Every answer to what was asked over MQTT: on the usual topics, and where an MQTT 5 caller wants it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from agent.errors import Problem
from agent.mqtt.encoding import encode
from agent.mqtt.outbox import Lane, Outbox
from agent.mqtt.parsing import BadRequestError
from agent.mqtt.payloads import Payloads, command_answer, short
from agent.mqtt.port import Message, Publication
from agent.mqtt.refusals import Refusals, and_more
from agent.mqtt.topics import Address, Kind, Topics
from agent.mqtt.vocabulary import EventType, State
from agent.requests import Acknowledgement, Code, Reply
from agent.text import escaped

ANSWER_EXPIRY_S = 600  # nobody waits longer for an answer
_LOGGER = logging.getLogger(__name__)

Rejected = Callable[[str, EventType, Mapping[str, Any]], None]
"""Tell that a request was refused: telescope, kind of event, further keys of the event."""


class Answers:
    """Publishes answers. What is not accepted is said at a bounded rate, to callers, listeners and log."""

    def __init__(
        self,
        outbox: Outbox,
        topics: Topics,
        payloads: Payloads,
        telescopes: Iterable[str],
        rejected: Rejected,
        *,
        response_prefixes: Iterable[str] = (),
        foreign_prefixes: Iterable[str] = (),
    ) -> None:
        self._outbox = outbox
        self._topics = topics
        self._payloads = payloads
        self._telescopes = frozenset(telescopes)
        self._rejected = rejected
        self._open = (topics.reply_prefix, *(f"{prefix.rstrip('/')}/" for prefix in response_prefixes))
        self._closed = ("$", *(f"{prefix}/" for prefix in foreign_prefixes))
        self._refusals = Refusals()

    def close(self) -> None:
        """Say what refusals are still to be summed up."""
        self._refusals.close()

    def refuse(self, address: Address, message: Message, error: BadRequestError) -> None:
        """Answer a request that could not be read or taken."""

        def log(more: int) -> None:
            words = and_more(escaped(error), more)
            _LOGGER.info("MQTT: refused a message on %s: %s", escaped(message.topic), words)

        self._refusals.say(("log", *self._kind(address)), log)
        found = error.problem
        reply = Reply(False, error.code, found.message, error.request_id, found.hint)
        match address.kind:
            case Kind.SUBMIT:
                answer = refusal(reply, address.telescope, error.request_id, found)
                self.acknowledge(address, message, answer)
            case Kind.BRIDGE:
                self.answer_question(address, message, reply, None)
            case Kind.SET:
                self.reply(address, message, reply, setting=address.name)
            case _:
                self.reply(address, message, reply)

    def acknowledge(self, address: Address, message: Message, answer: Acknowledgement) -> None:
        """Answer a submission."""
        if answer.accepted:
            self._acknowledge(address, message, answer)
            return

        def say(more: int) -> None:
            summed = replace(answer, message=and_more(answer.message, more))
            self._acknowledge(address, message, summed)
            if answer.telescope in self._telescopes:
                self._rejected(
                    answer.telescope,
                    EventType.SESSION_REJECTED,
                    _rejection(
                        answer.code, summed.message, answer.request_id, session_id=answer.session_id or None
                    ),
                )

        self._refusals.say(self._kind(address), say)

    def reply(
        self, address: Address, message: Message, reply: Reply, *, command: str = "", setting: str = ""
    ) -> None:
        """Answer a command or a setting."""
        if reply.ok:
            self._reply(address, message, reply, command, setting)
            return

        def say(more: int) -> None:
            summed = replace(reply, message=and_more(reply.message, more))
            self._reply(address, message, summed, command, setting)
            if address.telescope in self._telescopes:
                details = _rejection(reply.code, summed.message, reply.request_id, command=command or setting)
                self._rejected(address.telescope, EventType.COMMAND_REJECTED, details)

        self._refusals.say(self._kind(address), say)

    def answer_question(
        self, address: Address, message: Message, reply: Reply, data: Mapping[str, Any] | None
    ) -> None:
        """Answer a question to the agent itself."""

        def say(more: int) -> None:
            body = {
                "request_id": reply.request_id or None,
                "status": "ok" if reply.ok else "error",
                "code": reply.code,
                "message": short(and_more(reply.message, more)),
                "hint": short(reply.hint),
                "data": data,
            }
            payload = encode(body)
            self._say(self._topics.bridge_response(address.name), payload)
            self._say_back(message, payload)

        if reply.ok:
            say(0)
        else:
            self._refusals.say(self._kind(address), say)

    def _kind(self, address: Address) -> tuple[str, str]:
        """What a flood of refusals is summed up by: made-up names make no kinds of their own."""
        return address.kind.value, address.telescope if address.telescope in self._telescopes else ""

    def _acknowledge(self, address: Address, message: Message, answer: Acknowledgement) -> None:
        payload = encode(self._payloads.answer(answer))
        self._say(self._topics.submit_response(address.telescope), payload)
        if answer.telescope in self._telescopes:
            if not address.telescope:
                self._say(self._topics.submit_response(answer.telescope), payload)
            self._keep(answer.telescope, payload)
        self._say_back(message, payload)

    def _reply(self, address: Address, message: Message, reply: Reply, command: str, setting: str) -> None:
        telescope = address.telescope
        payload = encode(command_answer(reply, telescope, command=command, setting=setting))
        self._say(self._topics.command_response(telescope), payload)
        if telescope in self._telescopes:
            self._keep(telescope, payload)
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
        """Answer an MQTT 5 caller where it asks for it, when that is a place for answers."""
        topic = message.response_topic
        if not topic or message.retain:
            return
        if self._is_for_answers(topic):
            self._say(topic, payload, message.correlation)
        else:
            _LOGGER.debug("MQTT: no answer on the response topic %s: it is not for answers", escaped(topic))

    def _is_for_answers(self, topic: str) -> bool:
        if any(char in topic for char in "+#\x00") or topic.startswith(self._closed):
            return False
        ours = topic.startswith(f"{self._topics.base}/") and not topic.startswith(self._topics.reply_prefix)
        return topic.startswith(self._open) and not ours


def refusal(reply: Reply, telescope: str, request_id: str, problem: Problem | None = None) -> Acknowledgement:
    """Return an error reply as the answer to a submission."""
    found = problem or Problem(reply.code.value, reply.message, reply.hint)
    return Acknowledgement(
        False, reply.code, reply.message, telescope=telescope, request_id=request_id, errors=(found,)
    )


def _rejection(code: Code, message: str, request_id: str, **more: Any) -> dict[str, Any]:
    return {"code": code.value, "message": short(message), "request_id": request_id or None, **more}
