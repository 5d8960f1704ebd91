"""One run of one session: its steps, retries, pauses and its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Coroutine
from datetime import datetime, timedelta
from typing import Any

from agent.capabilities import Camera
from agent.errors import AgentError
from agent.events import (
    Failure,
    Frames,
    Reason,
    SessionProgress,
    SessionResult,
    SessionStarted,
    Status,
    StepReport,
    StepStarted,
    Waited,
)
from agent.execute.context import CaptureLostError, StepContext, StepFailedError
from agent.execute.control import Control, Ending, EndKind, Hold
from agent.execute.executor import Executor, Job
from agent.execute.journal import Journal
from agent.execute.outcome import outcome_of
from agent.execute.pace import Pace
from agent.execute.runners import CLOSING, POINTING, RUNNERS, STATUS
from agent.execute.tally import Tally
from agent.session.plan import PlannedStep, StepKind
from agent.telescope.errors import CommandTimeoutError, HeldByOtherError, TelescopeError, TransientError, UnreachableError
from agent.telescope.interface import CaptureProgress

_LOGGER = logging.getLogger(__name__)


class _Ended(Exception):  # noqa: N818 - not an error: the order to end, on its way up
    def __init__(self, ending: Ending) -> None:
        self.ending = ending


class _Held(Exception):  # noqa: N818 - not an error: the wish to pause, on its way up
    pass


class SessionRun:
    """The state of one run; used once."""

    def __init__(self, executor: Executor, job: Job, control: Control) -> None:
        self._executor = executor
        self._job = job
        self._control = control
        self._clock = executor.clock
        self._journal = Journal(job.journal, executor.clock)
        self._tally = Tally(self._journal, _requested(job))
        self._pace = Pace(job.plan, executor.clock)
        self._reports: list[StepReport] = []
        self._waits: list[Waited] = []
        self._notes: list[str] = []
        self._attempts = 0
        self._index = 0
        self._pointed_by: PlannedStep | None = None
        self._repoint = False
        self._frames_at_loss = -1
        self._context = StepContext(
            telescope=executor.telescope,
            site=executor.site,
            clock=executor.clock,
            capabilities=executor.capabilities(),
            options=executor.options,
            guard=executor.guard,
            tally=self._tally,
            remaining_s=self._pace.remaining_s,
            tell=self._tell,
            progressed=self._progressed,
        )

    async def execute(self) -> SessionResult | None:
        """Run every step; return the result, or None when the agent stops and the session goes on later."""
        await self._journal.load()
        resumed = self._journal.started_at is not None
        started_at = self._journal.started_at or self._clock.now()
        await self._journal.begin(started_at)
        self._tally.reopen()
        self._executor.publish(
            SessionStarted(
                telescope=self._executor.telescope_id,
                at=self._clock.now(),
                session=self._job.brief,
                resumed=resumed,
            )
        )
        ending, failure = await self._run_plan()
        if ending is not None and ending.kind is EndKind.AGENT_STOP:
            await self._journal.flush()
            return None
        if ending is not None or failure is not None:
            await self._run_closing_steps()
        files = await self._files(started_at)
        result = self._result(started_at, ending, failure, files)
        await self._journal.clear()
        return result

    async def _run_plan(self) -> tuple[Ending | None, Failure | None]:
        try:
            for index, step in enumerate(self._job.plan.steps):
                self._index = index
                if self._settled(step):
                    self._remember_pointing(step)
                    continue
                await self._run_step(step)
        except _Ended as ended:
            _LOGGER.info("Session ends early: %s", ended.ending.message)
            return ended.ending, None
        except AgentError as error:
            _LOGGER.warning("Session failed: %s", error)
            await self._stop_telescope(self._executor.options.stop_limit_s)
            return None, Failure(error.code, error.message, error.hint)
        except Exception as error:
            _LOGGER.exception("Session failed by a defect of the agent")
            await self._stop_telescope(self._executor.options.stop_limit_s)
            return None, Failure("internal", f"The agent failed: {type(error).__name__}.", "Please report its log.")
        return None, None

    def _settled(self, step: PlannedStep) -> bool:
        """Whether a resumed session needs nothing of this step: its capture still runs, or has every frame."""
        following = self._tally.open_camera
        if following is not None:
            return step.camera is not following or step.kind is not StepKind.CAPTURE
        return step.kind is StepKind.CAPTURE and step.camera is not None and self._tally.missing(step.camera) == 0

    def _remember_pointing(self, step: PlannedStep) -> None:
        if step.kind in POINTING:
            self._pointed_by = step

    # -- one step ---------------------------------------------------------------------------------------

    async def _run_step(self, step: PlannedStep) -> None:
        self._pace.enter(self._index)
        started = self._clock.now()
        attempt = 0
        lost_since: float | None = None
        try:
            await self._pause_before(step)
            while True:
                await self._obey()
                attempt += 1
                self._attempts = max(self._attempts, attempt)
                self._announce(step, attempt)
                try:
                    await self._attended(self._perform(step))
                    break
                except _Held:
                    attempt -= 1
                    self._repoint = True
                except UnreachableError as error:
                    attempt -= 1
                    lost_since = lost_since if lost_since is not None else self._clock.monotonic()
                    await self._wait_for_telescope(error, lost_since)
                    self._repoint = self._tally.open_camera is None
                except CaptureLostError as error:
                    attempt -= 1 if self._forgive(error) else 0
                    await self._before_retry(step, attempt, error)
                except TransientError as error:
                    await self._before_retry(step, attempt, error)
            self._remember_pointing(step)
            await self._attended(self._clock.sleep(step.wait_after_s))
        except _Held:
            self._repoint = True
            await self._obey()
        except BaseException as error:
            self._report(step, started, attempt, "failed" if isinstance(error, AgentError) else "interrupted", str(error))
            raise
        self._report(step, started, attempt, "done")

    def _forgive(self, error: CaptureLostError) -> bool:
        """Whether a capture that ended unwatched costs no attempt: it does not while new frames came of it."""
        frames = self._tally.frames.taken
        gained = frames > self._frames_at_loss
        self._frames_at_loss = frames
        return gained

    async def _pause_before(self, step: PlannedStep) -> None:
        while step.wait_before_s > 0:
            try:
                await self._attended(self._clock.sleep(step.wait_before_s))
                return
            except _Held:
                await self._obey()

    async def _perform(self, step: PlannedStep) -> None:
        if step.kind is StepKind.CAPTURE and self._repoint and self._pointed_by is not None:
            self._say(self._pointed_by, "pointing at the target again")
            await RUNNERS[self._pointed_by.kind](self._context, self._pointed_by)
        if step.kind is not StepKind.CAPTURE and step.timeout_s is not None:
            try:
                async with self._clock.timeout(step.timeout_s):
                    await RUNNERS[step.kind](self._context, step)
            except TimeoutError:
                await self._executor.telescope.halt()
                raise CommandTimeoutError(f"{step.label} took longer than {step.timeout_s:g} s.") from None
        else:
            await RUNNERS[step.kind](self._context, step)
        self._repoint = False

    async def _before_retry(self, step: PlannedStep, attempt: int, error: TransientError) -> None:
        if attempt >= self._job.max_attempts:
            raise StepFailedError(
                f"{step.label} failed after {attempt} attempt{'s' if attempt > 1 else ''}: {error.message}",
                code=error.code,
                hint=error.hint,
            ) from error
        _LOGGER.warning("%s failed (attempt %d of %d): %s", step.label, attempt, self._job.max_attempts, error)
        self._repoint = True
        pause = self._executor.options.retry_pause_s
        self._executor.status.say(STATUS[step.kind], step=step.label, reason=Reason.RETRY, message=error.message)
        with contextlib.suppress(_Held):
            await self._timed_wait(Reason.RETRY, self._attended(self._clock.sleep(pause)))

    # -- orders -----------------------------------------------------------------------------------------

    async def _obey(self) -> None:
        """Wait out every pause; raise _Ended when the session has to end."""
        while True:
            if self._control.ending is not None:
                raise _Ended(self._control.ending)
            hold = self._control.hold
            if hold is None:
                return
            await self._wait_out(hold)

    async def _wait_out(self, hold: Hold) -> None:
        _LOGGER.info("Paused: %s", hold.message)
        self._executor.status.say(Status.PAUSED, reason=hold.reason, message=hold.message)
        try:
            async with self._clock.timeout(self._executor.options.hold_limit_s):
                await self._timed_wait(hold.reason, self._control.cleared())
        except TimeoutError:
            hours = self._executor.options.hold_limit_s / 3600
            self._control.end(
                Ending(EndKind.LIMIT, hold.reason, f"The pause lasted longer than {hours:g} h: {hold.message}")
            )

    async def _attended(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work unless an order comes; then stop the telescope first and raise the order."""
        task = asyncio.create_task(work, name="step")
        order = asyncio.create_task(self._control.attention(), name="attention")
        try:
            await asyncio.wait({task, order}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            task.cancel()
            await self._stop_telescope(self._stop_limit_s())
        finally:
            order.cancel()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, AgentError):
                await task
        if self._control.ending is not None:
            raise _Ended(self._control.ending)
        raise _Held

    def _stop_limit_s(self) -> float:
        options = self._executor.options
        ending = self._control.ending
        stopping = ending is not None and ending.kind is EndKind.AGENT_STOP
        return options.agent_stop_limit_s if stopping else options.stop_limit_s

    async def _stop_telescope(self, limit_s: float) -> None:
        """Stop what the telescope does, and count the frames of a capture that was open."""
        camera = self._tally.open_camera
        hold = self._control.hold
        status = Status.ABORTING if self._control.ending else Status.PAUSED if hold else Status.FINISHING
        self._executor.status.say(status, message="stopping the telescope")
        try:
            async with self._clock.timeout(limit_s):
                if camera is not None:
                    await self._tally.close(await self._executor.telescope.stop_capture(camera))
                await self._executor.telescope.halt()
        except UnreachableError as error:
            _LOGGER.warning("The telescope could not be told to stop: %s", error)
            self._notes.append("the telescope could not be reached to stop it")
            self._executor.left_running = True
        except (TelescopeError, TimeoutError) as error:
            _LOGGER.warning("The telescope did not confirm that it stopped: %s", error or "time ran out")
            self._notes.append("the telescope did not confirm that it stopped")
            await self._tally.close(None)

    # -- waiting ----------------------------------------------------------------------------------------

    async def _wait_for_telescope(self, error: UnreachableError, lost_since: float) -> None:
        limit = self._executor.options.reconnect_limit_s - (self._clock.monotonic() - lost_since)
        if limit <= 0:
            raise StepFailedError(
                f"The telescope stayed away for too long: {error.message}", code=error.code, hint=error.hint
            ) from error
        held = isinstance(error, HeldByOtherError)
        reason = Reason.HELD_BY_OTHER if held else Reason.LOST_CONNECTION
        self._executor.status.say(Status.WAITING, reason=reason, message=error.message)

        async def back() -> None:
            if held:
                await self._clock.sleep(self._executor.options.retry_pause_s)
            await self._executor.telescope.wait_connected()
            await self._executor.telescope.take_control()

        try:
            async with self._clock.timeout(limit):
                await self._timed_wait(reason, self._attended(back()))
        except (TimeoutError, UnreachableError, _Held):
            return  # the caller obeys the hold, tries again, or finds the limit spent

    async def _timed_wait(self, reason: Reason, waiting: Awaitable[None]) -> None:
        began = self._clock.monotonic()
        try:
            await waiting
        finally:
            self._waits.append(Waited(reason, round(self._clock.monotonic() - began, 1)))

    # -- the end ----------------------------------------------------------------------------------------

    async def _run_closing_steps(self) -> None:
        for index, step in enumerate(self._job.plan.steps):
            if step.kind not in CLOSING or index < self._index:
                continue
            self._executor.status.say(Status.FINISHING, step=step.label)
            started = self._clock.now()
            try:
                async with self._clock.timeout(self._executor.options.stop_limit_s):
                    await RUNNERS[step.kind](self._context, step)
                self._report(step, started, 1, "done")
            except (AgentError, TimeoutError) as error:
                _LOGGER.warning("Closing step %s failed: %s", step.label, error or "time ran out")
                self._report(step, started, 1, "failed", str(error))

    async def _files(self, started_at: datetime) -> tuple[str, ...]:
        if not self._tally.frames.taken:
            return ()
        try:
            async with self._clock.timeout(self._executor.options.settle_s):
                return (await self._executor.telescope.capture_files(started_at)) or tuple(self._tally.folders)
        except (AgentError, TimeoutError) as error:
            _LOGGER.info("The telescope's files could not be listed: %s", error or "time ran out")
            return tuple(self._tally.folders)

    def _result(
        self, started_at: datetime, ending: Ending | None, failure: Failure | None, files: tuple[str, ...]
    ) -> SessionResult:
        frames = self._tally.frames
        identity = self._executor.telescope.identity
        outcome, reason, message = outcome_of(frames, ending, failure)
        return SessionResult(
            telescope=self._executor.telescope_id,
            session=self._job.brief,
            outcome=outcome,
            ended_at=self._clock.now(),
            started_at=started_at,
            frames=frames,
            integration_s=round(self._tally.integration_s, 3),
            error=failure,
            reason=reason,
            message="; ".join([message, *self._notes]),
            attempts=max(1, self._attempts),
            waits=tuple(self._waits),
            steps=tuple(self._reports),
            files=files,
            device=identity.name or identity.model if identity else "",
            firmware=identity.firmware if identity else "",
        )

    # -- telling ----------------------------------------------------------------------------------------

    def _announce(self, step: PlannedStep, attempt: int) -> None:
        self._say(step, step.why)
        self._executor.publish(
            StepStarted(
                telescope=self._executor.telescope_id,
                at=self._clock.now(),
                session=self._job.brief,
                step=step.label,
                index=self._index + 1,
                count=len(self._job.plan.steps),
                why=step.why,
                attempt=attempt,
            )
        )
        self._publish_progress()

    def _say(self, step: PlannedStep, message: str) -> None:
        self._executor.status.say(STATUS[step.kind], step=step.label, message=message)

    def _tell(self, message: str) -> None:
        _LOGGER.info("%s", message)
        self._notes.append(message)

    def _progressed(self, progress: CaptureProgress) -> None:
        self._tally.progress(progress)
        camera_frames = self._tally.of(progress.camera)
        self._pace.frames(camera_frames.taken, camera_frames.requested)
        self._publish_progress(camera_frames)

    def _publish_progress(self, camera_frames: Frames | None = None) -> None:
        current = camera_frames or Frames()
        remaining = self._pace.remaining_s(current.taken, current.requested)
        now = self._clock.now()
        self._executor.publish(
            SessionProgress(
                telescope=self._executor.telescope_id,
                at=now,
                session=self._job.brief,
                percent=self._pace.percent(),
                frames=self._tally.frames,
                integration_s=round(self._tally.integration_s, 3),
                remaining_s=round(remaining, 1),
                estimated_end=now + timedelta(seconds=remaining),
                step=self._job.plan.steps[self._index].label,
                index=self._index + 1,
                count=len(self._job.plan.steps),
            )
        )

    def _report(self, step: PlannedStep, started: datetime, attempts: int, result: str, message: str = "") -> None:
        self._reports.append(StepReport(step.label, started, self._clock.now(), result, attempts, message))


def _requested(job: Job) -> dict[Camera, tuple[int, float]]:
    """What each camera is asked for: frames, and seconds of exposure (0 when the session leaves it alone)."""
    return {
        step.camera: (step.count, step.exposure.seconds if step.exposure else 0.0)
        for step in job.plan.steps
        if step.kind is StepKind.CAPTURE and step.camera is not None and step.count is not None
    }
