"""Doing work that a person or the weather may interrupt at any await: the telescope stops, then we obey."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any

from agent.capabilities import Camera
from agent.clock import Clock
from agent.errors import AgentError
from agent.events import Reason, Status, Waited
from agent.execute.context import ExecutorOptions, Hands
from agent.execute.frame_counter import FrameCounter
from agent.execute.orders import Ending, EndKind, Hold, Orders
from agent.execute.status import StatusSink
from agent.goals import Level, PreemptedError, Wish
from agent.telescope.interface import CaptureEnd, CaptureReport

Recorded = Callable[[Camera, datetime], Awaitable[Sequence[CaptureReport]]]

_LOGGER = logging.getLogger(__name__)

FAILED = Hold(Reason.TELESCOPE, "the session failed")
RECORDED_LIMIT_S = 10.0  # for the telescope's own record of a capture that cannot be seen to stop
LOOK_EVERY_S = 5.0  # whether the telescope that is to stop is there


def _nothing(_hold: Hold) -> None:
    """Do nothing while the session is held up."""


class EndedError(Exception):
    """The order to end, on its way up."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.message)
        self.ending = ending


class HeldError(Exception):
    """The wish to pause, on its way up."""


class Brake:
    """Obeys the orders to one running session; owner of its waits and of its notes."""

    def __init__(
        self,
        orders: Orders,
        hands: Hands,
        counter: FrameCounter,
        clock: Clock,
        status: StatusSink,
        options: ExecutorOptions,
        recorded: Recorded,
    ) -> None:
        """`recorded` is the telescope's own record, which may be read while it takes no orders."""
        self._orders = orders
        self._hands = hands
        self._counter = counter
        self._clock = clock
        self._status = status
        self._options = options
        self._recorded = recorded
        self.meanwhile: Callable[[Hold], Coroutine[Any, Any, None] | None] = _nothing
        self._stands = False  # our wish to the hands holds until it is taken back
        self.waits: list[Waited] = []
        self.notes: list[str] = []

    async def obey(self) -> None:
        """Wait out every pause; raise EndedError when the session has to end."""
        while True:
            if self._orders.ending is not None:
                if self._stands or self._counter.open_camera is not None:  # in a pause, or before a restart
                    await self.stop_telescope()
                raise EndedError(self._orders.ending)
            hold = self._hold()
            if hold is None:
                self.leave()
                await self._count()
                return
            await self._wait_out(hold)

    async def attended(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work; when an order comes, stop the telescope at once and raise EndedError or HeldError."""
        task = asyncio.create_task(work, name="step")
        order = asyncio.create_task(self._orders.attention(), name="attention")
        try:
            await asyncio.wait({task, order}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                with contextlib.suppress(PreemptedError):
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

    async def stop_telescope(self, why: Hold | None = None) -> None:
        """Have the telescope stopped until that is seen, and count the frames of a capture that was open.

        `why` is that of a capture that is over, paused or not; it is told when there is no order.
        A session that ends waits for it only so long; then the hands go on without it. One that pauses waits
        no longer than the pause.
        """
        ending, hold = self._orders.ending, self._hold()
        order = ending or hold or why or FAILED
        standing = ending is None and hold is not None and why is None
        reason, message = order.reason, order.message
        self._status.say(Status.STOPPING, reason=reason, message=f"stopping the telescope: {message}")
        level = Level.SESSION if standing else Level.SAFETY
        self._stands = standing
        stopped = ending is not None and ending.kind is EndKind.ABORT  # a person's word
        wish = Wish(level, reason, message, standing=standing, own_schedule=stopped)
        reached = self._hands.want(self, wish)
        leaving = ending is not None and ending.kind is EndKind.AGENT_STOP
        if standing:
            await self._first(reached, self._orders.released())
            if self._orders.ending is not None:  # what stands is over with the session, seen or not
                await self.stop_telescope()
                return
        else:
            await self._see(reached, leaving=leaving)
        if reached.done() and reached.result():
            await (self._count() if standing or leaving else self._count_for_good())
        elif not standing:
            _LOGGER.warning("The telescope was not seen to stop; the agent goes on trying")
            self.notes.append("the telescope was not seen to stop; the agent went on trying")
            if not leaving:  # the frames of one that goes on after a restart are counted then
                await self._counter.close(await self._record(), seen=False)

    def leave(self) -> None:
        """Take back a wish that stands: nobody holds the session, or it is over."""
        if self._stands:
            self._stands = False
            self._hands.withdraw(self)

    async def timed(self, reason: Reason, waiting: Awaitable[object]) -> None:
        """Wait, and note for the result how long and why."""
        began = self._clock.monotonic()
        try:
            await waiting
        finally:
            self.waits.append(Waited(reason, round(self._clock.monotonic() - began, 1)))

    def _hold(self) -> Hold | None:
        """What the session waits for: somebody's pause, or what the hands want without being told."""
        if self._orders.hold is not None:
            return self._orders.hold
        wish = self._hands.hold(Level.SESSION, besides=self)
        return Hold(wish.reason, wish.message) if wish is not None else None

    async def _see(self, reached: asyncio.Future[bool], *, leaving: bool) -> None:
        """Wait to see the telescope stop: so long while it is there, and longer for one that comes back."""
        options = self._options
        left = {True: options.stop_limit_s, False: options.reconnect_limit_s}
        if leaving:
            left = dict.fromkeys(left, options.agent_stop_limit_s)
        while not reached.done() and min(left.values()) > 0:
            linked, began = self._hands.linked, self._clock.monotonic()
            with contextlib.suppress(TimeoutError):
                async with self._clock.timeout(min(left[linked], LOOK_EVERY_S)):
                    await asyncio.wait([reached])
            left[linked] = round(left[linked] - (self._clock.monotonic() - began), 3)

    async def _count(self) -> None:
        """Close the count of a capture that was seen to be stopped."""
        camera = self._counter.open_camera
        report = self._hands.take_report(camera) if camera is not None else None
        if report is not None:
            await self._counter.close(report)

    async def _count_for_good(self) -> None:
        """Close the count of what is over; what ended while nobody listened is in the telescope's record."""
        camera = self._counter.open_camera
        report = self._hands.take_report(camera) if camera is not None else None
        if report is None or report.end is CaptureEnd.UNKNOWN:
            report = await self._record() or report
        await self._counter.close(report)

    async def _record(self) -> CaptureReport | None:
        """The telescope's own record of the open capture, as far as it has one by now."""
        camera, since = self._counter.open_camera, self._counter.opened_at
        if camera is None or since is None:
            return None
        try:
            async with self._clock.timeout(RECORDED_LIMIT_S):
                records = await self._recorded(camera, since)
        except (AgentError, TimeoutError) as error:
            _LOGGER.info("The telescope's album could not be read: %s", error or "time ran out")
            return None
        return next((one for one in records if not self._counter.stranger(one)), None)

    async def _wait_out(self, hold: Hold) -> None:
        limit = self._options.hold_limit_s
        work = self.meanwhile(hold)
        doing = asyncio.create_task(work, name="meanwhile") if work is not None else None
        try:
            async with self._clock.timeout(limit):
                await self.timed(hold.reason, self._released())
        except TimeoutError:
            message = f"The pause lasted longer than {limit / 3600:g} h: {hold.message}"
            self._orders.end(Ending(EndKind.LIMIT, hold.reason, message))
        finally:
            if doing is not None:
                doing.cancel()
                with contextlib.suppress(asyncio.CancelledError, AgentError):
                    await doing

    async def _released(self) -> None:
        """Say what holds the session, until it has to end or nothing holds it any more."""
        said: Hold | None = None
        while self._orders.ending is None and (hold := self._hold()) is not None:
            if hold != said:
                _LOGGER.info("Paused: %s", hold.message)
                self._status.say(Status.PAUSED, reason=hold.reason, message=hold.message)
                said = hold
            await self._first(self._orders.changed(), self._hands.changed())

    async def _first(self, *waiting: Awaitable[object]) -> None:
        tasks = {asyncio.ensure_future(each): each for each in waiting}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task, given in tasks.items():
                if task is not given:
                    task.cancel()
