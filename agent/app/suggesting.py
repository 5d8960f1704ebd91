"""Keeps a telescope's suggestions right: made again at solar noon, when what they stand on changes, and when
one of them has set."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import ceil

from agent.app.advice import Advice, Advisor, advice_of
from agent.app.memory import return_what_is_free
from agent.app.queueing import targets_waiting
from agent.app.suggestions import objects, tonights_best
from agent.app.tonight import NoSiteError
from agent.errors import AgentError
from agent.events import AvailabilityChanged, Event, QueueChanged, SessionEnded
from agent.planner.suggestions import Suggestions
from agent.sky import catalogue
from agent.sky.nights import Interval, coming_night, next_solar_noon, night_bounds
from agent.station.station import Station
from agent.store.targets import collected_seconds

_LOGGER = logging.getLogger(__name__)

Publish = Callable[[Suggestions | None, str], None]
"""Says the list, or why there is none to make."""

SETTLES_S = 10.0  # changes rarely come alone, and at the start there is more urgent work
_LOOKS_S = 3600.0  # for what has set meanwhile, and in case the clock was set
_GRAIN_S = 300.0  # a stretch that begins now is the same one for so long
_STRETCHES = 4  # that are remembered
_WORTH_IT = timedelta(hours=1)  # of the night left
_HALF_DAY = timedelta(hours=12)
_UNKNOWN_MODEL = "The telescope has not answered yet, so its model is not known; telescope_model says it."


class Suggesting:
    """Follows one station; owner of its suggestions: `latest`, None while none could be made."""

    def __init__(self, station: Station, publish: Publish, advisor: Advisor) -> None:
        self._station = station
        self._publish = publish
        self._advisor = advisor
        self._changed = asyncio.Event()
        self._ended = 0
        self._collected: tuple[int, dict[str, float]] | None = None  # as of so many sessions ended
        self.latest: Suggestions | None = None
        self._of_stretch: Callable[[Interval], Suggestions] | None = None
        self._made_from: object = None
        self._stretches_from: object = None
        self._shown: frozenset[str] = frozenset()
        station.switches.listen(lambda _: self.look())

    def look(self) -> None:
        """Look soon whether the suggestions are still right."""
        self._changed.set()

    def within(self, stretch: Interval) -> Suggestions | None:
        """Return the best of a stretch of tonight; None while nothing is known. Slow: use a thread."""
        make = self._of_stretch
        begin = datetime.fromtimestamp(ceil(stretch.start.timestamp() / _GRAIN_S) * _GRAIN_S, UTC)
        return make(Interval(begin, stretch.end)) if make is not None and begin < stretch.end else None

    def hear(self, event: Event) -> None:
        """Listen to the bus."""
        if event.telescope == self._station.id and isinstance(
            event, SessionEnded | QueueChanged | AvailabilityChanged
        ):
            self._ended += isinstance(event, SessionEnded)
            self.look()

    async def run(self) -> None:
        """Keep them right until cancelled."""
        station = self._station
        while True:
            await station.clock.sleep(SETTLES_S)
            self._changed.clear()
            await self._keep()
            catalogue.forget()  # targets that wait were looked for in it
            now = station.clock.now()
            noon = next_solar_noon(now, station.site, station.zone)
            try:
                async with station.clock.timeout(min((noon - now).total_seconds(), _LOOKS_S)):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def _keep(self) -> None:
        """Make and say them, unless nothing has changed that they are made from."""
        station, site = self._station, self._station.site
        capabilities, asked, now = station.capabilities(), station.defaults(), station.clock.now()
        if site is None or capabilities is None:
            self._made_from = self._of_stretch = None
            self._say(None, _UNKNOWN_MODEL if site is not None else str(NoSiteError()))
            return
        night = await asyncio.to_thread(coming_night, site, now)
        reports = self._advisor.heard(night_bounds(site, night).start - _HALF_DAY)
        waiting = frozenset(await asyncio.to_thread(objects, targets_waiting(station)))
        facts = (night, asked, capabilities, reports, self._ended, self._shown & waiting, self._over(now))
        if self._of_stretch is not None and self._stretches_from == (*facts, waiting):
            return
        if self._collected is None or self._collected[0] != self._ended:
            tree = station.store.tree
            self._collected = self._ended, await asyncio.to_thread(collected_seconds, tree)
        collected = self._collected[1]

        def make(now: datetime, stretch: Interval | None = None) -> Suggestions:
            advice = _advice(reports, now)
            try:
                return tonights_best(
                    site,
                    capabilities,
                    asked,
                    now,
                    collected=collected,
                    waiting=waiting,
                    advice=advice,
                    stretch=stretch,
                )
            finally:
                catalogue.forget()  # megabytes that nobody looks at for an hour
                return_what_is_free()

        self._of_stretch = lru_cache(_STRETCHES)(lambda stretch: make(stretch.start, stretch))
        self._stretches_from = (*facts, waiting)
        if facts == self._made_from:
            return
        try:
            found = await asyncio.to_thread(make, now)
        except AgentError as error:
            self._of_stretch = None
            self._say(None, str(error))
            return
        self._shown = frozenset(one.entry.name for one in found.best)
        self._made_from = (*facts[:-2], self._shown & waiting, False)
        self._say(found, "")

    def _over(self, now: datetime) -> bool:
        """Whether anything suggested is over, and the night is not yet."""
        ends = [one.windows[-1].end for one in self.latest.best] if self.latest is not None else []
        return any(end <= now for end in ends) and max(ends) - now >= _WORTH_IT

    def _say(self, found: Suggestions | None, why_none: str) -> None:
        self.latest = found
        self._publish(found, why_none)


def _advice(reports: tuple[bytes, ...], now: datetime) -> Advice:
    advice = advice_of(reports, now)
    if advice.unknown:
        _LOGGER.info("uptonight advises what is not in the catalogue: %s", ", ".join(advice.unknown))
    return advice
