"""Set the telescope's clock; leave an earlier session's display; see that the session's settings exist."""

from __future__ import annotations

from agent.capabilities import Camera
from agent.clock import ClockSteps
from agent.execute.context import StepContext, StepFailedError
from agent.execute.steps.camera import settings_of
from agent.execute.steps.others import others_capture
from agent.session.plan import PlannedStep

_FEW = 4  # names in a sentence


async def set_time(context: StepContext, _step: PlannedStep) -> None:
    """Tell the telescope the time, its zone and where it stands."""
    since = ClockSteps(context.clock)
    await context.telescope.set_time(context.clock.now(), context.timezone, context.site)
    context.told_time.told(since)


async def go_live(context: StepContext, _step: PlannedStep) -> None:
    """Finish the display of the session before; one that another client's capture took over is gone."""
    if await others_capture(context) is None:
        await context.telescope.go_live()


async def make_ready(context: StepContext, step: PlannedStep) -> None:
    """Go live, and refuse before anything moves what the telescope does not offer for the target."""
    await go_live(context, step)
    if context.counter.others is None:
        await context.telescope.prepare(next(reversed(context.plan.goto_targets), None), Camera.TELE)
    for each in context.plan.steps:
        _require_offered(context, each)


def _require_offered(context: StepContext, step: PlannedStep) -> None:
    if step.camera is None:
        return
    own, wanted = context.capabilities.cameras[step.camera], settings_of(step)
    offered = {
        "exposure": {one.index: one.name for one in own.exposures},
        "gain": {gain: str(gain) for gain in own.gains},
        "filter": {one.value: one.name for one in own.filters},
        "binning": {one.value: one.name for one in own.binnings},
    }
    asked = {name: getattr(wanted, name) for name in offered}
    for name, value in asked.items():
        if value is None or value in offered[name] or (value == 0 and not offered[name]):
            continue
        of_step = getattr(step, name)
        there = list(offered[name].values())
        raise StepFailedError(
            f"{step.label}: the telescope does not offer {name} {getattr(of_step, 'name', of_step)} here.",
            code="not_offered",
            hint=f"It offers {_listed(there)}.",
        )


def _listed(names: list[str]) -> str:
    return f"{names[0]} to {names[-1]}" if len(names) > _FEW else ", ".join(names) or "none"
