"""What truly happened on the simulated hardware, and what truly arrived on its wire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeVar

from google.protobuf.message import Message


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened at an instant of the simulator's clock."""

    at: datetime


@dataclass(frozen=True, slots=True)
class ShutterOpened(Entry):
    """A capture began. `camera` is 0 tele, 1 wide; `ra_hours`/`dec_degrees` where the telescope points."""

    camera: int
    exposure_s: float
    gain: int
    filter: int
    frames: int
    target: str
    ra_hours: float | None = None
    dec_degrees: float | None = None


@dataclass(frozen=True, slots=True)
class FrameTaken(Entry):
    """One exposure was read out; `number` counts from 1 within its capture."""

    camera: int
    number: int
    stacked: bool


@dataclass(frozen=True, slots=True)
class ShutterClosed(Entry):
    """A capture is over: `reason` is "finished", "stopped", "ended early", "storage full" or "lost"."""

    camera: int
    taken: int
    stacked: int
    reason: str


@dataclass(frozen=True, slots=True)
class DarksTaken(Entry):
    """Dark frames were taken, as many as asked for; `gain` is the displayed number."""

    camera: int
    exposure_s: float
    gain: int
    binning: int
    frames: int
    celsius: int


@dataclass(frozen=True, slots=True)
class Slew(Entry):
    """The mount was sent somewhere. `hazardous` when that is near the Sun; `code` is how it ended (0 fine).

    Coordinates are J2000; `altitude` in degrees is None while site or time are unknown.
    """

    target: str
    ra_hours: float
    dec_degrees: float
    altitude: float | None
    sun_distance: float
    hazardous: bool
    code: int


@dataclass(frozen=True, slots=True)
class Calibration(Entry):
    """A calibration ended with that code after that many plate solves."""

    solves: int
    code: int


@dataclass(frozen=True, slots=True)
class Focused(Entry):
    """The focus motor stopped at a position."""

    position: int
    code: int


@dataclass(frozen=True, slots=True)
class PolarAlignment(Entry):
    """The polar alignment error was measured, in degrees."""

    azimuth: float
    altitude: float
    code: int


@dataclass(frozen=True, slots=True)
class MotorMoved(Entry):
    """A motor was moved by hand: 1 rotation, 2 pitch."""

    motor: int
    position: float


@dataclass(frozen=True, slots=True)
class PhotoTaken(Entry):
    """A single picture was taken."""

    camera: int
    path: str


@dataclass(frozen=True, slots=True)
class Powered(Entry):
    """The telescope went "off", "rebooting" or "on"; `reason` says why."""

    state: str
    reason: str


E = TypeVar("E", bound=Entry)


class History(list[Entry]):
    """Every physical event, oldest first."""

    def of(self, kind: type[E]) -> list[E]:
        """Return the entries of one kind, oldest first."""
        return [entry for entry in self if isinstance(entry, kind)]


class Received(NamedTuple):
    """One request as it arrived. `request` is the decoded message, None when it is unknown or undecodable."""

    at: datetime
    module: int
    cmd: int
    request: Message | None
    client_id: str
