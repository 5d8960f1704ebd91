"""Work that is done to its end although its task is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Do the work whatever cancels this task meanwhile; then be cancelled.

    Ctrl-C in the moment in which a time limit ends cancels twice: the clearing up must not be what is hit.
    """
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise
            cancelled = True
        except Exception:  # noqa: BLE001, S110 - it is raised by the result below
            pass
    if cancelled and task.exception() is None:
        raise asyncio.CancelledError
    return task.result()
