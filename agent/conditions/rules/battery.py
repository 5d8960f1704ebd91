"""Enough battery to begin, or to go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from agent.conditions.moment import Moment, Verdict
from agent.events import Reason


@dataclass(frozen=True, slots=True)
class BatteryRule:
    """At least `minimum` percent. While running and not charging, a no is final: it will not recover."""

    minimum: float
    name: ClassVar[str] = "battery"
    cost: ClassVar[int] = 1
    foreseeable: ClassVar[bool] = False

    def check(self, moment: Moment) -> Verdict:
        level = moment.telemetry.battery
        if level is None:
            return Verdict(self.name, False, Reason.BATTERY, "The telescope has not told its battery level.")
        if level >= self.minimum:
            return Verdict(self.name, True, Reason.BATTERY, f"The battery is at {level} %.")
        charging = moment.telemetry.charging is True
        message = f"The battery is at {level} %, below the limit of {self.minimum:g} %."
        if charging:
            message = f"{message} It is charging."
        final = moment.running and not charging
        return Verdict(self.name, False, Reason.BATTERY, message, final=final)
