"""No session begins while its target is below the horizon, whether it names an altitude or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from agent.conditions.moment import Sky
from agent.conditions.requirements import Requirements
from agent.conditions.rule import SKY, About, Told
from agent.reasons import Reason
from agent.sky.ephemeris import altitude


@dataclass(frozen=True, slots=True)
class AboveHorizonRule:
    """The target is up when its session begins; one that sets meanwhile is the business of `min_altitude`."""

    about: ClassVar[About] = About(
        name="above_horizon",
        asks="the target is above the horizon when the session begins",
        reasons=(Reason.ALTITUDE,),
        set_by="always, where the site is known",
        order=SKY + 8,
        to_begin=True,
    )

    @classmethod
    def required(cls, requirements: Requirements) -> Self | None:
        low = requirements.min_altitude
        return cls() if low is None or low < 0 else None

    def holds(self, sky: Sky, when: datetime) -> bool:
        return sky.target is None or altitude(sky.target, sky.site, when) >= 0

    def told(self, sky: Sky, now: datetime) -> Told:
        name = sky.target.name if sky.target else ""
        below = -altitude(sky.target, sky.site, now) if sky.target else 0.0
        return Told(
            Reason.ALTITUDE,
            no=f"{name} is {below:.0f} degrees below the horizon.",
            lost=f"{name} sets",
        )


RULE = AboveHorizonRule
