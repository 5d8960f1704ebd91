"""Time limits in the agent's own time that never cut a real network short."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agent.clock import Clock

# Real seconds any answer may take, however fast the clock runs: the network does not run faster with it.
REAL_GRACE_S = 2.0


@asynccontextmanager
async def limit(clock: Clock, seconds: float) -> AsyncIterator[None]:
    """Raise TimeoutError after `seconds` of the clock, but not before `REAL_GRACE_S` of the loop's time."""
    async with asyncio.timeout(None) as bound:
        timer = asyncio.create_task(_expire(clock, seconds, bound), name="time limit")
        try:
            yield
        finally:
            timer.cancel()


async def _expire(clock: Clock, seconds: float, bound: asyncio.Timeout) -> None:
    await asyncio.gather(clock.sleep(seconds), asyncio.sleep(min(seconds, REAL_GRACE_S)))
    bound.reschedule(asyncio.get_running_loop().time())
