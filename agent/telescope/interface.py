"""What a telescope can be asked to do. Drivers and the simulator-backed tests share this contract.

Rules for every driver:

- The connection has its own lifetime: `open()` returns at once and keeps (re)connecting until `close()`.
- A command waits for the telescope's own completion (docs/protocol.md names it per command), not for a mere
  acknowledgement, and ends in a `TelescopeError` subclass when it fails. Commands that find no connection
  raise `UnreachableError`.
- Cancelling a command only stops waiting for it. `halt()` is what stops the telescope.
- A capture belongs to the telescope, not to the connection: `follow_capture` survives lost links by itself
  and re-attaches; it raises `UnreachableError` only when the telescope stays away too long.
- A `site` of None means that nobody told the agent where the telescope stands: the driver leaves the location
  out and the telescope uses the one it has (from the phone app); RefusedError where it cannot do without.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from agent.capabilities import Camera, Capabilities
from agent.events import Frames, Saved, Telemetry
from agent.mosaics import Mosaic
from agent.own_schedule import OwnSchedule
from agent.targets import Site, SkyTarget, SolarTarget
from agent.telescope.card import Card
from agent.telescope.darks import DarkKind, DarkLibrary
from agent.telescope.errors import RefusedError

NO_SCHEDULE_HINT = "Firmware since late 2025 with the built-in driver keeps schedules."


class ConnectionState(StrEnum):
    """The link to the telescope."""

    CLOSED = "closed"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    HELD_BY_OTHER = "held_by_other"
    RESTING = "resting"  # left alone on purpose, so that other clients find it free; take_control wakes it


@dataclass(frozen=True, slots=True)
class Identity:
    """Which telescope this is. `serial` is the stable hardware fact when one is known, else "".

    `doubt` says that it is driven like `model` without being known to be one; "" otherwise.
    """

    model: str
    device_id: int
    name: str = ""
    firmware: str = ""
    generation: str = ""
    serial: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """Settings of one camera, in the telescope's own values; None leaves a setting alone.

    `exposure` is the index of `capabilities.Exposure`, `gain` the displayed number, `filter` and `binning`
    the values of `capabilities.Filter` / `Binning`, `format` "FITS" or "TIFF", `count` frames to take. With a
    `mosaic` there is no count: the next capture of the camera is that mosaic, made by the telescope itself.
    """

    exposure: int | None = None
    gain: int | None = None
    filter: int | None = None
    binning: int | None = None
    format: str | None = None
    count: int | None = None
    mosaic: Mosaic | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureFacts:
    """What tells one capture from another, as far as the telescope says it; None is unknown.

    `target` is the name its goto was given, `ra_hours` and `dec_degrees` where it points (J2000), `began` the
    telescope's own time of its beginning, aware UTC. A driver never fills in what it merely asked for.
    `without_darks` is true when the telescope was told to go on although no dark frame fits. `panes` are the
    frames of each pane of a mosaic, in the order of their numbers; empty for a single field.
    """

    target: str | None = None
    ra_hours: float | None = None
    dec_degrees: float | None = None
    exposure_s: float | None = None
    began: datetime | None = None
    without_darks: bool = False
    panes: tuple[Frames, ...] = ()


@dataclass(frozen=True, slots=True)
class CaptureProgress(CaptureFacts):
    """A running capture: frames so far. `total` is what the telescope says it will take (0 unknown).

    `pane` is the pane of a mosaic that it is at, counted from 1; 0 for a single field.
    """

    camera: Camera
    taken: int
    stacked: int
    total: int = 0
    pane: int = 0


class CaptureEnd(StrEnum):
    """How a capture ended, as far as the telescope tells."""

    FINISHED = "finished"  # the telescope ended it by itself
    STOPPED = "stopped"  # somebody asked it to stop
    UNKNOWN = "unknown"  # it ended while nobody was connected and left no record


@dataclass(frozen=True, slots=True)
class CaptureReport(CaptureFacts):
    """A capture that is over, with the frames it took and stacked by the telescope's own count.

    `total` is what it was to take (0 unknown), `folder` where the telescope keeps it ("" unknown).
    """

    camera: Camera
    taken: int
    stacked: int
    end: CaptureEnd
    folder: str = ""
    total: int = 0


@dataclass(frozen=True, slots=True)
class EqError:
    """Polar alignment error in degrees: azimuth positive = turn clockwise, altitude positive = raise."""

    azimuth: float
    altitude: float

    @property
    def knobs(self) -> tuple[Literal["clockwise", "counter-clockwise"], Literal["raise", "lower"]]:
        """Which way to turn the mount, and to move it."""
        return (
            "clockwise" if self.azimuth > 0 else "counter-clockwise",
            "raise" if self.altitude > 0 else "lower",
        )

    @property
    def words(self) -> str:
        """Which way, and how far."""
        turn, lift = self.knobs
        return f"Turn the mount {abs(self.azimuth):.2f}° {turn}, and {lift} it by {abs(self.altitude):.2f}°."


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG as the telescope serves it. `taken_at` is the telescope's own modification time, aware UTC.

    `target` is what the telescope itself calls what it shows, "" when it does not tell.
    """

    jpeg: bytes
    path: str
    taken_at: datetime | None
    target: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionChanged:
    """The link changed state. `message` says why it was lost."""

    state: ConnectionState
    message: str = ""


@dataclass(frozen=True, slots=True)
class TelemetryReport:
    """Telemetry changed."""

    telemetry: Telemetry


@dataclass(frozen=True, slots=True)
class SchedulesReport:
    """What the telescope keeps to do by itself became known, or changed."""

    schedules: tuple[OwnSchedule, ...]


TelescopeEvent = ConnectionChanged | TelemetryReport | CaptureProgress | SchedulesReport | EqError
Listener = Callable[[TelescopeEvent], None]


class TelescopeView(ABC):
    """What is seen of a telescope without commanding it."""

    @property
    @abstractmethod
    def connection(self) -> ConnectionState:
        """The link as it is now."""

    async def answers(self) -> bool:
        """Whether the telescope is there, found out without taking it from another client."""
        return self.connection in (ConnectionState.CONNECTED, ConnectionState.HELD_BY_OTHER)

    @abstractmethod
    async def wait_connected(self) -> None:
        """Return once the link is up and the telescope is identified; waits for ever (bound it outside)."""

    @property
    @abstractmethod
    def identity(self) -> Identity | None:
        """Which telescope answered last; None before the first connection."""

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """Tables of the telescope itself when it gave them, else the built-in ones of its model."""

    @property
    @abstractmethod
    def telemetry(self) -> Telemetry:
        """The last known telemetry."""

    @property
    def calibrated(self) -> bool | None:
        """Whether the telescope said when last asked that it is calibrated; None when it does not tell."""
        return None

    @property
    def schedules(self) -> tuple[OwnSchedule, ...]:
        """What the telescope keeps to do by itself, as it told last; empty for one without such a thing."""
        return ()

    @property
    def schedules_told(self) -> bool:
        """Whether it told that on this connection; until then anything it does may be by its own schedule."""
        return True

    @abstractmethod
    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` for each event, in the event loop; the returned function removes it."""

    @abstractmethod
    async def recorded_captures(self, camera: Camera, since: datetime) -> tuple[CaptureReport, ...]:
        """The telescope's own records of captures begun after `since`, newest first, whoever began them."""

    @abstractmethod
    async def latest_picture(self, since: datetime, folders: Collection[str] = ()) -> Picture | None:
        """The newest stacked picture of a capture begun after `since`; None when there is none yet.

        With `folders`, that of a capture kept in one of them, of the tele camera before the wide one.
        """

    async def saved(self, folder: str) -> tuple[Saved, ...]:  # noqa: ARG002 - of one that keeps no records
        """What the telescope's own records say of the capture it keeps in a folder, one for each record."""
        return ()

    @property
    def card(self) -> Card | None:
        """The files on its card; None for a telescope whose card cannot be read."""
        return None

    async def in_use(self) -> bool:
        """Whether another client uses the telescope, found out without taking it from that client."""
        return self.connection is ConnectionState.HELD_BY_OTHER

    @property
    @abstractmethod
    def streams(self) -> dict[str, str]:
        """Live stream addresses by name ("tele", "wide_jpeg", …); empty before the first connection."""


class Telescope(TelescopeView):
    """One telescope. All coroutines may raise `TelescopeError` subclasses, nothing else on purpose."""

    @abstractmethod
    async def open(self) -> None:
        """Start connecting, and keep doing so; return at once. Wakes a telescope that rests."""

    @abstractmethod
    async def close(self) -> None:
        """Give the lock back, close the link, stop every task. Never raises for an absent telescope."""

    # -- control ----------------------------------------------------------------------------------------

    @abstractmethod
    async def take_control(self) -> None:
        """Become the controlling client. HeldByOtherError while another client holds the telescope."""

    @abstractmethod
    async def release_control(self) -> None:
        """Let other clients (the phone app) control the telescope. Best effort, never raises.

        A telescope that serves one client at a time is left alone (RESTING) until `take_control`.
        """

    @abstractmethod
    async def set_time(self, now: datetime, timezone: str, site: Site | None) -> None:
        """Set the telescope's clock, time zone (IANA name) and, where it takes one, its location."""

    @abstractmethod
    async def go_live(self) -> None:
        """Finish the previous imaging session's display and return to live view."""

    async def prepare(self, target: SkyTarget | SolarTarget | None, camera: Camera) -> None:
        """Make a camera ready for captures of this target (None: wherever the telescope points).

        From then on `capabilities` says what the camera takes for it. Moves nothing and changes no setting.
        """

    @abstractmethod
    async def halt(self) -> None:
        """Stop whatever captures, moves or solves, and return when it stopped. Harmless when idle."""

    @abstractmethod
    async def park(self) -> None:
        """Fold the telescope into its parked position."""

    @abstractmethod
    async def shutdown(self) -> None:
        """Power the telescope off."""

    @abstractmethod
    async def reboot(self) -> None:
        """Restart the telescope."""

    # -- the telescope's own schedule -------------------------------------------------------------------

    async def give_schedule(self, wanted: OwnSchedule) -> None:
        """Have the telescope keep a schedule, in the place of one with the same id."""
        raise RefusedError(
            f"This telescope takes no schedule {wanted.name!r}.",
            code="no_own_schedule",
            hint=NO_SCHEDULE_HINT,
        )

    async def take_back_schedule(self, schedule_id: str) -> None:
        """Have the telescope end and forget a schedule; harmless for one it does not know."""

    # -- pointing and focus -----------------------------------------------------------------------------

    @abstractmethod
    async def calibrate(self, site: Site | None) -> None:
        """Calibrate the pointing by plate solving; waits for a mount that was stopped to come to rest."""

    @abstractmethod
    async def stop_goto(self) -> None:
        """Stop a goto or tracking; harmless when there is none."""

    @abstractmethod
    async def goto(self, target: SkyTarget | SolarTarget, site: Site | None) -> None:
        """Point at the target and track it; returns when tracking runs."""

    async def nudge(self, angle: float, seconds: float) -> None:  # noqa: ARG002 - of one that cannot
        """Turn for a moment as a joystick does, 0 degrees to the right, 90 up; returns when stopped."""
        raise RefusedError("This driver does not turn the telescope by hand.", code="no_nudge")

    @abstractmethod
    async def auto_focus(self) -> None:
        """Search the focus on stars."""

    async def focus_step(self, *, near: bool, steps: int) -> None:  # noqa: ARG002 - of one that cannot
        """Turn the focus by so many of its smallest steps, nearer or farther."""
        raise RefusedError("This driver does not step the focus.", code="no_focus_step")

    @abstractmethod
    async def infinite_focus(self) -> None:
        """Go to the stored infinity focus."""

    @abstractmethod
    async def solve_eq(self, site: Site | None) -> EqError:
        """Measure the polar alignment error, and tell it as an event; waits for a stopped mount to rest."""

    # -- darks ------------------------------------------------------------------------------------------

    async def darks(self, camera: Camera) -> DarkLibrary:
        """Ask which dark frames the telescope keeps for a camera."""
        raise RefusedError(f"Nobody can ask for the {camera} dark frames here.", code="no_darks")

    async def shoot_darks(self, kind: DarkKind, frames: int) -> None:
        """Take dark frames in the dark (a filter, or the cap); returns once the telescope has them."""
        raise RefusedError(f"Nobody can take {frames} {kind.camera} dark frames here.", code="no_darks")

    async def stop_darks(self, camera: Camera) -> None:
        """Stop taking dark frames; harmless when none are taken, or nobody can."""

    # -- camera -----------------------------------------------------------------------------------------

    @abstractmethod
    async def apply(self, camera: Camera, settings: CameraSettings) -> None:
        """Open the camera if need be and set every setting that is not None."""

    @abstractmethod
    async def read(self, camera: Camera) -> CameraSettings:
        """Read the settings back; what the telescope does not tell is None."""

    @abstractmethod
    async def start_capture(self, camera: Camera, *, without_goto: bool = False) -> None:
        """Open the shutter for a stacked capture with the settings applied; returns when it runs.

        A telescope that wants a goto first is made to go on without one only if `without_goto`.
        """

    @abstractmethod
    async def follow_capture(
        self, camera: Camera, on_progress: Callable[[CaptureProgress], None] | None = None
    ) -> CaptureReport:
        """Wait for the end of the capture that runs (or ended since it was started) and count its frames."""

    @abstractmethod
    async def running_capture(self, camera: Camera) -> CaptureProgress | None:
        """Ask the telescope whether a capture runs now; None when not."""

    @abstractmethod
    async def stop_capture(self, camera: Camera) -> CaptureReport:
        """Stop the capture and wait until the telescope has closed it; no frames when none ran."""
