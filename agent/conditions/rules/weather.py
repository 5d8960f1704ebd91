"""The weather and safety inputs allow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from agent.conditions.moment import Moment
from agent.conditions.requirements import Requirements
from agent.conditions.rule import About
from agent.reasons import Reason, SafetyLevel
from agent.session.fields import WeatherPolicy
from agent.verdict import Verdict

if TYPE_CHECKING:
    from agent.events import SafetyDecision


@dataclass(frozen=True, slots=True)
class WeatherRule:
    """Safe, by every source. Final where the policy gives up, and for an alert, which ends the night."""

    policy: WeatherPolicy
    about: ClassVar[About] = About(
        name="weather",
        asks="every safety source is clear",
        reasons=(Reason.WEATHER,),
        set_by="`weather.policy`; `weather`, `weather_policy` in the session",
        order=2,
    )

    @classmethod
    def required(cls, requirements: Requirements) -> Self:
        return cls(requirements.weather)

    def check(self, moment: Moment) -> Verdict:
        if self.policy is WeatherPolicy.IGNORE:
            return Verdict(True, Reason.WEATHER, "The weather is not asked about.")
        decision = moment.safety
        gives_up = gives_up_in(decision, self.policy)
        if decision is None:
            message = "Nothing is known about the weather, which counts as unsafe."
            return Verdict(False, Reason.WEATHER, message, final=gives_up)
        if decision.safe:
            return Verdict(True, Reason.WEATHER, "The weather is safe.", until=decision.next_check)
        why = "; ".join(decision.reasons) or "nothing has been heard yet"
        final = gives_up or (moment.running and decision.level is SafetyLevel.ALERT)
        message = f"The weather is {'unsafe' if decision.state == 'unsafe' else 'unknown, so unsafe'}: {why}."
        return Verdict(False, Reason.WEATHER, message, until=decision.next_check, final=final)


def gives_up_in(decision: SafetyDecision | None, policy: WeatherPolicy) -> bool:
    """Whether this policy ends a session in such weather; None: nothing could ever tell of it.

    Never before every source was heard once: the seconds after a start are no bad weather.
    """
    heard = decision is None or decision.state != "unknown"
    return policy is WeatherPolicy.ABORT and heard


RULE = WeatherRule
