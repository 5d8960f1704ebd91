"""Work that ends at an instant of the wall clock."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import datetime
from typing import Any, TypeVar

from agent.clock import Clock

T = TypeVar("T")


async def until(clock: Clock, end: datetime, work: Coroutine[Any, Any, T]) -> T | None:
    """Do the work and return what it does; None when `end` came first, with the work broken off.

    It comes by the clock as it is now: one that is set has the session give its turn back.
    """
    if clock.now() >= end:
        work.close()
        return None
    doing = asyncio.create_task(work, name="until")
    over = asyncio.create_task(_come(clock, end), name="end time")
    try:
        await asyncio.wait({doing, over}, return_when=asyncio.FIRST_COMPLETED)
        return doing.result() if doing.done() else None
    finally:
        doing.cancel()
        over.cancel()
        await asyncio.gather(doing, over, return_exceptions=True)


async def _come(clock: Clock, instant: datetime) -> None:
    await clock.sleep(max(0.0, (instant - clock.now()).total_seconds()))
