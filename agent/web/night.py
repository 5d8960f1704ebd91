"""One night as the page draws it: plain values. Instants are aware UTC, durations seconds, angles degrees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from agent.sky.horizon import HorizonMask
from agent.sky.nights import Interval, SunEvents
from agent.targets import Site, Target

State = Literal["imaging", "paused", "waiting", "planned", "done", "not_tonight"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A session with its place in the night. `block` is None for one that does not run tonight, `more` are
    others of one that runs in several.

    `reason` is a word of the closed list ("" for none) and `sentence` says it for people. `total` is frames
    asked for (0 unknown); `exposure_s` of each. `recipe` holds exposure, gain and filter as shown.
    """

    session_id: str
    name: str
    state: State
    target: Target | None = None
    block: Interval | None = None
    more: tuple[Interval, ...] = ()
    reason: str = ""
    sentence: str = ""
    notes: tuple[str, ...] = ()
    taken: int = 0
    stacked: int = 0
    total: int = 0
    exposure_s: float = 0.0
    recipe: tuple[str, ...] = ()
    outcome: str = ""
    priority: int = 0
    min_altitude: float = 0.0
    starts: datetime | None = None  # not before then
    fresh: bool = False  # what a change would add or move

    @property
    def waits(self) -> bool:
        """Whether it can still be moved, changed and taken out."""
        return self.state in ("waiting", "planned", "not_tonight")


@dataclass(frozen=True, slots=True, kw_only=True)
class NightView:
    """A night with its sessions in the order of their time; those that do not run come last.

    `coming` is the night that lasts or comes next: of an earlier one, `rows` are what ended in it. Of a night
    with a change, `before` says when each session that waits runs without it (None: not that night).
    """

    site: Site
    night: date
    coming: date
    now: datetime
    sun: SunEvents
    dark: Interval | None
    moon_up: tuple[Interval, ...]
    moon_illumination: float
    bounds: Interval
    rows: tuple[Row, ...]
    sun_below: float
    min_altitude: float
    horizon: HorizonMask | None = None
    before: Mapping[str, Interval | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """What would be different: a session's start, priorities, a new document beside the others."""

    moved: str = ""  # the session that it is about
    start: datetime | None = None  # of `moved`
    priorities: Mapping[str, int] = field(default_factory=dict)
    added: Mapping[str, Any] | None = None
    in_place_of: str = ""  # the session that `added` replaces


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """One ended session as its night's table has it."""

    session_id: str
    target: str
    outcome: str
    reason: str
    message: str
    started: datetime | None
    ended: datetime | None
    requested: int
    taken: int
    stacked: int
    integration_s: float
    waited: str
    picture: bool


@dataclass(frozen=True, slots=True)
class Course:
    """One thing of a session's frames over time: the share `stacked` of those taken (percent), and where
    frames were measured the width of their stars (`hfd`, pixels), their number, and the sky's `background`.
    """

    name: Literal["stacked", "hfd", "stars", "background"]
    points: tuple[tuple[datetime, float], ...]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a session that can be had; `size` in bytes."""

    name: str
    path: Path
    size: int


@dataclass(frozen=True, slots=True)
class SessionLeft:
    """What is left of a session that ended."""

    courses: tuple[Course, ...] = ()
    files: tuple[StoredFile, ...] = ()


@dataclass(frozen=True, slots=True)
class NightRecord:
    """A night with what ended in it."""

    night: date
    sessions: tuple[SessionRecord, ...]

    @property
    def integration_s(self) -> float:
        """Seconds of light collected."""
        return sum(one.integration_s for one in self.sessions)
