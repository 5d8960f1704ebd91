"""Asking the other agents of a fleet what their planners would do with a session."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from agent.clock import Clock
from agent.mqtt.fleet_bodies import MOST_ASKED, OfferBody, Question
from agent.planner.offer import Offer

KNOWN_S = 0.2  # that those who make no offer get to say that they know the session
OFFER_S = 2.0  # an offer that comes later counts no more
SILENT = 2  # questions in a row without an offer, and an agent is waited for no longer


@dataclass(slots=True)
class _Round:
    """One question, with who was waited for and what came."""

    awaited: set[str]
    offers: dict[str, OfferBody] = field(default_factory=dict)
    complete: asyncio.Event = field(default_factory=asyncio.Event)


class Asking:
    """Owner of the open questions of one agent. `agents` are those of which it was heard."""

    def __init__(
        self,
        clock: Clock,
        ask: Callable[[Question], None],
        agents: Callable[[], frozenset[str]],
        chance: random.Random,
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._ask = ask
        self._agents = agents
        self._rounds: dict[str, _Round] = {}
        self._silent: dict[str, int] = {}

    async def offers(self, question: Question, first: str = "") -> dict[str, OfferBody]:
        """Return what each agent says to a question, as soon as all have, after OFFER_S at the latest.

        `first` is waited for in any case: it had the submission before.
        """
        there = self._agents()
        awaited = {agent for agent in there if self._silent.get(agent, 0) < SILENT}
        if len(awaited) > MOST_ASKED:  # the best of a few at random is nearly the best of all
            awaited = set(self._chance.sample(sorted(awaited), MOST_ASKED - 1))
            awaited |= {first} if first else set()
            question = question.model_copy(update={"asked": tuple(sorted(awaited))})
        awaited |= {first} if first else set()
        if there:
            self._ask(question)  # whoever was silent may be heard of again
        if not awaited:
            return {}
        asked = self._rounds[question.id] = _Round(awaited)
        try:
            async with self._clock.timeout(OFFER_S):
                await asked.complete.wait()
                if question.asked and not any(said.known for said in asked.offers.values()):
                    await self._clock.sleep(KNOWN_S)
        except TimeoutError:
            for agent in asked.awaited & there - asked.offers.keys():
                self._silent[agent] = self._silent.get(agent, 0) + 1
        finally:
            del self._rounds[question.id]
        return asked.offers

    def hear(self, said: OfferBody) -> None:
        """Take an offer; one to no open question, and an agent's second one, count for nothing."""
        asked = self._rounds.get(said.id)
        self._silent.pop(said.agent, None)
        if asked is None or said.agent in asked.offers or said.agent not in self._agents():
            return
        asked.offers[said.agent] = said
        if said.known or asked.awaited <= asked.offers.keys():
            asked.complete.set()


def offer_from(said: OfferBody, now: datetime) -> Offer | None:
    """Return the offer that an agent makes, its telescope named with the agent's word before it.

    One that is over already is none: that agent's clock is wrong, and it would be the best of all.
    """
    if said.telescope is None or said.known or (said.ends is not None and said.ends < now):
        return None
    return Offer(
        f"{said.agent}/{said.telescope}",
        said.night,
        said.starts,
        said.ends,
        said.light_s,
        said.wanted_s,
        said.queued_s,
        said.absent,
    )


def offer_body(agent: str, asked: str, offer: Offer | None, *, known: bool = False) -> OfferBody:
    """Return the answer to a question."""
    if offer is None:
        return OfferBody(agent=agent, id=asked, known=known)
    return OfferBody(
        agent=agent,
        id=asked,
        telescope=offer.telescope,
        night=offer.night,
        starts=offer.starts,
        ends=offer.ends,
        light_s=offer.light_s,
        wanted_s=offer.wanted_s,
        queued_s=offer.queued_s,
        absent=offer.absent,
    )
