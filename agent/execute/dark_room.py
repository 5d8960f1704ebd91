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
from agent.execute.orders import CAP, Hold, Orders
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
        self._lacking = True
        brake.meanwhile = self._meanwhile

    async def lens_is_free(self, *, needed: bool) -> None:
        """Return once the cap is known to be off; if it is `needed`, StepFailedError when nobody says so."""
        if not self._cap.on:
            return
        message = "Take the cap off the lens, then press Resume. Nothing is imaged before."
        if await self._answered(message, CAP_OFF_WITHIN_S, on=False):
            return
        if needed:
            raise StepFailedError(
                "Nobody said that the cap is off the lens, so nothing is imaged.",
                code="cap_on",
                hint="Take it off and run the session again; it asks once more.",
            )
        self._brake.notes.append("the cap is still on the lens")

    async def look(self, step: PlannedStep) -> None:
        """Ask whether darks are lacking."""
        self._lacking = await self._hands.perform(
            Level.SESSION, lambda telescope: lacks(telescope, step), moves=False
        )

    async def is_dark(self, step: PlannedStep) -> bool:
        """Whether darks can and have to be taken now: the cap is on where one is needed."""
        if not step.cap:
            return True
        if not self._lacking or self._cap.on:
            return self._lacking
        message = (
            f"Put the cap on the lens for dark frames, then press Resume. Without an answer within "
            f"{step.cap_wait_s / 60:.0f} minutes none are taken; leave the lens free then."
        )
        if await self._answered(message, step.cap_wait_s, on=True):
            return True
        self._brake.notes.append("nobody put the cap on, so no dark frames were taken")
        return False

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
        await self._around.darks.stop(telescope)
        if await lacks(telescope, step):
            await dark_frames(self._context(telescope), step)

    async def _answered(self, message: str, within_s: float, *, on: bool) -> bool:
        """Pause the session until a person says where the cap is; false when nobody does in time.

        What is said counts at once, whatever else holds the session up by then.
        """
        self._orders.pause(CAP, Hold(Reason.USER, message))
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
        obeying = asyncio.create_task(self._brake.obey(), name="obeying")
        try:
            async with self._around.clock.timeout(within_s):
                while CAP in self._orders.holders and self._orders.ending is None:
                    await self._orders.changed()
            if CAP not in self._orders.holders:
                self._cap.is_now(on=on)
            await obeying
        except TimeoutError:
            self._orders.resume(CAP)
            return False
        finally:
            obeying.cancel()
            await asyncio.gather(obeying, return_exceptions=True)
        return True


async def _halt(telescope: Telescope) -> None:
    await telescope.halt()
