"""One run of one session: its steps in order, retries, lost links, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from agent.errors import AgentError, Problem
from agent.events import Reason, SessionResult
from agent.execute.brake import FAILED, Brake, EndedError, HeldError
from agent.execute.context import CaptureLostError, Job, StepContext, StepFailedError, Surroundings
from agent.execute.dark_room import DarkRoom
from agent.execute.defects import Defects
from agent.execute.end_time import until
from agent.execute.frame_counter import FrameCounter
from agent.execute.journal import Journal, UnwrittenError
from agent.execute.orders import WAITS, Ending, EndKind, Hold, Orders
from agent.execute.recentring import Recentring, TargetMovedError
from agent.execute.recognition import asked_by
from agent.execute.records import differences, folders_of, saved_of
from agent.execute.refocusing import Refocusing
from agent.execute.reporter import Reporter
from agent.execute.result import Ended, result_of
from agent.execute.runners import AFTER_FRAMES, CLOSING, POINTING, RUNNERS, SAFING
from agent.execute.steps.others import wait_for_others
from agent.execute.told_time import ToldTime
from agent.execute.waits import Waits
from agent.goals import Level, Wish
from agent.session.plan import PlannedStep, StepKind
from agent.telescope.errors import (
    CommandTimeoutError,
    TelescopeError,
    TransientError,
    UnreachableError,
)
from agent.telescope.interface import Telescope

_LOGGER = logging.getLogger(__name__)
Perform = Callable[[PlannedStep], Coroutine[Any, Any, None]]

STABLE_S = 60.0  # a telescope that answered for this long was back; its next loss is a new one


class SessionRun:
    """The state of one run; used once."""

    def __init__(self, around: Surroundings, job: Job, orders: Orders) -> None:
        self._around = around
        self._job = job
        self._orders = orders
        self._clock = around.clock
        self._telescope = around.telescope
        self._hands = around.hands
        self._options = around.options
        self._journal = Journal(job.journal, around.clock)
        self._counter = FrameCounter(self._journal, asked_by(job.plan), around.clock, around.hands)
        self._brake = Brake(
            orders,
            around.hands,
            self._counter,
            around.clock,
            around.status,
            around.options,
            around.telescope.recorded_captures,
        )
        self._waits = Waits(around, self._brake, self._journal)
        self._reporter = Reporter(
            around.telescope_id,
            job.brief,
            job.plan,
            self._counter,
            around.clock,
            around.status,
            around.publish,
        )
        wanted = next((step.refocus for step in job.plan.steps if step.refocus is not None), None)
        self._refocusing = Refocusing(wanted, around.clock, self._celsius, orders)
        self._reuse = around.reuse_for(job.plan)
        self._told_time = ToldTime()
        target = next(reversed(job.plan.goto_targets), None)
        self._recentring = Recentring.of(target, around.clock, around.site)
        self._dark_room = DarkRoom(around, job, orders, self._brake, self._context)
        self._attempts = 0
        self._pointed_by: PlannedStep | None = None
        self._repoint = False
        self._frames_at_loss = -1
        self._in_vain: Ending | None = None  # an end time came before its capture had a frame

    async def execute(self) -> SessionResult | None:
        """Run every step; return the result, or None when the session goes on later (see `Orders.ending`).

        The journal stays: it is forgotten with the writing down of the result, and not an instant before.
        """
        started_at = self._clock.now()
        ending, failure = None, None
        with Defects() as defects:
            await self._journal.load()
            resumed = self._journal.started_at is not None
            started_at = self._journal.started_at or started_at
            asked = {camera: frames.requested for camera, frames in self._counter.by_camera.items()}
            await self._journal.begin(started_at, asked)
            self._counter.reopen()
            self._reporter.started(resumed=resumed)
            ending, failure = await self._run_plan()
        self._brake.leave()
        failure = failure or defects.failure
        if ending is not None and ending.kind is EndKind.AGENT_STOP:
            await self._journal.flush()
            return None
        waits = ending is not None and ending.kind in WAITS and not self._counter.complete
        later = waits and ending is not None and ending.kind is EndKind.GIVE_BACK
        too_late = ending is not None and ending.reason is Reason.AGENT_RESTARTED  # that night is over
        if failure is not None or (ending is not None and not later and not too_late):
            await self._run_closing_steps()
        if waits and defects.failure is None:
            await self._journal.flush()
            return None
        files = await folders_of(self._counter, self._telescope, self._clock)
        saved = await saved_of(files, self._telescope, self._clock)
        self._brake.notes += differences(saved, self._counter.frames)
        moved = self._recentring.notes if self._recentring is not None else ()
        return result_of(
            self._around,
            self._job,
            self._counter,
            self._reporter.reports,
            Ended(started_at, ending, failure, max(1, self._attempts), tuple(self._brake.waits)),
            notes=(*self._brake.notes, *moved),
            files=files,
            saved=saved,
        )

    async def _run_plan(self) -> tuple[Ending | None, Problem | None]:
        failure = None
        with Defects() as defects:
            try:
                await self._run_steps()
            except EndedError as ended:
                _LOGGER.info("Session ends early: %s", ended.ending.message)
                return ended.ending, None
            except AgentError as error:
                _LOGGER.warning("Session failed: %s", error)
                failure = error.problem()
            else:
                return None, None
        with Defects() as stop:
            await self._brake.stop_telescope(FAILED)
        if stop.failure is not None:
            self._brake.notes.append("the telescope could not be told to stop")
        if defects.failure is not None and self._orders.ending is not None:
            return self._orders.ending, None  # a defect on the way does not make another end of it
        return None, failure or defects.failure

    async def _run_steps(self) -> None:
        over_at = self._job.plan.ends_at
        if over_at is not None and self._clock.now() >= over_at and self._counter.open_camera is None:
            message = "The end time of the capture came while the agent was away."
            raise EndedError(Ending(EndKind.LIMIT, Reason.WINDOW, message))
        for step in self._job.plan.steps:  # what an earlier life of the agent took until its end time
            over = step.until is not None and self._clock.now() >= step.until
            if over and step.camera is not None and step.camera is not self._counter.open_camera:
                self._counter.settle(step.camera)
        complete = self._counter.complete
        if not complete:
            await self._dark_room.lens_is_free(needed=True)
        for index, step in enumerate(self._job.plan.steps):
            self._reporter.enter(index)
            if (complete and step.kind not in AFTER_FRAMES) or self._settled(step):
                self._remember_pointing(step)
            else:
                await self._run_step(step)
        if self._in_vain is not None:
            raise EndedError(self._in_vain)
        self._reporter.all_done()

    def _settled(self, step: PlannedStep) -> bool:
        """Whether a resumed session can pass this step: its capture runs on, or has all its frames."""
        if self._counter.open_camera is not None:
            return step.kind is not StepKind.CAPTURE or step.camera is not self._counter.open_camera
        if step.kind is not StepKind.CAPTURE or step.camera is None:
            return False
        return self._counter.missing(step.camera) == 0

    def _remember_pointing(self, step: PlannedStep) -> None:
        if step.kind in POINTING:
            self._pointed_by = step

    # -- one step ---------------------------------------------------------------------------------------

    async def _run_step(self, step: PlannedStep) -> None:
        started = self._clock.now()
        attempts = 0
        if step.kind is StepKind.DARK_FRAMES:
            await self._take_darks(step)
            return
        if not_needed := self._reuse.why(step):
            self._reporter.skipped(step, not_needed)
            return
        try:
            attempts = await self._in_time(step)
            self._remember_pointing(step)
            await self._wait_around(step.wait_after_s)
        except BaseException as error:
            ended = isinstance(error, EndedError) or not isinstance(error, Exception)
            how = "interrupted" if ended else "failed"
            message = str(error) if isinstance(error, EndedError | AgentError) else type(error).__name__
            self._reporter.report(step, started, max(1, attempts), how, message)
            raise
        self._reporter.report(step, started, attempts, "done")

    async def _take_darks(self, step: PlannedStep) -> None:
        """Take dark frames if they can be had; frames without fitting darks beat none."""
        started, attempts, trouble = self._clock.now(), 1, ""
        try:
            if step.cap:
                await self._try_step(step, self._dark_room.look)
            if await self._dark_room.is_dark(step):
                attempts = await self._prepared(step)
        except (TelescopeError, StepFailedError) as error:
            trouble = error.message
            self._note(f"no dark frames: {trouble}")
        self._reporter.report(step, started, attempts, "failed" if trouble else "done", trouble)
        await self._dark_room.lens_is_free(needed=not self._counter.complete)

    async def _in_time(self, step: PlannedStep) -> int:
        """Do a step, a capture no longer than until its own end time; return attempts."""
        if step.until is None:
            return await self._prepared(step)
        attempts = await until(self._clock, step.until, self._prepared(step))
        if attempts is None:
            await self._end_in_time(step)
        return attempts or max(1, self._attempts)

    async def _prepared(self, step: PlannedStep) -> int:
        if self._counter.open_camera is None:  # what runs already is followed at once
            await self._wait_around(step.wait_before_s)
        return await self._try_step(step)

    async def _end_in_time(self, step: PlannedStep) -> None:
        """A capture's end time came: stop it, and let what it took be what was asked for."""
        _LOGGER.info("The end time of the %s capture came", step.camera)
        if self._counter.open_camera is not None:
            await self._brake.stop_telescope(Hold(Reason.SCHEDULE, "the end time of the capture came"))
        if step.camera is not None and not self._counter.settle(step.camera):
            message = "The end time of a capture came before it had a single frame."
            self._in_vain = Ending(EndKind.LIMIT, Reason.WINDOW, message)

    async def _wait_around(self, seconds: float) -> None:
        """Wait before or after a step; after a pause the rest, and to point again before the next capture."""
        left = seconds

        async def rest() -> None:
            nonlocal left
            began = self._clock.monotonic()
            try:
                await self._clock.sleep(left)
            finally:
                left -= self._clock.monotonic() - began

        while left > 0:
            with contextlib.suppress(HeldError):
                await self._brake.attended(rest())
                return
            self._repoint = True
            await self._brake.obey()

    async def _try_step(self, step: PlannedStep, perform: Perform | None = None) -> int:
        """Try until it is done, transient errors used up the attempts, or an order comes; return attempts."""
        perform = perform or self._perform
        attempt = 0
        lost_since: float | None = None
        back_at = 0.0
        while True:
            await self._brake.obey()
            attempt += 1
            self._attempts = max(self._attempts, attempt)
            self._reporter.attempt(step, attempt)
            try:
                await self._brake.attended(perform(step))
            except HeldError:
                attempt -= 1
                self._repoint = True
            except TargetMovedError:
                attempt, self._repoint = 0, True
            except UnreachableError as error:
                attempt -= 1
                now = self._clock.monotonic()
                if lost_since is None or now - back_at > STABLE_S:  # it was there in between: another loss
                    lost_since = now
                await self._waits.for_telescope(error, lost_since)
                back_at = self._clock.monotonic()
                self._repoint = self._counter.open_camera is None
            except UnwrittenError as error:
                attempt, self._repoint = attempt - 1, True
                await self._waits.for_room(error)
            except TransientError as error:
                if isinstance(error, CaptureLostError) and self._has_gained():
                    attempt -= 1
                await self._before_retry(step, attempt, error)
            else:
                return attempt

    async def _perform(self, step: PlannedStep) -> None:
        if self._counter.others is not None:  # nothing is moved meanwhile
            await self._hands.perform(Level.SESSION, self._wait_for_others, moves=False)
        if step.kind in SAFING:
            await self._come_to_rest(step)
        elif step.kind is StepKind.CAPTURE:
            await self._hands.perform(Level.SESSION, partial(self._capture, step))
        else:
            await self._hands.perform(Level.SESSION, partial(self._bounded, step))

    async def _capture(self, step: PlannedStep, telescope: Telescope) -> None:
        context = self._context(telescope)
        await context.darks.stop(telescope)
        runs_on = self._counter.open_camera is not None  # or so it may: that is found out first
        if self._counter.ended_unseen:  # where the telescope points since then nobody knows
            self._repoint, self._counter.ended_unseen = True, False
        if self._repoint and self._pointed_by is not None and not runs_on:
            self._reporter.say(self._pointed_by, "pointing at the target again")
            await RUNNERS[self._pointed_by.kind](context, self._pointed_by)
            self._repoint = False
            self._reporter.say(step, step.why)
        await RUNNERS[step.kind](context, step)

    async def _bounded(self, step: PlannedStep, telescope: Telescope) -> None:
        try:
            async with self._clock.timeout(step.timeout_s):
                await self._around.darks.stop(telescope)
                await RUNNERS[step.kind](self._context(telescope), step)
            if step.kind in POINTING:
                self._repoint = False
        except TimeoutError:
            await telescope.halt()
            raise CommandTimeoutError(f"{step.label} took longer than {step.timeout_s:g} s.") from None

    async def _come_to_rest(self, step: PlannedStep) -> None:
        """Have the telescope parked or switched off; what is not seen in time stays wanted."""
        await self._hands.perform(Level.SAFETY, self._wait_for_others, moves=False)
        park, off = step.kind is StepKind.PARK, step.kind is StepKind.POWER_DOWN
        wish = Wish(Level.UPKEEP, Reason.SCHEDULE, step.why or step.label, park=park, off=off)
        reached = self._hands.want(step.kind, wish)
        with contextlib.suppress(TimeoutError):
            async with self._clock.timeout(self._options.stop_limit_s):
                await asyncio.wait([reached])
        if not (reached.done() and reached.result()):
            trouble = self._hands.trouble() or "the telescope was not seen to be there"
            raise StepFailedError(f"{step.label}: {trouble}", code="not_at_rest")

    async def _wait_for_others(self, telescope: Telescope) -> None:
        await wait_for_others(self._context(telescope))

    def _context(self, telescope: Telescope) -> StepContext:
        return StepContext(
            telescope=telescope,
            site=self._around.site,
            timezone=self._around.timezone,
            clock=self._clock,
            options=self._options,
            guard=self._job.guard,
            counter=self._counter,
            plan=self._job.plan,
            remaining_s=self._reporter.pace.remaining_s,
            tell=self._note,
            progressed=self._reporter.frames,
            reuse=self._reuse,
            told_time=self._told_time,
            refocusing=self._refocusing,
            recentring=self._recentring,
            darks=self._around.darks,
        )

    async def _before_retry(self, step: PlannedStep, attempt: int, error: TransientError) -> None:
        most = self._job.plan.max_attempts
        if attempt >= most:
            times = "1 attempt" if attempt == 1 else f"{attempt} attempts"
            message = f"{step.label} failed after {times}: {error.message}"
            raise StepFailedError(message, code=error.code, hint=error.hint) from error
        _LOGGER.warning("%s failed (attempt %d of %d): %s", step.label, max(1, attempt), most, error)
        self._repoint = True
        self._reporter.say(step, error.message, Reason.RETRY)
        with contextlib.suppress(HeldError):
            pause = self._clock.sleep(self._options.retry_pause_s)
            await self._brake.timed(Reason.RETRY, self._brake.attended(pause))

    def _has_gained(self) -> bool:
        """Whether new frames came since the last time a capture ended unwatched."""
        frames, before = self._counter.frames.taken, self._frames_at_loss
        self._frames_at_loss = frames
        return frames > before

    # -- the end ----------------------------------------------------------------------------------------

    async def _run_closing_steps(self) -> None:
        reported = {report.name for report in self._reporter.reports if report.result == "done"}
        for step in self._job.plan.steps:
            if step.kind not in CLOSING or step.label in reported:
                continue
            self._reporter.say(step, step.why)
            started = self._clock.now()
            trouble = ""
            with Defects() as defects:
                try:
                    async with self._clock.timeout(self._options.stop_limit_s):
                        await self._close_with(step)
                except (AgentError, TimeoutError) as error:
                    trouble = str(error) or "time ran out"
            trouble = trouble if defects.failure is None else defects.failure.message
            if trouble:
                _LOGGER.warning("Closing step %s failed: %s", step.label, trouble)
            self._reporter.report(step, started, 1, "failed" if trouble else "done", trouble)

    async def _close_with(self, step: PlannedStep) -> None:
        if step.kind in SAFING:
            await self._come_to_rest(step)
        else:  # what shows the live view moves nothing, and may be done in the rain
            await self._hands.perform(Level.SAFETY, partial(self._bounded, step), moves=False)

    def _celsius(self) -> float | None:
        return self._telescope.telemetry.temperature

    def _note(self, message: str) -> None:
        _LOGGER.info("%s", message)
        self._brake.notes.append(message)
