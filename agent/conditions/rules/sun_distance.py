"""The target is far enough from the Sun, as its guard sees it, for the plan and for what runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from agent.conditions.moment import Sky
from agent.conditions.requirements import Requirements
from agent.conditions.rule import SKY, About, Told
from agent.conditions.sun_guard import in_danger
from agent.reasons import Reason
from agent.sky.ephemeris import SUN, separation
from agent.targets import SolarBody, SolarTarget, Target


@dataclass(frozen=True, slots=True)
class SunDistanceRule:
    """Outside the Sun limit, or the Sun is down; the Sun itself with a filter, where it is allowed at all."""

    limit_deg: float
    allow_sun: bool
    about: ClassVar[About] = About(
        name="sun",
        asks="the target is outside the Sun limit for the whole planned time",
        reasons=(Reason.SUN,),
        set_by="`sun_limit`, `allow_sun`; see [safety.md](safety.md)",
        order=SKY + 7,
    )

    @classmethod
    def required(cls, requirements: Requirements) -> Self:
        return cls(requirements.sun_limit, requirements.allow_sun)

    def holds(self, sky: Sky, when: datetime) -> bool:
        if sky.target is None:
            return True
        if _is_sun(sky.target):
            return self.allow_sun and sky.sun_filter
        return not in_danger(sky.target, sky.site, when, self.limit_deg)

    def told(self, sky: Sky, now: datetime) -> Told:
        name, angle = "", 0.0
        if sky.target is not None:
            name, angle = sky.target.name, separation(sky.target, SUN, sky.site, now)
        return Told(
            Reason.SUN,
            no=f"{name} is {angle:.0f} degrees from the Sun; the limit is {self.limit_deg:g} degrees.",
            lost="It comes too near to the Sun",
        )


def _is_sun(target: Target) -> bool:
    return isinstance(target, SolarTarget) and target.body is SolarBody.SUN


RULE = SunDistanceRule
