"""How far a session is, and when it will end: the plan's estimates, corrected by the frames' own pace."""

from __future__ import annotations

from collections import deque
from statistics import median

from agent.clock import Clock
from agent.session.plan import Plan

_MOST_PAUSES = 60  # the latest between two frames
_MIN_FRAMES = 2  # fewer frames tell nothing of the pace


class FramePace:
    """How fast the frames of a capture come: the median of the pauses between them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.monotonic()
        self._first: tuple[float, int] | None = None
        self._last: tuple[float, int] | None = None
        self._pauses: deque[float] = deque(maxlen=_MOST_PAUSES)

    def frames(self, taken: int) -> None:
        """So many frames were taken by now."""
        now = self._clock.monotonic()
        if self._last is not None and taken > self._last[1] > 0:
            self._pauses.append((now - self._last[0]) / (taken - self._last[1]))
        if self._last is None or taken > self._last[1]:
            self._last = (now, taken)
            self._first = self._first or (self._last if taken > 0 else None)

    @property
    def frame_s(self) -> float | None:
        """Seconds a frame takes; None before that can be told."""
        return median(self._pauses) if len(self._pauses) >= _MIN_FRAMES else None

    @property
    def setup_s(self) -> float | None:
        """Seconds before the first frame began."""
        if self._first is None or self.frame_s is None:
            return None
        return max(0.0, self._first[0] - self._began - self._first[1] * self.frame_s)


class Pace:
    """Seconds left and percent done of a plan whose steps run in order."""

    def __init__(self, plan: Plan, clock: Clock) -> None:
        self._steps = plan.steps
        self._total = sum(step.total_s for step in plan.steps) or 1.0
        self._clock = clock
        self._index = 0
        self._step_began = clock.monotonic()
        self._fraction: float | None = None
        self._first: tuple[float, int] | None = None

    def enter(self, index: int) -> None:
        """The step with this index (from 0) begins."""
        self._index, self._step_began = index, self._clock.monotonic()
        self._fraction, self._first = None, None

    def again(self) -> None:
        """The step goes on after an interruption, whose time is no pace of its frames."""
        self._first = None

    def frames(self, taken: int, count: int) -> None:
        """The running step has so many of its frames."""
        if count <= 0:
            return
        self._fraction = min(1.0, taken / count)
        if self._first is None:
            self._first = (self._clock.monotonic(), taken)

    def remaining_s(self, taken: int = 0, count: int = 0) -> float:
        """Seconds until the plan's end."""
        later = sum(step.total_s for step in self._steps[self._index + 1 :])
        return later + self._current_s(taken, count)

    def percent(self) -> float:
        """Share of the plan that is done, 0 to 100."""
        if self._index >= len(self._steps):
            return 100.0
        before = sum(step.total_s for step in self._steps[: self._index])
        done = before + self._steps[self._index].estimate_s * self._done_fraction()
        return round(100.0 * min(1.0, done / self._total), 1)

    def _done_fraction(self) -> float:
        if self._fraction is not None:
            return self._fraction
        estimate = self._steps[self._index].estimate_s
        elapsed = self._clock.monotonic() - self._step_began
        return min(0.95, elapsed / estimate) if estimate > 0 else 0.0

    def _current_s(self, taken: int, count: int) -> float:
        if self._index >= len(self._steps):
            return 0.0
        estimate = self._steps[self._index].estimate_s
        if self._first is not None and count > 0:
            began, first = self._first
            if taken - first >= _MIN_FRAMES:
                return (self._clock.monotonic() - began) / (taken - first) * max(0, count - taken)
            return estimate * (1 - taken / count)
        return estimate * (1 - self._done_fraction())
