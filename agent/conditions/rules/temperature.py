"""The telescope is not too hot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from agent.conditions.moment import Moment
from agent.conditions.requirements import Requirements
from agent.conditions.rule import About
from agent.reasons import Reason
from agent.verdict import Verdict


@dataclass(frozen=True, slots=True)
class TemperatureRule:
    """At most `maximum` degrees Celsius inside; it shuts itself down at 60.

    Unknown is allowed: not every model and firmware tells it.
    """

    maximum: float
    about: ClassVar[About] = About(
        name="temperature",
        asks="the telescope is at most this hot",
        reasons=(Reason.TEMPERATURE,),
        set_by="`max_temperature`",
        order=5,
    )

    @classmethod
    def required(cls, requirements: Requirements) -> Self | None:
        limit = requirements.max_temperature
        return None if limit is None else cls(limit)

    def check(self, moment: Moment) -> Verdict:
        inside = moment.telemetry.temperature
        if inside is None:
            return Verdict(True, Reason.TEMPERATURE, "The telescope does not tell its temperature.")
        if inside <= self.maximum:
            return Verdict(True, Reason.TEMPERATURE, f"The telescope is at {inside:.0f} °C.")
        message = f"The telescope is at {inside:.0f} °C, above the limit of {self.maximum:g} °C."
        return Verdict(False, Reason.TEMPERATURE, message)


RULE = TemperatureRule
