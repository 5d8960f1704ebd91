"""What keeps a session from beginning beyond its own conditions: people, switches, the night, wishes."""

from __future__ import annotations

from collections.abc import Callable

from agent.clock import Clock
from agent.events import Reason
from agent.goals import Level
from agent.schedule.waiting import Waiting
from agent.station.hands import Hands
from agent.station.night import Night
from agent.station.switches import SwitchBoard
from agent.station.weather_goal import HOLDER as WEATHER
from agent.verdict import YES, Verdict


class StartBrake:
    """Judges one station's sessions; `has_ending` tells of one that takes its turn only to be ended."""

    def __init__(
        self,
        hands: Hands,
        night: Night,
        switches: SwitchBoard,
        clock: Clock,
        *,
        has_ending: Callable[[Waiting], bool],
    ) -> None:
        self._hands = hands
        self._night = night
        self._switches = switches
        self._clock = clock
        self._has_ending = has_ending

    def judge(self, waiting: Waiting) -> Verdict | None:
        """Return no with a reason, yes whatever its conditions say, or None to leave it to them."""
        if self._has_ending(waiting):
            return YES
        if self._hands.taken:
            return Verdict(False, Reason.USER, "A person moves the telescope.")
        wish = self._hands.hold(Level.SESSION, besides=WEATHER)  # of the weather the conditions judge
        if wish is not None:
            return Verdict(False, wish.reason, f"The telescope is brought to rest: {wish.message}")
        if waiting.forced or waiting.resume:  # what ran before a restart is nothing that starts
            return None
        over = self._night.judgement()
        if over is not None:
            return over
        values = self._switches.values
        if not values.scheduler:
            return Verdict(False, Reason.USER, "The scheduler is switched off.")
        if values.not_before is not None and self._clock.now() < values.not_before:
            return Verdict(False, Reason.USER, "A person wants nothing earlier.", values.not_before)
        return None
