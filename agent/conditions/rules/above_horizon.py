"""No session begins while its target is below the horizon, whether it names an altitude or not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import ClassVar, Self

from agent.conditions.moment import Moment, Sky
from agent.conditions.outlook import Foreseen, judge, no_target
from agent.conditions.requirements import Requirements
from agent.conditions.rule import SKY, About
from agent.reasons import Reason
from agent.sky.ephemeris import altitude
from agent.verdict import Verdict


@dataclass(frozen=True, slots=True)
class AboveHorizonRule:
    """The target is up when its session begins; one that sets meanwhile is the business of `min_altitude`."""

    about: ClassVar[About] = About(
        name="above_horizon",
        asks="the target is above the horizon when the session begins",
        reasons=(Reason.ALTITUDE,),
        set_by="always, where the site is known",
        order=SKY + 8,
    )

    @classmethod
    def required(cls, requirements: Requirements) -> Self | None:
        low = requirements.min_altitude
        return cls() if low is None or low < 0 else None

    def holds(self, sky: Sky, when: datetime) -> bool:
        return sky.target is None or altitude(sky.target, sky.site, when) >= 0

    def check(self, moment: Moment) -> Verdict:
        site, target = moment.site, moment.target
        if target is None:
            return no_target(Reason.ALTITUDE)
        if site is None or (moment.running and not moment.wanted_now):
            return Verdict(True, Reason.ALTITUDE, "The horizon is not asked for.")
        verdict = judge(moment, self.told(Sky(site, target), moment.now))
        if verdict.allowed or verdict.until is not None:
            return replace(verdict, until=None if verdict.allowed else verdict.until)
        return replace(verdict, message=f"{verdict.message} It does not rise here within a day.")

    def told(self, sky: Sky, now: datetime) -> Foreseen:
        name = sky.target.name if sky.target else ""
        below = -altitude(sky.target, sky.site, now) if sky.target else 0.0
        return Foreseen(
            Reason.ALTITUDE,
            partial(self.holds, sky),
            yes=f"{name} is above the horizon.",
            no=f"{name} is {below:.0f} degrees below the horizon.",
            lost=f"{name} sets",
        )


RULE = AboveHorizonRule
