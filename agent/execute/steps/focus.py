"""Focus on stars, or go to the stored infinity position."""

from __future__ import annotations

from agent.execute.context import StepContext
from agent.session.plan import PlannedStep


async def auto_focus(context: StepContext, _step: PlannedStep) -> None:
    """Search the focus."""
    await context.telescope.auto_focus()


async def infinite_focus(context: StepContext, _step: PlannedStep) -> None:
    """Go to infinity."""
    await context.telescope.infinite_focus()
