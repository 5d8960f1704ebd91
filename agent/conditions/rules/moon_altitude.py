"""The Moon is low enough."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import ClassVar, Self

from agent.conditions.moment import Moment, Sky
from agent.conditions.outlook import Foreseen, judge, no_site, no_target
from agent.conditions.requirements import Requirements
from agent.conditions.rule import SKY, About
from agent.reasons import Reason
from agent.sky.ephemeris import moon
from agent.verdict import Verdict


@dataclass(frozen=True, slots=True)
class MoonAltitudeRule:
    """The Moon stands below `below` degrees. The Sun and the Moon as targets are exempt."""

    below: float
    about: ClassVar[About] = About(
        name="moon_altitude",
        asks="the Moon is below this altitude",
        reasons=(Reason.MOON,),
        set_by="`moon_below`",
        order=SKY + 4,
    )

    @classmethod
    def required(cls, requirements: Requirements) -> Self | None:
        limit = requirements.moon_below
        return None if limit is None else cls(limit)

    def holds(self, sky: Sky, when: datetime) -> bool:
        return sky.bright or moon(sky.site, when).altitude < self.below

    def check(self, moment: Moment) -> Verdict:
        site = moment.site
        if moment.bright_target:
            return no_target(Reason.MOON)
        if site is None:
            return no_site(Reason.MOON)
        return judge(moment, self.told(Sky(site, moment.target), moment.now))

    def told(self, sky: Sky, now: datetime) -> Foreseen:
        stands = moon(sky.site, now).altitude
        return Foreseen(
            Reason.MOON,
            partial(self.holds, sky),
            yes=f"The Moon is at {stands:.0f} degrees.",
            no=f"The Moon is at {stands:.0f} degrees, the limit is {self.below:g}.",
            lost="The Moon gets too high",
        )


RULE = MoonAltitudeRule
