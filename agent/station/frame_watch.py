"""Watches the frames of a running session: says when they are no longer kept, and may pause it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from agent.afterwards import SkyChanged
from agent.events import Event, Frames, Reason, SessionProgress
from agent.execute.frame_trend import FrameTrend, Judgement
from agent.execute.orders import Hold, Orders
from agent.session.fields import WatchFrames
from agent.station.ground import Ground

_LOGGER = logging.getLogger(__name__)

PAUSES_S = (600.0, 1200.0, 1800.0)  # one after the other while it stays bad; the last one again and again
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
        self._capture = -1
        self._first = Frames()
        self._pauses = 0
        self._paused_s = 0.0
        self._bad = asyncio.Event()

    async def watch(self) -> None:
        """Watch, and pause where that is wanted, until cancelled."""
        end = self._ground.bus.subscribe(self._hear)
        try:
            while True:
                await self._bad.wait()
                self._bad.clear()
                await self._pause()
        finally:
            end()
            self._orders.resume(_HOLDER)

    def _hear(self, event: Event) -> None:
        if not isinstance(event, SessionProgress) or event.telescope != self._ground.id:
            return
        if event.session.session_id != self._session_id or self._policy() is WatchFrames.IGNORE:
            return
        if event.index != self._capture:
            self._capture, self._trend = event.index, FrameTrend()
            self._first = event.frames
        taken = event.frames.taken - self._first.taken
        judgement = self._trend.count(taken, event.frames.stacked - self._first.stacked)
        if judgement is not None:
            self._tell(event, judgement)

    def _tell(self, event: SessionProgress, judgement: Judgement) -> None:
        message = words(judgement)
        _LOGGER.log(
            logging.WARNING if judgement.degraded else logging.INFO,
            "Session %s: %s",
            self._session_id,
            message,
        )
        self._ground.bus.publish(
            SkyChanged(
                telescope=self._ground.id,
                at=self._ground.clock.now(),
                session=event.session,
                degraded=judgement.degraded,
                kept=judgement.kept,
                usual=judgement.usual,
                sudden=judgement.sudden,
                message=message,
            )
        )
        if judgement.degraded:
            self._bad.set()
        else:
            self._pauses = 0

    async def _pause(self) -> None:
        """Pause for a while, then have another look: the trend begins anew, with what is usual kept."""
        seconds = PAUSES_S[min(self._pauses, len(PAUSES_S) - 1)]
        if self._policy() is not WatchFrames.PAUSE or self._paused_s + seconds > self._most_s():
            return
        self._pauses += 1
        self._paused_s += seconds
        message = f"The telescope keeps hardly any frame; another look in {seconds / 60:.0f} min."
        self._orders.pause(_HOLDER, Hold(Reason.SKY, message))
        await self._ground.clock.sleep(seconds)
        self._trend.look_again()
        self._orders.resume(_HOLDER)


def words(judgement: Judgement) -> str:
    """Return a judgement as a sentence."""
    share = f"{judgement.kept:.0%} of the newest are stacked, {judgement.usual:.0%} were at the beginning"
    if not judgement.degraded:
        return f"Frames are kept again: {share}."
    cause = "a cloud, wind or an obstacle" if judgement.sudden else "dew, focus or the air"
    return f"The telescope keeps fewer frames: {share}. It looks like {cause}."
