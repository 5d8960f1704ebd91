"""Shows the newest stacked picture while a session takes frames, and once more at its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from agent.app.memory import return_what_is_free
from agent.errors import AgentError
from agent.events import Event, SessionEnded, SessionProgress, SessionStarted
from agent.station.station import Station

_LOGGER = logging.getLogger(__name__)

EVERY_S = 30.0  # a stack does not change visibly faster, and each picture crosses the telescope's Wi-Fi
CLOCK_SLACK = timedelta(seconds=30)  # the telescope's clock is set by us, to the second at best

Show = Callable[[str, bytes, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class _Stack:
    """What one session stacks, since when."""

    began: datetime
    session_id: str
    target: str
    folders: tuple[str, ...] = ()  # where the telescope keeps it, once it is whole


class Pictures:
    """Follows one station's sessions and shows what they stack. `run` is its one task."""

    def __init__(self, station: Station, show: Show) -> None:
        self._station = station
        self._show = show
        self._current: _Stack | None = None
        self._final: deque[_Stack] = deque()  # of sessions that ended: shown before anything else
        self._ended = asyncio.Event()
        self._wanted = asyncio.Event()
        self._frames = 0
        self._shown: tuple[str, datetime | None] | None = None

    def hear(self, event: Event) -> None:
        """Listen to the bus."""
        if event.telescope != self._station.id:
            return
        match event:
            case SessionStarted(session=session):
                self._current, self._frames = _Stack(event.at, session.session_id, session.target), 0
            case SessionProgress(frames=frames) if frames.stacked > self._frames:
                self._frames = frames.stacked
                self._wanted.set()
            case SessionEnded(result=result) if result.frames.stacked and self._current is not None:
                self._final.append(replace(self._current, folders=result.files))
                self._current = None
                self._ended.set()
                self._wanted.set()

    async def run(self) -> None:
        """Fetch and show for ever."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            self._ended.clear()
            while self._final:
                await self._tried(self._final.popleft())
            if self._current is not None:
                await self._tried(self._current)
            with contextlib.suppress(TimeoutError):
                async with self._station.clock.timeout(EVERY_S):
                    await self._ended.wait()

    async def _tried(self, stack: _Stack) -> None:
        try:
            async with self._station.ground.pictures:
                await self._fetch(stack)
        except Exception:
            _LOGGER.exception("A picture of %s failed; the next may do", self._station.id)

    async def _fetch(self, stack: _Stack) -> None:
        from agent.mqtt.discovery.image import prepare_image  # megabytes that an idle agent does without

        try:
            picture = await self._station.telescope.latest_picture(stack.began - CLOCK_SLACK, stack.folders)
            if picture is None or (picture.path, picture.taken_at) == self._shown:
                return
            jpeg, picture = BytesIO(picture.jpeg), replace(picture, jpeg=b"")  # so that it can be let go
            await asyncio.to_thread(return_what_is_free)  # before megabytes more are taken
            prepared = await asyncio.to_thread(
                prepare_image,
                jpeg,
                taken_at=picture.taken_at,
                target=picture.target or stack.target,
                session_id=stack.session_id,
                source=picture.path,
            )
        except AgentError as error:
            _LOGGER.info("No picture to show: %s", error)
            return
        self._shown = (picture.path, picture.taken_at)
        self._show(self._station.id, prepared.jpeg, prepared.info)
