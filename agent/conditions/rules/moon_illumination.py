"""The Moon is not too bright."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from agent.conditions.moment import Sky
from agent.conditions.requirements import Requirements
from agent.conditions.rule import SKY, About, Told
from agent.reasons import Reason
from agent.sky.altitudes import SUNSET_ALTITUDE
from agent.sky.ephemeris import moon


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
    )

    @classmethod
    def required(cls, requirements: Requirements) -> Self | None:
        limit = requirements.max_moon_illumination
        return None if limit is None else cls(limit)

    def holds(self, sky: Sky, when: datetime) -> bool:
        state = moon(sky.site, when)
        return sky.bright or state.altitude < SUNSET_ALTITUDE or state.illumination <= self.maximum

    def told(self, sky: Sky, now: datetime) -> Told:
        lit = moon(sky.site, now).illumination * 100
        return Told(
            Reason.MOON,
            no=f"The Moon is up and {lit:.0f} % lit, the limit is {self.maximum * 100:.0f} %.",
            lost="The bright Moon rises",
        )


RULE = MoonIlluminationRule
