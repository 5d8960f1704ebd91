"""Measures the newest frames of a running session from the card, where the extra `quality` is installed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from agent import quality
from agent.afterwards import FrameMeasured
from agent.capabilities import Camera
from agent.errors import AgentError
from agent.events import Event, SessionProgress
from agent.quality.apart import measured_apart
from agent.quality.trend import Change, QualityTrend
from agent.station.ground import Ground
from agent.telescope.card import Card, CardFile

_LOGGER = logging.getLogger(__name__)

EVERY_S = 120.0  # a frame has sixteen megabytes, and the telescope's Wi-Fi is its own
TRIES = 5  # in a row without a frame, before a capture is left to the telescope's own counts
_SLACK = timedelta(seconds=30)  # the telescope's clock is set by us, to the second at best
_FRAMES = (".fits", ".fit", ".tif", ".tiff")
_FAILED = "failed_"
_STACKS = ("stacked", "img_")


class FrameQuality:
    """Follows one session while `run` runs, and tells what changes. It commands nothing."""

    def __init__(
        self, ground: Ground, session_id: str, changed: Callable[[SessionProgress, Change], None]
    ) -> None:
        self._ground = ground
        self._session_id = session_id
        self._changed = changed
        self._trend = QualityTrend()
        self._last: SessionProgress | None = None
        self._since = ground.clock.now()
        self._measured = ""
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Measure a frame now and then, until cancelled; return where nothing can be measured.

        No defect of it ends anything else.
        """
        try:
            await self._run()
        except Exception:
            _LOGGER.exception("Frames of session %s are measured no longer, by a defect", self._session_id)

    async def _run(self) -> None:
        card = self._ground.telescope.card
        if card is None or not quality.is_there():
            return
        end = self._ground.bus.subscribe(self._hear)
        in_vain = 0
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                in_vain = in_vain + 1 if not await self._look(card) else 0
                if in_vain == TRIES:
                    _LOGGER.info("No frame of session %s can be measured", self._session_id)
                await self._ground.clock.sleep(EVERY_S * (10 if in_vain >= TRIES else 1))
        finally:
            end()

    def look_again(self) -> None:
        """After a pause or a refocus: say again if the frames that come are no better."""
        self._trend.look_again()

    def _hear(self, event: Event) -> None:
        if not isinstance(event, SessionProgress) or event.session.session_id != self._session_id:
            return
        if event.telescope != self._ground.id or not event.frames.taken:
            return
        if self._last is not None and event.index != self._last.index:
            self._trend, self._since = QualityTrend(), self._last.at
        if self._last is None or event.frames.taken != self._last.frames.taken:
            self._news.set()
        self._last = event

    async def _look(self, card: Card) -> bool:
        """Measure the newest frame that is whole; false when there is none."""
        about, trend = self._last, self._trend
        assert about is not None
        try:
            folder = await self._folder()
            frame = _newest(await card.files(folder)) if folder else None
            if frame is None or frame.path == self._measured:
                return False
            async with card.open(folder, frame.path) as opened:
                found = await measured_apart(opened.chunks)
        except (AgentError, OSError) as error:
            _LOGGER.debug("No frame to measure: %s", error)
            return False
        self._measured = frame.path
        if found is None or trend is not self._trend:
            return found is not None
        self._ground.bus.publish(
            FrameMeasured(
                telescope=self._ground.id,
                at=self._ground.clock.now(),
                session=about.session,
                stars=found.stars,
                background=found.background,
                hfd=found.hfd,
            )
        )
        if (change := trend.add(found)) is not None:
            self._changed(about, change)
        return True

    async def _folder(self) -> str:
        """Where the telescope keeps the capture that runs."""
        since: datetime = self._since - _SLACK
        for camera in (Camera.TELE, Camera.WIDE):
            for report in await self._ground.telescope.recorded_captures(camera, since):
                if report.folder:
                    return report.folder
        return ""


def _newest(files: tuple[CardFile, ...]) -> CardFile | None:
    """The newest frame behind which another one came: it is written to its end."""
    frames = [
        file
        for file in files
        if "/" not in file.path
        and file.path.lower().endswith(_FRAMES)
        and not file.path.lower().startswith(_STACKS)
    ]
    frames.sort(key=lambda file: file.path.removeprefix(_FAILED))
    return frames[-2] if len(frames) > 1 else None
