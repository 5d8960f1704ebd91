"""The target stands above the trees and houses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from agent.conditions.moment import Moment, Verdict
from agent.conditions.rules.outlook import Foreseen, judge, no_site, no_target
from agent.events import Reason
from agent.sky.ephemeris import altaz
from agent.sky.horizon import HorizonMask


@dataclass(frozen=True, slots=True)
class HorizonRule:
    """The target is above the local horizon in its direction."""

    mask: HorizonMask
    name: ClassVar[str] = "horizon"
    cost: ClassVar[int] = 6
    foreseeable: ClassVar[bool] = True

    def check(self, moment: Moment) -> Verdict:
        site, target = moment.site, moment.target
        if target is None:
            return no_target(self.name, Reason.HORIZON)
        if site is None:
            return no_site(self.name, Reason.HORIZON)

        def clear(when: datetime) -> bool:
            place = altaz(target, site, when)
            return place.altitude >= self.mask.altitude_at(place.azimuth)

        now = altaz(target, site, moment.now)
        edge = self.mask.altitude_at(now.azimuth)
        where = f"{target.name} is at {now.altitude:.0f} degrees, the horizon there"
        return judge(
            moment,
            Foreseen(
                self.name,
                Reason.HORIZON,
                clear,
                yes=f"{where} reaches {edge:.0f}.",
                no=f"{where} reaches {edge:.0f}; it is hidden.",
                lost=f"{target.name} goes behind the horizon",
            ),
        )
