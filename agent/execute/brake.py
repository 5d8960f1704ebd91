"""Doing work that a person or the weather may interrupt at any await: stop the telescope first, then obey."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Coroutine
from typing import Any

from agent.clock import Clock
from agent.errors import AgentError
from agent.events import Reason, Status, Waited
from agent.execute.context import ExecutorOptions
from agent.execute.frame_counter import FrameCounter
from agent.execute.orders import Ending, EndKind, Hold, Orders
from agent.execute.status import StatusSink
from agent.telescope.errors import TelescopeError, UnreachableError
from agent.telescope.interface import Telescope

_LOGGER = logging.getLogger(__name__)


class EndedError(Exception):
    """The order to end, on its way up."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.message)
        self.ending = ending


class HeldError(Exception):
    """The wish to pause, on its way up."""


class Brake:
    """Obeys the orders to one running session; owner of its waits and of what could not be stopped."""

    def __init__(
        self,
        orders: Orders,
        telescope: Telescope,
        counter: FrameCounter,
        clock: Clock,
        status: StatusSink,
        options: ExecutorOptions,
    ) -> None:
        self._orders = orders
        self._telescope = telescope
        self._counter = counter
        self._clock = clock
        self._status = status
        self._options = options
        self.waits: list[Waited] = []
        self.notes: list[str] = []
        self.left_running = False

    async def obey(self) -> None:
        """Wait out every pause; raise EndedError when the session has to end."""
        while True:
            if self._orders.ending is not None:
                raise EndedError(self._orders.ending)
            hold = self._orders.hold
            if hold is None:
                return
            await self._wait_out(hold)

    async def attended(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work; when an order comes, stop the telescope at once and raise EndedError or HeldError."""
        task = asyncio.create_task(work, name="step")
        order = asyncio.create_task(self._orders.attention(), name="attention")
        try:
            await asyncio.wait({task, order}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            task.cancel()
            await self.stop_telescope()
        finally:
            order.cancel()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, AgentError):
                await task
        if self._orders.ending is not None:
            raise EndedError(self._orders.ending)
        raise HeldError

    async def stop_telescope(self) -> None:
        """Stop what the telescope does, and count the frames of a capture that was open."""
        ending = self._orders.ending
        order = ending or self._orders.hold
        held = ending is None and order is not None
        status = Status.PAUSED if held else Status.ABORTING if ending else Status.FINISHING
        why = f": {order.message}" if order is not None else ""
        reason = order.reason if order is not None else None
        self._status.say(status, reason=reason, message=f"stopping the telescope{why}")
        leaving = ending is not None and ending.kind is EndKind.AGENT_STOP
        try:
            async with self._clock.timeout(
                self._options.agent_stop_limit_s if leaving else self._options.stop_limit_s
            ):
                if self._counter.open_camera is not None:
                    report = await self._telescope.stop_capture(self._counter.open_camera)
                    await self._counter.close(report)
                await self._telescope.halt()
        except UnreachableError as error:
            _LOGGER.warning("The telescope could not be told to stop: %s", error)
            self.notes.append("the telescope could not be reached to stop it")
            self.left_running = True
        except (TelescopeError, TimeoutError) as error:
            _LOGGER.warning("The telescope did not confirm that it stopped: %s", error or "time ran out")
            self.notes.append("the telescope did not confirm that it stopped")
            await self._counter.close(None)

    async def timed(self, reason: Reason, waiting: Awaitable[None]) -> None:
        """Wait, and note for the result how long and why."""
        began = self._clock.monotonic()
        try:
            await waiting
        finally:
            self.waits.append(Waited(reason, round(self._clock.monotonic() - began, 1)))

    async def _wait_out(self, hold: Hold) -> None:
        _LOGGER.info("Paused: %s", hold.message)
        self._status.say(Status.PAUSED, reason=hold.reason, message=hold.message)
        limit = self._options.hold_limit_s
        try:
            async with self._clock.timeout(limit):
                await self.timed(hold.reason, self._orders.cleared())
        except TimeoutError:
            message = f"The pause lasted longer than {limit / 3600:g} h: {hold.message}"
            self._orders.end(Ending(EndKind.LIMIT, hold.reason, message))
