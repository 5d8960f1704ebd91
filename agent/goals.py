"""What a telescope is to come to: wishes of different weight, and the goal they make together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from agent.errors import AgentError
from agent.reasons import Reason


class Level(IntEnum):
    """Whose word weighs more."""

    UPKEEP = 0  # what a session or a night leaves to be done; the next one's work comes before it
    SESSION = 1
    PERSON = 2
    SAFETY = 3


class GoalKind(StrEnum):
    """How far a telescope is to be brought to rest."""

    STOPPED = "stopped"
    PARKED = "parked"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Wish:
    """That the telescope stand still, and be parked or switched off as well.

    Until it is over, nothing of its own or a lower level moves the telescope. A `standing` one is over when
    it is withdrawn, any other as soon as the telescope was seen to be there. Only an `own_schedule` one, for
    safety or by a person's word, stops what the telescope carries out of its own schedule, or what is known
    to be another client's.
    """

    level: Level
    reason: Reason
    message: str
    park: bool = False
    off: bool = False
    standing: bool = False
    own_schedule: bool = False


@dataclass(frozen=True, slots=True)
class Goal:
    """All wishes together; `reason` and `message` are those of the weightiest."""

    park: bool
    off: bool
    reason: Reason
    message: str
    own_schedule: bool = False

    @property
    def kind(self) -> GoalKind:
        """The furthest of what is wanted."""
        return GoalKind.OFF if self.off else GoalKind.PARKED if self.park else GoalKind.STOPPED


def merged(wishes: Iterable[Wish]) -> Goal | None:
    """Return what all wishes come to; None when there is none."""
    found = sorted(wishes, key=lambda wish: -wish.level)
    if not found:
        return None
    first = found[0]
    park, off = any(wish.park for wish in found), any(wish.off for wish in found)
    own_schedule = any(wish.own_schedule for wish in found)
    return Goal(park, off, first.reason, first.message, own_schedule)


class PreemptedError(AgentError):
    """Work on the telescope was broken off, because something more important wants it to stand still."""

    code = "preempted"

    def __init__(self, wish: Wish) -> None:
        super().__init__(wish.message)
        self.wish = wish
