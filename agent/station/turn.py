"""One thing at a time on a telescope, broken off when something more important comes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, TypeVar

from agent.clock import Clock
from agent.errors import AgentError
from agent.goals import Level, PreemptedError, Wish

_LOGGER = logging.getLogger(__name__)
T = TypeVar("T")

LET_GO_S = 5.0  # work that was cancelled and does not end within this is left to itself


@dataclass(eq=False)
class _Doing:
    level: Level
    preempted: asyncio.Future[Wish]


class Turn:
    """Owner of who has the telescope now. Whoever uses it holds `lock`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._doing: _Doing | None = None
        self.lock = asyncio.Lock()

    @property
    def busy(self) -> bool:
        """Whether work is being performed."""
        return self._doing is not None

    def break_off(self, wish: Wish, *, up_to: Level) -> None:
        """Break off the work that is being performed, if its level is not above that."""
        if self._doing is not None and self._doing.level <= up_to and not self._doing.preempted.done():
            self._doing.preempted.set_result(wish)

    async def perform(self, level: Level, work: Awaitable[T]) -> T:
        """Do the work, for a caller who has the lock; PreemptedError when it was broken off."""
        task: asyncio.Future[T] = asyncio.ensure_future(work)
        self._doing = doing = _Doing(level, asyncio.get_running_loop().create_future())
        try:
            waiting: list[asyncio.Future[Any]] = [task, doing.preempted]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            task.add_done_callback(_unheard)
            raise
        finally:
            self._doing = None
            if not task.done():
                await self._let_go(task)
        if doing.preempted.done() and (not task.done() or task.cancelled()):
            task.add_done_callback(_unheard)
            raise PreemptedError(doing.preempted.result())
        return task.result()

    async def _let_go(self, task: asyncio.Future[Any]) -> None:
        task.cancel()
        try:
            async with self._clock.timeout(LET_GO_S):
                await asyncio.wait([task])
        except TimeoutError:
            _LOGGER.warning("Work on the telescope does not end although it was told to: left to itself")


def _unheard(task: asyncio.Future[Any]) -> None:
    """Of work that nobody waits for any more only a defect is worth knowing."""
    if task.cancelled():
        return
    error = task.exception()
    if error is not None and not isinstance(error, AgentError):
        _LOGGER.error("Work on the telescope that was broken off met a defect", exc_info=error)
