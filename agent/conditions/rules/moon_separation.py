"""The Moon is far enough from the target."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from agent.conditions.moment import Moment
from agent.conditions.outlook import Foreseen, judge, no_site, no_target
from agent.conditions.requirements import Requirements
from agent.conditions.rule import SKY, About
from agent.events import Reason
from agent.sky.ephemeris import MOON, moon, separation
from agent.sky.nights import SUNSET_ALTITUDE
from agent.verdict import Verdict


@dataclass(frozen=True, slots=True)
class MoonSeparationRule:
    """At least `minimum` degrees from the Moon while the Moon is up. The Moon itself is exempt."""

    minimum: float
    about: ClassVar[About] = About(
        name="moon_separation",
        asks="the Moon is down or at least this far from the target",
        reasons=(Reason.MOON,),
        set_by="`moon_separation`",
        order=SKY + 6,
        foreseeable=True,
    )

    @classmethod
    def required(cls, requirements: Requirements) -> Self | None:
        limit = requirements.moon_separation
        return None if limit is None else cls(limit)

    def check(self, moment: Moment) -> Verdict:
        site, target = moment.site, moment.target
        if target is None or moment.bright_target:
            return no_target(Reason.MOON)
        if site is None:
            return no_site(Reason.MOON)

        def clear(when: datetime) -> bool:
            down = moon(site, when).altitude < SUNSET_ALTITUDE
            return down or separation(target, MOON, site, when) >= self.minimum

        angle = separation(target, MOON, site, moment.now)
        words = f"{target.name} is {angle:.0f} degrees from the Moon"
        return judge(
            moment,
            Foreseen(
                Reason.MOON,
                clear,
                yes=f"{words}.",
                no=f"{words}, the limit is {self.minimum:g}.",
                lost="The Moon comes too close",
            ),
        )


RULE = MoonSeparationRule
