"""The Moon is not too bright."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from agent.conditions.moment import Moment, Verdict
from agent.conditions.rules.outlook import Foreseen, judge, no_site, no_target
from agent.events import Reason
from agent.sky.ephemeris import moon
from agent.sky.nights import SUNSET_ALTITUDE


@dataclass(frozen=True, slots=True)
class MoonIlluminationRule:
    """At most the fraction `maximum` of the Moon is lit while it is up. The Sun and the Moon are exempt."""

    maximum: float
    name: ClassVar[str] = "moon_illumination"
    cost: ClassVar[int] = 6
    foreseeable: ClassVar[bool] = True

    def check(self, moment: Moment) -> Verdict:
        site = moment.site
        if moment.bright_target:
            return no_target(self.name, Reason.MOON)
        if site is None:
            return no_site(self.name, Reason.MOON)

        def dim(when: datetime) -> bool:
            state = moon(site, when)
            return state.altitude < SUNSET_ALTITUDE or state.illumination <= self.maximum

        lit = moon(site, moment.now).illumination * 100
        return judge(
            moment,
            Foreseen(
                self.name,
                Reason.MOON,
                dim,
                yes=f"The Moon is {lit:.0f} % lit or down.",
                no=f"The Moon is up and {lit:.0f} % lit, the limit is {self.maximum * 100:.0f} %.",
                lost="The bright Moon rises",
            ),
        )
