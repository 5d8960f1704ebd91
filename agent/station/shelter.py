"""What an unsafe sky does to a telescope beyond its session: stop it in any state, park it, end the night."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from agent.errors import AgentError
from agent.events import Failure, Reason, SafetyDecision, SafetyLevel, SafetyState, Status
from agent.session.fields import WeatherPolicy

if TYPE_CHECKING:
    from agent.station.station import Station

_LOGGER = logging.getLogger(__name__)

AT_REST = frozenset({Status.PAUSED, Status.IDLE, Status.WAITING, Status.PARKED})
UNKNOWN_LIMIT_S = 180.0  # reports come every minute or so; this long without any is as bad as rain
REST_LIMIT_S = 180.0  # a stopped capture may close its stack for a minute or two


class Shelter:
    """Brings one telescope to safety each time the sky becomes unsafe. `run` is its one task."""

    def __init__(self, station: Station, action: str) -> None:
        self._station = station
        self._action = action
        self._changed = asyncio.Event()
        self._decision: SafetyDecision | None = None

    def hear(self, decision: SafetyDecision) -> None:
        """The weather says something new."""
        self._decision = decision
        self._changed.set()

    async def run(self) -> None:
        """Act on every change for ever."""
        sheltered = False
        while True:
            decision = await self._next()
            if decision is None or decision.safe or self._policy() is WeatherPolicy.IGNORE:
                sheltered = False
                continue
            if decision.level is SafetyLevel.ALERT:
                self._station.end_night(Reason.WEATHER, "; ".join(decision.reasons) or "weather alert")
            if not sheltered:
                sheltered = True
                await self._take_shelter()

    async def _next(self) -> SafetyDecision | None:
        """Return the next decision worth acting on: unknown becomes one only after a while of silence."""
        await self._changed.wait()
        self._changed.clear()
        while self._decision is not None and self._decision.state is SafetyState.UNKNOWN:
            try:
                async with self._station.clock.timeout(UNKNOWN_LIMIT_S):
                    await self._changed.wait()
                self._changed.clear()
            except TimeoutError:
                break
        return self._decision

    def _policy(self) -> WeatherPolicy:
        return self._station.switches.values.weather_policy

    async def _take_shelter(self) -> None:
        try:
            if self._station.running is None and self._station.has_unfinished:
                await self._station.halt_if_connected()
            async with self._station.clock.timeout(REST_LIMIT_S):
                while self._station.status.status not in AT_REST:
                    await self._station.clock.sleep(0.5)
            if self._action != "stop":
                await self._station.telescope.take_control()  # it may have been left alone
            if self._action == "stop_and_park":
                await self._station.telescope.park()
                self._station.status.manual_done(parked=True)
            elif self._action == "shutdown":
                await self._station.telescope.shutdown()
        except TimeoutError:
            _LOGGER.warning("The telescope did not come to rest, so it was not parked")
        except AgentError as error:
            _LOGGER.warning("The telescope could not be brought to safety: %s", error)
            self._station.status.problem(Failure(error.code, error.message, error.hint))
