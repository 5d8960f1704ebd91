"""What a condition is made of: what it says of itself, how it is made, and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol, Self

from agent.conditions.moment import Moment, Sky
from agent.conditions.outlook import Foreseen
from agent.conditions.requirements import Requirements
from agent.reasons import Reason
from agent.verdict import Verdict

SKY = 10
"""Rules whose `order` is from here on compute hundreds of places in the sky: they are asked last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A rule as the documentation shows it, and when it is asked.

    Rules are asked, and of equally bad answers told, in their `order`. `asks` and `set_by` are Markdown.
    """

    name: str
    asks: str
    reasons: tuple[Reason, ...]
    set_by: str
    order: int


class Rule(Protocol):
    """One condition: an immutable value that answers for a moment."""

    about: ClassVar[About]

    @classmethod
    def required(cls, requirements: Requirements, /) -> Self | None:
        """Make the rule as required; None when nothing asks for it."""

    def check(self, moment: Moment) -> Verdict:
        """Answer yes or no, with the reason."""


class SkyRule(Rule, Protocol):
    """A condition of the sky (`order` from SKY on), foreseen: plan and rule ask the same `holds`."""

    def __hash__(self) -> int: ...

    def holds(self, sky: Sky, when: datetime, /) -> bool:
        """Whether it holds at an instant (aware UTC)."""

    def told(self, sky: Sky, now: datetime, /) -> Foreseen:
        """The condition with its words for that instant."""
