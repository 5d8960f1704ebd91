"""Telling a part of the box to move, and again when it should have by now and is not seen to."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agent.clock import Clock
from agent.conditions.safety.errors import TriedInVainError
from agent.errors import AgentError

_LOGGER = logging.getLogger(__name__)

UNHEARD_AGAIN_S = 15.0  # after an order that did not reach it
OPENINGS = 3  # what does not open after so many orders is left as it is; closing is never given up

Tell = Callable[[str, bool], Awaitable[None]]
"""Tell a part (`lid`, `power`, `heater`) to be on, which for a lid is open; AgentError when that fails."""


@dataclass(slots=True)
class _Order:
    on: bool
    at: float  # of the clock's monotonic time
    count: int
    began: float
    failed: str = ""


class Moves:
    """Owner of what each part was last told, when, and how often."""

    def __init__(self, clock: Clock, tell: Tell, changed: Callable[[], None]) -> None:
        """`changed` is called when it is known whether an order reached its part."""
        self._clock = clock
        self._tell = tell
        self._changed = changed
        self._orders: dict[str, _Order] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def forget(self, part: str) -> None:
        """A part is where it was wanted, or is not wanted there any more."""
        self._orders.pop(part, None)

    def told(self, part: str, on: bool) -> bool:
        """Whether that is what a part was last told, and the order reached it."""
        order = self._orders.get(part)
        return order is not None and order.on is on and not order.failed

    def opens_for_s(self) -> float:
        """How many seconds ago the lid was told to open, the first time of late; endless if it was not."""
        order = self._orders.get("lid")
        return self._clock.monotonic() - order.began if order is not None and order.on else math.inf

    def given_up(self, part: str, lasts_s: float) -> bool:
        """Whether it was told to open as often as is worth trying, and had its time."""
        order = self._orders.get(part)
        return order is not None and order.on and order.count >= OPENINGS and self._late(order, lasts_s)

    def towards(self, part: str, on: bool, lasts_s: float) -> None:
        """Tell a part where it is wanted, if it was not told, or should be there by now and is not.

        Nothing waits for the answer: Home Assistant may give it only when the move is over.
        """
        order = self._orders.get(part)
        if order is None or order.on is not on:
            order = _Order(on, 0.0, 0, self._clock.monotonic())
        elif not self._late(order, lasts_s) or self.given_up(part, lasts_s):
            return
        order.at, order.count, order.failed = self._clock.monotonic(), order.count + 1, ""
        self._orders[part] = order
        word = ("open" if on else "close") if part == "lid" else ("on" if on else "off")
        _LOGGER.info("The %s is told: %s (%d)", part, word, order.count)
        before = self._tasks.get(part)
        if before is not None:
            before.cancel()
        self._tasks[part] = asyncio.create_task(self._carry(part, order), name=f"tell the {part}")

    async def _carry(self, part: str, order: _Order) -> None:
        try:
            await self._tell(part, order.on)
        except AgentError as error:
            order.failed = error.message
            if not isinstance(error, TriedInVainError):
                order.count -= 1  # it did not reach the part, so it was no try
            _LOGGER.warning("The %s cannot be told: %s", part, error)
        except Exception as error:
            order.failed = f"the agent failed ({type(error).__name__})"
            _LOGGER.exception("The %s cannot be told, by a defect of the agent", part)
        self._changed()

    def trouble(self, part: str, lasts_s: float) -> str:
        """Why a part is not where it should be by now, as the end of a sentence; "" if all is well."""
        order = self._orders.get(part)
        if order is None:
            return ""
        if order.failed:
            return f"it cannot be told: {order.failed}"
        if order.count > 1 or self._late(order, lasts_s):
            return f"told {order.count} times" if order.count > 1 else f"it has had {lasts_s:.0f} s"
        return ""

    def next_s(self, part: str, lasts_s: float) -> float | None:
        """In how many seconds there is something to be done about it; None: nothing."""
        order = self._orders.get(part)
        if order is None or self.given_up(part, lasts_s):
            return None
        return max(0.0, order.at + self._limit(order, lasts_s) - self._clock.monotonic())

    def _late(self, order: _Order, lasts_s: float) -> bool:
        return self._clock.monotonic() - order.at >= self._limit(order, lasts_s)

    @staticmethod
    def _limit(order: _Order, lasts_s: float) -> float:
        return min(UNHEARD_AGAIN_S, lasts_s) if order.failed else lasts_s
