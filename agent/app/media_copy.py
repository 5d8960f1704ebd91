"""Copies each session's last picture and the night's report to a folder that other programs show."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from agent.afterwards import NightReported
from agent.errors import AgentError
from agent.events import Event, SessionEnded, SessionResult
from agent.sky.nights import night_of
from agent.station.station import Station
from agent.store import disk
from agent.telescope.interface import Picture

_LOGGER = logging.getLogger(__name__)

CLOCK_SLACK = timedelta(seconds=30)  # the telescope's clock is set by us, to the second at best
TRIES = 3  # the telescope writes its last stack while it closes the session, and its Wi-Fi drops
PAUSE_S = 10.0

_UNFIT = re.compile(r"[^\w.+-]+")


class MediaCopy:
    """Follows one station; owner of what it writes below `folder`. `run` is its one task."""

    def __init__(self, station: Station, folder: Path) -> None:
        self._station = station
        self._folder = folder
        self._ended: asyncio.Queue[SessionResult | NightReported] = asyncio.Queue()

    def hear(self, event: Event) -> None:
        """Listen to the bus."""
        if isinstance(event, SessionEnded | NightReported) and event.telescope == self._station.id:
            self._ended.put_nowait(event.result if isinstance(event, SessionEnded) else event)

    async def run(self) -> None:
        """Copy for ever."""
        while True:
            ended = await self._ended.get()
            try:
                await (self._copy_page(ended) if isinstance(ended, NightReported) else self._copy(ended))
            except Exception:
                _LOGGER.exception("Nothing was copied to %s, by a defect of the agent", self._folder)
            finally:
                self._ended.task_done()

    async def finish(self, limit_s: float) -> None:
        """Wait for what is still to be copied, for that long at most."""
        try:
            async with self._station.clock.timeout(limit_s):
                await self._ended.join()
        except TimeoutError:
            _LOGGER.warning("Not everything was copied to %s before the end", self._folder)

    async def _copy_page(self, event: NightReported) -> None:
        folder = self._folder / event.night.isoformat()
        name = f"report_{self._station.id}.html"
        try:
            await asyncio.to_thread(_copy_file, Path(event.path), folder, name)
        except OSError as error:
            _LOGGER.warning("Nothing can be copied to %s: %s", self._folder, error.strerror or error)

    async def _copy(self, result: SessionResult) -> None:
        local = (result.started_at or result.ended_at).astimezone(self._station.zone)
        night = night_of(local, self._station.site, self._station.zone)
        folder = self._folder / night.isoformat()
        try:
            if result.frames.stacked and result.started_at:
                await self._copy_picture(result, result.started_at, folder, picture_name(result, local))
            report = self._station.results.report(night)
            await asyncio.to_thread(_copy_file, report, folder, f"report_{self._station.id}.md")
        except OSError as error:
            reason = error.strerror or error
            _LOGGER.warning("Nothing can be copied to %s: %s. Check media_dir.", self._folder, reason)

    async def _copy_picture(
        self, result: SessionResult, started_at: datetime, folder: Path, name: str
    ) -> None:
        """Copy the session's newest stack; nothing when the telescope shows none after some tries."""
        for attempt in range(TRIES):
            if attempt:
                await self._station.clock.sleep(PAUSE_S)
            async with self._station.ground.pictures:
                found = await self._picture(result, started_at)
            if found is not None:  # a share that hangs holds up no other's picture
                path = await asyncio.to_thread(_write, folder, name, found.jpeg)
                _LOGGER.info("The picture of session %s is %s", result.session.session_id, path)
                return

    async def _picture(self, result: SessionResult, started_at: datetime) -> Picture | None:
        name = result.session.session_id
        try:
            return await self._station.telescope.latest_picture(started_at - CLOCK_SLACK, result.files)
        except AgentError as error:
            _LOGGER.info("No picture of session %s yet: %s", name, error)
        except Exception:
            _LOGGER.exception("No picture of session %s, by a defect of the telescope's driver", name)
        return None


def picture_name(result: SessionResult, local: datetime) -> str:
    """Return a file name that sorts by time and says what it shows."""
    words = [local.strftime("%H%M"), *_words(result.session.target), *_words(result.session.session_id)]
    return "_".join(words)[:120] + ".jpg"


def _words(text: str) -> Iterator[str]:
    word = _UNFIT.sub("-", text).strip("-.")
    if word:
        yield word


def _write(folder: Path, name: str, data: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    disk.write(path, data)
    return path


def _copy_file(source: Path, folder: Path, name: str) -> None:
    if source.exists():
        _write(folder, name, source.read_bytes())
