"""What the weather wants of one telescope: that it stand still while unsafe, and what its owner adds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from agent.events import Reason, SafetyDecision, SafetyLevel, SafetyState
from agent.goals import Level, Wish
from agent.session.fields import WeatherPolicy
from agent.station.ground import Ground
from agent.station.hands import Hands

UNKNOWN_LIMIT_S = 180.0  # reports come every minute or so; this long without any is as bad as rain
HOLDER = "weather"


class WeatherGoal:
    """Owner of the weather's wish to the hands. `look` after anything that may change the policy."""

    def __init__(
        self,
        ground: Ground,
        hands: Hands,
        action: str,
        policy: Callable[[], WeatherPolicy],
        end_night: Callable[[Reason, str], None],
    ) -> None:
        """`policy` is what counts now: the word of the session that runs or goes on, else the station's."""
        self._clock = ground.clock
        self._hands = hands
        self._action = action
        self._policy = policy
        self._end_night = end_night
        self._changed = asyncio.Event()
        self._unknown_since: float | None = None  # monotonic
        self._late = False  # unknown for so long that it is as bad as unsafe
        self.decision: SafetyDecision | None = None
        self._alerted: SafetyDecision | None = None  # it has ended the night, which a person may undo

    @property
    def unsafe(self) -> str:
        """Why nobody should move the telescope now, as a sentence; "" when it is safe or does not matter."""
        if self._policy() is WeatherPolicy.IGNORE or (self.decision is not None and self.decision.safe):
            return ""
        return self._words()

    @property
    def holds(self) -> bool:
        """Whether the sky, as far as is known, wants the telescope to stand still now."""
        decision = self.decision
        if decision is None or decision.safe or self._policy() is WeatherPolicy.IGNORE:
            return False
        return decision.state is not SafetyState.UNKNOWN or self._late

    def hear(self, decision: SafetyDecision) -> None:
        """The weather says something new."""
        self.decision = decision
        if decision.state is not SafetyState.UNKNOWN:
            self._unknown_since, self._late = None, False
        elif self._unknown_since is None:
            self._unknown_since = self._clock.monotonic()
        self._changed.set()
        self.look()

    def look(self) -> None:
        """Want what the weather asks for now, or nothing more."""
        decision = self.decision
        if decision is None or decision.safe or self._policy() is WeatherPolicy.IGNORE:
            self._hands.withdraw(HOLDER)
        elif self.holds:
            if decision.level is SafetyLevel.ALERT and decision.live and decision is not self._alerted:
                self._alerted = decision
                self._end_night(Reason.WEATHER, self._words())
                self._hands.closing = bool(self._hands.session_id)
            self._hands.want(HOLDER, self._wish(decision))

    async def run(self) -> None:
        """See that an unknown sky does not stay one for ever."""
        while True:
            self._changed.clear()
            since = self._unknown_since
            left = None if since is None or self._late else since + UNKNOWN_LIMIT_S - self._clock.monotonic()
            try:
                async with self._clock.timeout(left if left is None else max(0.0, left)):
                    await self._changed.wait()
            except TimeoutError:
                self._late = True
                self.look()

    def _wish(self, decision: SafetyDecision) -> Wish:
        """What silence asks for can be undone: a telescope is switched off for a live report alone."""
        off = self._action == "shutdown" and decision.live
        park = self._action == "stop_and_park" or (self._action == "shutdown" and not off)
        words = self._words()
        return Wish(Level.SAFETY, Reason.WEATHER, words, park=park, off=off, standing=True, own_schedule=True)

    def _words(self) -> str:
        reasons = self.decision.reasons if self.decision is not None else ()
        return "; ".join(reasons) or "Nothing tells yet that the sky is safe."
