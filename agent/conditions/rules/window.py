"""The session's own time window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from agent.conditions.moment import Moment, clock_words
from agent.conditions.requirements import Requirements
from agent.conditions.rule import About
from agent.reasons import Reason
from agent.verdict import Verdict


@dataclass(frozen=True, slots=True)
class WindowRule:
    """Not before its start, not after its end."""

    about: ClassVar[About] = About(
        name="window",
        asks="start reached, end not passed",
        reasons=(Reason.SCHEDULE, Reason.WINDOW),
        set_by="the session's times",
        order=0,
    )

    @classmethod
    def required(cls, _: Requirements) -> Self:
        return cls()

    def check(self, moment: Moment) -> Verdict:
        window, start = moment.window, moment.window.start
        if start is not None and moment.now < start:
            message = f"The session starts at {clock_words(start, moment.zone)}."
            return Verdict(False, Reason.SCHEDULE, message, until=start)
        if window.end is not None and moment.now >= window.end:
            message = f"The session's window closed at {clock_words(window.end, moment.zone)}."
            return Verdict(False, Reason.WINDOW, message, final=True)
        return Verdict(True, Reason.WINDOW, "The session's window is open.", until=window.end)


RULE = WindowRule
