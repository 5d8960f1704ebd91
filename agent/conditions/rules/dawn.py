"""A session that missed its night waits for the next one, and does not begin in the morning sun."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from agent.conditions.moment import Sky, clock_words
from agent.conditions.requirements import Requirements
from agent.conditions.rule import SKY, About, Told
from agent.conditions.sun_guard import first_dawn
from agent.reasons import Reason
from agent.sky.ephemeris import sun


@dataclass(frozen=True, slots=True)
class DawnRule:
    """No beginning by day when a dawn (the Sun at `limit` degrees) has passed since the session was due.

    A session that was due by day was meant so. What runs is ended by its capture deadline, not by this rule.
    """

    limit: float
    about: ClassVar[About] = About(
        name="dawn",
        asks="no dawn has passed since the session was due, or it is dark again",
        reasons=(Reason.TWILIGHT,),
        set_by="`dawn_limit`",
        order=SKY,
        to_begin=True,
    )

    @classmethod
    def required(cls, requirements: Requirements) -> Self | None:
        limit = requirements.dawn_limit
        return None if limit is None else cls(limit)

    def holds(self, sky: Sky, when: datetime) -> bool:
        if sky.bright or sky.due is None or sun(sky.site, when).altitude < self.limit:
            return True
        dawn = first_dawn(sky.site, sky.due, self.limit)
        return dawn is None or when < dawn

    def told(self, sky: Sky, now: datetime) -> Told:
        dawn = first_dawn(sky.site, sky.due or now, self.limit)
        over = f" at {clock_words(dawn, sky.site)}" if dawn is not None and dawn <= now else ""
        return Told(
            Reason.TWILIGHT,
            no=f"Its night was over{over}.",
            lost="It gets light",
        )


RULE = DawnRule
