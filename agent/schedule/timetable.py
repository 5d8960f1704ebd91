"""Alarms at absolute instants, kept by APScheduler, surviving steps of the wall clock."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

from agent.clock import Clock, ClockSteps

_LOGGER = logging.getLogger(__name__)
logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it logs every alarm of thousands otherwise

HEARTBEAT_S = 60.0  # how late an alarm can be after the wall clock was set, if nobody else looks at it before


class Timetable:
    """One alarm per key, at an aware instant. One in the past rings at once; none is ever dropped."""

    def __init__(self, clock: Clock, on_clock_step: Callable[[timedelta], None] | None = None) -> None:
        """`on_clock_step` hears by how much the wall clock was set, before anything rings by it."""
        self._clock = clock
        self._steps = ClockSteps(clock)
        self._on_clock_step = on_clock_step
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._heart: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start ringing; needs the running event loop."""
        self._scheduler.start()
        self._heart = asyncio.create_task(self._beat(), name="timetable")

    async def stop(self) -> None:
        """Ring no more."""
        if self._heart is not None:
            self._heart.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._heart
            self._heart = None
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def set(self, key: str, instant: datetime, ring: Callable[[], None]) -> None:
        """Ring at the instant; replaces an alarm with the same key."""
        when = DateTrigger(self._clock.machine_time(instant).astimezone(UTC))
        self._scheduler.add_job(_ring, when, args=[ring], id=key, replace_existing=True)

    def remove(self, key: str) -> None:
        """Forget an alarm; harmless when there is none."""
        with contextlib.suppress(JobLookupError):
            self._scheduler.remove_job(key)

    def look_at_clock(self) -> None:
        """Notice now, and not at the next heartbeat, that the wall clock was set."""
        if step := self._steps.look():
            seconds = step.total_seconds()
            _LOGGER.warning("The system clock was set %+.0f s; start times are followed anew", seconds)
            if self._on_clock_step is not None:
                try:
                    self._on_clock_step(step)
                except Exception:
                    _LOGGER.exception("Not all that follows the clock heard that it was set")
            if self._scheduler.running:
                self._scheduler.wakeup()  # its timer knows only the clock as it was

    async def _beat(self) -> None:
        while True:
            await self._clock.sleep(HEARTBEAT_S)
            self.look_at_clock()


async def _ring(ring: Callable[[], None]) -> None:
    ring()
