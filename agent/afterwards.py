"""What becomes of frames, sessions and measurements, as events: how they are kept, told and summed up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal

from agent.events import Event, Reason, SessionBrief


class DownloadState(StrEnum):
    """What the fetching into the archive is doing."""

    IDLE = "idle"
    WAITING = "waiting"
    FETCHING = "fetching"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadChanged(Event):
    """How far the fetching is, of the session named. Sizes in bytes, `rate` in bytes a second.

    `sessions` counts those that are still to be fetched; `message` says why it waits or failed.
    """

    state: DownloadState
    session_id: str = ""
    target: str = ""
    files: int = 0
    files_done: int = 0
    size: int = 0
    size_done: int = 0
    rate: float = 0.0
    sessions: int = 0
    reason: Reason | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionArchived(Event):
    """A session of that night is in the archive, in `folder`; not `complete` when some cannot be had.

    Told once more, `deleted`, when the telescope has it no longer because a person had set that.
    """

    session_id: str
    target: str
    complete: bool
    night: date
    files: int
    size: int
    folder: str
    message: str
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NightReported(Event):
    """A night is over: its title, two sentences, its sums, where its page is, and its best picture (JPEG)."""

    night: date
    title: str
    message: str
    sessions: int
    completed: int
    taken: int
    stacked: int
    integration_s: float
    path: str
    picture: bytes | None = None
    picture_target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalsChanged(Event):
    """What a telescope has collected in all; these never go down."""

    light_s: float
    sessions: int
    completed: int
    nights: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SkyChanged(Event):
    """The telescope keeps clearly fewer of a session's frames than at its beginning, or they are worse.

    Or it is over. Shares from 0 to 1; `sudden` tells a cloud from dew, `reasons` are what the frames show.
    """

    session: SessionBrief
    degraded: bool
    kept: float
    usual: float
    sudden: bool
    message: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameMeasured(Event):
    """A frame of a running session by its stars: their number and half-flux diameter, and its background."""

    session: SessionBrief
    stars: int
    background: float
    hfd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolarAlignmentMeasured(Event):
    """The polar alignment error in degrees; which way to `turn` the mount, and to `lift` it."""

    azimuth: float
    altitude: float
    turn: Literal["clockwise", "counter-clockwise"]
    lift: Literal["raise", "lower"]
    message: str
