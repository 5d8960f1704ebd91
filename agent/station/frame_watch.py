"""Watches the frames of a running session: says when they get worse, and may pause or refocus it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from agent.afterwards import SkyChanged
from agent.events import Event, Frames, Reason, SessionProgress
from agent.execute.frame_trend import FrameTrend, Judgement
from agent.execute.orders import Hold, Orders
from agent.quality.trend import Cause, Change
from agent.session.fields import WatchFrames
from agent.station.frame_quality import FrameQuality
from agent.station.ground import Ground
from agent.station.sky_words import counted_words, measured_words

_LOGGER = logging.getLogger(__name__)

PAUSES_S = (600.0, 1200.0, 1800.0)  # one after the other while it stays bad; the last one again and again
REFOCUS_EVERY_S = 1800.0  # at most: what focusing does not mend is something else
FOCUS_LIMIT_S = 900.0  # from asking until it is focused
LOOK_S = 10.0
_HOLDER = "frames"


class FrameWatch:
    """Follows one session while `watch` runs. It never ends a session."""

    def __init__(
        self,
        ground: Ground,
        session_id: str,
        orders: Orders,
        policy: Callable[[], WatchFrames],
        most_s: Callable[[], float],
    ) -> None:
        """`most_s` is how long the session may be paused for this in all."""
        self._ground = ground
        self._session_id = session_id
        self._orders = orders
        self._policy = policy
        self._most_s = most_s
        self._trend = FrameTrend()
        self._quality = FrameQuality(ground, session_id, self._measured)
        self._capture = -1
        self._first = Frames()
        self._counted: Judgement | None = None  # while the telescope keeps fewer frames
        self._causes: tuple[Cause, ...] = ()  # while the frames show some
        self._told = False  # that it is bad
        self._pauses = 0
        self._paused_s = 0.0
        self._focused_at: float | None = None
        self._bad = asyncio.Event()

    async def watch(self) -> None:
        """Watch, and do what is wanted of it, until cancelled."""
        end = self._ground.bus.subscribe(self._hear)
        try:
            async with asyncio.TaskGroup() as group:
                if self._policy() is not WatchFrames.IGNORE:
                    group.create_task(self._quality.run())
                group.create_task(self._act())
        finally:
            end()
            self._orders.resume(_HOLDER)

    async def _act(self) -> None:
        while True:
            await self._bad.wait()
            self._bad.clear()
            match self._policy():
                case WatchFrames.PAUSE:
                    await self._pause()
                case WatchFrames.REFOCUS:
                    await self._refocus()
                case _:
                    pass

    # -- what is seen -----------------------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        if not isinstance(event, SessionProgress) or event.telescope != self._ground.id:
            return
        if event.session.session_id != self._session_id or self._policy() is WatchFrames.IGNORE:
            return
        if event.index != self._capture:
            self._capture, self._trend = event.index, FrameTrend()
            self._first = event.frames
            self._counted, self._causes = None, ()
        taken = event.frames.taken - self._first.taken
        judgement = self._trend.count(taken, event.frames.stacked - self._first.stacked)
        if judgement is not None:
            self._counted = judgement if judgement.degraded else None
            self._tell(event, judgement.degraded, counted_words(judgement, self._causes), judgement)

    def _measured(self, about: SessionProgress, change: Change) -> None:
        if self._policy() is not WatchFrames.IGNORE:
            self._causes = change.causes
            self._tell(about, change.degraded, measured_words(change), self._trend.shares())

    def _tell(self, about: SessionProgress, degraded: bool, message: str, shares: Judgement) -> None:
        """Say that it is bad, and each time when more of it is known; that it is over, when all of it is."""
        if not degraded and (self._counted is not None or self._causes or not self._told):
            return
        self._told = degraded
        level = logging.WARNING if degraded else logging.INFO
        _LOGGER.log(level, "Session %s: %s", self._session_id, message)
        self._ground.bus.publish(
            SkyChanged(
                telescope=self._ground.id,
                at=self._ground.clock.now(),
                session=about.session,
                degraded=degraded,
                kept=shares.kept,
                usual=shares.usual,
                sudden=self._counted.sudden if self._counted is not None else Cause.CLOUD in self._causes,
                reasons=tuple(cause.value for cause in self._causes),
                message=message,
            )
        )
        if degraded:
            self._bad.set()
        else:
            self._pauses = 0

    # -- what is done -----------------------------------------------------------------------------------

    async def _pause(self) -> None:
        """Pause for a while, then have another look: the trend begins anew, with what is usual kept."""
        seconds = PAUSES_S[min(self._pauses, len(PAUSES_S) - 1)]
        if self._counted is None and self._causes == (Cause.FOCUS,):
            return  # no pause mends that
        if self._paused_s + seconds > self._most_s():
            return
        self._pauses += 1
        self._paused_s += seconds
        message = f"The frames are of no use; another look in {seconds / 60:.0f} min."
        self._orders.pause(_HOLDER, Hold(Reason.SKY, message))
        await self._ground.clock.sleep(seconds)
        self._look_again()
        self._orders.resume(_HOLDER)

    async def _refocus(self) -> None:
        """Have it focused again where that may help: not under a cloud, and not again and again."""
        crept = self._counted is not None and not self._counted.sudden and not self._causes
        now = self._ground.clock.monotonic()
        if Cause.FOCUS not in self._causes and not crept:
            return
        if self._focused_at is not None and now - self._focused_at < REFOCUS_EVERY_S:
            return
        self._focused_at = now
        self._orders.ask_focus("the frames got worse")
        while self._orders.focus_asked and self._ground.clock.monotonic() - now < FOCUS_LIMIT_S:
            await self._ground.clock.sleep(LOOK_S)
        self._look_again()

    def _look_again(self) -> None:
        self._trend.look_again()
        self._quality.look_again()
        self._counted, self._causes = None, ()
        self._bad.clear()
