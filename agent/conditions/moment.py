"""What the rules are asked about: plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from agent.targets import Site, SolarBody, SolarTarget, Target
from agent.telemetry import Telemetry

if TYPE_CHECKING:
    from agent.events import SafetyDecision


class Link(StrEnum):
    """Whether the telescope can be commanded."""

    READY = "ready"
    UNREACHABLE = "unreachable"
    HELD_BY_OTHER = "held_by_other"


@dataclass(frozen=True, slots=True)
class Window:
    """When a session may begin (None: at once), and when it must be over (None: no end). Aware UTC."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sky:
    """What the rules of the sky look at: hashable, so what they say of a night is computed once.

    `target` None is a session that images wherever the telescope points; `due` when it may begin (aware UTC),
    None when that is not asked for.
    """

    site: Site
    target: Target | None = None
    due: datetime | None = None
    sun_filter: bool = False

    @property
    def bright(self) -> bool:
        """Whether daylight and moonlight mean nothing to the target."""
        return is_bright(self.target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Everything a rule may look at.

    `zone` is whose clocks people read, `sky` None while nobody said where the telescope stands; `safety` None
    means that no safety monitor has spoken; `running` that the session began, or that a person wants it to
    begin now.
    """

    now: datetime
    zone: tzinfo
    sky: Sky | None = None
    window: Window = Window()
    link: Link = Link.READY
    telemetry: Telemetry = field(default_factory=Telemetry)
    safety: SafetyDecision | None = None
    running: bool = False


def is_bright(target: Target | None) -> bool:
    """Return whether it is the Sun or the Moon, which need no darkness."""
    return isinstance(target, SolarTarget) and target.body in {SolarBody.SUN, SolarBody.MOON}


def clock_words(instant: datetime, where: Site | tzinfo) -> str:
    """Return an instant as people read it at a site, or by the clocks of a zone: "23:40"."""
    zone = ZoneInfo(where.timezone) if isinstance(where, Site) else where
    return instant.astimezone(zone).strftime("%H:%M")
