"""The session's own time window, and how late it may begin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from agent.conditions.moment import Moment, Verdict, clock_words
from agent.events import Reason


@dataclass(frozen=True, slots=True)
class WindowRule:
    """Not before its start, not after its end, and not begun later than `allowed_late_s` (None: any time)."""

    allowed_late_s: float | None = None
    name: ClassVar[str] = "window"
    cost: ClassVar[int] = 0
    foreseeable: ClassVar[bool] = True

    def check(self, moment: Moment) -> Verdict:
        window = moment.window
        if window is None:
            return Verdict(self.name, True, Reason.WINDOW, "The session has no window.")
        start = window.start
        if start is not None and moment.now < start:
            message = f"The session starts at {clock_words(start, moment.site)}."
            return Verdict(self.name, False, Reason.SCHEDULE, message, until=start)
        if window.end is not None and moment.now >= window.end:
            message = f"The session's window closed at {clock_words(window.end, moment.site)}."
            return Verdict(self.name, False, Reason.WINDOW, message, final=True)
        latest = None
        if start is not None and self.allowed_late_s is not None and not moment.running:
            latest = start + timedelta(seconds=self.allowed_late_s)
            if moment.now > latest:
                message = f"The session should have begun by {clock_words(latest, moment.site)}."
                return Verdict(self.name, False, Reason.MISSED, message, final=True)
        until = min((edge for edge in (latest, window.end) if edge is not None), default=None)
        return Verdict(self.name, True, Reason.WINDOW, "The session's window is open.", until=until)
