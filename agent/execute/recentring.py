"""When a capture of a comet or an asteroid has to be pointed again: once it left the middle of the field."""

from __future__ import annotations

from datetime import datetime

from agent.clock import Clock
from agent.session.recentring import LEAST_PAUSE_S, PART_OF_FIELD
from agent.sky.ephemeris import fixed, separation
from agent.targets import MovingTarget, Site, Target


class TargetMovedError(Exception):
    """The target of a capture left the middle of the field: the telescope is to be pointed again."""


class Recentring:
    """Owner of when the telescope was pointed at a moving target last."""

    def __init__(self, target: MovingTarget, clock: Clock, site: Site | None) -> None:
        self._target = target
        self._clock = clock
        self._site = site
        self._at: datetime | None = None
        self._again = 0

    @classmethod
    def of(cls, target: Target | None, clock: Clock, site: Site | None) -> Recentring | None:
        """The one for a target; None for what stands still among the stars."""
        return cls(target, clock, site) if isinstance(target, MovingTarget) else None

    @property
    def notes(self) -> tuple[str, ...]:
        """How often it was pointed again, for people."""
        times = "once" if self._again == 1 else f"{self._again} times"
        return (f"pointed again {times}, as {self._target.name} moves",) if self._again else ()

    def pointed(self) -> None:
        """The telescope points at it now."""
        self._at = self._clock.now()

    def begins(self, opened_at: datetime | None) -> None:
        """A capture runs that opened then; what was pointed in another life of the agent was before it."""
        self._at = self._at or opened_at

    def is_due(self, short_side_deg: float) -> bool:
        """Whether it moved by a small part of a field of that short side since it was pointed at."""
        now = self._clock.now()
        if self._at is None or (now - self._at).total_seconds() < LEAST_PAUSE_S:
            return False
        before, here = (fixed(self._target, when, self._site) for when in (self._at, now))
        return separation(before, here, None, now) >= PART_OF_FIELD * short_side_deg

    def again(self) -> None:
        """A capture was interrupted for it."""
        self._again += 1
