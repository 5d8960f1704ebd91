"""The end of a night before its time: nothing more begins, and the closing steps of its sessions are due."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from agent.events import Reason
from agent.goals import Level, Wish
from agent.schedule.waiting import Waiting
from agent.session.sections import Shutdown
from agent.sky.nights import next_solar_noon
from agent.station.ground import Ground
from agent.station.hands import Hands
from agent.verdict import Verdict

_LOGGER = logging.getLogger(__name__)

HOLDER = "night"
_KEY = "night_over"


class Night:
    """Owner of whether one station's night is over; remembered across restarts."""

    def __init__(self, ground: Ground, hands: Hands, queue: Callable[[], Sequence[Waiting]]) -> None:
        self._ground = ground
        self._hands = hands
        self._queue = queue
        self._over = _restored(ground.state.get(_KEY))
        self._closing = False  # what waits behind the session that runs has to be closed once that ended

    def end(self, reason: Reason, message: str, *, runs: bool) -> None:
        """Start nothing more before the next solar noon; the closing steps wait for what still `runs`."""
        self.judgement()  # an end that has run out is none
        ground, noon = self._ground, self._noon()
        if self._over is None:
            until = noon.astimezone(ground.zone).isoformat(timespec="minutes")
            _LOGGER.info("The night is over until %s: %s", until, message)
        elif self._over[1:] == (reason, message):
            return
        self._remember((noon, reason, message))
        self._closing = True
        if not runs:
            self.session_ended(None)

    def session_ended(self, done: Shutdown | None) -> None:
        """Nothing runs now: want the closing steps of tonight's sessions that the last one has not done."""
        if not self._closing or self._over is None:
            return
        self._closing = False
        noon, reason, message = self._over
        wishes = [
            waiting.document.shutdown
            for waiting in self._queue()
            if waiting.document.shutdown is not None and (waiting.start is None or waiting.start < noon)
        ]
        park = any(wish.park for wish in wishes) and not (done is not None and done.park)
        off = any(wish.power_down for wish in wishes) and not (done is not None and done.power_down)
        if park or off:
            self._hands.want(HOLDER, Wish(Level.UPKEEP, reason, message, park=park, off=off))

    def undo(self) -> bool:
        """Let the night go on; false when it was not over."""
        was_over = self.judgement() is not None
        self._hands.withdraw(HOLDER)
        self._remember(None)
        return was_over

    def judgement(self) -> Verdict | None:
        """What the whole queue waits for; None while the night goes on."""
        if self._over is None:
            return None
        if self._over[0] > (noon := self._noon()):  # the clock was set back, perhaps between two lives
            self._remember((noon, *self._over[1:]))
        until, reason, message = self._over
        if self._ground.clock.now() < until:
            return Verdict(False, reason, f"The night is over: {message}", until)
        self._remember(None)
        return None

    def clock_was_set(self) -> None:
        """The night that is over is the one that the clock tells now."""
        if self._over is not None:
            self._remember((self._noon(), *self._over[1:]))

    def _noon(self) -> datetime:
        ground = self._ground
        return next_solar_noon(ground.clock.now(), ground.site, ground.zone)

    def _remember(self, over: tuple[datetime, Reason, str] | None) -> None:
        self._over = over
        kept = None if over is None else [over[0].isoformat(), over[1].value, over[2]]
        self._ground.state.set(**{_KEY: kept})


def _restored(saved: object) -> tuple[datetime, Reason, str] | None:
    if not isinstance(saved, list) or len(saved) != 3:
        return None
    until, reason, message = saved
    try:
        instant = datetime.fromisoformat(until)
        return (instant, Reason(reason), str(message)) if instant.tzinfo is not None else None
    except (TypeError, ValueError):
        return None
