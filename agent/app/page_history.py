"""What is left of nights that are over: tables, reports, and the last picture of each session."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.app.page_night import taken_back
from agent.clock import aware_instant
from agent.events import Event, SessionEnded, SessionProgress
from agent.report.picture import small_picture
from agent.session.identity import safe_session_id
from agent.station.station import Station
from agent.store import disk
from agent.store.folders import Folder
from agent.store.result_row import instant_of
from agent.store.session_log import log_path
from agent.web.agent import News
from agent.web.night import NightRecord, SessionRecord

_LOGGER = logging.getLogger(__name__)

MOST_NIGHTS = 60
SMALL_SIDE = 400  # pixels
MOST_PICTURES = 300  # at about 150 kB each; the oldest go first
_LOG_TAIL = 64 * 1024
_LOG_LINES = 40
_LINE = re.compile(r"(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+ (?P<level>\w+) +[\w.]+: (?P<text>.*)")


PictureOf = Callable[[str], tuple[str, bytes] | None]
"""The newest picture of a telescope, with the session it is of."""


class History:
    """One station's past; owner of `Results/pictures/`."""

    def __init__(self, station: Station, picture_of: PictureOf) -> None:
        self._station = station
        self._picture_of = picture_of
        self._folder = station.store.tree[Folder.RESULTS] / "pictures"
        self._small = self._folder / "small"
        self._ended: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def hear(self, event: Event) -> None:
        """Listen to the bus: a session that ended leaves its picture."""
        if event.telescope != self._station.id:
            return
        if isinstance(event, SessionEnded) and event.result.frames.stacked:
            self._ended = {event.result.session.session_id}  # its last stack may still come
            self._keep()
        elif isinstance(event, SessionProgress):
            self._ended = set()

    def hear_news(self, news: News) -> None:
        """Listen to the window: a picture came."""
        if news.telescope == self._station.id and news.name == "image" and self._ended:
            self._keep()

    def _keep(self) -> None:
        found = self._picture_of(self._station.id)
        if found is None or found[0] not in self._ended:
            return
        session_id, jpeg = found
        task = asyncio.create_task(asyncio.to_thread(self._write, session_id, jpeg), name="keep picture")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _write(self, session_id: str, jpeg: bytes) -> None:
        try:
            self._folder.mkdir(exist_ok=True)
            disk.write(self._folder / f"{safe_session_id(session_id)}.jpg", jpeg)
            kept = sorted(self._folder.glob("*.jpg"), key=lambda path: path.stat().st_mtime)
            for old in kept[:-MOST_PICTURES]:
                old.unlink()
                (self._small / old.name).unlink(missing_ok=True)
        except OSError as error:
            _LOGGER.warning("The picture of session %s is not kept: %s", session_id, error.strerror or error)

    def picture(self, session_id: str) -> bytes | None:
        """Return the last picture of a session. Blocks."""
        if safe_session_id(session_id) != session_id:
            return None
        with contextlib.suppress(OSError):
            return (self._folder / f"{session_id}.jpg").read_bytes()
        return None

    def small_picture(self, session_id: str) -> bytes | None:
        """Return it small enough for a list; made when it is first asked for. Blocks."""
        if safe_session_id(session_id) != session_id:
            return None
        whole, small = self._folder / f"{session_id}.jpg", self._small / f"{session_id}.jpg"
        with contextlib.suppress(OSError):
            if small.stat().st_mtime >= whole.stat().st_mtime:
                return small.read_bytes()
        jpeg = self.picture(session_id)
        made = small_picture(BytesIO(jpeg), SMALL_SIDE) if jpeg is not None else None
        if made is not None:
            with contextlib.suppress(OSError):
                self._small.mkdir(exist_ok=True)
                disk.write(small, made)
        return made or jpeg

    def report(self, night: str, suffix: str = ".md") -> str | None:
        """Return the report of a night. Blocks."""
        with contextlib.suppress(OSError, ValueError):
            path = self._station.results.report(date.fromisoformat(night)).with_suffix(suffix)
            return path.read_text(encoding="utf-8")
        return None

    def nights(self) -> Sequence[NightRecord]:
        """Return the nights with results, newest first. Blocks."""
        kept = {path.stem for path in self._folder.glob("*.jpg")} if self._folder.is_dir() else set()
        results = self._station.results
        return [
            NightRecord(
                night, tuple(self._record(row, kept) for row in results.rows(night) if not taken_back(row))
            )
            for night in results.nights()[:MOST_NIGHTS]
        ]

    def _record(self, row: dict[str, str], kept: set[str]) -> SessionRecord:
        zone = self._station.zone
        session_id = row.get("session_id", "")
        return SessionRecord(
            session_id=session_id,
            target=row.get("target") or row.get("description") or row.get("file", ""),
            outcome=row.get("outcome") or ("completed" if row.get("result") == "True" else "failed"),
            reason=row.get("reason", ""),
            message=row.get("message", ""),
            started=instant_of(row, zone),
            ended=aware_instant(row.get("ended_at")),
            requested=_count(row.get("frames_requested") or row.get("count")),
            taken=_count(row.get("frames_taken")),
            stacked=_count(row.get("frames_stacked")),
            integration_s=_number(row.get("integration_s")),
            waited=row.get("waited", ""),
            picture=session_id in kept,
        )

    def log(self, session_id: str) -> Sequence[tuple[str, str]]:
        """Return the last lines of a session's log, newest first. Blocks."""
        if safe_session_id(session_id) != session_id:
            return ()
        path = log_path(self._station.store.tree[Folder.RESULTS], session_id)
        try:
            text = _tail(path)
        except OSError:
            return ()
        found = [match for line in text.splitlines() if (match := _LINE.fullmatch(line)) is not None]
        told = [match for match in found if match["level"] != "DEBUG"][: -_LOG_LINES - 1 : -1]
        return [(_clock(match["at"], self._station.zone), match["text"]) for match in told]


def _clock(written: str, zone: ZoneInfo) -> str:
    """The time of day where the telescope stands; a log has that of the machine."""
    with contextlib.suppress(ValueError, OverflowError, OSError):
        return f"{datetime.fromisoformat(written).astimezone(zone):%H:%M}"
    return ""


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - _LOG_TAIL))
        return file.read().decode("utf-8", "replace")


def _number(text: object) -> float:
    with contextlib.suppress(ValueError):
        number = float(str(text))
        return max(0.0, number) if math.isfinite(number) else 0.0
    return 0.0


def _count(text: object) -> int:
    return int(_number(text))
