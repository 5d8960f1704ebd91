"""The target stands high enough, and not too high."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from agent.conditions.moment import Sky
from agent.conditions.requirements import ConditionConfigError, Requirements
from agent.conditions.rule import SKY, About, Told
from agent.reasons import Reason
from agent.sky.ephemeris import altitude


@dataclass(frozen=True, slots=True)
class AltitudeRule:
    """The target is between `minimum` and `maximum` degrees; near the zenith the field turns too fast."""

    minimum: float = -90.0
    maximum: float = 90.0
    about: ClassVar[About] = About(
        name="altitude",
        asks="the target is between the two",
        reasons=(Reason.ALTITUDE,),
        set_by="`min_altitude`, `max_altitude`",
        order=SKY + 1,
    )

    @classmethod
    def required(cls, requirements: Requirements) -> Self | None:
        low, high = requirements.min_altitude, requirements.max_altitude
        if low is None and high is None:
            return None
        rule = cls(-90.0 if low is None else low, 90.0 if high is None else high)
        if rule.minimum >= rule.maximum:
            raise ConditionConfigError(
                f"min_altitude {rule.minimum:g} is not below max_altitude {rule.maximum:g}."
            )
        return rule

    def holds(self, sky: Sky, when: datetime) -> bool:
        return sky.target is None or self.minimum <= altitude(sky.target, sky.site, when) <= self.maximum

    def told(self, sky: Sky, now: datetime) -> Told:
        name = sky.target.name if sky.target else ""
        stands = altitude(sky.target, sky.site, now) if sky.target else 0.0
        return Told(
            Reason.ALTITUDE,
            no=f"{name} is at {stands:.0f} degrees, {self._limit(stands)}.",
            lost=f"{name} leaves its altitude limits",
        )

    def _limit(self, now: float) -> str:
        if now < self.minimum:
            return f"below the minimum of {self.minimum:g}"
        return f"above the maximum of {self.maximum:g}"


RULE = AltitudeRule
