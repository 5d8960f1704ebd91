"""The telescope answers, and nobody else holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from agent.conditions.moment import Link, Moment, Verdict
from agent.events import Reason


@dataclass(frozen=True, slots=True)
class ReachableRule:
    """The telescope can be commanded. Never final: the queue waits for it."""

    name: ClassVar[str] = "telescope"
    cost: ClassVar[int] = 1
    foreseeable: ClassVar[bool] = False

    def check(self, moment: Moment) -> Verdict:
        if moment.link is Link.READY:
            return Verdict(self.name, True, Reason.TELESCOPE, "The telescope answers.")
        if moment.link is Link.HELD_BY_OTHER:
            message = "Another app controls the telescope. Close it, or release the telescope there."
            return Verdict(self.name, False, Reason.HELD_BY_OTHER, message)
        return Verdict(self.name, False, Reason.LOST_CONNECTION, "The telescope does not answer.")
