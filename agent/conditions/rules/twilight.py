"""Dark enough: the Sun is far enough below the horizon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from agent.conditions.moment import Moment, Verdict
from agent.conditions.rules.outlook import Foreseen, judge, no_site
from agent.events import Reason
from agent.sky.ephemeris import sun


@dataclass(frozen=True, slots=True)
class TwilightRule:
    """The Sun is below `sun_below` degrees. The Sun and the Moon as targets need no darkness."""

    sun_below: float
    name: ClassVar[str] = "twilight"
    cost: ClassVar[int] = 5
    foreseeable: ClassVar[bool] = True

    def check(self, moment: Moment) -> Verdict:
        if moment.bright_target:
            return Verdict(self.name, True, Reason.TWILIGHT, "The target needs no darkness.")
        site = moment.site
        if site is None:
            return no_site(self.name, Reason.TWILIGHT)
        now = sun(site, moment.now).altitude
        return judge(
            moment,
            Foreseen(
                self.name,
                Reason.TWILIGHT,
                lambda when: sun(site, when).altitude < self.sun_below,
                yes=f"The Sun is at {now:.0f} degrees.",
                no=f"It is not dark: the Sun is at {now:.0f} degrees, the limit is {self.sun_below:g}.",
                lost="It gets too light",
            ),
        )
