"""Time, injected: the wall clock, and a clock that runs faster than life."""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Protocol

CLOCK_STEP_S = 2.0  # what the wall clock gains on the monotonic one beyond this is a step, not drift


class Clock(Protocol):
    """All the time the agent knows. Instants are aware UTC; durations are seconds of this clock."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that never step, for measuring durations."""

    async def sleep(self, seconds: float) -> None:
        """Wait for that many seconds of this clock."""

    def machine_time(self, instant: datetime) -> datetime:
        """Return what the machine's clock shows, as far as can be told, when this one shows `instant`."""

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        """Return a context that raises TimeoutError after that many seconds of this clock (None: never)."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def machine_time(self, instant: datetime) -> datetime:
        return instant

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        return asyncio.timeout(seconds)


class ScaledClock:
    """A clock that starts at a given instant and runs `speed` times as fast as the machine's."""

    def __init__(self, speed: float, start: datetime | None = None) -> None:
        if speed <= 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self.speed = speed
        self._start = start or datetime.now(UTC)
        self._origin = time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (time.monotonic() - self._origin) * self.speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)

    def machine_time(self, instant: datetime) -> datetime:
        return datetime.now(UTC) + (instant - self.now()) / self.speed

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        return asyncio.timeout(None if seconds is None else seconds / self.speed)


class LoopClock:
    """Wall time tied to the running event loop's time: `start` is the instant at which that time is 0.

    With a loop whose time is simulated, a night takes a second. Worker threads may ask too, after the loop.
    """

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._loop: asyncio.AbstractEventLoop | None = None

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:  # a worker thread: it shares the time of the loop that sent it
            if self._loop is None:
                raise
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def machine_time(self, instant: datetime) -> datetime:
        return instant

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        return asyncio.timeout(seconds)


class ClockSteps:
    """Notices that somebody set the wall clock; whoever asks has one of its own."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead_s = self._now_ahead_s()

    def look(self) -> timedelta:
        """Return by how much the wall clock was set since this was asked last; zero when it was not."""
        step = self._now_ahead_s() - self._ahead_s
        if abs(step) <= CLOCK_STEP_S:
            return timedelta(0)
        self._ahead_s += step
        return timedelta(seconds=step)

    def _now_ahead_s(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()


def aware_instant(text: object) -> datetime | None:
    """Return the instant that an ISO 8601 text names, aware; None for whatever names none, or has no zone."""
    try:
        read = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return read if read is not None and read.tzinfo is not None else None
