"""The agent as the page sees and asks it, and the page itself."""

from __future__ import annotations

import asyncio
import logging
import platform
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent import __version__
from agent.app.mqtt_side import MqttSide, name_of
from agent.app.page_door import door_of, in_add_on
from agent.app.page_files import read_file
from agent.app.page_history import History
from agent.app.page_night import coming, night_view, other_night
from agent.app.page_report import left_of
from agent.app.page_requests import PageRequests
from agent.app.page_window import PageWindow
from agent.app.setting_up import SettingUp
from agent.clock import Clock
from agent.events import EventBus
from agent.mqtt.payloads import plain
from agent.mqtt.schemas import schemas
from agent.planner.suggestions import Suggestions
from agent.settings import Settings, redacted
from agent.settings.flat import FLAT_SETTINGS
from agent.sky.nights import Interval
from agent.station.station import Station
from agent.targets import Site
from agent.web.agent import Answer, Body, Facts, FramesTaken, News
from agent.web.night import Change, NightRecord, NightView, SessionLeft
from agent.web.server import PageServer

_LOGGER = logging.getLogger(__name__)

RETRY_S = 60.0  # between two attempts to open a port that another program has


class PageSide:
    """Owner of the page's server; implements `agent.web.agent.Agent` on what MQTT says and takes."""

    def __init__(
        self,
        settings: Settings,
        stations: Mapping[str, Station],
        bus: EventBus,
        clock: Clock,
        mqtt: MqttSide,
        told: Callable[[str], None] = lambda _: None,
        setting_up: SettingUp | None = None,
    ) -> None:
        self._settings = settings
        self._stations = stations
        self._clock = clock
        self._told = told
        self._mqtt = mqtt
        self.setting_up = setting_up
        service = mqtt.service
        self._window = PageWindow(service.outbox, service.topics, bus, clock)
        self._requests = PageRequests(mqtt.handlers, service.payloads, clock, service.publisher.response)
        self._history = {name: History(one, self._newest) for name, one in stations.items()}
        self._ends = [bus.subscribe(one.hear) for one in self._history.values()]
        self._ends += [self._window.listen(one.hear_news) for one in self._history.values()]
        self._server = PageServer(self, door_of(settings, self._first.ground.state), clock)

    async def run(self) -> None:
        """Serve until cancelled; a port that another program has is tried again."""
        try:
            while True:
                try:
                    address = await self._server.start()
                    break
                except OSError as error:
                    place = f"{self._settings.page.host}:{self._settings.page.port}"
                    _LOGGER.warning("The page cannot be at %s: %s. Set page_port.", place, error.strerror)
                    await self._clock.sleep(RETRY_S)
            _LOGGER.info("The page is at %s", address)
            self._told(address)
            await asyncio.Event().wait()
        finally:
            for end in self._ends:
                end()
            self._window.close()
            await self._server.stop()
            await self._requests.close()

    # -- what is seen -----------------------------------------------------------------------------------

    @property
    def zone(self) -> ZoneInfo:
        return self._first.zone

    @property
    def site(self) -> Site | None:
        return self._first.site

    def now(self) -> datetime:
        return self._clock.now()

    def telescopes(self) -> Sequence[Facts]:
        return [
            Facts(one.id, name_of(one), one.capabilities(), night_over=one.night.judgement() is not None)
            for one in self._stations.values()
        ]

    def states(self, telescope: str) -> Mapping[str, Body]:
        return self._window.states(telescope)

    def groups(self, telescope: str) -> Sequence[Body]:
        return self._window.groups(telescope)

    def answered_at(self, telescope: str) -> datetime | None:
        return self._window.answered_at(telescope)

    def picture(self, telescope: str) -> bytes | None:
        return self._window.picture(telescope)

    def frames(self, telescope: str) -> FramesTaken:
        return self._window.frames(telescope)

    def dashboard(self, telescope: str) -> str:
        return self._mqtt.dashboard(telescope)

    def streams(self, telescope: str) -> Mapping[str, str]:
        return self._stations[telescope].telescope.streams

    async def night(self, telescope: str, change: Change | None = None, on: date | None = None) -> NightView:
        station = self._stations[telescope]
        if on is not None and on != coming(station):
            return await other_night(station, on)
        return await night_view(station, dict(self._window.states(telescope)), self._window.began, change)

    def suggestions(self, telescope: str, stretch: Interval) -> Suggestions | None:
        return self._mqtt.suggestions_within(telescope, stretch)

    def listen(self, listener: Callable[[News], None]) -> Callable[[], None]:
        return self._window.listen(listener)

    # -- what is asked ----------------------------------------------------------------------------------

    async def submit(self, payload: bytes, telescope: str, who: str) -> Answer:
        return await self._requests.submit(payload, telescope, who)

    async def command(self, telescope: str, payload: bytes, who: str) -> Answer:
        return await self._requests.command(telescope, payload, who)

    async def set_value(self, telescope: str, key: str, payload: bytes, who: str) -> Answer:
        return await self._requests.set_value(telescope, key, payload, who)

    async def ask(self, verb: str, payload: bytes, who: str) -> Answer:
        return await self._requests.ask(verb, payload, who)

    async def document(self, telescope: str, session_id: str) -> Mapping[str, Any] | None:
        found = await asyncio.to_thread(self._stations[telescope].store.get, session_id)
        return found.document.raw if found is not None else None

    async def read_file(self, telescope: str, name: str, data: bytes) -> Body:
        return await asyncio.to_thread(read_file, self._stations[telescope], name, data)

    async def log(self, telescope: str, session_id: str) -> Sequence[tuple[str, str]]:
        return await asyncio.to_thread(self._history[telescope].log, session_id)

    async def nights(self, telescope: str) -> Sequence[NightRecord]:
        return await asyncio.to_thread(self._history[telescope].nights)

    async def kept_picture(self, telescope: str, session_id: str, *, small: bool = False) -> bytes | None:
        history = self._history[telescope]
        return await asyncio.to_thread(history.small_picture if small else history.picture, session_id)

    async def left(self, telescope: str, night: NightRecord) -> Mapping[str, SessionLeft]:
        station, names = self._stations[telescope], [one.session_id for one in night.sessions]
        return await asyncio.to_thread(left_of, station, night.night, names, self._settings.archive.dir)

    async def report(self, telescope: str, night: str) -> str | None:
        return await asyncio.to_thread(self._history[telescope].report, night)

    async def report_page(self, telescope: str, night: str) -> str | None:
        return await asyncio.to_thread(self._history[telescope].report, night, ".html")

    def settings(self) -> Sequence[tuple[str, str, str]]:
        shown, origins = redacted(self._settings), self._settings.origins
        found = []
        for setting in FLAT_SETTINGS.values():
            value: Any = shown
            for part in setting.path:
                value = value[part]
            origin = origins.get(setting.dotted, "")
            if not origin and value != _built_in(setting.field.default):
                origin = "Home Assistant" if in_add_on() else "config"
            found.append((setting.name, _shown(value), origin))
        return found

    async def diagnostics(self) -> Body:
        return plain(
            {
                "version": __version__,
                "python": platform.python_version(),
                "system": platform.platform(),
                "now": self._clock.now().isoformat(),
                "settings": redacted(self._settings),
                "origins": self._settings.origins,
                "telescopes": {name: self._window.states(name) for name in self._stations},
            }
        )

    def schemas(self) -> Mapping[str, Any]:
        return schemas()

    @property
    def _first(self) -> Station:
        return next(iter(self._stations.values()))

    def _newest(self, telescope: str) -> tuple[str, bytes] | None:
        jpeg, info = self._window.picture(telescope), self._window.states(telescope).get("image_info", {})
        return None if jpeg is None else (str(info.get("session_id")), jpeg)


def _built_in(default: Any) -> Any:
    return plain({"value": default})["value"]


def _shown(value: Any) -> str:
    if value in ("", None, []):
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
