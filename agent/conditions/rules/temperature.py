"""The telescope is not too hot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from agent.conditions.moment import Moment, Verdict
from agent.events import Reason


@dataclass(frozen=True, slots=True)
class TemperatureRule:
    """At most `maximum` degrees Celsius inside; it shuts itself down at 60.

    Unknown is allowed: not every model and firmware tells it.
    """

    maximum: float
    name: ClassVar[str] = "temperature"
    cost: ClassVar[int] = 1
    foreseeable: ClassVar[bool] = False

    def check(self, moment: Moment) -> Verdict:
        inside = moment.telemetry.temperature
        if inside is None:
            return Verdict(
                self.name, True, Reason.TEMPERATURE, "The telescope does not tell its temperature."
            )
        if inside <= self.maximum:
            return Verdict(self.name, True, Reason.TEMPERATURE, f"The telescope is at {inside:.0f} °C.")
        message = f"The telescope is at {inside:.0f} °C, above the limit of {self.maximum:g} °C."
        return Verdict(self.name, False, Reason.TEMPERATURE, message)
