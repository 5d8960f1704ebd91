"""Take the frames that are still missing, or follow the capture that already runs."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any

from agent.capabilities import Camera
from agent.execute.context import CaptureLostError, StepContext, StepFailedError
from agent.execute.recentring import Recentring, TargetMovedError
from agent.execute.steps.camera import apply_and_verify
from agent.execute.steps.focus import refocus_if_due
from agent.execute.steps.others import wait_for_others
from agent.execute.steps.prepare import set_time
from agent.session.plan import PlannedStep
from agent.session.recentring import short_side
from agent.telescope.errors import NothingExposedError, RefusedError, TransientError
from agent.telescope.interface import CaptureEnd, CaptureProgress, CaptureReport

_LOGGER = logging.getLogger(__name__)

LOOK_EVERY_S = 15.0  # whether a capture has to be interrupted
LEAST_LEFT_S = 180.0  # nearer to its end a capture is let finish
BEGINS_LOOK_S = 2.0  # between two looks whether a capture asked for before a restart has begun


async def capture(context: StepContext, step: PlannedStep) -> None:
    """Fill the step's frame count as far as the telescope goes; fewer frames are counted, not hidden.

    TargetMovedError when the telescope has to be pointed again first.
    """
    if step.camera is None or step.count < 1:
        raise StepFailedError(f"The step '{step.label}' names no camera or no count.", code="no_count")
    camera = step.camera
    if context.counter.open_camera is camera:
        interrupted = await _resume(context, step, camera)
        if not interrupted and step.until is None:
            return
    while missing := context.counter.missing(camera):
        if _left_s(context, step, camera) >= LEAST_LEFT_S:
            if _may_refocus(step):
                await refocus_if_due(context)
            if (left_behind := _to_recentre(context, step, camera)) is not None:
                left_behind.again()
                raise TargetMovedError
        if await _take(context, step, camera, missing):
            continue
        if step.mosaic is not None or missing <= context.capabilities.cameras[camera].max_count:
            return


async def _take(context: StepContext, step: PlannedStep, camera: Camera, missing: int) -> bool:
    """Take missing frames in one capture, as many as a capture may have.

    Return whether it was interrupted to go on at once.
    """
    await wait_for_others(context)
    if context.counter.frames.taken:
        await context.telescope.go_live()  # an earlier capture's display must be finished first
    await context.telescope.prepare(next(reversed(context.plan.goto_targets), None), camera)
    offered = context.capabilities.cameras[camera]
    mosaic = step.mosaic
    if mosaic is not None:
        mosaic = replace(mosaic, per_pane=context.counter.missing_per_pane(camera))
    planned = mosaic.frames if mosaic else min(max(missing, offered.min_count), offered.max_count)
    settings = await apply_and_verify(context, step, count=None if mosaic else planned, mosaic=mosaic)
    if not context.told_time.holds:
        await set_time(context, step)
    before = context.counter.closed(camera).taken
    await context.counter.open(camera, context.clock.now(), planned=planned, settings=settings)
    try:
        await context.telescope.start_capture(camera, without_goto=step.without_goto)
    except (TransientError, RefusedError):
        await context.counter.close(None)
        raise
    context.counter.begun()
    interrupted = await _follow_and_close(context, step, camera)
    if context.counter.closed(camera).taken == before and not interrupted:
        raise TransientError(
            "The telescope ended the capture without a single frame.",
            code="no_frames",
            hint="Check that it still tracks the target and that the exposure suits the sky.",
        )
    return interrupted


async def _resume(context: StepContext, step: PlannedStep, camera: Camera) -> bool:
    """Count a capture begun earlier: follow it if it runs, else take the telescope's record of it.

    Return whether it was interrupted, as `_take`.
    """
    running = await _running(context, camera)
    if running is None:
        await _close_from_record(context, camera)
    elif strange := context.counter.stranger(running):
        await _leave_alone(context, camera, strange)
    else:
        _LOGGER.info("Following the %s capture that runs: %d frames so far", camera.value, running.taken)
        context.progressed(running)
        return await _follow_and_close(context, step, camera)
    return False


async def _running(context: StepContext, camera: Camera) -> CaptureProgress | None:
    """The capture that runs; one that was asked for just now, and was never seen, is given time to begin."""
    while True:
        running = await context.telescope.running_capture(camera)
        if running is not None or not context.counter.may_begin:
            return running
        await context.clock.sleep(BEGINS_LOOK_S)


async def _follow_and_close(context: StepContext, step: PlannedStep, camera: Camera) -> bool:
    if context.refocusing is not None:
        context.refocusing.begins()
    if context.recentring is not None:
        context.recentring.begins(context.counter.opened_at)
    try:
        report, interrupted = await _follow(context, step, camera)
    except NothingExposedError:
        await context.counter.close(None)  # it was stopped
        raise
    await _close(context, camera, report)
    return interrupted


async def _close(context: StepContext, camera: Camera, report: CaptureReport | None) -> None:
    """Count a capture that is over; CaptureLostError when it broke off unwatched and frames are missing.

    Without a report, another client's capture was seen in its place.
    """
    strange = "another client captures" if report is None else context.counter.stranger(report)
    if report is None or strange:
        await _leave_alone(context, camera, strange)
        return
    await context.counter.close(report)
    missing = context.counter.missing(camera)
    if report.end is CaptureEnd.UNKNOWN and missing:
        raise CaptureLostError(f"The capture broke off; {missing} frames are missing.")


async def _leave_alone(context: StepContext, camera: Camera, strange: str) -> None:
    """Count what the telescope recorded of our own capture, and leave the one that runs to its owner."""
    _LOGGER.warning("The %s capture on the telescope is not this session's: %s", camera.value, strange)
    context.counter.others = camera
    await _close_from_record(context, camera)


async def _close_from_record(context: StepContext, camera: Camera) -> None:
    """Count our capture by the telescope's own record of it; CaptureLostError when frames are missing."""
    since = context.counter.opened_at
    records = () if since is None else await context.telescope.recorded_captures(camera, since)
    ours = [report for report in records if not context.counter.stranger(report)]
    await context.counter.close(ours[0] if ours else None, taken_over=context.counter.others is camera)
    context.counter.ended_unseen = True
    missing = context.counter.missing(camera)
    if missing:
        raise CaptureLostError(f"The capture ended while nobody watched; {missing} frames are missing.")


async def _follow(
    context: StepContext, step: PlannedStep, camera: Camera
) -> tuple[CaptureReport | None, bool]:
    """Follow a capture to its end, its count or its limit; no report when it turned out to be another's.

    With the report comes whether it was interrupted.
    """
    watch = _Watch(context)
    limit = _limit_s(context, step, camera)
    telescope = context.telescope
    following = asyncio.create_task(telescope.follow_capture(camera, watch.hear), name="follow")
    called = asyncio.create_task(watch.called.wait(), name="called")
    due = asyncio.create_task(_interruption(context, step, camera), name="interruption")
    tasks: tuple[asyncio.Task[Any], ...] = (following, called, due)
    try:
        async with context.clock.timeout(limit):
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if watch.strange:
            return None, False
        if following.done():
            return following.result(), False
        if due.done():
            _LOGGER.info("The capture is interrupted: %s", due.result())
        else:
            _LOGGER.info("The %s camera has its frames and would go on; stopping it", camera.value)
    except TimeoutError:
        if following.done():
            raise
        _LOGGER.warning("The capture did not end within %.0f s; stopping it", limit)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return await telescope.stop_capture(camera), due.done() and not due.cancelled()


async def _interruption(context: StepContext, step: PlannedStep, camera: Camera) -> str:
    """Return why a capture has to be interrupted, once it has and a while is left of it."""
    while True:
        if _left_s(context, step, camera) >= LEAST_LEFT_S:
            refocusing = context.refocusing if _may_refocus(step) else None
            if refocusing is not None and (reason := refocusing.interrupts()):
                return f"to be focused again, {reason}"
            if _to_recentre(context, step, camera) is not None:
                return "the target left the middle of the field"
        await context.clock.sleep(LOOK_EVERY_S)


def _may_refocus(step: PlannedStep) -> bool:
    """Whether the capture may be interrupted for that: a mosaic that the telescope makes by itself is not."""
    return step.camera is Camera.TELE and step.mosaic is None


def _to_recentre(context: StepContext, step: PlannedStep, camera: Camera) -> Recentring | None:
    """What has to be pointed again, if it has to; never in a mosaic that the telescope makes by itself."""
    if context.recentring is None or step.mosaic is not None:
        return None
    field = context.capabilities.cameras[camera].field_of_view
    due = context.recentring.is_due(short_side(field))
    return context.recentring if due else None


def _left_s(context: StepContext, step: PlannedStep, camera: Camera) -> float:
    frames = context.counter.of(camera)
    seconds = step.exposure_s + context.capabilities.durations.frame_overhead
    return (frames.requested - frames.taken) * seconds


class _Watch:
    """Hears how a followed capture goes on, and calls when it must not go on like that."""

    def __init__(self, context: StepContext) -> None:
        self._context = context
        self.called = asyncio.Event()
        self.strange = ""

    def hear(self, progress: CaptureProgress) -> None:
        """Count the frames, unless they are another client's."""
        self._context.progressed(progress)
        self.strange = self.strange or self._context.counter.stranger(progress)
        if self.strange or self._context.counter.enough(progress):
            self.called.set()


def _limit_s(context: StepContext, step: PlannedStep, camera: Camera) -> float | None:
    if step.timeout_s is not None:
        return step.timeout_s
    if step.exposure is None:
        return None
    frame_s = step.exposure.seconds + context.capabilities.durations.frame_overhead
    return 2 * frame_s * max(1, context.counter.missing(camera)) + context.options.capture_slack_s
