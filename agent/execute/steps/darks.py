"""Take the dark frames that a session's captures lack."""

from __future__ import annotations

from agent.capabilities import Camera
from agent.execute.context import StepContext, StepFailedError
from agent.execute.steps.others import wait_for_others
from agent.session.plan import PlannedStep
from agent.telescope.darks import DarkKind, DarkState
from agent.telescope.interface import Telescope


def kind_of(step: PlannedStep) -> DarkKind:
    """What the darks of a planned step have in common with its capture."""
    if step.exposure is None or step.gain is None:
        raise StepFailedError(f"The step '{step.label}' names no exposure or no gain.", code="no_settings")
    binning = step.binning.value if step.binning else 0
    return DarkKind(step.camera or Camera.TELE, step.exposure.index, step.gain, binning)


async def lacks(telescope: Telescope, step: PlannedStep) -> bool:
    """Whether no dark fits."""
    kind = kind_of(step)
    return (await telescope.darks(kind.camera)).state(kind) is not DarkState.THERE


async def dark_frames(context: StepContext, step: PlannedStep) -> None:
    """Take darks, unless fitting ones are there; the lens is dark."""
    await wait_for_others(context)
    if not await lacks(context.telescope, step):
        context.tell(f"fitting dark frames for the {step.camera} camera were there")
        return
    if context.counter.frames.taken:
        await context.telescope.go_live()  # an earlier capture's display must be finished first
    kind = kind_of(step)
    context.darks.begin(kind.camera)
    await context.telescope.shoot_darks(kind, step.darks)
    context.darks.over(kind.camera)
    context.tell(f"{step.darks} dark frames for the {step.camera} camera were taken")
