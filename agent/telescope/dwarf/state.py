"""What is known of a telescope from what it said: telemetry, activities, and its captures."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from agent.capabilities import Camera
from agent.events import Telemetry
from agent.mosaics import Mosaic
from agent.telescope.dwarf.charging import ChargingTrend
from agent.telescope.dwarf.panes import Panes
from agent.telescope.dwarf.proto import common_pb2
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire import notifications as say
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.dwarf.wire.envelope import MalformedError, decode
from agent.telescope.dwarf.wire.notifications import Counted, Notification, State
from agent.telescope.interface import CaptureProgress, TelescopeEvent

_LOGGER = logging.getLogger(__name__)

CALIBRATING, SLEWING, FOCUSING, SOLVING = "calibrating", "slewing", "focusing", "solving"
FOLDING = "folding"
DARKS = {Camera.TELE: "taking dark frames", Camera.WIDE: "taking wide dark frames"}
_MOVING = frozenset({CALIBRATING, SLEWING, SOLVING})
UNNAMED = "a target"  # tracked, under no name
EXPOSURE_TOLERANCE = 0.2  # the telescope's own overhead counts into its exposures
_STARTS: dict[int, Camera] = {
    Cmd.START_CAPTURE: Camera.TELE,
    Cmd.START_MOSAIC: Camera.TELE,
    Cmd.START_WIDE_CAPTURE: Camera.WIDE,
}
_BUSY_STATES = frozenset({State.RUNNING, State.STOPPING, State.PLATE_SOLVING})


class Phase(StrEnum):
    """Where a capture is, as far as is known."""

    NONE = "none"
    STARTING = "starting"  # the shutter was asked for; nothing seen yet
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The telescope's answer to what it is doing. Captures by camera; None is "it did not say"."""

    capturing: dict[Camera, bool] = field(default_factory=dict)
    focusing: bool | None = None
    calibrated: bool | None = None
    moving: bool | None = None  # the mount, tracking included


@dataclass(slots=True)
class CaptureRecord:
    """One camera's present or last capture. `changed` is set with every change, for whoever follows."""

    camera: Camera
    phase: Phase = Phase.NONE
    taken: int = 0
    stacked: int = 0
    total: int = 0
    target: str = ""
    asked: int = 0  # frames the settings ask for; 0 unknown
    mosaic: Mosaic | None = None  # that the settings ask for in the place of a single field
    panes: Panes = field(default_factory=Panes)
    exposure_s: float = 0.0  # of the settings; 0 unknown
    exposure_index: int = 0  # as the telescope tells it with the frames; 0 unknown
    started_at: datetime | None = None  # None for one that we did not start
    confirmed: bool = False  # the telescope said that it began the one we started
    stop_asked: bool = False
    unseen_end: bool = False  # it ended while nobody was connected
    missed: bool = False  # not watched throughout: counts may lag behind
    exposure_doubted: bool = False  # the owner was told that frames are exposed otherwise than set
    exposing: bool = False  # seen to expose frames
    held: bool = False  # the telescope said that it waits to be told to go on without fitting darks
    told_to_go_on: bool = False  # so it was, once
    without_darks: bool = False  # and it did
    noted: set[int] = field(default_factory=set)  # codes it was told on its way
    doubted: bool = False  # it was said to be over before it exposed anything
    displayed: bool = False  # its picture still fills the telescope's display
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def active(self) -> bool:
        """Whether the shutter is open, or was asked to be."""
        return self.phase in (Phase.STARTING, Phase.RUNNING)

    @property
    def complete(self) -> bool:
        """Whether every frame was counted as taken and as stacked, so that no count is still to come."""
        return 0 < self.total <= min(self.taken, self.stacked)

    def begin(self, now: datetime) -> None:
        """A new capture was asked for."""
        self._clear()
        self.phase = Phase.STARTING
        if self.mosaic is not None:
            self.panes.asked(self.mosaic.per_pane, sure=True)
        self.started_at = now
        self.changed.set()

    def abandon(self) -> None:
        """The telescope refused to start."""
        self.phase = Phase.NONE
        self.changed.set()

    def told(self, state: int) -> None:
        """Take in a state notification. An end before the first frame may mean nothing: it is asked about."""
        over = state in (State.IDLE, State.STOPPED) and self.phase is Phase.RUNNING
        if over and self.started_at is not None and not (self.exposing or self.stop_asked):
            self.doubted = True
            self.changed.set()
        else:
            self.state(state)

    def state(self, state: int) -> None:
        """Take in a state that is sure."""
        if state == State.RUNNING:
            if not self.active:
                self._clear()  # somebody else's, or one from before a restart
                self.missed = True
            self.phase = Phase.RUNNING
            self.displayed = True
        elif state == State.IDLE:
            self.displayed = False
        if state in (State.IDLE, State.STOPPED) and self.phase is Phase.RUNNING:
            self.phase = Phase.ENDED
        self.changed.set()

    def count(self, news: say.CaptureCount) -> None:
        """Take in a progress notification."""
        if self.phase in (Phase.NONE, Phase.STARTING):
            self.state(State.RUNNING)  # frames arrive: its beginning went unheard
        self.exposing = self.exposing or bool(news.taken or news.stacked)  # the first may count nothing yet
        if news.pane:
            self.panes.count(news)
            self._count_panes()
        else:
            self._count_frames(news)
        self.target = news.target or self.target
        self.exposure_index = news.exposure_index or self.exposure_index
        self.changed.set()

    def asks_per_pane(self, frames: int, *, sure: bool) -> None:
        """What a mosaic takes of each pane was read."""
        self.panes.asked(frames, sure=sure)
        if self.panes.pane and not self.panes.doubtful:
            self._count_panes()
            self.changed.set()

    def _count_panes(self) -> None:
        self.taken, self.stacked = sum(self.panes.taken), sum(self.panes.stacked)
        self.total = self.panes.total

    def _count_frames(self, news: say.CaptureCount) -> None:
        if news.counted in (Counted.TAKEN, Counted.BOTH):
            self.taken = news.taken
        if news.counted in (Counted.STACKED, Counted.BOTH):
            self.stacked = news.stacked
            self.taken = max(self.taken, news.stacked)
        self.total = news.total or self.total

    def reconcile(self, *, running: bool) -> None:
        """Take in the telescope's answer to whether it captures now."""
        if running:
            self.doubted = False
        if running and self.phase is not Phase.RUNNING:
            self.state(State.RUNNING)
        elif not running and self.phase is Phase.RUNNING:
            self.phase = Phase.ENDED
            self.unseen_end = not self.doubted
            self.changed.set()

    def progress(self) -> CaptureProgress:
        """The counts as the interface tells them."""
        return CaptureProgress(
            self.camera,
            self.taken,
            self.stacked,
            self.total,
            target=self.target or None,
            began=self.started_at if self.confirmed and not self.missed else None,
            without_darks=self.without_darks,
            panes=self.panes.frames,
            pane=self.panes.pane,
        )

    def asked_about_darks(self) -> None:
        """The telescope asks whether to go on without fitting darks; once told, it need not be told again."""
        if self.active and not self.told_to_go_on:
            self.held = True
            self.changed.set()

    def _clear(self) -> None:
        self.taken = self.stacked = self.total = self.exposure_index = 0
        self.target = ""
        self.panes = Panes()
        self.noted.clear()
        self.started_at = None
        self.stop_asked = self.unseen_end = self.missed = self.exposure_doubted = self.confirmed = False
        self.doubted = self.exposing = self.held = self.told_to_go_on = self.without_darks = False


class DeviceState:
    """Takes in every notification; tells `emit` what others may want to know. Owner of all it holds."""

    def __init__(self, emit: Callable[[TelescopeEvent], None], telemetry_changed: Callable[[], None]) -> None:
        self._emit = emit
        self._telemetry_changed = telemetry_changed
        self.telemetry = Telemetry()
        self._charging = ChargingTrend()
        self.captures = {camera: CaptureRecord(camera) for camera in Camera}
        self.busy: set[str] = set()
        self.nudged = False  # turned by hand, and not told to stop since, whatever became of the link
        self.infinity_at: float | None = None  # end of an infinity focus the mount has not moved since
        self.still_at: float | None = None  # the mount was stopped, and was not sent anywhere since
        self._at_rest: float | None = None  # since when the mount was seen at rest, and not sent anywhere
        self.powering_off = False
        self.calibrated: bool | None = None  # as it said when asked
        self.lock_unanswered = False  # when it was last asked for
        self._awaited: set[str] = set()  # begun by us and not heard of yet: an end is left over
        self.params: dict[int, int] = {}  # V3: parameter id -> value, as echoed
        self.sensors: dict[Camera, float] = {}  # V3: their temperatures
        self.mode: int | None = None  # V3: the shooting mode; None is not known
        self.technique: int | None = None

    @property
    def slave(self) -> bool:
        """Whether another client controls the telescope."""
        return self.telemetry.host is False

    @property
    def capturing(self) -> bool:
        """Whether any camera is known to capture."""
        return any(record.phase is Phase.RUNNING for record in self.captures.values())

    def rests(self, now: float) -> None:
        """The mount was seen at rest, unless it is being sent somewhere just now. It may still swing."""
        if self._at_rest is None and not self.busy & _MOVING:
            self._at_rest = now

    def stopped(self, now: float) -> None:
        """The mount was stopped; one that was at rest already does not swing."""
        if self.still_at is None:
            self.still_at = now if self._at_rest is None else self._at_rest

    def moves(self) -> None:
        """The mount is sent somewhere, or tracks."""
        self.still_at, self._at_rest = None, None

    def link_lost(self) -> None:
        """The link broke: what was known may be stale."""
        self.busy.clear()
        self._awaited.clear()
        self.infinity_at = None
        self.moves()
        self.powering_off = False
        self.calibrated = None
        self.mode_left()
        self._counts_missed()
        self._charging.forget()
        self._tell(host=None)

    def _counts_missed(self) -> None:
        """What was told of the captures meanwhile is lost, or may be."""
        for record in self.captures.values():
            record.missed = record.missed or record.active
            record.changed.set()

    def mode_left(self) -> None:
        """The shooting mode was left, or may have been: what was told of its parameters is over."""
        self.mode = self.technique = None
        self.params.clear()

    def take(self, news: Notification) -> None:
        """Take in a notification."""
        match news:
            case say.CaptureState() | say.CaptureCount() | say.Waiting() | say.ExposureTick():
                self._capture(news)
            case say.LateAnswer(cmd=cmd) if cmd in _STARTS:
                self._noted(self.captures[_STARTS[cmd]], _code(news.data))
            case say.CalibrationStep():
                self._activity(CALIBRATING, news.state)
            case say.CalibrationDone():
                self.calibrated = True
            case say.GotoStep():
                self._activity(SLEWING, news.state)
            case say.FocusRun():
                self._activity(FOCUSING, news.state)
            case say.EqStep():
                self._activity(SOLVING, news.state)
            case say.Tracking():
                if news.state == State.RUNNING:
                    self.moves()
                self._tell(tracking=news.name or UNNAMED if news.state == State.RUNNING else None)
            case say.ParamEcho() | say.ModeIs() | say.TechniqueIs():
                self._set_to(news)
            case say.PoweringOff():
                self.powering_off = True
            case _:
                self._measure(news)

    def _noted(self, record: CaptureRecord, code: int) -> None:
        """Take in what a capture is told after its start was answered; the same is said once."""
        if code in codes.NO_FITTING_DARKS:
            record.asked_about_darks()
        elif code != codes.OK and record.active and code not in record.noted:
            record.noted.add(code)
            _LOGGER.warning("The %s capture: %s (%d)", record.camera, codes.describe(code).sentence, code)

    def occupied(self, activity: str) -> None:
        """We began an activity ourselves."""
        self._awaited.add(activity)
        self.busy.add(activity)

    def free(self, activity: str) -> None:
        """An activity ended, or was stopped."""
        self._awaited.discard(activity)
        self.busy.discard(activity)

    def _capture(self, news: say.CaptureState | say.CaptureCount | say.Waiting | say.ExposureTick) -> None:
        match news:
            case say.CaptureState():
                self.captures[news.camera].told(news.state)
            case say.CaptureCount():
                record = self.captures[news.camera]
                record.count(news)
                if record.active:  # of one that is over, the old counts are told when it is asked
                    self._emit(record.progress())
            case say.Waiting():
                for camera in self.captures:
                    self._exposing(camera)
            case say.ExposureTick():
                self._exposing(news.camera)
                self._compare_exposure(news.camera, news.total_s)

    def _exposing(self, camera: Camera) -> None:
        record = self.captures[camera]
        if record.phase is Phase.RUNNING and not record.exposing:
            record.exposing = True
            record.changed.set()

    def _set_to(self, news: say.ParamEcho | say.ModeIs | say.TechniqueIs) -> None:
        match news:
            case say.ParamEcho():
                self.params[news.param_id] = news.value
            case say.TechniqueIs():
                self.technique = news.technique
            case say.ModeIs(mode) if mode != self.mode:  # its own parameters are told before the change is
                self.params = {number: value for number, value in self.params.items() if number >> 56 == mode}
                self.mode, self.technique = mode, None

    def _compare_exposure(self, camera: Camera, total_s: float) -> None:
        record = self.captures[camera]
        if [each for each in self.captures.values() if each.phase is Phase.RUNNING] != [record]:
            return
        off = abs(total_s - record.exposure_s) > EXPOSURE_TOLERANCE * record.exposure_s
        if record.exposure_s and total_s and off and not record.exposure_doubted:
            record.exposure_doubted = True
            _LOGGER.warning("Frames are exposed for %g s, not %g s as set", total_s, record.exposure_s)

    def _activity(self, activity: str, state: int) -> None:
        if state not in _BUSY_STATES:
            if activity not in self._awaited:
                self.free(activity)
            return
        self._awaited.discard(activity)
        if activity in (CALIBRATING, SLEWING):
            self.infinity_at = None
        if activity == SLEWING:
            self.moves()
        self.busy.add(activity)

    def _measure(self, news: Notification) -> None:
        match news:
            case say.BatteryLevel():
                percent = min(100, max(0, news.percent))
                self._charging.level(percent)
                self._tell(battery=percent, charging=self._charging.charging)
            case say.ChargingState():
                self._charging.told(news.charging)
                self._tell(charging=self._charging.charging)
            case say.BodyTemperature():
                self._tell(temperature=float(news.celsius))
            case say.StorageSpace():
                self._tell(storage_free_gb=float(news.free_gb), storage_total_gb=float(news.total_gb))
            case say.FocusAt():
                self._tell(focus_position=news.position)
            case say.SensorTemperature():
                self.sensors[news.camera] = float(news.celsius)
            case say.HostMode():
                self._tell(host=news.host)
            case say.Unreadable():
                self._counts_missed()
            case _:
                return

    def _tell(self, **changes: float | str | bool | None) -> None:
        changed = replace(self.telemetry, **changes)  # type: ignore[arg-type]
        if changed != self.telemetry:
            self.telemetry = changed
            self._telemetry_changed()


def _code(data: bytes) -> int:
    try:
        return decode(common_pb2.ComResponse, data).code
    except MalformedError:
        return codes.OK
