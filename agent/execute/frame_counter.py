"""The count of frames: closed captures, the capture that is open, and what each camera was asked for."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from agent.capabilities import Camera
from agent.clock import Clock
from agent.events import Frames
from agent.execute.journal import Journal
from agent.execute.panes import Panes, added, asked_for, most_of, short, spread, useful
from agent.execute.recognition import Asked, contradiction, may_begin_s
from agent.telescope.interface import CaptureFacts, CaptureProgress, CaptureReport

_LOGGER = logging.getLogger(__name__)

SHORTEST_FRAME_S = 0.1  # no telescope reads out and saves more than ten frames a second
_WITHOUT_DARKS = "taken without fitting darks"
PAST_COUNT = 10  # frames a capture may take beyond its count before a stop is carried out


class Shutters(Protocol):
    """Whoever has to know which shutters are open."""

    def capture_opened(self, camera: Camera) -> None:
        """A shutter is about to open."""

    def capture_left_open(
        self, camera: Camera, stranger: Callable[[CaptureFacts], str], may_begin_s: float
    ) -> None:
        """An earlier life opened a shutter, or it may still open for so long.

        `stranger` says what speaks against a capture being that one.
        """

    def capture_closed(self, camera: Camera, *, taken_over: bool = False) -> None:
        """A capture was seen to be over; `taken_over`: another client's runs in its place."""


class FrameCounter:
    """Counts every frame once: a capture opens before its shutter and closes by the telescope's report.

    What the telescope says is believed as far as time and count allow, and as nothing known of the capture
    tells that it is another client's. `shutters` hears of each capture that opens and closes.
    """

    def __init__(
        self, journal: Journal, asked: Mapping[Camera, Asked], clock: Clock, shutters: Shutters
    ) -> None:
        self._shutters = shutters
        self._journal = journal
        self._asked = dict(asked)
        self._clock = clock
        self._open: Camera | None = None
        self._opened_s = 0.0  # of the monotonic clock, which no one sets
        self._planned = 0
        self._vouched = False
        self._progress = Frames()
        self._panes: Panes = ()  # of the open capture
        self._sure = Frames()  # of these, what was counted while the capture was known to be ours
        self.opened_at: datetime | None = None
        self.ended_unseen = False  # a capture was counted by its record; where it points since is unknown
        self.others: Camera | None = None  # the camera with which another client was seen to capture
        self._notes: list[str] = []

    @property
    def open_camera(self) -> Camera | None:
        """The camera whose capture is open."""
        return self._open

    @property
    def folders(self) -> tuple[str, ...]:
        """Where the telescope keeps the closed captures, oldest first."""
        return self._journal.folders

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know of the frames."""
        return (*self._notes, *([_WITHOUT_DARKS] if self._journal.without_darks else []))

    @property
    def settings(self) -> dict[str, Any]:
        """What the cameras held, as read back before their last captures: camera -> setting -> value."""
        return self._journal.settings

    def closed(self, camera: Camera) -> Frames:
        """Frames of this camera's closed captures."""
        return self._journal.frames(camera)

    def missing(self, camera: Camera) -> int:
        """Frames still to take by this camera."""
        if self._of(camera).panes:
            return sum(short(self._panes_of(camera, self._journal.panes(camera))))
        return max(0, self._of(camera).count - self.closed(camera).taken)

    def missing_per_pane(self, camera: Camera) -> int:
        """Frames that the pane needs which has the fewest: a mosaic is taken again as a whole."""
        return max(short(self._panes_of(camera, self._journal.panes(camera))), default=0)

    def panes(self, camera: Camera) -> Panes:
        """Frames of each pane so far, the open capture's included; empty for a single field."""
        closed = self._journal.panes(camera)
        return self._panes_of(camera, added(closed, self._panes) if camera is self._open else closed)

    def _panes_of(self, camera: Camera, panes: Panes) -> Panes:
        asked = self._of(camera)
        return asked_for(panes, asked.per_pane, asked.panes)

    @property
    def complete(self) -> bool:
        """Whether every frame that was asked for is taken, and no capture is open."""
        counts = [self.missing(camera) for camera in self._asked]
        return self._open is None and bool(counts) and not any(counts)

    @property
    def by_camera(self) -> dict[Camera, Frames]:
        """Frames so far of each camera that was asked for some."""
        return {camera: self.of(camera) for camera in self._asked}

    @property
    def frames(self) -> Frames:
        """All frames of the session so far, the open capture's included."""
        return sum(self.by_camera.values(), Frames())

    @property
    def integration_s(self) -> float:
        """Seconds of exposure collected in the stack so far."""
        return sum(self.of(camera).stacked * asked.exposure_s for camera, asked in self._asked.items())

    def of(self, camera: Camera) -> Frames:
        """Frames of one camera so far; of a mosaic those that its panes need."""
        if self._of(camera).panes:
            return useful(self.panes(camera))
        total = Frames(self._of(camera).count, 0, 0) + self.closed(camera)
        return total + self._progress if camera is self._open else total

    async def open(
        self, camera: Camera, started_at: datetime, *, planned: int, settings: dict[str, Any]
    ) -> None:
        """A capture of `planned` frames is about to begin, with these settings as read back."""
        await self._journal.capture_started(camera, started_at, planned=planned, settings=settings)
        self._shutters.capture_opened(camera)
        self._open, self._progress, self._sure, self.opened_at = camera, Frames(), Frames(), started_at
        self._panes = ()
        self._opened_s, self._planned, self._vouched = self._clock.monotonic(), planned, False

    def begun(self) -> None:
        """The telescope said that the open capture began: what it tells of it unbroken is told of ours."""
        self._vouched = True

    def reopen(self) -> None:
        """Take up the capture that an earlier life of the agent left open, if there is one."""
        left = self._journal.open_capture
        if left is not None:
            self._open, self.opened_at, planned = left
            self._vouched, self._planned = False, planned or self.missing(self._open)
            since = (self._clock.now() - self.opened_at).total_seconds()
            past = since if since >= 0 else math.inf  # the wall clock was set back: nobody knows
            self._opened_s = self._clock.monotonic() - past
            self._progress = self._sure = self._journal.open_frames
            self._panes = self._journal.open_panes
            asked, told = self._of(self._open), self._journal.told
            stranger = partial(contradiction, asked, self.opened_at, told=told)
            self._shutters.capture_left_open(self._open, stranger, self._may_begin_s)

    @property
    def may_begin(self) -> bool:
        """Whether the open capture was asked for so lately that its shutter may still open unseen."""
        return self._may_begin_s > 0

    @property
    def _may_begin_s(self) -> float:
        if self.opened_at is None:
            return 0.0
        return may_begin_s(self.opened_at, self._clock.now(), self._progress.taken, self._journal.told)

    def stranger(self, found: CaptureFacts) -> str:
        """What speaks against a capture being the open one; "" when nothing does."""
        if self._open is None or self.opened_at is None:
            return ""
        return contradiction(self._of(self._open), self.opened_at, found, self._journal.told)

    def settle(self, camera: Camera) -> bool:
        """The camera's end time came: what it took is what was asked for. False when it took nothing.

        Of a mosaic every pane is wanted all the same: one that is cut off is not whole.
        """
        taken = self.closed(camera).taken
        if self._of(camera).panes:
            self._notes.append("the end time came before every pane had its frames")
        elif taken:
            self._asked[camera] = replace(self._of(camera), count=min(taken, self._of(camera).count))
        return taken > 0

    def enough(self, progress: CaptureProgress) -> bool:
        """Whether the open capture has what was asked for and would not end by itself."""
        if self._open is None or progress.camera is not self._open:
            return False
        if self._of(self._open).panes:
            return not any(short(self.panes(self._open))) and self._progress.taken < progress.total
        wanted, taken = self.missing(self._open), self._progress.taken
        return taken >= wanted and max(progress.total or self._planned, taken) > wanted

    def progress(self, progress: CaptureProgress) -> None:
        """The open capture has this many frames. Counts never go back."""
        if progress.camera is not self._open:
            return
        vouched = self._vouched and progress.began is not None
        if vouched:
            self._journal.capture_told(progress.target, progress.exposure_s)
        if self.stranger(progress):
            return
        if progress.without_darks:
            self._journal.capture_without_darks()
        self._learn_panes(self._open, len(progress.panes))
        self._progress = self._believed(progress.taken, progress.stacked, progress.total)
        self._panes = self._seen_panes(self._open, progress.panes, self._progress)
        if vouched or progress.target is not None:
            self._sure = self._progress
        self._journal.capture_progress(self._progress.taken, self._progress.stacked, self._panes)

    async def close(
        self, report: CaptureReport | None, *, taken_over: bool = False, seen: bool = True
    ) -> None:
        """The open capture is over, or (not `seen`) left to itself; without a report the last count holds.

        When another client's capture has `taken_over` its place, only those count that were surely ours.
        """
        camera = self._open
        if camera is None:
            return
        if seen:
            self._shutters.capture_closed(camera, taken_over=taken_over)
        strange = report is not None and self.stranger(report)
        counted, folder, told = self._sure if taken_over or strange else self._progress, "", self._panes
        if report is not None and not strange:
            if report.without_darks and report.taken:
                self._journal.capture_without_darks()
            counted = self._believed(report.taken, report.stacked, report.total)
            folder, told = report.folder, report.panes
            self._learn_panes(camera, len(told))
        panes = added(self._journal.panes(camera), self._seen_panes(camera, told, counted))
        total = self.closed(camera) + counted
        self._open, self._progress, self._panes = None, Frames(), ()
        await self._journal.capture_closed(camera, total, folder if counted.taken else None, panes)

    @property
    def unplaced(self) -> tuple[tuple[Camera, datetime], ...]:
        """Closed captures of which nobody told where they are kept: camera and beginning."""
        return self._journal.unplaced

    async def place(self, camera: Camera, opened_at: datetime, records: Sequence[CaptureReport]) -> None:
        """Note the folder of an unplaced capture, if it is among these records, newest first."""
        asked = self._of(camera)
        ours = [one for one in records if not contradiction(asked, opened_at, one, CaptureFacts())]
        if ours:
            await self._journal.add_folder(ours[-1].folder)

    def _learn_panes(self, camera: Camera, told: int) -> None:
        """The telescope decides how many panes its mosaic has."""
        asked = self._of(camera)
        if not asked.panes or told in (0, asked.panes):
            return
        self._notes.append(f"the telescope made {told} panes of the mosaic, not {asked.panes}")
        self._asked[camera] = replace(asked, count=asked.per_pane * told, panes=told)

    def _seen_panes(self, camera: Camera, told: Panes, counted: Frames) -> Panes:
        """Each pane's frames of one capture, whose sum is `counted`."""
        panes = self._of(camera).panes
        if not panes:
            return ()
        if sum(one.taken for one in told) == counted.taken:
            return most_of(told, self._panes)
        return spread(counted, max(1, self._planned // panes), panes)

    def _of(self, camera: Camera) -> Asked:
        return self._asked.get(camera, Asked())

    def _believed(self, taken: int, stacked: int, total: int) -> Frames:
        """The open capture's frames after hearing these counts: never fewer, never more than there can be."""
        known = self._progress
        most = int(min(max(self._planned, total) + PAST_COUNT, self._time_allows()))
        if taken < 0 or taken > most:
            self._doubt(taken, most)
            return known
        taken = max(known.taken, taken)
        return Frames(0, taken, min(taken, max(known.stacked, stacked)))

    def _time_allows(self) -> float:
        if self.opened_at is None:
            return 0.0
        by_wall = (self._clock.now() - self.opened_at).total_seconds()
        seconds = max(by_wall, self._clock.monotonic() - self._opened_s)
        return 1 + seconds / SHORTEST_FRAME_S

    def _doubt(self, taken: int, most: int) -> None:
        if not self._notes:
            self._notes.append("the telescope told of frames that it cannot have taken; they are not counted")
            _LOGGER.warning("The telescope says it took %d frames; at most %d are possible", taken, most)
