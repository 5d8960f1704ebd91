"""What a condition is made of: what it says of itself, how it is made, and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol, Self

from agent.conditions.moment import Moment, Sky
from agent.conditions.requirements import Requirements
from agent.reasons import Reason
from agent.verdict import Verdict

SKY = 10
"""Rules whose `order` is from here on ask where things stand in the sky: a plan knows it for later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A rule as the documentation shows it, and when it is asked.

    Rules are asked, and of equally bad answers told, in their `order`. `asks` and `set_by` are Markdown.
    `to_begin`: nothing ends a session that runs for it.
    """

    name: str
    asks: str
    reasons: tuple[Reason, ...]
    set_by: str
    order: int
    to_begin: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A condition of the sky for people: the sentence while it does not hold, the clause for when it ends."""

    reason: Reason
    no: str
    lost: str


class Declared(Protocol):
    """One condition: an immutable value."""

    about: ClassVar[About]

    @classmethod
    def required(cls, requirements: Requirements, /) -> Self | None:
        """Make the rule as required; None when nothing asks for it."""


class Rule(Declared, Protocol):
    """A condition that nobody can foresee (`order` below SKY)."""

    def check(self, moment: Moment) -> Verdict:
        """Answer yes or no, with the reason."""


class SkyRule(Declared, Protocol):
    """A condition of the sky (`order` from SKY on): plans ask it of later, a session that runs of now."""

    def __hash__(self) -> int: ...

    def holds(self, sky: Sky, when: datetime, /) -> bool:
        """Whether it holds at an instant (aware UTC)."""

    def told(self, sky: Sky, now: datetime, /) -> Told:
        """Its words for that instant."""
