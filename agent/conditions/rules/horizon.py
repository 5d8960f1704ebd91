"""The target stands above the trees and houses."""

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
from agent.sky.ephemeris import altaz
from agent.sky.horizon import HorizonMask
from agent.verdict import Verdict


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

    def check(self, moment: Moment) -> Verdict:
        site, target = moment.site, moment.target
        if target is None:
            return no_target(Reason.HORIZON)
        if site is None:
            return no_site(Reason.HORIZON)
        return judge(moment, self.told(Sky(site, target), moment.now))

    def told(self, sky: Sky, now: datetime) -> Foreseen:
        where, name = "", sky.target.name if sky.target else ""
        if sky.target is not None:
            place = altaz(sky.target, sky.site, now)
            edge = self.mask.altitude_at(place.azimuth)
            where = f"{name} is at {place.altitude:.0f} degrees, the horizon there reaches {edge:.0f}"
        return Foreseen(
            Reason.HORIZON,
            partial(self.holds, sky),
            yes=f"{where}.",
            no=f"{where}; it is hidden.",
            lost=f"{name} goes behind the horizon",
        )


RULE = HorizonRule
