"""The count of frames: closed captures, the capture that is open, and what each camera was asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from agent.capabilities import Camera
from agent.events import Frames
from agent.execute.journal import Journal
from agent.telescope.interface import CaptureProgress, CaptureReport


class Shutters(Protocol):
    """Whoever has to know which shutters are open."""

    def capture_opened(self, camera: Camera) -> None:
        """A shutter is about to open."""

    def capture_closed(self, camera: Camera) -> None:
        """A capture was seen to be over."""


class FrameCounter:
    """Counts every frame once: a capture opens before its shutter and closes by the telescope's report."""

    def __init__(
        self, journal: Journal, requested: dict[Camera, tuple[int, float]], shutters: Shutters
    ) -> None:
        """Count against `requested`: camera -> (frames, seconds of exposure). `shutters` hears of each."""
        self._shutters = shutters
        self._journal = journal
        self._requested = requested
        self._open: Camera | None = None
        self._progress = Frames()
        self.opened_at: datetime | None = None
        self.folders: list[str] = []

    @property
    def open_camera(self) -> Camera | None:
        """The camera whose capture is open."""
        return self._open

    def closed(self, camera: Camera) -> Frames:
        """Frames of this camera's closed captures."""
        return self._journal.frames(camera)

    def missing(self, camera: Camera) -> int:
        """Frames still to take by this camera."""
        count, _ = self._requested.get(camera, (0, 0.0))
        return max(0, count - self.closed(camera).taken)

    @property
    def complete(self) -> bool:
        """Whether every frame that was asked for is taken, and no capture is open."""
        counts = [self.missing(camera) for camera in self._requested]
        return self._open is None and bool(counts) and not any(counts)

    @property
    def frames(self) -> Frames:
        """All frames of the session so far, the open capture's included."""
        return sum((self.of(camera) for camera in self._requested), Frames())

    @property
    def integration_s(self) -> float:
        """Seconds of exposure collected in the stack so far."""
        return sum(self.of(camera).stacked * seconds for camera, (_, seconds) in self._requested.items())

    def of(self, camera: Camera) -> Frames:
        """Frames of one camera so far."""
        count, _ = self._requested.get(camera, (0, 0.0))
        total = Frames(count, 0, 0) + self.closed(camera)
        return total + self._progress if camera is self._open else total

    async def open(self, camera: Camera, started_at: datetime) -> None:
        """A capture is about to begin."""
        await self._journal.capture_started(camera, started_at)
        self._shutters.capture_opened(camera)
        self._open, self._progress, self.opened_at = camera, Frames(), started_at

    def reopen(self) -> None:
        """Take up the capture that an earlier life of the agent left open, if there is one."""
        left = self._journal.open_capture
        if left is not None:
            self._open, self.opened_at = left
            self._progress = self._journal.open_frames
            self._shutters.capture_opened(self._open)

    def progress(self, progress: CaptureProgress) -> None:
        """The open capture has this many frames. Counts never go back."""
        if progress.camera is not self._open:
            return
        self._progress = Frames(
            0, max(self._progress.taken, progress.taken), max(self._progress.stacked, progress.stacked)
        )
        self._journal.capture_progress(self._progress.taken, self._progress.stacked)

    async def close(self, report: CaptureReport | None, *, seen: bool = True) -> None:
        """The open capture is over, or (not `seen`) left to itself; without a report the last count holds."""
        camera = self._open
        if camera is None:
            return
        if seen:
            self._shutters.capture_closed(camera)
        taken, stacked = self._progress.taken, self._progress.stacked
        if report is not None:
            taken, stacked = max(taken, report.taken), max(stacked, report.stacked)
            if report.folder:
                self.folders.append(report.folder)
        total = self.closed(camera) + Frames(0, taken, stacked)
        self._open, self._progress = None, Frames()
        await self._journal.capture_closed(camera, total)
