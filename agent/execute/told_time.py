"""Whether the telescope goes by our time, by which its records of our captures are found."""

from __future__ import annotations

from agent.clock import ClockSteps


class ToldTime:
    """Owner of whether the telescope was told the time in this run, and our clock was not set since."""

    def __init__(self) -> None:
        self._steps: ClockSteps | None = None

    def told(self, since: ClockSteps) -> None:
        """The telescope was told the time; `since` began to look at our clock before."""
        self._steps = since

    @property
    def holds(self) -> bool:
        """Whether it still has our time."""
        if self._steps is not None and self._steps.look():
            self._steps = None
        return self._steps is not None
