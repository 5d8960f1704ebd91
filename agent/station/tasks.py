"""Loops that must not end: a defect is logged, the loop started again, and given up when it dies at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from agent.clock import Clock
from agent.errors import Problem

_LOGGER = logging.getLogger(__name__)

RESTART_S = 5.0  # a loop that died begins again after this
QUICK_S = 300.0  # a loop that lived longer than this died of something new
DEATHS = 3  # quick ones in a row, and it is given up

Loop = Callable[[], Awaitable[None]]
GiveUp = Callable[[str, Problem], None]


class Tasks:
    """Keeps loops running. `give_up` hears of the one that cannot be kept, with a problem for people."""

    def __init__(self, name: str, clock: Clock, give_up: GiveUp) -> None:
        self._name = name
        self._clock = clock
        self._give_up = give_up

    async def keep(self, loops: dict[str, Loop]) -> None:
        """Run every loop until it returns by itself or is given up; only cancellation ends it before."""
        async with asyncio.TaskGroup() as group:
            for name, loop in loops.items():
                group.create_task(self._keep(name, loop), name=f"{self._name}: {name}")

    async def _keep(self, name: str, loop: Loop) -> None:
        deaths = 0
        while True:
            began = self._clock.monotonic()
            try:
                return await loop()
            except Exception as error:
                lived = self._clock.monotonic() - began
                deaths = 1 if lived > QUICK_S else deaths + 1
                _LOGGER.exception("%s: %s met a defect (%d of %d)", self._name, name, deaths, DEATHS)
                if deaths >= DEATHS:
                    self._give_up(name, _defect(name, error))
                    return None
            await self._clock.sleep(RESTART_S)


def _defect(name: str, error: Exception) -> Problem:
    message = (
        f"The agent's part '{name}' failed {DEATHS} times ({type(error).__name__}) and is out of service."
    )
    return Problem("internal", message, "Restart the agent, and please report it with the log.")
