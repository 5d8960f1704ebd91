"""Dark frames within a session: the cap where there is no dark filter, and the time that clouds leave."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import partial
from typing import Any

from agent.errors import AgentError
from agent.events import Reason, SessionWaiting
from agent.execute.brake import Brake
from agent.execute.context import Job, StepContext, StepFailedError, Surroundings
from agent.execute.orders import USER, Hold, Orders
from agent.execute.steps.darks import dark_frames, lacks
from agent.goals import Level
from agent.session.plan import PlannedStep
from agent.telescope.interface import Telescope

_LOGGER = logging.getLogger(__name__)

CAP_OFF_WITHIN_S = 3600.0  # a session that may not image for want of an answer waits no longer


class DarkRoom:
    """Asks for the cap and takes darks, for one running session."""

    def __init__(
        self,
        around: Surroundings,
        job: Job,
        orders: Orders,
        brake: Brake,
        context: Callable[[Telescope], StepContext],
    ) -> None:
        self._around = around
        self._job = job
        self._cap = around.cap
        self._orders = orders
        self._brake = brake
        self._hands = around.hands
        self._context = context
        brake.meanwhile = self._meanwhile

    async def lens_is_free(self) -> None:
        """Return once the cap is known to be off; StepFailedError when nobody says so in time."""
        if not self._cap.on:
            return
        message = "Take the cap off the lens, then press Resume. Nothing is imaged before."
        if not await self._answered(message, CAP_OFF_WITHIN_S):
            raise StepFailedError(
                "Nobody said that the cap is off the lens, so nothing is imaged.",
                code="cap_on",
                hint="Take it off and run the session again; it asks once more.",
            )
        self._cap.is_now(on=False)

    async def is_dark(self, step: PlannedStep) -> bool:
        """Whether darks can and have to be taken now: the cap is on where one is needed."""
        if not step.cap:
            return True
        wanting = await self._hands.perform(
            Level.SESSION, lambda telescope: lacks(telescope, step), moves=False
        )
        if not wanting or self._cap.on:
            return wanting
        message = (
            f"Put the cap on the lens for dark frames, then press Resume. Without an answer within "
            f"{step.cap_wait_s / 60:.0f} minutes none are taken; leave the lens free then."
        )
        if not await self._answered(message, step.cap_wait_s):
            self._brake.notes.append("nobody put the cap on, so no dark frames were taken")
            return False
        self._cap.is_now(on=True)
        return True

    def _meanwhile(self, hold: Hold) -> Coroutine[Any, Any, None] | None:
        """What is done while the session is held up."""
        wanted = self._job.plan.in_the_clouds
        return self._in_the_clouds(wanted) if wanted and hold.reason is Reason.WEATHER else None

    async def _in_the_clouds(self, steps: tuple[PlannedStep, ...]) -> None:
        """Take darks while the weather holds the session up; cancelled when it no longer does."""
        try:
            for step in steps:
                await self._hands.perform(Level.SAFETY, partial(self._take, step), moves=False)
        except asyncio.CancelledError:
            _LOGGER.info("The sky is clear again: no more dark frames")
            await self._hands.perform(Level.SAFETY, _halt, moves=False)
            raise
        except AgentError as error:
            _LOGGER.warning("No dark frames while the clouds pass: %s", error)

    async def _take(self, step: PlannedStep, telescope: Telescope) -> None:
        if await lacks(telescope, step):
            await dark_frames(self._context(telescope), step)

    async def _answered(self, message: str, within_s: float) -> bool:
        """Pause the session until a person resumes it; false when nobody does in time."""
        self._orders.pause(USER, Hold(Reason.USER, message))
        now = self._around.clock.now()
        self._around.publish(
            SessionWaiting(
                telescope=self._around.telescope_id,
                at=now,
                session=self._job.brief,
                reason=Reason.USER,
                message=message,
                until=now + timedelta(seconds=within_s),
            )
        )
        try:
            async with self._around.clock.timeout(within_s):
                await self._brake.obey()
        except TimeoutError:
            self._orders.resume(USER)
            return False
        return True


async def _halt(telescope: Telescope) -> None:
    await telescope.halt()
