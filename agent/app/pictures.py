"""Shows the newest stacked picture while a session takes frames, and once more at its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from agent.errors import AgentError
from agent.events import Event, SessionEnded, SessionProgress, SessionStarted
from agent.station.station import Station

_LOGGER = logging.getLogger(__name__)

EVERY_S = 30.0  # a stack does not change visibly faster, and each picture crosses the telescope's Wi-Fi
CLOCK_SLACK = timedelta(seconds=30)  # the telescope's clock is set by us, to the second at best

Show = Callable[[str, bytes, dict[str, Any]], None]


class Pictures:
    """Follows one station's sessions and shows what they stack. `run` is its one task."""

    def __init__(self, station: Station, show: Show) -> None:
        self._station = station
        self._show = show
        self._began: datetime | None = None
        self._session = ("", "")
        self._wanted = asyncio.Event()
        self._frames = 0
        self._shown: tuple[str, datetime | None] | None = None

    def hear(self, event: Event) -> None:
        """Listen to the bus."""
        if event.telescope != self._station.id:
            return
        match event:
            case SessionStarted(session=session):
                self._began, self._frames = event.at, 0
                self._session = (session.session_id, session.target)
            case SessionProgress(frames=frames) if frames.stacked > self._frames:
                self._frames = frames.stacked
                self._wanted.set()
            case SessionEnded(result=result) if result.frames.stacked:
                self._wanted.set()

    async def run(self) -> None:
        """Fetch and show for ever."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._fetch()
            except Exception:
                _LOGGER.exception("A picture of %s failed; the next may do", self._station.id)
            await self._station.clock.sleep(EVERY_S)

    async def _fetch(self) -> None:
        from agent.mqtt.discovery.image import prepare_image  # megabytes that an idle agent does without

        if self._began is None:
            return
        session_id, target = self._session
        try:
            picture = await self._station.telescope.latest_picture(self._began - CLOCK_SLACK)
            if picture is None or (picture.path, picture.taken_at) == self._shown:
                return
            prepared = await asyncio.to_thread(
                prepare_image,
                picture.jpeg,
                taken_at=picture.taken_at,
                target=target,
                session_id=session_id,
                source=picture.path,
            )
        except AgentError as error:
            _LOGGER.info("No picture to show: %s", error)
            return
        self._shown = (picture.path, picture.taken_at)
        self._show(self._station.id, prepared.jpeg, prepared.info)
