"""Work that ends at an instant of the wall clock."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import datetime
from typing import Any, TypeVar

from agent.clock import Clock

T = TypeVar("T")

LOOK_EVERY_S = 60.0  # the wall clock may be set meanwhile


async def until(clock: Clock, end: datetime, work: Coroutine[Any, Any, T]) -> T | None:
    """Do the work and return what it does; None when `end` came first, with the work broken off."""
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
    while (left := (instant - clock.now()).total_seconds()) > 0:
        await clock.sleep(min(left, LOOK_EVERY_S))
