"""The target stands high enough, and not too high."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar, Self

from agent.conditions.moment import Moment, Sky
from agent.conditions.outlook import Foreseen, judge, no_site, no_target
from agent.conditions.requirements import ConditionConfigError, Requirements
from agent.conditions.rule import SKY, About
from agent.reasons import Reason
from agent.sky.ephemeris import altitude
from agent.sky.nights import rise_set_transit
from agent.targets import Site, SkyTarget, Target
from agent.verdict import Verdict

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AltitudeRule:
    """The target is between `minimum` and `maximum` degrees; near the zenith the field turns too fast."""

    minimum: float = -90.0
    maximum: float = 90.0
    about: ClassVar[About] = About(
        name="altitude",
        asks="the target is between the two",
        reasons=(Reason.ALTITUDE,),
        set_by="`min_altitude`, `max_altitude`",
        order=SKY + 1,
    )

    @classmethod
    def required(cls, requirements: Requirements) -> Self | None:
        low, high = requirements.min_altitude, requirements.max_altitude
        if low is None and high is None:
            return None
        rule = cls(-90.0 if low is None else low, 90.0 if high is None else high)
        if rule.minimum >= rule.maximum:
            raise ConditionConfigError(
                f"min_altitude {rule.minimum:g} is not below max_altitude {rule.maximum:g}."
            )
        return rule

    def holds(self, sky: Sky, when: datetime) -> bool:
        return sky.target is None or self.minimum <= altitude(sky.target, sky.site, when) <= self.maximum

    def check(self, moment: Moment) -> Verdict:
        site, target = moment.site, moment.target
        if target is None:
            return no_target(Reason.ALTITUDE)
        if site is None:
            return no_site(Reason.ALTITUDE)
        verdict = judge(moment, self.told(Sky(site, target), moment.now))
        low = altitude(target, site, moment.now) < self.minimum
        final = not verdict.allowed and verdict.until is None
        return self._never(target, site, moment.now, verdict) if final and low else verdict

    def told(self, sky: Sky, now: datetime) -> Foreseen:
        name = sky.target.name if sky.target else ""
        stands = altitude(sky.target, sky.site, now) if sky.target else 0.0
        return Foreseen(
            Reason.ALTITUDE,
            partial(self.holds, sky),
            yes=f"{name} is at {stands:.0f} degrees.",
            no=f"{name} is at {stands:.0f} degrees, {self._limit(stands)}.",
            lost=f"{name} leaves its altitude limits",
        )

    def _never(self, target: Target, site: Site, now: datetime, verdict: Verdict) -> Verdict:
        """Say of a star that stands too low whether it always does; the Moon and planets wander."""
        highest = rise_set_transit(target, site, now, now + _DAY).highest
        if not isinstance(target, SkyTarget) or highest >= self.minimum:
            return verdict
        if highest < 0:
            return replace(verdict, message=f"{target.name} never rises here.")
        limit = f"the minimum is {self.minimum:g}"
        return replace(
            verdict, message=f"{target.name} never gets above {highest:.0f} degrees here; {limit}."
        )

    def _limit(self, now: float) -> str:
        if now < self.minimum:
            return f"below the minimum of {self.minimum:g}"
        return f"above the maximum of {self.maximum:g}"


RULE = AltitudeRule
