"""What the other agents of a fleet ask of this one: offers, and to take what it offered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from agent.errors import AgentError
from agent.fleet.asking import offer_body
from agent.fleet.claims import Claims
from agent.fleet.held import Held
from agent.fleet.promises import Promises
from agent.fleet.telescopes import Telescopes
from agent.fleet.topics import FleetTopics
from agent.mqtt.fleet_bodies import HandOver, OfferBody, Question, Said, Taken, read
from agent.mqtt.parsing import MAX_PAYLOAD
from agent.mqtt.port import Message
from agent.requests import Acknowledgement, Code, Submission
from agent.session.telescope_wish import ANY

_LOGGER = logging.getLogger(__name__)

QUESTIONS = 32  # in work at once: more are left to others to answer
HAND_OVERS = 64  # in work at once: more are said again, as they are not answered


class Answering:
    """Owner of the questions and hand-overs in work.

    `count` is how many other agents there are, `held` finds what this one holds.
    """

    def __init__(
        self,
        agent: str,
        topics: FleetTopics,
        telescopes: Telescopes,
        promises: Promises,
        claims: Claims,
        count: Callable[[], int],
        held: Callable[[str], Held | None],
        say: Callable[[str, Said], None],
        begin: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._agent = agent
        self._topics = topics
        self._telescopes = telescopes
        self._promises = promises
        self._claims = claims
        self._count = count
        self._held = held
        self._say = say
        self._begin = begin
        self._questions = 0
        self._hand_overs = 0

    def question(self, message: Message) -> None:
        """Take a question about a session."""
        question = read(Question, message.payload, MAX_PAYLOAD)
        if question is None or message.retain or question.agent == self._agent:
            return
        self._claims.asked(question.id, question.agent)
        if self._questions < QUESTIONS:
            self._questions += 1
            self._begin(self._offer(question))

    async def _offer(self, question: Question) -> None:
        try:
            said = await self._said_to(question)
        except AgentError as error:
            _LOGGER.info("No offer for a session of %s: %s", question.agent, error)
            said = offer_body(self._agent, question.id, None)
        finally:
            self._questions -= 1
        if said is not None:
            self._say(self._topics.offers(question.agent), said)

    async def _said_to(self, question: Question) -> OfferBody | None:
        """Return the answer, None for nothing to say; of two that hold it, the first by name keeps it."""
        mine = self._held(question.id)
        if mine is None and self._claims.has_place(question.id):
            return offer_body(self._agent, question.id, None, known=True)
        if mine is not None:
            keeps = bool(mine.to) or self._agent < question.agent
            return offer_body(self._agent, question.id, None, known=keeps)
        submission = _submission(question)
        if await self._telescopes.known(submission) is not None:
            return offer_body(self._agent, question.id, None, known=True)
        if question.asked and self._agent not in question.asked:
            return None
        offer = await self._telescopes.offer(submission)
        promised = (
            None
            if offer is None
            else self._promises.promised(question.id, offer, len(question.asked) or self._count() + 1)
        )
        return offer_body(self._agent, question.id, promised)

    def hand_over(self, message: Message) -> None:
        """Take what another agent gives."""
        given = read(HandOver, message.payload, MAX_PAYLOAD)
        if given is not None and not message.retain and self._hand_overs < HAND_OVERS:
            self._hand_overs += 1
            self._begin(self._accept(given))

    async def _accept(self, given: HandOver) -> None:
        submission = _submission(given)
        try:
            answer = await self._telescopes.known(replace(submission, telescope=ANY))
            answer = answer or await self._telescopes.submit(submission)
        except AgentError as error:
            answer = Acknowledgement(False, Code.FAILED, error.message)
        finally:
            self._hand_overs -= 1
            self._promises.settled(given.id)
        body = Taken(
            agent=self._agent,
            id=given.id,
            accepted=answer.accepted,
            duplicate=answer.duplicate,
            message=answer.message[:300],
            telescope=answer.telescope or None,
            session_id=answer.session_id,
        )
        self._say(self._topics.taken(given.agent), body)


def _submission(asked: Question | HandOver) -> Submission:
    return Submission({"command": asked.command}, asked.request_id, asked.session_id, asked.telescope)
