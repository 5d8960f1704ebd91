"""What a session with a goal has, what its children came to, and its result."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from agent.events import Frames, Outcome, Reason, SessionBrief, SessionResult
from agent.planner.goal_progress import Gathered, Wanted, frames_left, frames_to_ask
from agent.store.model import StoredSession

_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Made:
    """What is remembered of a session with a goal: how many children it had, and the night of the last.

    `over` is None while that child waits or runs, or it is not known yet how it ended.
    """

    count: int = 0
    over: date | None = None

    @classmethod
    def read(cls, kept: object) -> Made:
        """Return what a state file holds; what nobody can have written counts as nothing."""
        facts = kept if isinstance(kept, dict) else {}
        count, over = facts.get("made"), facts.get("over")
        night = None
        with contextlib.suppress(ValueError):
            night = date.fromisoformat(over) if isinstance(over, str) else None
        return cls(count if isinstance(count, int) and count > 0 else 0, night)

    def kept(self) -> dict[str, Any]:
        """Return it as the state file holds it."""
        return {"made": self.count, **({"over": self.over.isoformat()} if self.over else {})}


@dataclass(frozen=True, slots=True)
class Goal:
    """A session with a goal: what it wants by its camera sections, what there is, and with what runs now."""

    stored: StoredSession
    wanted: dict[str, Wanted]
    there: dict[str, Gathered]
    coming: dict[str, Gathered]

    @property
    def reached(self) -> bool:
        """Whether nothing is missing."""
        return bool(self.wanted) and not any(self.left.values())

    @property
    def left(self) -> dict[str, int]:
        """Stacked frames that are missing, by camera section."""
        return {key: frames_left(one, self.there[key]) for key, one in self.wanted.items()}

    @property
    def ask(self) -> dict[str, int]:
        """Frames to take in a night, by camera section."""
        return {key: frames_to_ask(one, self.coming[key]) for key, one in self.wanted.items()}

    @property
    def counts(self) -> dict[str, int]:
        """The frames that a child made now asks for, by camera section that is on."""
        counts = {}
        for key, frames in self.ask.items():
            setup = getattr(self.stored.document, key)
            most = (setup.mosaic_count if setup.orders_mosaic else setup.count) or frames
            if frames:
                counts[key] = min(frames, most)
        return counts


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: in which night, and whether no other night will be better."""

    night: date
    reason: Reason | None = None
    message: str = ""
    hopeless: bool = False


def result_of(
    telescope: str, brief: SessionBrief, goal: Goal | None, now: datetime, reason: Reason | None, message: str
) -> SessionResult:
    """Return the result of a session with a goal: with what its group has; completed without a `reason`."""
    there = tuple(goal.there.values()) if goal is not None else ()
    taken, stacked = sum(one.taken for one in there), sum(one.stacked for one in there)
    asked = stacked + sum(goal.left.values()) if goal is not None else 0
    seconds = sum(one.seconds for one in there)
    nights = len(frozenset[str]().union(*(one.nights for one in there)))
    counted = f"{nights} night{'' if nights == 1 else 's'}"
    told = f"{stacked} frames, {seconds / _HOUR_S:.1f} h stacked in {counted}"
    fewer = Outcome.PARTIAL if stacked else Outcome.SKIPPED
    return SessionResult(
        telescope=telescope,
        session=brief,
        outcome=Outcome.COMPLETED if reason is None else fewer,
        ended_at=now,
        frames=Frames(asked, taken, stacked),
        integration_s=round(seconds, 3),
        reason=reason,
        message=f"{message.rstrip('.')}: {told}",
        attempts=1,
        made_of=tuple(dict.fromkeys(name for one in there for name in one.sessions)),
    )
