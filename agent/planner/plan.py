"""The plan of a night as values: blocks, and for what has none, why not and when it can."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from agent.planner.request import Place
from agent.reasons import Reason
from agent.sky.nights import Interval


@dataclass(frozen=True, slots=True)
class Block:
    """One session has the telescope from `start` to `end` (aware UTC), and takes that many frames.

    `why` it is its turn, and what `ends` it before it is done ("" when it gets done), as clauses.
    """

    session_id: str
    start: datetime
    end: datetime
    frames: int
    why: str
    ends: str = ""

    @property
    def interval(self) -> Interval:
        """From when to when."""
        return Interval(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Left:
    """What of a session does not run this night: why, in a sentence, and when it can.

    `night` is the evening of the next night that has time for it, `start` from when on; None for never.
    `final`: waiting will not help.
    """

    session_id: str
    reason: Reason
    message: str
    night: date | None = None
    start: datetime | None = None
    final: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a session does not run at the moment the plan was made, and until when."""

    reason: Reason
    message: str
    until: datetime | None = None


@dataclass(frozen=True)
class PlannedNight:
    """Who has the telescope when, from `made_at` to the end of the night.

    `order` is what another plan of the same night should know of this one, so that it changes nothing
    without need.
    """

    night: date
    span: Interval
    made_at: datetime
    blocks: tuple[Block, ...]
    left: tuple[Left, ...]
    waits: dict[str, Wait]
    order: tuple[Place, ...]

    def blocks_of(self, session_id: str) -> tuple[Block, ...]:
        """The session's blocks, the earliest first."""
        return self._blocks_of.get(session_id, ())

    def left_of(self, session_id: str) -> Left | None:
        """What of the session does not run this night; None when all of it does."""
        return self._left_of.get(session_id)

    @property
    def head(self) -> Block | None:
        """The first block."""
        return self.blocks[0] if self.blocks else None

    @cached_property
    def _blocks_of(self) -> dict[str, tuple[Block, ...]]:
        found: dict[str, tuple[Block, ...]] = {}
        for block in self.blocks:
            found[block.session_id] = (*found.get(block.session_id, ()), block)
        return found

    @cached_property
    def _left_of(self) -> dict[str, Left]:
        return {one.session_id: one for one in self.left}
