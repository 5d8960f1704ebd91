"""The target stands high enough, and not too high."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from agent.conditions.moment import Moment, Verdict
from agent.conditions.rules.outlook import Foreseen, judge, no_site, no_target
from agent.events import Reason
from agent.sky.ephemeris import altitude


@dataclass(frozen=True, slots=True)
class AltitudeRule:
    """The target is between `minimum` and `maximum` degrees; near the zenith the field turns too fast."""

    minimum: float = -90.0
    maximum: float = 90.0
    name: ClassVar[str] = "altitude"
    cost: ClassVar[int] = 5
    foreseeable: ClassVar[bool] = True

    def check(self, moment: Moment) -> Verdict:
        site, target = moment.site, moment.target
        if target is None:
            return no_target(self.name, Reason.ALTITUDE)
        if site is None:
            return no_site(self.name, Reason.ALTITUDE)
        now = altitude(target, site, moment.now)
        return judge(
            moment,
            Foreseen(
                self.name,
                Reason.ALTITUDE,
                lambda when: self.minimum <= altitude(target, site, when) <= self.maximum,
                yes=f"{target.name} is at {now:.0f} degrees.",
                no=f"{target.name} is at {now:.0f} degrees, {self._limit(now)}.",
                lost=f"{target.name} leaves its altitude limits",
            ),
        )

    def _limit(self, now: float) -> str:
        if now < self.minimum:
            return f"below the minimum of {self.minimum:g}"
        return f"above the maximum of {self.maximum:g}"
