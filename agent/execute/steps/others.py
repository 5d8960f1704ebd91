"""Captures that other clients began: they are neither counted nor disturbed, only waited for."""

from __future__ import annotations

from agent.execute.context import StepContext
from agent.telescope.errors import HeldByOtherError
from agent.telescope.interface import CaptureProgress


async def others_capture(context: StepContext) -> CaptureProgress | None:
    """The capture of another client that was seen to run, if it still does."""
    camera = context.counter.others
    if camera is None:
        return None
    running = await context.telescope.running_capture(camera)
    if running is None:
        context.counter.others = None
    return running


async def wait_for_others(context: StepContext) -> None:
    """Return when the telescope is free for us; HeldByOtherError while another client captures."""
    running = await others_capture(context)
    if running is not None:
        of = f" of {running.target}" if running.target else ""
        raise HeldByOtherError(
            f"Another client captures with the {running.camera.value} camera{of}.",
            hint="The session goes on when that is over.",
        )
