"""Take the frames that are still missing, or follow the capture that already runs."""

from __future__ import annotations

import logging

from agent.capabilities import Camera
from agent.execute.context import CaptureLostError, StepContext, StepFailedError
from agent.execute.steps.camera import apply_and_verify
from agent.session.plan import PlannedStep
from agent.telescope.errors import RefusedError, TransientError
from agent.telescope.interface import CaptureEnd, CaptureReport

_LOGGER = logging.getLogger(__name__)


async def capture(context: StepContext, step: PlannedStep) -> None:
    """Fill the step's frame count as far as the telescope goes; fewer frames are counted, not hidden."""
    if step.camera is None or step.count < 1:
        raise StepFailedError(f"The step '{step.label}' names no camera or no count.", code="no_count")
    camera = step.camera
    if context.counter.open_camera is camera:
        await _resume(context, step, camera)
        return
    missing = context.counter.missing(camera)
    if missing == 0:
        return
    if context.counter.frames.taken:
        await context.telescope.go_live()  # an earlier capture's display must be finished first
    await apply_and_verify(context, step, count=_askable(context, camera, missing))
    await context.counter.open(camera, context.clock.now())
    try:
        await context.telescope.start_capture(camera)
    except (TransientError, RefusedError):
        await context.counter.close(None)
        raise
    report = await _follow(context, step, camera)
    await _close(context, camera, report)
    if report.taken == 0:
        raise TransientError(
            "The telescope ended the capture without a single frame.",
            code="no_frames",
            hint="Check that it still tracks the target and that the exposure suits the sky.",
        )


async def _resume(context: StepContext, step: PlannedStep, camera: Camera) -> None:
    """Count a capture begun earlier: follow it if it runs, else take the telescope's record of it."""
    running = await context.telescope.running_capture(camera)
    if running is not None:
        _LOGGER.info("Following the %s capture that runs: %d frames so far", camera.value, running.taken)
        context.progressed(running)
        await _close(context, camera, await _follow(context, step, camera))
        return
    since = context.counter.opened_at
    await context.counter.close(
        None if since is None else await context.telescope.last_capture(camera, since)
    )
    if context.counter.missing(camera):
        raise CaptureLostError(
            f"The capture ended while nobody watched; {context.counter.missing(camera)} frames are missing."
        )


async def _close(context: StepContext, camera: Camera, report: CaptureReport) -> None:
    """Count a capture that is over; CaptureLostError when it broke off unwatched and frames are missing."""
    await context.counter.close(report)
    missing = context.counter.missing(camera)
    if report.end is CaptureEnd.UNKNOWN and missing:
        raise CaptureLostError(f"The capture broke off; {missing} frames are missing.")


def _askable(context: StepContext, camera: Camera, missing: int) -> int:
    return max(missing, context.capabilities.cameras[camera].min_count)


async def _follow(context: StepContext, step: PlannedStep, camera: Camera) -> CaptureReport:
    limit = _limit_s(context, step, camera)
    try:
        async with context.clock.timeout(limit):
            return await context.telescope.follow_capture(camera, context.progressed)
    except TimeoutError:
        _LOGGER.warning("The capture did not end within %.0f s; stopping it", limit)
        return await context.telescope.stop_capture(camera)


def _limit_s(context: StepContext, step: PlannedStep, camera: Camera) -> float | None:
    if step.timeout_s is not None:
        return step.timeout_s
    if step.exposure is None:
        return None
    frame_s = step.exposure.seconds + context.capabilities.durations.frame_overhead
    return 2 * frame_s * max(1, context.counter.missing(camera)) + context.options.capture_slack_s
