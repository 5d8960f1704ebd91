"""Dark enough: the Sun is far enough below the horizon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from agent.conditions.moment import Moment
from agent.conditions.outlook import Foreseen, judge, no_site
from agent.conditions.requirements import Requirements
from agent.conditions.rule import SKY, About
from agent.events import Reason
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
        foreseeable=True,
    )

    @classmethod
    def required(cls, requirements: Requirements) -> Self | None:
        limit = requirements.sun_below
        return None if limit is None else cls(limit)

    def check(self, moment: Moment) -> Verdict:
        if moment.bright_target:
            return Verdict(True, Reason.TWILIGHT, "The target needs no darkness.")
        site = moment.site
        if site is None:
            return no_site(Reason.TWILIGHT)
        now = sun(site, moment.now).altitude
        return judge(
            moment,
            Foreseen(
                Reason.TWILIGHT,
                lambda when: sun(site, when).altitude < self.sun_below,
                yes=f"The Sun is at {now:.0f} degrees.",
                no=f"It is not dark: the Sun is at {now:.0f} degrees, the limit is {self.sun_below:g}.",
                lost="It gets too light",
            ),
        )


RULE = TwilightRule
