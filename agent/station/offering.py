"""What one telescope's plan would make of a session that is not its own yet."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from agent.errors import errors_of
from agent.planner.offer import Offer, offer_of
from agent.schedule.dispatcher import Dispatcher
from agent.session.document import SessionDocument
from agent.session.problems import InvalidSessionError
from agent.station.as_waiting import imagined
from agent.station.ground import Ground
from agent.station.intake import Intake
from agent.station.planning import Planning
from agent.telescope.interface import ConnectionState

_SOON = timedelta(minutes=20)  # a telescope that is needed later may be switched on by then
_THERE = frozenset({ConnectionState.CONNECTED, ConnectionState.RESTING})


class Offering:
    """Makes the offers of one station; owner of nothing."""

    def __init__(self, ground: Ground, intake: Intake, planning: Planning, dispatcher: Dispatcher) -> None:
        self._ground = ground
        self._intake = intake
        self._planning = planning
        self._dispatcher = dispatcher

    async def offer(self, session_id: str, document: SessionDocument) -> Offer | None:
        """Return what the plan would do with a session; None while the telescope's model is not known.

        InvalidSessionError when it cannot run on this telescope.
        """
        problems = await asyncio.to_thread(lambda: tuple(self._intake.examine(document)))
        if errors_of(problems):
            raise InvalidSessionError(problems)
        waiting = self._dispatcher.find(session_id)
        ground, now = self._ground, self._ground.clock.now()
        if waiting is None:
            waiting = self._intake.planned(imagined(session_id, document, ground.zone, now))
        request = self._planning.request(waiting)
        if waiting.plan is None or request is None:
            return None
        queue = [one for one in self._dispatcher.queue if one.session_id != session_id]
        others = [each for one in queue if (each := self._planning.request(one)) is not None]
        with_it = await self._planning.supposed([*others, request])
        without = await self._planning.supposed(others)
        offer = offer_of(self._ground.id, request, with_it, without, others)
        soon = now + _SOON
        there = self._ground.telescope.connection in _THERE
        return replace(offer, absent=not there and offer.starts is not None and offer.starts <= soon)
