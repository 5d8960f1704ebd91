"""One agent among those that share submissions: it takes some, asks who does best with them, and hands over.

What an agent took is on its disk until it has its place: with one of its own telescopes, or with another
agent that said so. A hand-over is a submission with ids of its own, said again until it is answered, and
taken once however often it comes: no death in between loses or doubles one.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import re
import uuid
from collections.abc import Callable, Collection, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from agent.clock import Clock
from agent.errors import AgentError
from agent.fleet.answering import Answering
from agent.fleet.asking import Asking, offer_from
from agent.fleet.claims import Claims
from agent.fleet.held import Held, HeldSubmissions
from agent.fleet.placing import named
from agent.fleet.promises import Promises
from agent.fleet.telescopes import Telescopes
from agent.fleet.topics import FleetTopics
from agent.fleet.totals import FleetTotals, told
from agent.mqtt.answers import ANSWER_EXPIRY_S
from agent.mqtt.encoding import encode
from agent.mqtt.fleet_bodies import (
    MOST_ASKED,
    MOST_BYTES,
    HandOver,
    OfferBody,
    Question,
    Said,
    Taken,
    Totals,
    read,
    write,
)
from agent.mqtt.inbox import LIMITS, Work
from agent.mqtt.outbox import Lane, Outbox
from agent.mqtt.parsing import MAX_PAYLOAD, BadRequestError, read_submission
from agent.mqtt.payloads import Payloads
from agent.mqtt.port import Message, MqttPort, Publication, Urgency, always
from agent.planner.offer import Offer, best_first
from agent.requests import Acknowledgement, Code, Submission
from agent.session.telescope_wish import ANY, is_open
from agent.store.ledger import body_hash, submission_key

_LOGGER = logging.getLogger(__name__)

TAKEN_S = 3.0  # a hand-over that is not answered by then is told as one that is under way
AGAIN_S = (1.0, 60.0)  # first and longest pause before a hand-over is said again
TELL_S = 30.0  # between two looks at what was collected
_OFF = (
    "The broker knows no shared subscriptions (MQTT 5): the fleet %s is off, and its submissions are left to "
    "others. Use a broker that does, such as mosquitto 2"
)
_BUSY = "%d submissions are without a place already; send it again in a while."


class Fleet:
    """Owner of the submissions that this agent took for the fleet, until they have their place."""

    def __init__(
        self,
        agent: str,
        base: str,
        port: MqttPort,
        outbox: Outbox,
        payloads: Payloads,
        telescopes: Telescopes,
        held: HeldSubmissions,
        clock: Clock,
        chance: random.Random | None = None,
    ) -> None:
        self.agent = agent
        self.totals = FleetTotals(agent)
        self._topics = FleetTopics(base)
        self._port = port
        self._outbox = outbox
        self._payloads = payloads
        self._telescopes = telescopes
        self._kept = held
        self._clock = clock
        self._chance = chance or random.Random()  # noqa: S311
        self._asking = Asking(
            clock,
            self._ask,
            lambda: self.totals.agents,
            self._chance,
        )
        self._held: dict[str, Held] = {}
        self._taken: dict[str, asyncio.Future[Taken]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._promises = promises = Promises(clock)
        self._claims = claims = Claims(agent)
        self._answering = Answering(
            *(
                agent,
                self._topics,
                telescopes,
                promises,
                claims,
                self._others,
                self._held.get,
                self._say,
                self._begin,
            )
        )
        self._told = b""

    # -- life -------------------------------------------------------------------------------------------

    def attach(self) -> Callable[[], None]:
        """Subscribe; call the result to end it."""
        port, topics = self._port, self._topics
        ends = [
            port.subscribe(topics.submissions, self._hear_submission, always(Urgency.SUBMISSION)),
            port.subscribe(topics.questions, self._answering.question, always(Urgency.BRIDGE)),
            port.subscribe(topics.offers(self.agent), self._hear_offer, always(Urgency.BRIDGE)),
            port.subscribe(
                topics.hand_overs(self.agent), self._answering.hand_over, always(Urgency.SUBMISSION)
            ),
            port.subscribe(topics.taken(self.agent), self._hear_taken, always(Urgency.BRIDGE)),
            port.subscribe(topics.collected("+"), self._hear_collected),
            port.on_connected(self._connected),
        ]

        def detach() -> None:
            for end in ends:
                end()

        return detach

    async def run(self) -> None:
        """Find places for what an earlier life left, and tell what was collected, for ever."""
        try:
            for held in await asyncio.to_thread(self._kept.all):
                self._held[held.id] = held
                self._begin(self._place(held, None))
            while True:
                lights = await asyncio.to_thread(self._telescopes.collected)
                payload = write(told(self.agent, lights))
                if payload != self._told:
                    self._told = payload
                    topic = self._topics.collected(self.agent)
                    self._outbox.publish(Publication(topic, payload, retain=True, json=True))
                await self._clock.sleep(TELL_S)
        finally:
            for task in tuple(self._tasks):
                task.cancel()

    @property
    def without_place(self) -> int:
        """How many submissions it holds."""
        return len(self._held)

    # -- taking -----------------------------------------------------------------------------------------

    def _connected(self) -> None:
        if not self._port.shares:
            _LOGGER.warning(_OFF, self._topics.base)

    def _hear_submission(self, message: Message) -> None:
        if message.retain or not message.payload:
            return
        try:
            asked = read_submission(message.payload, "", self._clock.now())
        except BadRequestError as error:
            problem = error.problem
            answer = Acknowledgement(
                False, error.code, problem.message, request_id=error.request_id, errors=(problem,)
            )
            self._answer(message, answer)
            return
        asked = replace(asked, telescope=asked.telescope or ANY)
        if not is_open(asked.telescope):
            words = "Here a session is for any telescope, or for a model; leave `telescope` out."
            self._answer(message, _refused(asked, Code.UNKNOWN_TELESCOPE, words))
        elif len(self._held) >= LIMITS[Work.SUBMISSION]:
            self._answer(message, _refused(asked, Code.BUSY, _BUSY % len(self._held)))
        else:
            self._begin(self._take(asked, message))

    async def _take(self, asked: Submission, message: Message) -> None:
        """Write a submission down and find its place; what cannot be written is not taken."""
        held = _held(asked)
        if held.id in self._held:
            return  # the answer to the first one is on its way
        self._held[held.id] = held
        try:
            known = await self._telescopes.known(held.submission)
            if known is None:
                await asyncio.to_thread(self._kept.keep, held)
        except (OSError, AgentError) as error:
            del self._held[held.id]
            self._answer(message, _refused(asked, Code.FAILED, f"It could not be written down: {error}"))
            return
        if known is not None:
            del self._held[held.id]
            self._answer(message, known)
            return
        await self._place(held, message)

    async def _place(self, held: Held, message: Message | None) -> None:
        """Find the place of a submission, and answer whoever waits for it."""
        refused: dict[str, Acknowledgement] = {}
        answer: Acknowledgement | None = None
        while answer is None:
            if held.to:
                said = await self._hand_over(held, message)
                if said.accepted or said.duplicate:
                    answer = said
                else:
                    refused[held.to] = said
                    held = await self._now(held.given("", ""))
                continue
            try:
                answer = await self._telescopes.known(held.submission)
            except (OSError, AgentError) as error:  # it is written down: it waits rather than being lost
                _LOGGER.warning("Session %s waits for its place: %s", held.session_id, error)
                await self._clock.sleep(AGAIN_S[1])
                continue
            if answer is None:
                held, answer = await self._try(held, refused)
        try:
            await asyncio.to_thread(self._kept.forget, held)
        except OSError as error:  # after a restart it is found out who has it
            _LOGGER.warning("Session %s has its place, and is still written down: %s", held.session_id, error)
        del self._held[held.id]
        self._promises.settled(held.id)
        if answer.accepted or answer.duplicate:
            self._claims.placed(held.id)
        elif not self._claims.of_another(held.id):
            self._claims.free(held.id)
        self._answer(message, answer)

    async def _try(
        self, held: Held, refused: dict[str, Acknowledgement]
    ) -> tuple[Held, Acknowledgement | None]:
        """Give it to the best of those that have not refused it; the answer, once there is one."""
        best, known = await self._best(held, refused)
        if known is not None:
            return held, known
        if best is not None and "/" in best.telescope:
            agent, _, telescope = best.telescope.partition("/")
            return await self._now(held.given(agent, telescope)), None
        if best is None and refused:
            return held, next(iter(refused.values()))
        said = await self._keep(held, best)
        if said.accepted or said.duplicate or best is None:
            return held, said
        refused[""] = said
        return held, None

    async def _best(
        self, held: Held, refused: Collection[str]
    ) -> tuple[Offer | None, Acknowledgement | None]:
        """Ask everybody; return the best offer, or the answer where somebody has the submission already."""
        question = Question(agent=self.agent, telescope=held.wish, **_content(held))
        self._claims.asked(held.id, self.agent)
        first = self._claims.of_another(held.id)
        mine, theirs = await asyncio.gather(self._my_offer(held), self._asking.offers(question, first))
        if first and first not in theirs and not any(said.known for said in theirs.values()):
            words = f"{first} took this session before, and does not answer; it is not taken twice."
            return None, _refused(held.submission, Code.BUSY, words)
        has = next((said for said in theirs.values() if said.known), None)
        if has is not None:
            words = f"This session was submitted before; {has.agent} has it."
            answer = Acknowledgement(True, Code.DUPLICATE, words, duplicate=True)
            return None, replace(answer, request_id=held.request_id, session_id=held.session_id)
        now = self._clock.now()
        found = [offer for said in theirs.values() if (offer := offer_from(said, now)) is not None]
        offers = [one for one in found if one.telescope.partition("/")[0] not in refused]
        if mine is not None and "" not in refused:
            offers.append(mine)
        self._chance.shuffle(offers)  # equals are chosen evenly
        return next(iter(best_first(offers)), None), None

    async def _my_offer(self, held: Held) -> Offer | None:
        try:
            offer = await self._telescopes.offer(held.submission)
        except AgentError as error:
            _LOGGER.info("No telescope here takes session %s: %s", held.session_id, error)
            return None
        return None if offer is None else self._promises.promised(held.id, offer, self._among())

    async def _keep(self, held: Held, best: Offer | None) -> Acknowledgement:
        """Take it on a telescope of this agent; without an offer that says why it is refused."""
        submission = held.submission
        if best is not None:
            submission = replace(submission, telescope=best.telescope)
        try:
            return await self._telescopes.submit(submission)
        except AgentError as error:
            return _refused(submission, Code.FAILED, error.message)

    def _others(self) -> int:
        return len(self.totals.agents)

    def _among(self) -> int:
        return min(MOST_ASKED, self._others()) + 1

    # -- handing over -----------------------------------------------------------------------------------

    async def _hand_over(self, held: Held, message: Message | None) -> Acknowledgement:
        """Say it until it is answered, and return the answer."""
        body = HandOver(agent=self.agent, telescope=held.telescope, **_content(held))
        answered = self._taken[held.id] = asyncio.get_running_loop().create_future()
        pause_s, waited_s, is_told = AGAIN_S[0], 0.0, False
        try:
            while True:
                self._say(self._topics.hand_overs(held.to), body)
                try:
                    async with self._clock.timeout(pause_s):
                        said = await asyncio.shield(answered)
                        break
                except TimeoutError:
                    waited_s += pause_s
                    pause_s = min(AGAIN_S[1], pause_s * 2)
                if waited_s >= TAKEN_S and not is_told:
                    is_told = True
                    words = f"It was given to {held.to}, which has not answered yet."
                    _LOGGER.warning("Session %s: %s", held.session_id, words)
                    self._answer(message, _accepted(held, words))
        finally:
            del self._taken[held.id]
        words = f"{held.to}: {said.message}"
        _LOGGER.info("Session %s was given to %s", held.session_id, words)
        if not (said.accepted or said.duplicate):
            return _refused(held.submission, Code.FAILED, words)
        return replace(_accepted(held, words), session_id=said.session_id, duplicate=said.duplicate)

    def _hear_taken(self, message: Message) -> None:
        said = read(Taken, message.payload, MOST_BYTES)
        waiting = self._taken.get(said.id) if said is not None else None
        held = self._held.get(said.id) if said is not None else None
        if said is None or waiting is None or held is None or said.agent != held.to or waiting.done():
            return
        waiting.set_result(said)

    def _hear_offer(self, message: Message) -> None:
        said = read(OfferBody, message.payload, MOST_BYTES)
        if said is not None and not message.retain:
            self._asking.hear(said)

    def _hear_collected(self, message: Message) -> None:
        agent = message.topic.split("/")[-2]
        if not message.payload:
            self.totals.gone(agent)
        elif (totals := read(Totals, message.payload, MAX_PAYLOAD)) is not None and totals.agent == agent:
            self.totals.hear(agent, totals)

    # -- inside -----------------------------------------------------------------------------------------

    async def _now(self, held: Held) -> Held:
        """Write down where it is; a disk that refuses is asked again, as nothing may happen before."""
        while True:
            try:
                await asyncio.to_thread(self._kept.keep, held)
            except OSError as error:
                _LOGGER.warning("Session %s waits for the disk: %s", held.session_id, error)
                await self._clock.sleep(AGAIN_S[1])
            else:
                self._held[held.id] = held
                return held

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name="fleet")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOGGER.error("A submission of the fleet met a defect", exc_info=error)

    def _ask(self, question: Question) -> None:
        self._say(self._topics.questions, question)

    def _say(self, topic: str, body: Said) -> None:
        self._outbox.publish(Publication(topic, write(body), json=True, expiry_s=60), Lane.ANSWER)

    def _answer(self, message: Message | None, answer: Acknowledgement) -> None:
        """Answer a submitter; nobody waits for what an earlier life took."""
        if message is None:
            return
        payload = encode(self._payloads.answer(answer))
        topics = [self._topics.responses]
        if message.response_topic.startswith(f"{self._topics.base}/reply/"):
            topics.append(message.response_topic)
        for topic in topics:
            publication = Publication(
                topic, payload, json=True, expiry_s=ANSWER_EXPIRY_S, correlation=message.correlation
            )
            self._outbox.publish(publication, Lane.ANSWER)


def _held(asked: Submission) -> Held:
    """Return a submission with the ids by which the fleet knows it; one that has none gets its own."""
    content = named(asked).body.get("command")
    command = dict(content) if isinstance(content, dict) else {}
    session_id = asked.session_id
    if not session_id and not asked.request_id:
        session_id = f"fleet-{uuid.uuid4().hex[:12]}"
    key = submission_key(session_id, asked.request_id, body_hash(command), datetime.min.replace(tzinfo=UTC))
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return Held(digest, command, session_id, asked.request_id, asked.telescope)


def agent_word(base_topic: str) -> str:
    """Return what an agent is called in its fleet: its own base topic as one word that no other one has."""
    word = re.sub(r"[^A-Za-z0-9_-]", "_", base_topic)[:48]
    return word if word == base_topic else f"{word}_{hashlib.sha256(base_topic.encode()).hexdigest()[:8]}"


def _content(held: Held) -> dict[str, Any]:
    return {
        "id": held.id,
        "command": held.command,
        "session_id": held.session_id,
        "request_id": held.request_id,
    }


def _accepted(held: Held, words: str) -> Acknowledgement:
    return Acknowledgement(True, Code.QUEUED, words, request_id=held.request_id, session_id=held.session_id)


def _refused(asked: Submission, code: Code, words: str) -> Acknowledgement:
    return Acknowledgement(False, code, words, request_id=asked.request_id, session_id=asked.session_id)
