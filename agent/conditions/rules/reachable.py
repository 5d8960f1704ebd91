"""The telescope answers, and nobody else holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from agent.conditions.moment import Link, Moment
from agent.conditions.requirements import Requirements
from agent.conditions.rule import About
from agent.reasons import Reason
from agent.verdict import Verdict


@dataclass(frozen=True, slots=True)
class ReachableRule:
    """The telescope can be commanded. Never final: the queue waits for it."""

    about: ClassVar[About] = About(
        name="telescope",
        asks="it answers and no other app holds it",
        reasons=(Reason.LOST_CONNECTION, Reason.HELD_BY_OTHER),
        set_by="always",
        order=1,
    )

    @classmethod
    def required(cls, _: Requirements) -> Self:
        return cls()

    def check(self, moment: Moment) -> Verdict:
        if moment.link is Link.READY:
            return Verdict(True, Reason.TELESCOPE, "The telescope answers.")
        if moment.link is Link.HELD_BY_OTHER:
            message = "Another app controls the telescope. Close it, or release the telescope there."
            return Verdict(False, Reason.HELD_BY_OTHER, message)
        return Verdict(False, Reason.LOST_CONNECTION, "The telescope does not answer.")


RULE = ReachableRule
