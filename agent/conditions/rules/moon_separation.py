"""The Moon is far enough from the target."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from agent.conditions.moment import Sky
from agent.conditions.requirements import Requirements
from agent.conditions.rule import SKY, About, Told
from agent.reasons import Reason
from agent.sky.altitudes import SUNSET_ALTITUDE
from agent.sky.ephemeris import MOON, moon, separation


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

    def told(self, sky: Sky, now: datetime) -> Told:
        words = ""
        if sky.target is not None:
            angle = separation(sky.target, MOON, sky.site, now)
            words = f"{sky.target.name} is {angle:.0f} degrees from the Moon"
        return Told(
            Reason.MOON,
            no=f"{words}, the limit is {self.minimum:g}.",
            lost="The Moon comes too close",
        )


RULE = MoonSeparationRule
