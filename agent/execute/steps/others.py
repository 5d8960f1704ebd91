"""Captures that other clients began: they are neither counted nor disturbed, only waited for."""

from __future__ import annotations

from agent.execute.context import StepContext
from agent.telescope.errors import HeldByOtherError


async def wait_for_others(context: StepContext) -> None:
    """Return when no capture runs that was seen to be another client's; HeldByOtherError while one does."""
    camera = context.counter.others
    if camera is None:
        return
    running = await context.telescope.running_capture(camera)
    if running is not None:
        of = f" of {running.target}" if running.target else ""
        raise HeldByOtherError(
            f"Another client captures with the {camera.value} camera{of}.",
            hint="The session goes on when that is over.",
        )
    context.counter.others = None
