"""What a condition is made of: what it says of itself, how it is made, and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

from agent.conditions.moment import Moment
from agent.conditions.requirements import Requirements
from agent.events import Reason
from agent.verdict import Verdict

SKY = 10
"""Rules whose `order` is from here on compute hundreds of places in the sky: they are asked last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A rule as the documentation shows it, and when it is asked.

    Rules are asked, and of equally bad answers told, in their `order`; `foreseeable` ones depend on time and
    sky alone. `asks` and `set_by` are Markdown.
    """

    name: str
    asks: str
    reasons: tuple[Reason, ...]
    set_by: str
    order: int
    foreseeable: bool = False


class Rule(Protocol):
    """One condition: an immutable value that answers for a moment."""

    about: ClassVar[About]

    @classmethod
    def required(cls, requirements: Requirements, /) -> Self | None:
        """Make the rule as required; None when nothing asks for it."""

    def check(self, moment: Moment) -> Verdict:
        """Answer yes or no, with the reason."""
