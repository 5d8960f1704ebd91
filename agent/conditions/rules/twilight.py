"""Dark enough: the Sun is far enough below the horizon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from agent.conditions.moment import Sky
from agent.conditions.requirements import Requirements
from agent.conditions.rule import SKY, About, Told
from agent.reasons import Reason
from agent.sky.ephemeris import sun


@dataclass(frozen=True, slots=True)
class TwilightRule:
    """The Sun is below `sun_below` degrees. The Sun and the Moon as targets need no darkness."""

    sun_below: float
    about: ClassVar[About] = About(
        name="twilight",
        asks="the Sun is below this altitude",
        reasons=(Reason.TWILIGHT,),
        set_by="`sun_below`",
        order=SKY + 2,
    )

    @classmethod
    def required(cls, requirements: Requirements) -> Self | None:
        limit = requirements.sun_below
        return None if limit is None else cls(limit)

    def holds(self, sky: Sky, when: datetime) -> bool:
        return sky.bright or sun(sky.site, when).altitude < self.sun_below

    def told(self, sky: Sky, now: datetime) -> Told:
        stands = sun(sky.site, now).altitude
        return Told(
            Reason.TWILIGHT,
            no=f"It is not dark: the Sun is at {stands:.0f} degrees, the limit is {self.sun_below:g}.",
            lost="It gets too light",
        )


RULE = TwilightRule
