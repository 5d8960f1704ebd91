"""One session's life once it is chosen: taken, run under a session_watch's eye, ended or put back."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from agent.conditions import SunLimitError
from agent.errors import AgentError, Problem
from agent.events import Outcome, Reason, SessionResult, SessionWaiting
from agent.execute.context import Job, Surroundings
from agent.execute.orders import WAITS, Ending, EndKind, Orders
from agent.execute.run import SessionRun
from agent.goals import Level, PreemptedError, Wish
from agent.schedule.dispatcher import Dispatcher
from agent.schedule.waiting import Waiting
from agent.session.fields import OnError
from agent.session.plan import Plan
from agent.session.problems import InvalidSessionError
from agent.session.times import moved_on, session_zone
from agent.station.enclosure_seen import HOLDER as ENCLOSURE
from agent.station.gate import ConditionGate, SessionGuard
from agent.station.hands import Hands
from agent.station.intake import Intake
from agent.station.records import TRY_AGAIN_S, Records
from agent.station.run_end import on_error_of, problem_of, target_of
from agent.station.session_watch import SessionWatch
from agent.station.state_file import StateFile
from agent.station.status import SESSION, StationStatus
from agent.store.errors import SessionChangedError, StoreError, UnknownSessionError
from agent.store.folders import Folder
from agent.store.journal import instant_in
from agent.store.session_log import log_path, session_log
from agent.store.store import SessionStore
from agent.store.turns import REST, failures, frames_of, note_failure, note_given_back, note_turn
from agent.telescope.errors import TelescopeError

_LOGGER = logging.getLogger(__name__)

_ENDING = "ending"
SOON_S = 10.0  # a session that something came before is asked again after this
_CLOCK_SLACK = timedelta(minutes=1)  # by which the wall clock may be set under a session that runs


@dataclass(frozen=True, slots=True)
class Running:
    """The session that runs, and the hand on its brake."""

    waiting: Waiting
    orders: Orders


class SessionRunner:
    """Runs the sessions that the dispatcher chooses; owner of the one that runs."""

    def __init__(
        self,
        around: Surroundings,
        hands: Hands,
        state: StateFile,
        store: SessionStore,
        records: Records,
        intake: Intake,
        gate: ConditionGate,
        status: StationStatus,
        session_watch: Callable[[Running, Plan], SessionWatch],
        changed: Callable[[Waiting | None], None],
        end_night: Callable[[Reason, str], None],
    ) -> None:
        """`changed` hears of the session that begins, and of its end (None)."""
        self._around = around
        self._hands = hands
        self._state = state
        self._store = store
        self._records = records
        self._intake = intake
        self._gate = gate
        self._status = status
        self._session_watch = session_watch
        self._changed = changed
        self._end_night = end_night
        self.dispatcher: Dispatcher | None = None
        self.running: Running | None = None
        self._clock_set = timedelta(0)  # by how much the wall clock was set under what runs

    # -- what the dispatcher has done -------------------------------------------------------------------

    async def run(self, waiting: Waiting) -> None:
        """Run a session to its result, or put it back when it cannot begin or the agent stops."""
        orders = Orders(functools.partial(self._remember_ending, waiting.session_id))
        self.running = Running(waiting, orders)  # from here on it can be stopped
        ending = self.ending_of(waiting)
        if ending is not None:
            orders.end(ending)
        self._clock_set = timedelta(0)
        self._hands.session_id = waiting.session_id
        self._changed(waiting)
        try:
            await self._begin(self.running)
        except Exception as error:
            _LOGGER.exception(
                "Session %s met a defect of the agent or of a telescope's driver", waiting.session_id
            )
            await self._fail(waiting, error)
        else:
            self._state.set(**{_ENDING: None})
        finally:
            self.running = None
            self._hands.session_id, self._hands.closing = "", False
            self._gate.forget(waiting.session_id)
            self._changed(None)

    def ending_of(self, waiting: Waiting) -> Ending | None:
        """The order to end that a session has before it runs: of an earlier life, or for waiting too long."""
        if waiting.too_old:
            return Ending(EndKind.LIMIT, Reason.AGENT_RESTARTED, "The agent was away too long to go on.")
        if (verdict := self._gate.waited_too_long(waiting.session_id)) is not None:
            return Ending(EndKind.LIMIT, verdict.reason or Reason.SCHEDULE, verdict.message)
        saved = self._state.get(_ENDING)
        if not waiting.resume or not isinstance(saved, list) or len(saved) != 4:
            return None
        session_id, kind, reason, message = saved
        known = session_id == waiting.session_id and kind in list(EndKind) and reason in list(Reason)
        return Ending(EndKind(kind), Reason(reason), str(message)) if known else None

    def _remember_ending(self, session_id: str, ending: Ending) -> None:
        self._hands.closing = True
        if ending.kind is not EndKind.AGENT_STOP and ending.kind not in WAITS:
            self._state.set(**{_ENDING: [session_id, ending.kind.value, ending.reason.value, ending.message]})

    async def _fail(self, waiting: Waiting, error: Exception) -> None:
        """Give a session that nothing else ended its result."""
        message = f"The agent failed: {type(error).__name__}."
        failure = Problem("internal", message, "Please report it with the log.")
        self._status.problem(SESSION, failure)
        self.leave_at_rest(Reason.TELESCOPE, message)
        await self._records.end_unrun(waiting.brief, Outcome.FAILED, Reason.TELESCOPE, message, failure)

    async def _begin(self, running: Running) -> None:
        waiting = running.waiting
        if self._hands.capturing and not waiting.resume:  # of a session that cannot go on now
            self.leave_at_rest(Reason.QUEUE, f"Session {waiting.session_id} comes first.")
        if not await self._take_control(running):
            return
        if await self._intake.becomes_mosaic(waiting):
            return
        if await self._intake.is_stale(waiting):
            await self._make_anew(waiting)
            return
        try:
            stored = await asyncio.to_thread(self._store.claim, waiting.session_id)
        except UnknownSessionError as error:
            _LOGGER.info("Session %s is gone: %s", waiting.session_id, error)
            return
        except SessionChangedError as error:
            _LOGGER.info("Session %s is looked at again: %s", waiting.session_id, error)
            return
        except StoreError as error:
            _LOGGER.error("Session %s cannot be taken: %s", waiting.session_id, error)  # noqa: TRY400
            await self._not_taken(waiting, error)
            return
        self._status.problem("files", None)
        try:
            begin = min(waiting.times_count_from, self._around.clock.now())  # a person may want it early
            plan = self._intake.plan(stored.document, begin)
        except InvalidSessionError as error:
            if waiting.resume:
                self.leave_at_rest(Reason.INVALID, error.message)
            await self._intake.refuse(waiting.brief, error)
            return
        if plan is None:
            message = "The telescope's model is not known yet."
            if await self._intake.put_back(waiting.session_id, message):
                await self._queue_again(self._rested(waiting, TRY_AGAIN_S, Reason.LOST_CONNECTION, message))
            return
        path = log_path(self._store.tree[Folder.RESULTS], waiting.session_id)
        with session_log(path, waiting.session_id):
            await self._run(running, plan)

    async def _not_taken(self, waiting: Waiting, error: StoreError) -> None:
        """Have a session that the disk refuses wait; one that is in Current/ already is put back first."""
        self._status.problem("files", error.problem())
        left = await asyncio.to_thread(self._store.get, waiting.session_id)
        there = left is not None and left.folder is Folder.CURRENT
        if not there or await self._intake.put_back(waiting.session_id, error.message):
            await self._queue_again(self._rested(waiting, TRY_AGAIN_S, Reason.RETRY, error.message))

    async def _make_anew(self, waiting: Waiting) -> None:
        """Have what is not wanted as it is replaced; it may be another telescope that does so, in a while."""
        await self._queue_again(waiting)
        await self._intake.make()
        if self.dispatcher is not None and self.dispatcher.find(waiting.session_id) is waiting:
            message = "What its goal wants has changed."
            await self._queue_again(self._rested(waiting, TRY_AGAIN_S, Reason.RETRY, message))

    async def give_up(self, waiting: Waiting, reason: Reason, message: str) -> None:
        """End a session that will not run, as skipped."""
        self._gate.forget(waiting.session_id)
        if waiting.resume:  # the telescope may still capture for it, and cannot be told now
            self.leave_at_rest(reason, message)
            journal = self._store.journal(waiting.session_id)
            await self._records.end_from_journal(waiting.brief, journal, reason, message)
            return
        outcome = Outcome.FAILED if reason is Reason.INVALID else Outcome.SKIPPED
        failure = Problem("invalid", message) if reason is Reason.INVALID else None
        await self._records.end_unrun(waiting.brief, outcome, reason, message, failure)

    async def postpone(self, waiting: Waiting) -> Waiting:
        """Move a missed session to the same times of the next night, in its file as well."""
        now = self._around.clock.now()
        zone = session_zone(waiting.document, ZoneInfo(self._around.timezone))
        start, end = moved_on(waiting.start or now, waiting.window_end, zone, now)
        moved = replace(waiting, start=start, window_end=end, plan=None)
        try:
            stored = await asyncio.to_thread(self._store.reschedule, waiting.session_id, start, end)
            return self._intake.planned(replace(moved, document=stored.document))
        except AgentError as error:
            _LOGGER.warning("Session %s keeps its old date in its file: %s", waiting.session_id, error)
            return moved

    # -- inside -----------------------------------------------------------------------------------------

    async def _run(self, running: Running, plan: Plan) -> None:
        waiting, orders = running.waiting, running.orders
        self._status.session_began(waiting.brief)
        _LOGGER.info("Session %s begins: %s", waiting.session_id, plan.target)
        conditions = self._readings()
        with contextlib.suppress(StoreError):  # a disk that refuses costs a rest, never the session
            await asyncio.to_thread(note_turn, self._store.journal(waiting.session_id))
        problem: Problem | None = None
        try:
            watch = asyncio.create_task(self._session_watch(running, plan).watch(), name="session watch")
            watch.add_done_callback(functools.partial(_fail_closed, orders))
            try:
                run = SessionRun(self._around, self._job(waiting, plan), orders)
                result = await run.execute()
            except asyncio.CancelledError:
                await asyncio.shield(
                    self._intake.put_back(waiting.session_id, "The agent was stopped while this session ran.")
                )
                raise
            finally:
                watch.cancel()
                await asyncio.wait({watch})
            if result is None:
                await self._go_on_later(waiting, orders.ending)
                return
            problem = problem_of(result)
            self._leave_target(waiting, plan)
            if not await self._gets_another_turn(waiting, result):
                await self._records.end(result, conditions=conditions, target=target_of(plan))
                if result.error is not None and on_error_of(waiting) is OnError.END_NIGHT:
                    self._end_night(Reason.TELESCOPE, f"Session {waiting.session_id} failed and ends it.")
        finally:
            self._status.session_ended(problem)

    def _job(self, waiting: Waiting, plan: Plan) -> Job:
        solar = waiting.document.goto_solar
        guard = SessionGuard(
            self._gate.conditions(replace(waiting, plan=plan)),
            self._around.site,
            self._around.clock,
            sun_filter=solar is not None and solar.sun_filter,
        )
        return Job(waiting.brief, plan, self._store.journal(waiting.session_id), guard)

    def leave_at_rest(self, reason: Reason, message: str) -> None:
        """Have the telescope stopped, although no session (any more) asks for it."""
        self._hands.want(("left", reason), Wish(Level.SAFETY, reason, message))

    def _leave_target(self, waiting: Waiting, plan: Plan) -> None:
        """Track no longer what the Sun comes near to while nobody watches over it."""
        targets = plan.goto_targets
        if not targets:
            return
        try:
            self._gate.conditions(waiting).permit_goto(
                targets[-1], self._around.site, self._around.clock.now(), until=None, sun_filter=False
            )
        except SunLimitError:
            _LOGGER.info("Tracking ends with session %s, as the Sun comes near", waiting.session_id)
            self.leave_at_rest(Reason.SUN, "The Sun comes near to the target.")

    async def _go_on_later(self, waiting: Waiting, ending: Ending | None) -> None:
        """Let a session wait with the frames it has: for the agent's next start, or for the sky."""
        if ending is None or ending.kind not in WAITS:
            await self._intake.put_back(
                waiting.session_id, "The agent was stopped; the session goes on after its start."
            )
            return
        journal = self._store.journal(waiting.session_id)
        try:
            await asyncio.to_thread(note_given_back, journal, self._clock_set)
        except StoreError as error:
            _LOGGER.warning("Session %s goes on as one that was interrupted: %s", waiting.session_id, error)
        facts = await asyncio.to_thread(journal.load)
        if waiting.plan is not None:
            self._leave_target(waiting, waiting.plan)
        taken = frames_of(facts)
        count = sum(taken.values())
        message = f"{ending.message} It goes on later, with the {count} frames it has."
        if not await self._intake.put_back(waiting.session_id, message):
            return
        again = self._by_the_clock(waiting)
        began = again.began or instant_in(facts, "started_at")
        again = replace(again, resume=False, began=began, forced=False, gave_back=True, taken=taken)
        await self._queue_again(again.passed_over(ending.reason, message))
        self._around.publish(
            SessionWaiting(
                telescope=self._around.telescope_id,
                at=self._around.clock.now(),
                session=waiting.brief,
                reason=ending.reason,
                message=message,
                until=None,
            )
        )

    def give_back(self, session_id: str, reason: Reason, message: str) -> None:
        """Have the session that runs give its turn back, if it is that one."""
        if self.running is not None and self.running.waiting.session_id == session_id:
            self.running.orders.end(Ending(EndKind.GIVE_BACK, reason, message))

    def clock_was_set(self, by: timedelta) -> None:
        """Have what runs reckoned anew: its end, the dawn, and the telescope's own clock."""
        self._clock_set += by
        if self.running is not None and abs(by) > _CLOCK_SLACK:
            message = "The system clock was set; what is left is planned anew."
            self.running.orders.end(Ending(EndKind.GIVE_BACK, Reason.SCHEDULE, message))

    async def _gets_another_turn(self, waiting: Waiting, result: SessionResult) -> bool:
        """Let a session that failed and says `retry` wait again, with the frames it has."""
        if result.error is None or on_error_of(waiting) is not OnError.RETRY:
            return False
        now = self._around.clock.now()
        later = now + REST
        most = waiting.document.id_command.max_attempts
        journal = self._store.journal(waiting.session_id)
        turn = failures(await asyncio.to_thread(journal.load)) + 1
        too_late = waiting.closes is not None and later >= waiting.closes
        if turn >= most or too_late:
            return False
        message = f"Turn {turn} of {most} failed: {result.error.message}"
        try:
            await asyncio.to_thread(note_failure, journal, later)
        except StoreError as error:
            _LOGGER.warning("Session %s gets no other turn: %s", waiting.session_id, error)
            return False
        back = await self._intake.put_back(waiting.session_id, message)
        if not back and await asyncio.to_thread(self._store.get, waiting.session_id) is None:
            return False
        if back and self.dispatcher is not None:
            taken = frames_of(await asyncio.to_thread(journal.load))
            again = self._by_the_clock(waiting)
            again = replace(again, resume=False, began=None, forced=False, rests_until=later, taken=taken)
            self.dispatcher.put(again.passed_over(Reason.RETRY, message))
        self._around.publish(
            SessionWaiting(
                telescope=self._around.telescope_id,
                at=now,
                session=waiting.brief,
                reason=Reason.RETRY,
                message=message,
                until=later,
            )
        )
        return True

    def _readings(self) -> dict[str, Any]:
        telemetry = self._around.telescope.telemetry
        readings = {
            "battery": telemetry.battery,
            "temperature": telemetry.temperature,
            "storage_free_gb": telemetry.storage_free_gb,
        }
        return {name: value for name, value in readings.items() if value is not None}

    async def _take_control(self, running: Running) -> bool:
        """Whether the session may go on: it has the telescope, or is to be ended without it."""
        waiting, orders = running.waiting, running.orders
        taking = asyncio.create_task(self._take_control_itself(), name="take control")
        order = asyncio.create_task(orders.ended(), name="order")
        try:
            await asyncio.wait({taking, order}, return_when=asyncio.FIRST_COMPLETED)
            if not taking.done():
                _LOGGER.info("Session %s ends before it began", waiting.session_id)
                return order.result().kind is not EndKind.AGENT_STOP
            taking.result()
        except PreemptedError as error:
            if waiting.resume:  # it goes on only to be stopped and counted, or waits for the sky as it did
                return True
            _LOGGER.info("Session %s waits: %s", waiting.session_id, error)
            await self._queue_again(self._rested(waiting, SOON_S, error.wish.reason, error.message))
            return False
        except TelescopeError as error:
            _LOGGER.info("Session %s waits for the telescope: %s", waiting.session_id, error)
            self._gate.refused_control()
            await self._queue_again(waiting)
            return False
        finally:
            for task in (taking, order):
                task.cancel()
            await asyncio.wait({taking, order})
        return True

    async def _take_control_itself(self) -> None:
        """Take control, unless somebody wants the telescope to stand still; a lid opens for who has begun."""
        if (wish := self._hands.hold(Level.SESSION, besides=ENCLOSURE)) is not None:
            raise PreemptedError(wish)
        await self._hands.perform(Level.SAFETY, lambda telescope: telescope.take_control(), moves=False)

    def _by_the_clock(self, waiting: Waiting) -> Waiting:
        """The session that runs, as it waits by a clock that was set meanwhile."""
        return self._intake.moved(waiting, self._clock_set) if self._clock_set else waiting

    def _rested(self, waiting: Waiting, seconds: float, reason: Reason, message: str) -> Waiting:
        """A session that could not be taken: the others have their turns meanwhile."""
        until = self._around.clock.now() + timedelta(seconds=seconds)
        return replace(waiting, rests_until=until).passed_over(reason, message)

    async def _queue_again(self, waiting: Waiting) -> None:
        """Put a session back into the queue, unless its file is gone or a newer form of it waits already."""
        stored = await asyncio.to_thread(self._store.get, waiting.session_id)
        if self.dispatcher is None or stored is None:
            return
        if self.dispatcher.find(waiting.session_id) is None:
            self.dispatcher.put(waiting)


def _fail_closed(orders: Orders, session_watch: asyncio.Task[None]) -> None:
    """End a session that nothing watches over any more."""
    if session_watch.cancelled() or (error := session_watch.exception()) is None:
        return
    _LOGGER.error("The watch over the session failed", exc_info=error)
    message = "The agent's watch over the session failed, so it was stopped."
    orders.end(Ending(EndKind.LIMIT, Reason.TELESCOPE, message))
