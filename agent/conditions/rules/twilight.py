"""Dark enough: the Sun is far enough below the horizon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import ClassVar, Self

from agent.conditions.moment import Moment, Sky
from agent.conditions.outlook import Foreseen, judge, no_site
from agent.conditions.requirements import Requirements
from agent.conditions.rule import SKY, About
from agent.reasons import Reason
from agent.sky.ephemeris import sun
from agent.verdict import Verdict


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

    def check(self, moment: Moment) -> Verdict:
        if moment.bright_target:
            return Verdict(True, Reason.TWILIGHT, "The target needs no darkness.")
        site = moment.site
        if site is None:
            return no_site(Reason.TWILIGHT)
        return judge(moment, self.told(Sky(site, moment.target), moment.now))

    def told(self, sky: Sky, now: datetime) -> Foreseen:
        stands = sun(sky.site, now).altitude
        return Foreseen(
            Reason.TWILIGHT,
            partial(self.holds, sky),
            yes=f"The Sun is at {stands:.0f} degrees.",
            no=f"It is not dark: the Sun is at {stands:.0f} degrees, the limit is {self.sun_below:g}.",
            lost="It gets too light",
        )


RULE = TwilightRule
