"""The target stands above the trees and houses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from agent.conditions.moment import Sky
from agent.conditions.requirements import Requirements
from agent.conditions.rule import SKY, About, Told
from agent.reasons import Reason
from agent.sky.ephemeris import altaz
from agent.sky.horizon import HorizonMask


@dataclass(frozen=True, slots=True)
class HorizonRule:
    """The target is above the local horizon in its direction."""

    mask: HorizonMask
    about: ClassVar[About] = About(
        name="horizon",
        asks="the target is above your own horizon in its direction",
        reasons=(Reason.HORIZON,),
        set_by="`horizon`: `0:15, 90:30, 180:10`",
        order=SKY + 3,
    )

    @classmethod
    def required(cls, requirements: Requirements) -> Self | None:
        mask = requirements.horizon_mask
        return None if mask is None else cls(mask)

    def holds(self, sky: Sky, when: datetime) -> bool:
        if sky.target is None:
            return True
        place = altaz(sky.target, sky.site, when)
        return place.altitude >= self.mask.altitude_at(place.azimuth)

    def told(self, sky: Sky, now: datetime) -> Told:
        where, name = "", sky.target.name if sky.target else ""
        if sky.target is not None:
            place = altaz(sky.target, sky.site, now)
            edge = self.mask.altitude_at(place.azimuth)
            where = f"{name} is at {place.altitude:.0f} degrees, the horizon there reaches {edge:.0f}"
        return Told(
            Reason.HORIZON,
            no=f"{where}; it is hidden.",
            lost=f"{name} goes behind the horizon",
        )


RULE = HorizonRule
