"""A wall clock that somebody sets."""

from __future__ import annotations

from datetime import datetime, timedelta

from agent.clock import LoopClock


class SteppedClock(LoopClock):
    """The loop's clock, with a wall clock that is `step` ahead of it."""

    step = timedelta()

    def now(self) -> datetime:
        return super().now() + self.step

    def set(self, instant: datetime) -> None:
        """Set the wall clock."""
        self.step += instant - self.now()
