"""The Moon is far enough from the target."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from agent.conditions.moment import Moment, Verdict
from agent.conditions.rules.outlook import Foreseen, judge, no_site, no_target
from agent.events import Reason
from agent.sky.ephemeris import MOON, moon, separation
from agent.sky.nights import SUNSET_ALTITUDE


@dataclass(frozen=True, slots=True)
class MoonSeparationRule:
    """At least `minimum` degrees from the Moon while the Moon is up. The Moon itself is exempt."""

    minimum: float
    name: ClassVar[str] = "moon_separation"
    cost: ClassVar[int] = 7
    foreseeable: ClassVar[bool] = True

    def check(self, moment: Moment) -> Verdict:
        site, target = moment.site, moment.target
        if target is None or moment.bright_target:
            return no_target(self.name, Reason.MOON)
        if site is None:
            return no_site(self.name, Reason.MOON)

        def clear(when: datetime) -> bool:
            down = moon(site, when).altitude < SUNSET_ALTITUDE
            return down or separation(target, MOON, site, when) >= self.minimum

        angle = separation(target, MOON, site, moment.now)
        words = f"{target.name} is {angle:.0f} degrees from the Moon"
        return judge(
            moment,
            Foreseen(
                self.name,
                Reason.MOON,
                clear,
                yes=f"{words}.",
                no=f"{words}, the limit is {self.minimum:g}.",
                lost="The Moon comes too close",
            ),
        )
