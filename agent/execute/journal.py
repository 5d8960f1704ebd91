"""What a running session must remember to survive the agent's death: a few facts, saved off the loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from agent.capabilities import Camera
from agent.clock import Clock
from agent.errors import AgentError
from agent.events import Frames
from agent.execute.outcome import all_taken
from agent.session.choices import exposure_seconds
from agent.telescope.interface import CaptureFacts

_LOGGER = logging.getLogger(__name__)

SAVE_EVERY_S = 5.0  # frames of short exposures come faster than a memory card likes to be written


class UnwrittenError(AgentError):
    """The disk refuses the journal: begin no capture, of which nobody would know after a restart; wait."""

    code = "journal"


class JournalFile(Protocol):
    """Where the facts of one session are kept."""

    def load(self) -> dict[str, Any] | None:
        """Return what was saved last; None when nothing (readable) was."""

    def save(self, facts: dict[str, Any]) -> None:
        """Replace the facts atomically."""


class Journal:
    """The facts of one session: when it began, frames of closed captures, and the capture that is open."""

    def __init__(self, file: JournalFile, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._facts: dict[str, Any] = {}
        self._saved_at = float("-inf")
        self._lock = asyncio.Lock()
        self._pending: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Read what an earlier life of the agent left; unreadable facts count as none."""
        facts = await asyncio.to_thread(self._file.load)
        self._facts = {} if facts is None else facts

    @property
    def started_at(self) -> datetime | None:
        """When the session first began to run."""
        return _instant(self._facts.get("started_at"))

    @property
    def open_capture(self) -> tuple[Camera, datetime, int] | None:
        """The capture that ran when the facts were last saved: camera, beginning, frames (0 unknown)."""
        capture = self._facts.get("capture")
        found = _capture(capture)
        if found is None or not isinstance(capture, dict):
            return None
        planned = capture.get("planned")
        return *found, planned if isinstance(planned, int) else 0

    @property
    def open_frames(self) -> Frames:
        """Frames of the open capture as last seen."""
        return _frames(self._facts.get("capture"))

    def frames(self, camera: Camera) -> Frames:
        """Frames of this camera's closed captures."""
        closed = self._facts.get("frames")
        return _frames(closed.get(camera.value) if isinstance(closed, dict) else None)

    @property
    def open_panes(self) -> tuple[Frames, ...]:
        """Frames of each pane of the open capture as last seen; empty for a single field."""
        capture = self._facts.get("capture")
        return _panes(capture.get("panes") if isinstance(capture, dict) else None)

    def panes(self, camera: Camera) -> tuple[Frames, ...]:
        """Frames of each pane of this camera's closed captures; empty for a single field."""
        return _panes(self._all_panes.get(camera.value))

    @property
    def _all_panes(self) -> dict[str, Any]:
        panes = self._facts.get("panes")
        return panes if isinstance(panes, dict) else {}

    @property
    def told(self) -> CaptureFacts:
        """What the telescope said of the open capture while it was surely ours."""
        capture = self._facts.get("capture")
        told = capture if isinstance(capture, dict) else {}
        target, exposure_s = told.get("target"), told.get("exposure_s")
        return CaptureFacts(
            target=target if isinstance(target, str) else None,
            exposure_s=exposure_s if isinstance(exposure_s, int | float) else None,
        )

    @property
    def folders(self) -> tuple[str, ...]:
        """Where the telescope keeps the closed captures, oldest first."""
        folders = self._facts.get("folders")
        return tuple(one for one in folders if isinstance(one, str)) if isinstance(folders, list) else ()

    @property
    def settings(self) -> dict[str, Any]:
        """What each camera held when its last capture began."""
        settings = self._facts.get("settings")
        return dict(settings) if isinstance(settings, dict) else {}

    @property
    def by_camera(self) -> dict[Camera, Frames]:
        """Every frame it knows of and what was asked for, by camera, the open capture included."""
        asked = self._facts.get("asked")
        wanted = asked if isinstance(asked, dict) else {}
        found = {camera: self.frames(camera) for camera in Camera}
        if self.open_capture is not None:
            found[self.open_capture[0]] += self.open_frames
        for camera in found:
            if isinstance(count := wanted.get(camera.value), int) and count > 0:
                found[camera] += Frames(requested=count)
        return {camera: frames for camera, frames in found.items() if frames != Frames()}

    @property
    def integration_s(self) -> float:
        """Seconds of exposure in the stacks, by what the cameras were read back to expose."""
        total = 0.0
        for camera, frames in self.by_camera.items():
            held = self.settings.get(camera.value)
            exposure = held.get("exposure") if isinstance(held, dict) else None
            seconds = exposure_seconds(exposure) if isinstance(exposure, str | int | float) else None
            total += frames.stacked * (seconds or 0.0)
        return round(total, 3)

    @property
    def complete(self) -> bool:
        """Whether it knows what was asked for, and every frame of it was taken."""
        frames = self.by_camera
        return any(each.requested for each in frames.values()) and all_taken(frames)

    async def begin(self, started_at: datetime, asked: Mapping[Camera, int]) -> None:
        """Note that the session runs, and how many frames it asks for."""
        self._facts.setdefault("started_at", started_at.isoformat())
        self._facts["asked"] = {camera.value: count for camera, count in asked.items()}
        await self.flush()

    async def capture_started(
        self, camera: Camera, started_at: datetime, *, planned: int, settings: dict[str, Any]
    ) -> None:
        """Note that a capture is open, before its shutter is; if it cannot be, UnwrittenError."""
        capture = {"camera": camera.value, "started_at": started_at.isoformat(), "planned": planned}
        before = self._facts
        self._facts = before | {
            "capture": capture,
            "settings": self.settings | {camera.value: settings},
        }
        if (refusal := await self._save()) is not None:
            self._facts = before
            raise refusal

    def capture_told(self, target: str | None, exposure_s: float | None) -> None:
        """Note the first that the telescope says of the open capture; saved with its frames."""
        capture = self._facts.get("capture")
        if isinstance(capture, dict):
            news = {"target": target, "exposure_s": exposure_s}
            self._facts["capture"] = {key: one for key, one in news.items() if one is not None} | capture

    @property
    def without_darks(self) -> bool:
        """Whether a capture of this session went on without fitting darks."""
        return self._facts.get("without_darks") is True

    def capture_without_darks(self) -> None:
        """Note that a capture went on without fitting darks; saved with its frames."""
        self._facts["without_darks"] = True

    def capture_progress(self, taken: int, stacked: int, panes: tuple[Frames, ...] = ()) -> None:
        """Note the open capture's frames, and those of each pane; written at most every few seconds."""
        capture = self._facts.get("capture")
        if not isinstance(capture, dict):
            return
        capture.update(taken=taken, stacked=stacked)
        if panes:
            capture["panes"] = _kept(panes)
        if self._clock.monotonic() - self._saved_at >= SAVE_EVERY_S and self._pending is None:
            self._saved_at = self._clock.monotonic()
            self._pending = asyncio.create_task(self.flush(), name="journal")
            self._pending.add_done_callback(self._written)

    @property
    def unplaced(self) -> tuple[tuple[Camera, datetime], ...]:
        """Closed captures of which nobody told where they are kept: camera and beginning."""
        captures = self._facts.get("unplaced")
        pairs = [_capture(one) for one in captures] if isinstance(captures, list) else []
        return tuple(pair for pair in pairs if pair is not None)

    async def capture_closed(
        self, camera: Camera, total: Frames, folder: str | None, panes: tuple[Frames, ...] = ()
    ) -> None:
        """Note that the capture is over and how many frames this camera, and each pane, has in all.

        `folder` is where it is kept: "" when nobody told, None when there is nothing to keep.
        """
        capture = self._facts.pop("capture", None)
        if folder == "" and capture is not None:
            self._facts["unplaced"] = [*(self._facts.get("unplaced") or []), capture]
        frames = self._facts.get("frames")
        counted = {"taken": total.taken, "stacked": total.stacked}
        if panes:
            self._facts["panes"] = {**self._all_panes, camera.value: _kept(panes)}
        self._facts["frames"] = (frames if isinstance(frames, dict) else {}) | {camera.value: counted}
        await self.add_folder(folder)

    async def add_folder(self, folder: str | None) -> None:
        """Note a folder of this session."""
        if folder and folder not in self.folders:
            self._facts["folders"] = [*self.folders, folder]
        await self.flush()

    async def flush(self) -> None:
        """Write the facts now. A disk that refuses costs what is new in them, never the session."""
        if (refusal := await self._save()) is not None:
            _LOGGER.warning("The session's journal cannot be written: %s", refusal)

    async def written(self, every_s: float) -> None:
        """Return once the facts are written; they are tried to be every so often."""
        while True:
            await self._clock.sleep(every_s)  # first: what was refused may be more than what is written here
            if await self._save() is None:
                return

    async def _save(self) -> UnwrittenError | None:
        async with self._lock:
            try:
                await asyncio.to_thread(self._file.save, dict(self._facts))
            except AgentError as error:
                return UnwrittenError(error.message, code=error.code, hint=error.hint)
            except (OSError, ValueError) as error:
                return UnwrittenError(f"Cannot write the session's journal: {error}.")
        return None

    def _written(self, _task: asyncio.Task[None]) -> None:
        self._pending = None


def _instant(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _capture(value: object) -> tuple[Camera, datetime] | None:
    if not isinstance(value, dict):
        return None
    began, camera = _instant(value.get("started_at")), value.get("camera")
    return (Camera(camera), began) if began is not None and camera in list(Camera) else None


def _frames(value: object) -> Frames:
    if not isinstance(value, dict):
        return Frames()
    taken, stacked = value.get("taken", 0), value.get("stacked", 0)
    return Frames(0, taken, stacked) if isinstance(taken, int) and isinstance(stacked, int) else Frames()


def _panes(value: object) -> tuple[Frames, ...]:
    return tuple(map(_frames, value)) if isinstance(value, list) else ()


def _kept(panes: tuple[Frames, ...]) -> list[dict[str, int]]:
    return [{"taken": one.taken, "stacked": one.stacked} for one in panes]
