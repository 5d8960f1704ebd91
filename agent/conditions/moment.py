"""What the rules are asked about, and what they answer: plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import ClassVar, Protocol
from zoneinfo import ZoneInfo

from agent.events import Reason, SafetyDecision, Telemetry
from agent.targets import Site, SolarBody, SolarTarget, Target


class Link(StrEnum):
    """Whether the telescope can be commanded."""

    READY = "ready"
    UNREACHABLE = "unreachable"
    HELD_BY_OTHER = "held_by_other"


@dataclass(frozen=True, slots=True)
class Window:
    """When a session may begin (None: at once), and when it must be over (None: no end). Aware UTC."""

    start: datetime | None
    end: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Everything a rule may look at.

    `target` None is a session that images wherever the telescope points; `duration_s` what is still planned,
    goto included; `safety` None means that no safety monitor has spoken; `running` that the session began.
    """

    now: datetime
    site: Site | None
    target: Target | None = None
    window: Window | None = None
    duration_s: float = 0.0
    link: Link = Link.READY
    telemetry: Telemetry = field(default_factory=Telemetry)
    safety: SafetyDecision | None = None
    sun_filter: bool = False
    running: bool = False

    @property
    def bright_target(self) -> bool:
        """Whether daylight and moonlight mean nothing to the target: it is the Sun or the Moon."""
        return isinstance(self.target, SolarTarget) and self.target.body in {SolarBody.SUN, SolarBody.MOON}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule's answer.

    `until` is when the answer may change by itself (None: not known, or not before the planned end).
    `final` means that waiting will not help: the answer stays no for as long as the session could still run.
    """

    rule: str
    allowed: bool
    reason: Reason
    message: str
    until: datetime | None = None
    final: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What all rules say together: `blocking` holds the ones against it, the most decisive first."""

    allowed: bool
    blocking: tuple[Verdict, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def until(self) -> datetime | None:
        """The earliest instant at which a no may become a yes; for a yes, when it may become a no."""
        known = [verdict.until for verdict in self.blocking or self.verdicts if verdict.until is not None]
        if not known:
            return None
        return max(known) if self.blocking else min(known)

    @property
    def final(self) -> bool:
        """Whether waiting will not help."""
        return any(verdict.final for verdict in self.blocking)

    @property
    def reason(self) -> Reason | None:
        """The reason of the most decisive rule against it."""
        return self.blocking[0].reason if self.blocking else None

    @property
    def message(self) -> str:
        """The rules against it, in sentences; of a final no, only those that make it final."""
        told = [verdict for verdict in self.blocking if verdict.final] or self.blocking
        return " ".join(verdict.message for verdict in told)


class Rule(Protocol):
    """One condition. Cheap ones are asked first; `foreseeable` ones depend on time and sky alone."""

    name: ClassVar[str]
    cost: ClassVar[int]
    foreseeable: ClassVar[bool]

    def check(self, moment: Moment) -> Verdict:
        """Answer yes or no, with the reason."""


def clock_words(instant: datetime, site: Site | None) -> str:
    """Return an instant as people at the site read it: "23:40"."""
    zone = ZoneInfo(site.timezone) if site else UTC
    return instant.astimezone(zone).strftime("%H:%M")
