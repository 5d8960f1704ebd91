"""The target is far enough from the Sun: the guard's own answer, asked before anything moves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from agent.conditions.moment import Moment, Verdict
from agent.conditions.sun_guard import SunLimitError, permit_goto
from agent.events import Reason


@dataclass(frozen=True, slots=True)
class SunDistanceRule:
    """What `permit_goto` says of the whole planned duration. Final: it does not change within a day."""

    limit_deg: float
    allow_sun: bool
    name: ClassVar[str] = "sun"
    cost: ClassVar[int] = 8
    foreseeable: ClassVar[bool] = True

    def check(self, moment: Moment) -> Verdict:
        if moment.target is None:
            return Verdict(self.name, True, Reason.SUN, "The session goes to no target.")
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
            return Verdict(self.name, False, Reason.SUN, str(refusal), final=True)
        return Verdict(self.name, True, Reason.SUN, f"{moment.target.name} is far enough from the Sun.")
