"""Looking ahead: shared by the rules whose answer depends on the sky, so it can be foreseen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.conditions.moment import Moment, clock_words
from agent.reasons import Reason
from agent.sky.nights import first_time
from agent.verdict import Verdict

_AHEAD = timedelta(hours=24)  # the sky repeats itself within a day; nothing is foreseen beyond
_USEFUL_S = 600.0  # seconds a condition must still hold at the start: less does not pay for a goto


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A condition of the sky: its words while it holds, while it does not, and for when it is lost."""

    reason: Reason
    holds: Callable[[datetime], bool]
    yes: str
    no: str
    lost: str


def judge(moment: Moment, condition: Foreseen) -> Verdict:
    """Say whether the condition holds, and when that changes (for a yes: if that is before the planned end).

    To begin, it must hold for ten minutes more (or for as long as the session takes, if that is shorter).
    A no is final when the condition does not come back for long enough before the window ends.
    """
    end = moment.now + _AHEAD
    if condition.holds(moment.now):
        planned = moment.now + timedelta(seconds=max(moment.duration_s, _USEFUL_S))
        lost = first_time(lambda when: not condition.holds(when), moment.now, min(planned, end))
        if lost is None or moment.running or (lost - moment.now).total_seconds() >= _needed_s(moment):
            return Verdict(True, condition.reason, condition.yes, until=lost)
        message = f"{condition.lost} at {clock_words(lost, moment.site)}, too soon to begin."
    else:
        lost, message = moment.now, condition.no
    back = first_time(condition.holds, lost, end)
    if back is not None:
        message = f"{message} Better from {clock_words(back, moment.site)} on."
    closes = moment.window.end if moment.window else None
    final = back is None or (closes is not None and back >= closes)
    return Verdict(False, condition.reason, message, until=back, final=final)


def no_site(reason: Reason) -> Verdict:
    """The answer of a rule that needs the site when none is set."""
    message = "The site's latitude and longitude are not set, so this cannot be judged."
    return Verdict(False, reason, message, final=True)


def no_target(reason: Reason) -> Verdict:
    """The answer of a rule about the target when the session has none."""
    return Verdict(True, reason, "The session goes to no target.")


def _needed_s(moment: Moment) -> float:
    return min(_USEFUL_S, moment.duration_s)
