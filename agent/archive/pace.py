"""No more than so many bytes a second."""

from __future__ import annotations

from agent.clock import Clock

_BURST_S = 0.25  # what may come at once, as a part of a second


class Pace:
    """Holds a stream to a rate; 0 is no limit. One for everything that shares the rate."""

    def __init__(self, clock: Clock, bytes_per_s: float) -> None:
        self._clock = clock
        self._rate = bytes_per_s
        self._free_at = clock.monotonic()

    async def passed(self, count: int) -> None:
        """So many bytes came: wait until more may."""
        if self._rate <= 0:
            return
        now = self._clock.monotonic()
        self._free_at = max(self._free_at, now - _BURST_S) + count / self._rate
        if self._free_at > now:
            await self._clock.sleep(self._free_at - now)
