"""The Moon is not too bright."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from agent.conditions.moment import Moment
from agent.conditions.outlook import Foreseen, judge, no_site, no_target
from agent.conditions.requirements import Requirements
from agent.conditions.rule import SKY, About
from agent.events import Reason
from agent.sky.ephemeris import moon
from agent.sky.nights import SUNSET_ALTITUDE
from agent.verdict import Verdict


@dataclass(frozen=True, slots=True)
class MoonIlluminationRule:
    """At most the fraction `maximum` of the Moon is lit while it is up. The Sun and the Moon are exempt."""

    maximum: float
    about: ClassVar[About] = About(
        name="moon_illumination",
        asks="the Moon is down or at most this much lit, 0 to 1",
        reasons=(Reason.MOON,),
        set_by="`max_moon_illumination`",
        order=SKY + 5,
        foreseeable=True,
    )

    @classmethod
    def required(cls, requirements: Requirements) -> Self | None:
        limit = requirements.max_moon_illumination
        return None if limit is None else cls(limit)

    def check(self, moment: Moment) -> Verdict:
        site = moment.site
        if moment.bright_target:
            return no_target(Reason.MOON)
        if site is None:
            return no_site(Reason.MOON)

        def dim(when: datetime) -> bool:
            state = moon(site, when)
            return state.altitude < SUNSET_ALTITUDE or state.illumination <= self.maximum

        lit = moon(site, moment.now).illumination * 100
        return judge(
            moment,
            Foreseen(
                Reason.MOON,
                dim,
                yes=f"The Moon is {lit:.0f} % lit or down.",
                no=f"The Moon is up and {lit:.0f} % lit, the limit is {self.maximum * 100:.0f} %.",
                lost="The bright Moon rises",
            ),
        )


RULE = MoonIlluminationRule
