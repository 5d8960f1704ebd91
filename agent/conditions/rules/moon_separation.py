"""The Moon is far enough from the target."""

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
from agent.sky.altitudes import SUNSET_ALTITUDE
from agent.sky.ephemeris import MOON, moon, separation
from agent.verdict import Verdict


@dataclass(frozen=True, slots=True)
class MoonSeparationRule:
    """At least `minimum` degrees from the Moon while the Moon is up. The Moon itself is exempt."""

    minimum: float
    about: ClassVar[About] = About(
        name="moon_separation",
        asks="the Moon is down or at least this far from the target",
        reasons=(Reason.MOON,),
        set_by="`moon_separation`",
        order=SKY + 6,
    )

    @classmethod
    def required(cls, requirements: Requirements) -> Self | None:
        limit = requirements.moon_separation
        return None if limit is None else cls(limit)

    def holds(self, sky: Sky, when: datetime) -> bool:
        if sky.target is None or sky.bright or moon(sky.site, when).altitude < SUNSET_ALTITUDE:
            return True
        return separation(sky.target, MOON, sky.site, when) >= self.minimum

    def check(self, moment: Moment) -> Verdict:
        site, target = moment.site, moment.target
        if target is None or moment.bright_target:
            return no_target(Reason.MOON)
        if site is None:
            return no_site(Reason.MOON)
        return judge(moment, self.told(Sky(site, target), moment.now))

    def told(self, sky: Sky, now: datetime) -> Foreseen:
        words = ""
        if sky.target is not None:
            angle = separation(sky.target, MOON, sky.site, now)
            words = f"{sky.target.name} is {angle:.0f} degrees from the Moon"
        return Foreseen(
            Reason.MOON,
            partial(self.holds, sky),
            yes=f"{words}.",
            no=f"{words}, the limit is {self.minimum:g}.",
            lost="The Moon comes too close",
        )


RULE = MoonSeparationRule
