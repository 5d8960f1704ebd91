"""The Moon is low enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from agent.conditions.moment import Moment, Verdict
from agent.conditions.rules.outlook import Foreseen, judge, no_site, no_target
from agent.events import Reason
from agent.sky.ephemeris import moon


@dataclass(frozen=True, slots=True)
class MoonAltitudeRule:
    """The Moon stands below `below` degrees. The Sun and the Moon as targets are exempt."""

    below: float
    name: ClassVar[str] = "moon_altitude"
    cost: ClassVar[int] = 6
    foreseeable: ClassVar[bool] = True

    def check(self, moment: Moment) -> Verdict:
        site = moment.site
        if moment.bright_target:
            return no_target(self.name, Reason.MOON)
        if site is None:
            return no_site(self.name, Reason.MOON)
        now = moon(site, moment.now).altitude
        return judge(
            moment,
            Foreseen(
                self.name,
                Reason.MOON,
                lambda when: moon(site, when).altitude < self.below,
                yes=f"The Moon is at {now:.0f} degrees.",
                no=f"The Moon is at {now:.0f} degrees, the limit is {self.below:g}.",
                lost="The Moon gets too high",
            ),
        )
