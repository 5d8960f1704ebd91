"""The Moon is low enough."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from agent.conditions.moment import Sky
from agent.conditions.requirements import Requirements
from agent.conditions.rule import SKY, About, Told
from agent.reasons import Reason
from agent.sky.ephemeris import moon


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

    def told(self, sky: Sky, now: datetime) -> Told:
        stands = moon(sky.site, now).altitude
        return Told(
            Reason.MOON,
            no=f"The Moon is at {stands:.0f} degrees, the limit is {self.below:g}.",
            lost="The Moon gets too high",
        )


RULE = MoonAltitudeRule
