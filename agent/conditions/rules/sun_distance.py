"""The target is far enough from the Sun: the guard's own answer, asked before anything moves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar, Self

from agent.conditions.moment import Moment, Sky, clock_words
from agent.conditions.outlook import Foreseen
from agent.conditions.requirements import Requirements
from agent.conditions.rule import SKY, About
from agent.conditions.sun_guard import SunLimitError, first_danger, in_danger, permit_goto
from agent.reasons import Reason
from agent.sky.ephemeris import SUN, separation
from agent.sky.nights import first_time
from agent.targets import SolarBody, SolarTarget, Target
from agent.verdict import Verdict

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SunDistanceRule:
    """What `permit_goto` says of the whole planned duration; a planet near the Sun waits until it has set."""

    limit_deg: float
    allow_sun: bool
    about: ClassVar[About] = About(
        name="sun",
        asks="the target is outside the Sun limit for the whole planned time",
        reasons=(Reason.SUN,),
        set_by="`sun_limit`, `allow_sun`; see [safety.md](safety.md)",
        order=SKY + 7,
    )

    @classmethod
    def required(cls, requirements: Requirements) -> Self:
        return cls(requirements.sun_limit, requirements.allow_sun)

    def holds(self, sky: Sky, when: datetime) -> bool:
        if sky.target is None:
            return True
        if _is_sun(sky.target):
            return self.allow_sun and sky.sun_filter
        return not in_danger(sky.target, sky.site, when, self.limit_deg)

    def check(self, moment: Moment) -> Verdict:
        if moment.target is None:
            return Verdict(True, Reason.SUN, "The session goes to no target.")
        until = moment.now + timedelta(seconds=moment.duration_s)
        try:
            permit_goto(
                moment.target,
                moment.site,
                moment.now,
                until=until,
                limit_deg=self.limit_deg,
                sun_filter=moment.sun_filter,
                allow_sun=self.allow_sun,
            )
        except SunLimitError as refusal:
            return self._refused(moment, str(refusal))
        return Verdict(True, Reason.SUN, f"{moment.target.name} is far enough from the Sun.")

    def _refused(self, moment: Moment, message: str) -> Verdict:
        """The guard's no, which ends when the Sun has set or the target has left it, within a day."""
        site, target, closes = moment.site, moment.target, moment.window.end if moment.window else None
        if site is None or target is None or _is_sun(target):
            return Verdict(False, Reason.SUN, message, final=True)
        sky, tomorrow = Sky(site, target), moment.now + _DAY
        lasts, since = timedelta(seconds=moment.duration_s), moment.now
        while (safe := first_time(partial(self.holds, sky), since, tomorrow)) is not None:
            danger = first_danger(target, site, safe, safe + lasts, self.limit_deg)
            if danger is None:
                break
            since = danger
        if safe is None or (closes is not None and safe >= closes):
            return Verdict(False, Reason.SUN, message, until=safe, final=closes is not None)
        message = f"{message} Better from {clock_words(safe, site)} on."
        return Verdict(False, Reason.SUN, message, until=safe)

    def told(self, sky: Sky, now: datetime) -> Foreseen:
        name, angle = "", 0.0
        if sky.target is not None:
            name, angle = sky.target.name, separation(sky.target, SUN, sky.site, now)
        return Foreseen(
            Reason.SUN,
            partial(self.holds, sky),
            yes=f"{name} is far enough from the Sun.",
            no=f"{name} is {angle:.0f} degrees from the Sun; the limit is {self.limit_deg:g} degrees.",
            lost="It comes too near to the Sun",
        )


def _is_sun(target: Target) -> bool:
    return isinstance(target, SolarTarget) and target.body is SolarBody.SUN


RULE = SunDistanceRule
