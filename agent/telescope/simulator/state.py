"""What a simulated telescope remembers while it is switched on."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from agent.mosaics import Mosaic
from agent.targets import Site
from agent.telescope.simulator.profiles import TELE, WIDE

DEFAULT_EXPOSURE = 75  # index of 1/30 s
DEFAULT_COUNT = 999
DEFAULT_PER_PANE = 45
INFOCUS = 668  # focus motor position in focus


class Operation(IntEnum):
    """The wire's OperationState, and AstroState with its fifth value."""

    IDLE = 0
    RUNNING = 1
    STOPPING = 2
    STOPPED = 3
    SOLVING = 4


@dataclass(slots=True)
class Capture:
    """One stacked capture, running or over. Counts are frames."""

    camera: int
    target: str
    ra_hours: float | None
    dec_degrees: float | None
    exposure_index: int
    exposure_s: float
    gain: int
    gain_index: int
    filter: int
    binning: int
    format: str
    total: int
    started_at: datetime
    begun_s: float  # of the clock's monotonic time
    folder: str
    taken: int = 0
    stacked: int = 0
    stop: str = ""  # "", "slow" or "fast"
    losses: set[int] = field(default_factory=set)
    mosaic: Mosaic | None = None

    @property
    def pane(self) -> int:
        """The pane it is at, counted from 1; 0 without a mosaic."""
        if self.mosaic is None:
            return 0
        return min(self.mosaic.panes, 1 + max(0, self.taken - 1) // self.mosaic.per_pane)


@dataclass(slots=True)
class CameraState:
    """One camera: whether it is open, its settings, and its capture. `gain` is the displayed number."""

    open: bool = False
    exposure: int = DEFAULT_EXPOSURE
    exposure_manual: bool = False
    gain: int = 60
    gain_manual: bool = False
    wb_manual: bool = False
    wb_scene_mode: bool = False
    wb_temperature: int = 81
    wb_scene: int = 3
    brightness: int = 0
    contrast: int = 0
    hue: int = 0
    saturation: int = 0
    sharpness: int = 50
    filter: int = 0
    preview_quality: int = 0
    count: int = DEFAULT_COUNT
    per_pane: int = DEFAULT_PER_PANE
    counted_last: int = DEFAULT_PER_PANE  # the count or the mosaic count, whichever was set last
    stream: int = 1  # 1 RTSP, 2 JPEG
    operation: Operation = Operation.IDLE
    capture: Capture | None = None
    asks_about_darks: bool = False  # V3: no dark fits; nothing is exposed until somebody says to go on
    held_mosaic: Mosaic | None = None  # what was asked for when the question came up
    function: int = 0  # running photo, burst, record …, 0 none


@dataclass(frozen=True, slots=True)
class DarkSet:
    """Dark frames of one exposure (its index), displayed gain and binning, at a temperature of the sensor."""

    camera: int
    exposure_index: int
    gain: int
    binning: int
    celsius: int


@dataclass(slots=True)
class Feature:
    """One feature parameter: a gear by `index`, or a continuous `value`."""

    mode_index: int = 0
    index: int = 0
    value: float = 0.0


@dataclass(slots=True)
class Pointing:
    """Where the telescope points, J2000, and what it follows. No `ra_hours`: it does not know."""

    ra_hours: float | None = None
    dec_degrees: float | None = None
    target: str = ""
    tracking: bool = False
    solar_index: int = 0
    rotation: float = 158.0
    pitch: float = 60.0  # raised: it was in use
    homed: bool = True
    stopped_at: float = -math.inf  # tracking, by a client; the clock's monotonic seconds


@dataclass(slots=True)
class Motion:
    """The running activity ("", "calibration", "goto", "one-click" or "eq") and the states told of it."""

    activity: str = ""
    calibration: Operation = Operation.IDLE
    solves: int = 0
    goto: Operation = Operation.IDLE
    goto_target: str = ""
    eq: Operation = Operation.IDLE
    eq_step: int = 0
    sun_moon: Operation = Operation.IDLE
    sun_moon_index: int = 0


@dataclass(slots=True)
class Focus:
    """The focus motor; `activity` is "", "astro", "fast", "normal" or "area"."""

    position: int = 630
    infinity: int = INFOCUS
    activity: str = ""
    infinity_at: float | None = None  # end of an infinity focus the mount has not moved since


@dataclass(slots=True)
class Body:
    """The rest of the body: power, heat, card, lights, modes. Sizes in GB, temperatures in °C."""

    battery: float
    charging: bool
    temperature: float
    storage_gb: float
    total_gb: float
    heat: float = 0.0  # extra °C from a fault
    ring_light: bool = False
    indicator: bool = True
    cpu_mode: int = 0
    mtp_mode: int = 0
    low_temperature_protection: int = 0
    equatorial: bool = False
    card: bool = True


@dataclass(slots=True)
class State:
    """Everything that survives the loss of every client; a restart begins with a new one."""

    body: Body
    cameras: dict[int, CameraState] = field(
        default_factory=lambda: {TELE: CameraState(), WIDE: CameraState()}
    )
    features: dict[int, Feature] = field(default_factory=dict)
    pointing: Pointing = field(default_factory=Pointing)
    motion: Motion = field(default_factory=Motion)
    focus: Focus = field(default_factory=Focus)
    calibrated: bool = False
    calibration_error: tuple[float, float] = (0.0, 0.0)
    darks: bool = True  # for every capture
    library: list[DarkSet] = field(default_factory=list)  # besides
    capped: bool = False  # by its owner
    darks_operation: Operation = Operation.IDLE
    shooting_mode: int = 1
    technique: int = 1
    site: Site | None = None
    time_offset: timedelta = timedelta(0)
    timezone: str = ""
    parameters: dict[int, tuple[int, float]] = field(default_factory=dict)  # V3 items beyond CameraState

    def capturing(self, camera: int | None = None) -> bool:
        """Tell whether a capture runs (on that camera, or on any)."""
        return any(
            one.operation in (Operation.RUNNING, Operation.STOPPING)
            for number, one in self.cameras.items()
            if camera in (None, number)
        )

    def asks_about_darks(self) -> bool:
        """Tell whether a capture is held until somebody says to go on without fitting darks."""
        return any(one.asks_about_darks for one in self.cameras.values())


def first_features(model: str) -> dict[int, Feature]:
    """Return the feature parameters of a telescope just switched on."""
    features = {
        0: Feature(),  # binning
        1: Feature(mode_index=1, value=float(DEFAULT_COUNT)),  # frames to take
        2: Feature(),  # file format
        3: Feature(),  # burst count
        4: Feature(index=1 if model == "D3" else 0),  # time-lapse interval, 1 s
        5: Feature(index=6),  # time-lapse total, 5 min
        6: Feature(mode_index=1, value=3.0),  # panorama rows
        7: Feature(mode_index=1, value=3.0),  # panorama columns
        8: Feature(),  # astro display
        9: Feature(),  # burst interval
        14: Feature(),  # AI enhancement
        15: Feature(mode_index=1, value=4.0),  # mosaic sub-images
    }
    if model == "D3":
        features |= {number: Feature() for number in (10, 11, 12, 13)}
    return features
