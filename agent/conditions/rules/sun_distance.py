"""The target is far enough from the Sun: the guard's own answer, asked before anything moves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Self

from agent.conditions.moment import Moment
from agent.conditions.requirements import Requirements
from agent.conditions.rule import SKY, About
from agent.conditions.sun_guard import SunLimitError, permit_goto
from agent.events import Reason
from agent.verdict import Verdict


@dataclass(frozen=True, slots=True)
class SunDistanceRule:
    """What `permit_goto` says of the whole planned duration. Final: it does not change within a day."""

    limit_deg: float
    allow_sun: bool
    about: ClassVar[About] = About(
        name="sun",
        asks="the target is outside the Sun limit for the whole planned time",
        reasons=(Reason.SUN,),
        set_by="`sun_limit`, `allow_sun`; see [safety.md](safety.md)",
        order=SKY + 7,
        foreseeable=True,
    )

    @classmethod
    def required(cls, requirements: Requirements) -> Self:
        return cls(requirements.sun_limit, requirements.allow_sun)

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
            return Verdict(False, Reason.SUN, str(refusal), final=True)
        return Verdict(True, Reason.SUN, f"{moment.target.name} is far enough from the Sun.")


RULE = SunDistanceRule
