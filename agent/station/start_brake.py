"""What keeps a session from beginning beyond its own conditions: people, switches, the night, wishes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

from agent.events import Reason
from agent.goals import Level
from agent.own_schedule import OwnSchedule, in_the_way
from agent.schedule.waiting import Waiting
from agent.station.enclosure_seen import HOLDER as ENCLOSURE
from agent.station.ground import Ground
from agent.station.hands import Hands
from agent.station.night import Night
from agent.station.switches import SwitchBoard
from agent.station.weather_goal import HOLDER as WEATHER
from agent.verdict import YES, Verdict


class StartBrake:
    """Judges one station's sessions; `has_ending` tells of one that takes its turn only to be ended."""

    def __init__(
        self,
        ground: Ground,
        hands: Hands,
        night: Night,
        switches: SwitchBoard,
        *,
        has_ending: Callable[[Waiting], bool],
        uncounted: Callable[[OwnSchedule], bool],
        enclosure: Callable[[], Verdict | None],
    ) -> None:
        """`uncounted` tells of a schedule of ours whose frames are still to be counted.

        `enclosure` answers for the box around the telescope.
        """
        self._hands = hands
        self._night = night
        self._switches = switches
        self._ground = ground
        self._has_ending = has_ending
        self._uncounted = uncounted
        self._enclosure = enclosure

    def judge(self, waiting: Waiting) -> Verdict | None:
        """Return no with a reason, yes whatever its conditions say, or None to leave it to them."""
        if self._has_ending(waiting):
            return YES
        if self._hands.taken:
            return Verdict(False, Reason.USER, "A person moves the telescope.")
        # of the weather the conditions judge; for the lid a session waits itself
        wish = self._hands.hold(Level.SESSION, besides=frozenset({WEATHER, ENCLOSURE}))
        if wish is not None:
            return Verdict(False, wish.reason, f"The telescope is brought to rest: {wish.message}")
        if (own := self._own_schedule(waiting)) is not None:
            return own
        if waiting.forced or waiting.resume:  # what ran before a restart is nothing that starts
            return self._enclosure()
        over = self._night.judgement()
        if over is not None:
            return over
        values, now = self._switches.values, self._ground.clock.now()
        if not values.scheduler:
            return Verdict(False, Reason.USER, "The scheduler is switched off.")
        if values.not_before is not None and now < values.not_before:
            when = not_before_words(values.not_before, now, self._ground.zone)
            message = f"A person wants nothing before {when}."
            return Verdict(False, Reason.USER, message, values.not_before)
        return self._enclosure()

    def _own_schedule(self, waiting: Waiting) -> Verdict | None:
        """Never over a schedule that the telescope carries out, nor into one that begins before the end.

        What goes on is only kept from the former. A schedule of ours that is to come gives way by itself.
        """
        now, until = self._ground.clock.now(), waiting.window_end
        lasts = (
            timedelta(0)
            if waiting.resume or waiting.plan is None
            else timedelta(seconds=waiting.plan.estimate_s)
        )
        until = now + lasts if until is None else min(until, now + lasts)
        known = self._ground.telescope.schedules
        if any(self._uncounted(one) and not one.busy(now) for one in known):
            return Verdict(False, Reason.OWN_SCHEDULE, "What the telescope took by itself is being counted.")
        found = in_the_way([one for one in known if not (one.ours and one.to_come(now))], now, until)
        if found is None:
            return None
        begins, ends = (f"{at.astimezone(self._ground.zone):%H:%M}" for at in (found.begins, found.ends))
        if found.busy(now):
            message = f"The telescope carries out its own schedule {found.name!r}, until {ends}."
        else:
            message = (
                f"The telescope's own schedule {found.name!r} begins at {begins}, before this would end."
            )
        return Verdict(False, Reason.OWN_SCHEDULE, message, found.ends if found.ends > now else None)


def not_before_words(instant: datetime, now: datetime, zone: tzinfo) -> str:
    """Return a time of day at the site, with its date where that is not today's."""
    local = instant.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == now.astimezone(zone).date() else f"{local:%Y-%m-%d %H:%M}"
