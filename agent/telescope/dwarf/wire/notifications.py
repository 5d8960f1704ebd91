"""What the telescope says unasked, as frozen values. Whatever nobody knows becomes `Unknown`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from agent.capabilities import Camera
from agent.telescope.dwarf.proto import notify_pb2, schedule_pb2
from agent.telescope.dwarf.wire.envelope import Generation, M, MalformedError, decode

_ON_BATTERY_OR_SLOWLY = 1


class State(IntEnum):
    """The state of an operation. Only calibration and goto know PLATE_SOLVING."""

    IDLE = 0
    RUNNING = 1
    STOPPING = 2
    STOPPED = 3
    PLATE_SOLVING = 4


class Counted(IntEnum):
    """Which number a capture progress brings up to date."""

    TAKEN = 0
    STACKED = 1
    BOTH = 2


@dataclass(frozen=True, slots=True)
class Unknown:
    """A notification without a decoder, or one whose bytes do not fit."""

    cmd: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something came that is no packet: whatever it told is missed."""


@dataclass(frozen=True, slots=True)
class BatteryLevel:
    percent: int


@dataclass(frozen=True, slots=True)
class ChargingState:
    """None: newer firmware's 1, which is told on battery and by others while charging slowly."""

    charging: bool | None


@dataclass(frozen=True, slots=True)
class StorageSpace:
    """Free and total space of the card, in GB."""

    free_gb: int
    total_gb: int


@dataclass(frozen=True, slots=True)
class BodyTemperature:
    celsius: int


@dataclass(frozen=True, slots=True)
class SensorTemperature:
    """V3: of one camera."""

    camera: Camera
    celsius: int


@dataclass(frozen=True, slots=True)
class HostMode:
    """Whether this client controls the telescope; who is host keeps it, with the lock or without."""

    host: bool


@dataclass(frozen=True, slots=True)
class FocusAt:
    position: int


@dataclass(frozen=True, slots=True)
class Tracking:
    """The telescope follows (or no longer follows) a target; `name` is the one the goto gave."""

    state: int
    name: str


@dataclass(frozen=True, slots=True)
class CalibrationStep:
    state: int


@dataclass(frozen=True, slots=True)
class CalibrationDone:
    """V3: the calibration succeeded. Degrees."""

    azimuth: float
    altitude: float


@dataclass(frozen=True, slots=True)
class BodyMode:
    """V3: how the body stands, told after a calibration among others."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """V3: the telescope works on something: proof of life, nothing more."""


@dataclass(frozen=True, slots=True)
class GotoStep:
    """The state of a goto; only V3 says for which target."""

    state: int
    name: str


@dataclass(frozen=True, slots=True)
class FocusRun:
    """V3: the state of a focus search."""

    state: int


@dataclass(frozen=True, slots=True)
class EqStep:
    """The state of the polar alignment measurement."""

    state: int


@dataclass(frozen=True, slots=True)
class CaptureState:
    camera: Camera
    state: int


@dataclass(frozen=True, slots=True)
class CaptureCount:
    """Progress of a capture; `counted` says which of the two numbers is news.

    Of a mosaic it tells the pane it is at, counted from 1, and how many there are; else both are 0.
    """

    camera: Camera
    counted: int
    total: int
    taken: int
    stacked: int
    target: str
    exposure_index: int = 0  # 0 is not told
    pane: int = 0
    panes: int = 0


@dataclass(frozen=True, slots=True)
class ParamsEcho:
    """V2: parameters of a camera changed."""


@dataclass(frozen=True, slots=True)
class ParamEcho:
    """V3: one parameter changed."""

    param_id: int
    value: int


@dataclass(frozen=True, slots=True)
class ModeIs:
    """V3: the shooting mode the telescope is in."""

    mode: int


@dataclass(frozen=True, slots=True)
class TechniqueIs:
    """V3: the shooting technique the telescope is ready for."""

    technique: int


@dataclass(frozen=True, slots=True)
class ExposureTick:
    """A long exposure goes on. Seconds."""

    camera: Camera
    total_s: float
    exposed_s: float


@dataclass(frozen=True, slots=True)
class ScheduleNews:
    """V3: a schedule of the telescope's own, or a task of one, changed."""


@dataclass(frozen=True, slots=True)
class LateAnswer:
    """An answer to a command that was answered before, or is waited for no longer."""

    cmd: int
    data: bytes


@dataclass(frozen=True, slots=True)
class AlbumChanged:
    """Pictures came or went."""


@dataclass(frozen=True, slots=True)
class PoweringOff:
    """The telescope switches off or restarts; the link drops next."""


Notification = (
    Unknown
    | Unreadable
    | BatteryLevel
    | ChargingState
    | StorageSpace
    | BodyTemperature
    | SensorTemperature
    | HostMode
    | FocusAt
    | Tracking
    | CalibrationStep
    | CalibrationDone
    | BodyMode
    | Waiting
    | GotoStep
    | FocusRun
    | EqStep
    | CaptureState
    | CaptureCount
    | ParamsEcho
    | ParamEcho
    | ModeIs
    | TechniqueIs
    | ExposureTick
    | ScheduleNews
    | LateAnswer
    | AlbumChanged
    | PoweringOff
)

_MOST_PANES = 1000  # more is no mosaic
_WIDE = 1  # as messages number the cameras

_Decoder = Callable[[bytes, Generation], Notification | None]


def read_notification(cmd: int, data: bytes, generation: Generation = Generation.V3) -> Notification:
    """Turn a notification's bytes into a value. Never raises: what cannot be read is `Unknown`."""
    decoder = _DECODERS.get(cmd)
    if decoder is None:
        return Unknown(cmd, data)
    try:
        return decoder(data, generation) or Unknown(cmd, data)
    except MalformedError:
        return Unknown(cmd, data)


def _simple(kind: type[M], build: Callable[[M], Notification | None]) -> _Decoder:
    return lambda data, _: build(decode(kind, data))


def host_mode(message: notify_pb2.HostSlaveMode) -> HostMode:
    """Mode 0 is host, anything else slave."""
    return HostMode(host=message.mode == 0)


def one_click(message: notify_pb2.OneClickGotoState) -> Notification | None:
    """The phase a one-click goto is in, as the notification of that phase alone."""
    match message.WhichOneof("phase"):
        case "focus":
            return FocusRun(message.focus.state)
        case "calibration":
            return CalibrationStep(message.calibration.state)
        case "goto":
            return GotoStep(message.goto.state, message.goto.target_name)
        case "tracking":
            return Tracking(message.tracking.state, message.tracking.target_name)
        case _:
            return None


def charging(message: notify_pb2.Charging, generation: Generation) -> ChargingState:
    """Whether the battery charges, as far as the state alone says."""
    doubtful = generation is Generation.V3 and message.state == _ON_BATTERY_OR_SLOWLY
    return ChargingState(None if doubtful else message.state != 0)


def _eq_step(data: bytes, generation: Generation) -> EqStep:
    if generation is Generation.V3:
        return EqStep(decode(notify_pb2.OperationState, data).state)
    return EqStep(decode(notify_pb2.EqSolvingStateV2, data).state)


def _camera(number: int) -> Camera:
    return Camera.WIDE if number == _WIDE else Camera.TELE


def _capture_state(camera: Camera | None = None) -> _Decoder:
    """Of that camera, or of the one the message names: V3 tells both under one number."""
    return _simple(
        notify_pb2.CameraOperation,
        lambda message: CaptureState(camera or _camera(message.camera), message.state),
    )


def _capture_count(camera: Camera | None = None) -> _Decoder:
    return _simple(
        notify_pb2.StackingProgress,
        lambda message: CaptureCount(
            camera or _camera(message.camera),
            message.update_count_type,
            message.total_count,
            message.current_count,
            message.stacked_count,
            message.target_name,
            message.exp_index,
        ),
    )


def _mosaic_count(message: notify_pb2.MosaicProgress) -> CaptureCount | None:
    if not 0 < message.fov_id <= message.fov_total <= _MOST_PANES:
        return None
    return CaptureCount(
        Camera.TELE,
        message.update_count_type,
        message.total_count,
        message.current_count,
        message.stacked_count,
        message.target_name,
        message.exp_index,
        pane=message.fov_id,
        panes=message.fov_total,
    )


def _exposure_tick(camera: Camera) -> _Decoder:
    return _simple(
        notify_pb2.LongExposureV2,
        lambda message: ExposureTick(camera, message.total_time, message.exposed_time),
    )


_params = _simple(notify_pb2.ParamsChanged, lambda _message: ParamsEcho())

_focus_run = _simple(notify_pb2.OperationState, lambda message: FocusRun(message.state))

_DECODERS: dict[int, _Decoder] = {
    15201: _simple(notify_pb2.Battery, lambda message: BatteryLevel(message.percentage)),
    15202: lambda data, generation: charging(decode(notify_pb2.Charging, data), generation),
    15203: _simple(
        notify_pb2.Storage, lambda message: StorageSpace(message.available_size, message.total_size)
    ),
    15208: _capture_state(),
    15209: _capture_count(),
    15210: _simple(
        notify_pb2.CalibrationState,
        lambda message: CalibrationStep(message.state),
    ),
    15211: _simple(notify_pb2.GotoState, lambda message: GotoStep(message.state, message.target_name)),
    15212: _simple(notify_pb2.TrackingState, lambda message: Tracking(message.state, message.target_name)),
    15213: _params,
    15214: _params,
    15223: _simple(notify_pb2.HostSlaveMode, host_mode),
    15228: _simple(notify_pb2.SunMoonTracking, lambda message: Tracking(message.state, message.target_name)),
    15229: lambda _data, _generation: PoweringOff(),
    15230: _simple(notify_pb2.AlbumChanged, lambda _message: AlbumChanged()),
    15233: _simple(notify_pb2.OneClickGotoState, one_click),
    15236: _capture_state(Camera.WIDE),
    15237: _capture_count(Camera.WIDE),
    15239: _eq_step,
    15241: _exposure_tick(Camera.TELE),
    15242: _exposure_tick(Camera.WIDE),
    15243: _simple(notify_pb2.BodyTemperature, lambda message: BodyTemperature(message.temperature)),
    15248: _simple(schedule_pb2.ScheduleChanged, lambda _message: ScheduleNews()),
    15249: _simple(schedule_pb2.ScheduledTaskChanged, lambda _message: ScheduleNews()),
    15256: _simple(notify_pb2.CalibrationResult, lambda message: CalibrationDone(message.azi, message.alt)),
    15255: _simple(notify_pb2.WaitingProgress, lambda _message: Waiting()),
    15257: _simple(notify_pb2.FocusPosition, lambda message: FocusAt(message.pos)),
    15262: _simple(notify_pb2.BodyStatus, lambda _message: BodyMode()),
    15263: _simple(notify_pb2.MosaicProgress, _mosaic_count),
    15264: _simple(notify_pb2.IntParam, lambda message: ParamEcho(message.param_id, message.value)),
    15267: _simple(notify_pb2.ModeSwitched, lambda message: ModeIs(message.destination)),
    15269: _simple(notify_pb2.ModeSwitched, lambda message: TechniqueIs(message.destination)),
    15278: _focus_run,
    15280: _focus_run,
    15288: _simple(
        notify_pb2.LongExposure,
        lambda message: ExposureTick(_camera(message.camera), message.total_time, message.exposed_time),
    ),
    15292: _simple(
        notify_pb2.SensorTemperature,
        lambda message: SensorTemperature(_camera(message.camera), message.temperature),
    ),
}
