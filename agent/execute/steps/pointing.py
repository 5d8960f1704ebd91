"""Know where the telescope points, and point it: calibration, polar alignment, goto."""

from __future__ import annotations

from agent.execute.context import StepContext, StepFailedError
from agent.execute.steps.camera import apply_and_verify
from agent.execute.steps.others import wait_for_others
from agent.session.choices import CameraChoice
from agent.session.plan import PlannedStep
from agent.session.recipe import calibration_recipe
from agent.sky.ephemeris import fixed
from agent.telescope.errors import TelescopeError, UnreachableError

NOT_CALIBRATED = -11511  # the telescope's own code: calibrate, then go again


async def calibrate(context: StepContext, step: PlannedStep) -> None:
    """Calibrate with the recipe's camera settings, from standstill."""
    await _calibrate(context, step)


async def solve_eq(context: StepContext, _step: PlannedStep) -> None:
    """Measure the polar alignment error, from standstill."""
    await context.telescope.stop_goto()
    error = await context.telescope.solve_eq(context.site)
    context.tell(f"polar alignment error: azimuth {error.azimuth:+.2f}°, altitude {error.altitude:+.2f}°")


async def goto(context: StepContext, step: PlannedStep) -> None:
    """Point at the target and track it, if the Sun allows."""
    if step.target is None:
        raise StepFailedError(f"The step '{step.label}' has no target.", code="no_target")
    await wait_for_others(context)
    target = fixed(step.target, context.clock.now(), context.site)  # where a comet is now
    context.guard.permit(target, seconds=context.remaining_s())
    reused = context.reuse.passed and context.reuse.alignment.calibrated_at is not None
    if context.reuse.passed and not reused:
        context.tell("calibrated after all")
        await _calibrate_first(context)
        context.guard.permit(target, seconds=context.remaining_s())
    try:
        await context.telescope.goto(target, context.site)
    except UnreachableError:
        raise
    except TelescopeError as error:
        if error.device_code != NOT_CALIBRATED:
            if reused:  # it may have been moved by hand: the next attempt begins with a calibration
                context.reuse.alignment.calibrated(None)
            raise
        context.tell("the telescope was not calibrated, so the agent calibrated it first")
        await _calibrate_first(context)
        target = fixed(step.target, context.clock.now(), context.site)
        context.guard.permit(target, seconds=context.remaining_s())
        await context.telescope.goto(target, context.site)
    if context.recentring is not None:
        context.recentring.pointed()


async def _calibrate_first(context: StepContext) -> None:
    choice, _ = calibration_recipe(context.capabilities)
    await _calibrate(context, choice)


async def _calibrate(context: StepContext, settings: PlannedStep | CameraChoice) -> None:
    """Calibrate; the mount comes to rest while the camera is set."""
    context.reuse.alignment.calibrated(None)
    await context.telescope.stop_goto()
    await apply_and_verify(context, settings)
    await context.telescope.calibrate(context.site)
    context.reuse.alignment.calibrated(context.clock.now())
