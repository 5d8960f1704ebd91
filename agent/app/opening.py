"""What the agent says once, when it has looked around: where everything is, what waits, when it begins."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping

from agent import __version__
from agent.clock import Clock
from agent.schedule.waiting import Waiting
from agent.settings import Settings
from agent.station.expected import expected
from agent.station.station import Station
from agent.store.folders import Folder
from agent.text import printable

_LOGGER = logging.getLogger(__name__)

PLAN_S = 3.0  # the first plan is there within a second, where a telescope need not be asked first
LISTED = 5  # sessions that are named
_NO_PLACE = (
    "not set: sessions go by the clock alone, without dark, height, dawn and Sun limit; "
    "set latitude and longitude"
)


class Opening:
    """Says it, in plain lines. `page` hears the page's address, `broker` how to ask whether it is there.

    `ended_by` are the keys that end the agent, "" where nobody can press them.
    """

    def __init__(
        self,
        settings: Settings,
        stations: Mapping[str, Station],
        clock: Clock,
        say: Callable[[str], None],
        *,
        ended_by: str = "",
    ) -> None:
        self._settings = settings
        self._stations = stations
        self._clock = clock
        self._say = say
        self._ended_by = ended_by
        self._page = ""
        self._reached: Callable[[], bool] = lambda: False

    def broker(self, reached: Callable[[], bool]) -> None:
        """Remember whom to ask whether the broker lets this agent in."""
        self._reached = reached

    def page(self, address: str) -> None:
        """Remember where the page is."""
        self._page = address

    async def run(self) -> None:
        """Say it when every file was looked at, with the first plan."""
        for station in self._stations.values():
            await station.intake.looked()
        end = self._clock.monotonic() + PLAN_S
        while not self._planned() and self._clock.monotonic() < end:
            await self._clock.sleep(0.1)
        await asyncio.sleep(0)  # the page may have come up in the same turn
        try:
            for line in self.lines():
                self._say(printable(line))
        except Exception:  # what is only told must not end what runs
            _LOGGER.exception("What this agent is about to do could not be told")

    def lines(self) -> Iterator[str]:
        """Yield the lines."""
        settings, site = self._settings, self._settings.site
        stops = f"; {self._ended_by} stops it" if self._ended_by else ""
        yield f"dwarf-agent {__version__} is running{stops}"
        place = _NO_PLACE if site.latitude is None else _coordinates(site.latitude, site.longitude or 0.0)
        yield f"  place      {place}"
        yield f"  times      those of {site.zone_name}"
        yield f"  broker     {self._broker()}"
        if settings.page.enabled:
            yield f"  page       {self._page or f'not there yet (port {settings.page.port})'}"
        for station in self._stations.values():
            yield from self._telescope(station)

    def _broker(self) -> str:
        mqtt = self._settings.mqtt
        if not mqtt.host:
            return "none: sessions come from files alone"
        return f"{mqtt.host}:{mqtt.port}: {'connected' if self._reached() else 'not connected yet'}"

    def _telescope(self, station: Station) -> Iterator[str]:
        capabilities = station.capabilities()
        model = capabilities.model if capabilities is not None else "model not known yet"
        state = station.telescope.connection.value.replace("_", " ")
        yield f"  telescope  {station.id} ({model}) at {station.own.host}: {state}"
        yield f"  folder     {station.store.tree[Folder.TO_DO].resolve()}"
        queue, running = station.dispatcher.queue, station.running
        if running is not None:
            yield f"  runs       {_named(running.waiting)}"
        yield f"  waits      {_sessions(len(queue))}"
        for waiting in queue[:LISTED]:
            soon = expected(station, waiting).words(self._clock.now(), station.zone)
            yield f"    {_named(waiting)}: {soon}"
        if len(queue) > LISTED:
            yield f"    and {len(queue) - LISTED} more: `dwarf-agent queue` shows all"

    def _planned(self) -> bool:
        return all(
            station.planning.has(waiting.session_id)
            for station in self._stations.values()
            for waiting in station.dispatcher.queue
        )


def _named(waiting: Waiting) -> str:
    target = waiting.brief.target
    return (
        f"{waiting.session_id} ({target})" if target and target != waiting.session_id else waiting.session_id
    )


def _sessions(count: int) -> str:
    return {0: "nothing: put session files into the folder", 1: "1 session"}.get(count, f"{count} sessions")


def _coordinates(latitude: float, longitude: float) -> str:
    north, east = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
    return f"{abs(latitude):.2f}° {north}, {abs(longitude):.2f}° {east}"
