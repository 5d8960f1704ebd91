"""A session that missed its night waits for the next one, and does not begin in the morning sun."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar, Self

from agent.conditions.moment import Moment, Sky, clock_words
from agent.conditions.outlook import Foreseen
from agent.conditions.requirements import Requirements
from agent.conditions.rule import SKY, About
from agent.conditions.sun_guard import first_dawn
from agent.reasons import Reason
from agent.sky.ephemeris import sun
from agent.sky.nights import first_time
from agent.verdict import Verdict

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DawnRule:
    """No beginning by day when a dawn (the Sun at `limit` degrees) has passed since the session was due.

    A session that was due by day was meant so. What runs is ended by its capture deadline, not by this rule.
    """

    limit: float
    about: ClassVar[About] = About(
        name="dawn",
        asks="no dawn has passed since the session was due, or it is dark again",
        reasons=(Reason.TWILIGHT,),
        set_by="`dawn_limit`",
        order=SKY,
    )

    @classmethod
    def required(cls, requirements: Requirements) -> Self | None:
        limit = requirements.dawn_limit
        return None if limit is None else cls(limit)

    def holds(self, sky: Sky, when: datetime) -> bool:
        if sky.bright or sky.due is None or sun(sky.site, when).altitude < self.limit:
            return True
        dawn = first_dawn(sky.site, sky.due, self.limit)
        return dawn is None or when < dawn

    def check(self, moment: Moment) -> Verdict:
        site, due = moment.site, moment.window.start if moment.window else None
        if moment.running or moment.bright_target or site is None or due is None:
            return Verdict(True, Reason.TWILIGHT, "The session has no dawn to fear.")
        if sun(site, moment.now).altitude < self.limit:
            return Verdict(True, Reason.TWILIGHT, "The dawn is still to come.")
        dawn = first_dawn(site, due, self.limit)
        if dawn is None or dawn > moment.now:
            return Verdict(True, Reason.TWILIGHT, "The session was due by day.")
        dusk = first_time(lambda when: sun(site, when).altitude < self.limit, moment.now, moment.now + _DAY)
        closes = moment.window.end if moment.window else None
        message = f"Its night was over at {clock_words(dawn, site)}"
        if dusk is not None:
            message = f"{message}; it waits for the next one, from {clock_words(dusk, site)} on"
        final = closes is not None and (dusk is None or dusk >= closes)
        return Verdict(False, Reason.TWILIGHT, f"{message}.", until=dusk, final=final)

    def told(self, sky: Sky, now: datetime) -> Foreseen:
        dawn = first_dawn(sky.site, sky.due or now, self.limit)
        over = f" at {clock_words(dawn, sky.site)}" if dawn is not None and dawn <= now else ""
        return Foreseen(
            Reason.TWILIGHT,
            partial(self.holds, sky),
            yes="The dawn is still to come.",
            no=f"Its night was over{over}.",
            lost="It gets light",
        )


RULE = DawnRule
