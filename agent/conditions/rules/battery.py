"""Enough battery to begin, or to go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from agent.conditions.moment import Moment
from agent.conditions.requirements import Requirements
from agent.conditions.rule import About
from agent.reasons import Reason
from agent.verdict import Verdict


@dataclass(frozen=True, slots=True)
class BatteryRule:
    """At least `minimum` percent. While running and not charging, a no is final: it will not recover."""

    minimum: float
    about: ClassVar[About] = About(
        name="battery",
        asks="at least this many percent",
        reasons=(Reason.BATTERY,),
        set_by="`min_battery`",
        order=3,
    )

    @classmethod
    def required(cls, requirements: Requirements) -> Self | None:
        limit = requirements.min_battery
        return None if limit is None else cls(limit)

    def check(self, moment: Moment) -> Verdict:
        level = moment.telemetry.battery
        if level is None:
            return Verdict(False, Reason.BATTERY, "The telescope has not told its battery level.")
        if level >= self.minimum:
            return Verdict(True, Reason.BATTERY, f"The battery is at {level} %.")
        charging = moment.telemetry.charging is True
        message = f"The battery is at {level} %, below the limit of {self.minimum:g} %."
        if charging:
            message = f"{message} It is charging."
        final = moment.running and not charging
        return Verdict(False, Reason.BATTERY, message, final=final)


RULE = BatteryRule
