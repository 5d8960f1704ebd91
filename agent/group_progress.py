"""How far the groups of sessions with a goal are: plain values, and the event that tells them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.events import Event, SessionBrief


@dataclass(frozen=True, slots=True)
class PartProgress:
    """One field through one filter of one camera. Stacked frames and their seconds; a goal is in one of them.

    `exposure_s` turns frames into seconds (0: not known), `sessions` are those that are to come back for it.
    """

    target: str
    camera: str
    filter: str
    frames: int
    collected_s: float
    nights: int
    exposure_s: float
    goal_frames: int | None
    goal_s: float | None
    sessions: tuple[str, ...] = ()

    @property
    def wanted_s(self) -> float:
        """Seconds that the goal stands for."""
        return self.goal_s if self.goal_s is not None else (self.goal_frames or 0) * self.exposure_s

    @property
    def share(self) -> float:
        """How much of the goal there is, from 0 to 1."""
        if self.goal_frames is not None:
            return min(1.0, self.frames / self.goal_frames)
        return min(1.0, self.collected_s / self.goal_s) if self.goal_s else 1.0


@dataclass(frozen=True, slots=True)
class GroupProgress:
    """A group: its parts, and the nights in which it got frames. `word` stands for it in topics and ids."""

    group: str
    word: str
    parts: tuple[PartProgress, ...]
    nights: int

    @property
    def collected_s(self) -> float:
        """Seconds in the stacks of all parts."""
        return sum(one.collected_s for one in self.parts)

    @property
    def wanted_s(self) -> float:
        """Seconds that all goals stand for."""
        return sum(one.wanted_s for one in self.parts)

    @property
    def percent(self) -> float:
        """How far the whole is: what one part has too much makes up for no other."""
        weights = [one.wanted_s or 1.0 for one in self.parts]
        whole = sum(weights)
        done = sum(weight * one.share for weight, one in zip(weights, self.parts, strict=True))
        return 100.0 * done / whole if whole else 100.0

    def by_filter(self) -> dict[str, tuple[PartProgress, ...]]:
        """The parts by the name of their filter; "" where a session names none."""
        names = dict.fromkeys(one.filter for one in self.parts)
        return {name: tuple(one for one in self.parts if one.filter == name) for name in names}

    def words(self) -> str:
        """The progress as people read it: "M 31: 3.2 of 6 h in 2 nights (Duo-Band 1.2 of 3 h, ...)"."""
        nights = "1 night" if self.nights == 1 else f"{self.nights} nights"
        told = f"{self.group}: {_of(self.parts)} in {nights}, {self.percent:.0f} %"
        filters = self.by_filter()
        if len(filters) < 2:
            return told
        each = (f"{name or 'no filter named'} {_of(parts)}" for name, parts in filters.items())
        return f"{told} ({', '.join(each)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupsChanged(Event):
    """How far the groups are in which sessions with a goal wait."""

    groups: tuple[GroupProgress, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalReached(Event):
    """Everything that a session with a goal asked for is stacked."""

    session: SessionBrief


def _of(parts: Iterable[PartProgress]) -> str:
    """How much there is of how much, in hours; in frames where nobody knows how long they are."""
    known = tuple(parts)
    wanted_s = sum(one.wanted_s for one in known)
    if not wanted_s:
        return f"{sum(one.frames for one in known)} of {sum(one.goal_frames or 0 for one in known)} frames"
    return f"{sum(one.collected_s for one in known) / 3600:.1f} of {wanted_s / 3600:.1f} h"
