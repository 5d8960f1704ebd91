"""Set the telescope's clock; leave an earlier session's display."""

from __future__ import annotations

from agent.execute.context import StepContext
from agent.execute.steps.others import others_capture
from agent.session.plan import PlannedStep


async def set_time(context: StepContext, _step: PlannedStep) -> None:
    """Tell the telescope the time, its zone and where it stands."""
    await context.telescope.set_time(context.clock.now(), context.timezone, context.site)


async def go_live(context: StepContext, _step: PlannedStep) -> None:
    """Finish the display of the session before; one that another client's capture took over is gone."""
    if await others_capture(context) is None:
        await context.telescope.go_live()
