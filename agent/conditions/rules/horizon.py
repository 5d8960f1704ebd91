"""The target stands above the trees and houses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from agent.conditions.moment import Moment
from agent.conditions.outlook import Foreseen, judge, no_site, no_target
from agent.conditions.requirements import Requirements
from agent.conditions.rule import SKY, About
from agent.events import Reason
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
        foreseeable=True,
    )

    @classmethod
    def required(cls, requirements: Requirements) -> Self | None:
        mask = requirements.horizon_mask
        return None if mask is None else cls(mask)

    def check(self, moment: Moment) -> Verdict:
        site, target = moment.site, moment.target
        if target is None:
            return no_target(Reason.HORIZON)
        if site is None:
            return no_site(Reason.HORIZON)

        def clear(when: datetime) -> bool:
            place = altaz(target, site, when)
            return place.altitude >= self.mask.altitude_at(place.azimuth)

        now = altaz(target, site, moment.now)
        edge = self.mask.altitude_at(now.azimuth)
        where = f"{target.name} is at {now.altitude:.0f} degrees, the horizon there"
        return judge(
            moment,
            Foreseen(
                Reason.HORIZON,
                clear,
                yes=f"{where} reaches {edge:.0f}.",
                no=f"{where} reaches {edge:.0f}; it is hidden.",
                lost=f"{target.name} goes behind the horizon",
            ),
        )


RULE = HorizonRule
