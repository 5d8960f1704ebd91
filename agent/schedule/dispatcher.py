"""Carries out the plan of one telescope's night: one session at a time, the rest in a visible queue."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from agent.clock import Clock
from agent.events import Event, QueueChanged, Reason, SessionBrief, SessionWaiting
from agent.planner import Block, PlannedNight
from agent.schedule.timetable import Timetable
from agent.schedule.waiting import Waiting
from agent.verdict import Verdict

_LOGGER = logging.getLogger(__name__)

ASK_AGAIN = timedelta(seconds=60)  # conditions without a known end are asked again this often
NEWS_EVERY_S = 0.5  # a folder of thousands is told in one message
SOONEST = timedelta(seconds=1)  # an answer that is already out of date must not become a busy loop
TOLD = 5  # sessions passed over that one line of the log names
_ROUNDING = timedelta(milliseconds=10)  # of instants that were seconds meanwhile
_RECHECK = "recheck:"
_TURN = "turn:"


class Gate(Protocol):
    """Answers whether a due session may run now, as far as nobody can foresee it."""

    def judge(self, waiting: Waiting, now: datetime) -> Verdict:
        """Answer for one session; pure, quick, never raises.

        A no that is final ends the session. One for `Reason.MISSED` that is not gives it `until` as its new
        start. Any other is asked again, at `until` when it is known.
        """


class Planner(Protocol):
    """Makes the plan whose head is carried out."""

    async def plan(self, waiting: Sequence[Waiting], held: Mapping[str, datetime | None]) -> PlannedNight:
        """Return the plan from now on, of what waits and what runs.

        `held` sessions may not run now, until an instant (None: not known).
        """

    def began(self, block: Block, follows: Block | None) -> None:
        """A block of the plan begins, with another session's that follows it at once."""

    def ends(self, until: datetime | None) -> None:
        """What runs ends then, as another session's block begins; None: when it is done."""


class Sessions(Protocol):
    """What the dispatcher has done with sessions."""

    async def run(self, waiting: Waiting) -> None:
        """Run a session to its result; never raises for what the telescope does."""

    async def give_up(self, waiting: Waiting, reason: Reason, message: str) -> None:
        """End a session that will not run, as skipped."""

    async def postpone(self, waiting: Waiting) -> Waiting:
        """Return a missed session as it waits for the same times of the next night."""

    def give_back(self, session_id: str, reason: Reason, message: str) -> None:
        """Have the session that runs wait for the rest of it, if it is that one."""


class Dispatcher:
    """Owner of one telescope's queue. `kick()` after anything that may change the choice."""

    def __init__(
        self,
        telescope_id: str,
        *,
        clock: Clock,
        timetable: Timetable,
        gate: Gate,
        planner: Planner,
        sessions: Sessions,
        publish: Callable[[Event], None],
        on_idle: Callable[[SessionWaiting | None], None],
    ) -> None:
        self._telescope_id = telescope_id
        self._clock = clock
        self._timetable = timetable
        self._gate = gate
        self._planner = planner
        self._sessions = sessions
        self._publish = publish
        self._on_idle = on_idle
        self._queue: dict[str, Waiting] = {}
        self._wake = asyncio.Event()
        self._news = asyncio.Event()
        self._replan = asyncio.Event()
        self._held: dict[str, Verdict] = {}  # what the gate said when the telescope was last free
        self._told_of: frozenset[str] = frozenset()  # rivals when waits were told last
        self._places: dict[str, datetime] = {}  # when the plan has each of them run
        self._published: QueueChanged | None = None
        self._standstill: SessionWaiting | None = None
        self._ordered: tuple[Waiting, ...] | None = None  # the queue as planned, until one of them changes
        self._enough = 0  # waiting sessions from which on the next choice is made
        self.running: Waiting | None = None
        self._looks = False
        self._closed = False

    # -- the queue --------------------------------------------------------------------------------------

    @property
    def queue(self) -> tuple[Waiting, ...]:
        """The waiting sessions in the order of their turns: as planned, before that as they are due."""
        if self._queue.keys() <= self._places.keys():
            if self._ordered is None:
                places = self._places
                ordered = sorted(self._queue.values(), key=lambda w: (places[w.session_id], w.turn()))
                self._ordered = tuple(ordered)
            return self._ordered
        now = self._clock.now()
        due = sorted((w for w in self._queue.values() if w.due(now)), key=Waiting.turn)
        later = sorted(
            (w for w in self._queue.values() if not w.due(now)), key=lambda w: (w.due_at or w.seen, w.turn())
        )
        return (*due, *later)

    @property
    def busy(self) -> bool:
        """Whether a session runs, or it is not settled which one is next and which end without a run."""
        return self._looks or self._wake.is_set() or self.running is not None

    def find(self, session_id: str) -> Waiting | None:
        """The waiting session with this id."""
        return self._queue.get(session_id)

    def put(self, waiting: Waiting) -> None:
        """Add a session, or replace the one with the same id."""
        self._places.pop(waiting.session_id, None)
        self._set(waiting)
        if waiting.due_at is not None and not waiting.due(self._clock.now()):
            self._timetable.set(self._alarm(waiting.session_id), waiting.due_at, self.kick)
        else:
            self._timetable.remove(self._alarm(waiting.session_id))
        self.kick()

    def drop(self, session_id: str) -> Waiting | None:
        """Take a session out of the queue; None when it is not in it."""
        waiting = self._queue.pop(session_id, None)
        if waiting is not None:
            self._ordered = None
            self._timetable.remove(self._alarm(session_id))
            self.kick()
        return waiting

    def position(self, session_id: str) -> int | None:
        """The session's place in the queue, from 1."""
        ids = [waiting.session_id for waiting in self.queue]
        return ids.index(session_id) + 1 if session_id in ids else None

    def look_at_clock(self) -> None:
        """Notice now that the wall clock was set."""
        self._timetable.look_at_clock()

    def close(self) -> None:
        """Begin nothing more; what runs goes on."""
        self._closed = True

    def gather(self, *, more: bool) -> None:
        """With `more` to come at once, choose only as often as what waits has doubled; then as ever."""
        before = self._enough
        self._enough = (before or 1) if more else 0
        if before and not more:
            self.kick()

    def kick(self) -> None:
        """Look again at what to do next."""
        self._wake.set()
        self._news.set()
        self._replan.set()

    # -- the loop ---------------------------------------------------------------------------------------

    async def tell_queue(self) -> None:
        """Tell the queue when it changes, also while a session runs, for ever; many changes are told once."""
        while True:
            await self._news.wait()
            await self._clock.sleep(NEWS_EVERY_S)
            self._news.clear()
            self._publish_queue()

    async def run_due(self) -> None:
        """Run sessions one after the other as the plan has them, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._looks = True
            try:
                while (
                    not self._closed and self._has_enough() and (chosen := await self._choose()) is not None
                ):
                    await self._run(chosen)
            except Exception:
                _LOGGER.exception("The queue met a defect of the agent; it is looked at again")
                await self._clock.sleep(ASK_AGAIN.total_seconds())
                self.kick()
            self._looks = False

    async def follow_plan(self) -> None:
        """While a session runs, plan again what changes, and end its block when another one's begins."""
        while True:
            await self._replan.wait()
            self._replan.clear()
            running = self.running
            if running is None or not self._has_enough():
                continue
            try:
                plan = await self._planner.plan(tuple(self._queue.values()), {})
                if self.running is running:
                    self._heed(plan, self._held)
                    self._end_in_time(running, plan)
            except Exception:
                _LOGGER.exception("The plan met a defect of the agent; it is made again")
                await self._clock.sleep(ASK_AGAIN.total_seconds())

    def _has_enough(self) -> bool:
        """Whether enough waits to choose among now; while more is to come, twice as much the next time."""
        if len(self._queue) < self._enough:
            return False
        if self._enough:
            self._enough = 2 * len(self._queue)
        return True

    async def _run(self, chosen: Waiting) -> None:
        if self._closed:
            return
        self.drop(chosen.session_id)
        self.running = chosen
        self._standstill = None
        self._on_idle(None)
        self._publish_queue()
        try:
            await self._sessions.run(chosen)
        except Exception:
            _LOGGER.exception("Session %s could not be run", chosen.session_id)
        finally:
            self.running = None
            self._timetable.remove(_TURN + self._telescope_id)

    async def _choose(self) -> Waiting | None:
        """Return the session whose block begins now; None when there is none, with an alarm for the next."""
        while True:
            self._timetable.look_at_clock()
            held = self._held = await self._settle()
            queue = dict(self._queue)
            plan = await self._planner.plan(
                tuple(queue.values()), {name: verdict.until for name, verdict in held.items()}
            )
            if self._enough and not self._is_still(queue):
                return None  # more has come, and is not all
            if not self._is_still(queue) or await self._give_up_what_never_can(plan, held):
                continue
            self._heed(plan, held)
            now, head = self._clock.now(), plan.head
            chosen = self._queue.get(head.session_id) if head is not None else None
            if head is None or chosen is None or head.start > now + _ROUNDING or head.session_id in held:
                self._wait_for(plan, held, now)
                return None
            self._planner.began(head, _follows(plan, head))
            self._tell_passed_over(chosen, head)
            return chosen

    async def _settle(self) -> dict[str, Verdict]:
        """Ask the gate about all that is due; return the verdicts against what has to wait for it."""
        held: dict[str, Verdict] = {}
        now = self._clock.now()
        for waiting in [w for w in self.queue if w.due(now)]:
            if self._queue.get(waiting.session_id) is not waiting:
                continue  # it went, or changed, while another one was being settled
            verdict = self._gate.judge(waiting, now)
            if verdict.allowed:
                continue
            if verdict.final:
                self.drop(waiting.session_id)
                await self._sessions.give_up(waiting, verdict.reason or Reason.SCHEDULE, verdict.message)
            elif verdict.reason is Reason.MISSED:
                later = await self._sessions.postpone(waiting)
                if self._queue.get(waiting.session_id) is waiting:
                    self.put(later)
            else:
                held[waiting.session_id] = verdict
        return held

    async def _give_up_what_never_can(self, plan: PlannedNight, held: Mapping[str, Verdict]) -> bool:
        """End what is due and cannot run in any night, whatever the others do; false for nothing."""
        now, ended = self._clock.now(), False
        for left in plan.left:
            waiting = self._queue.get(left.session_id)
            if waiting is None or not left.final or left.reason is Reason.QUEUE or not waiting.due(now):
                continue
            if left.session_id not in held and not plan.blocks_of(left.session_id):
                self.drop(left.session_id)
                await self._sessions.give_up(waiting, left.reason, left.message)
                ended = True
        return ended

    def _is_still(self, queue: Mapping[str, Waiting]) -> bool:
        return queue.keys() == self._queue.keys() and all(self._queue[name] is queue[name] for name in queue)

    def _heed(self, plan: PlannedNight, held: Mapping[str, Verdict]) -> None:
        """Take each session's place, and why it does not run now, from the plan."""
        end, now = plan.span.end, self._clock.now()
        self._places = {left.session_id: left.start or end for left in plan.left}
        self._places |= {block.session_id: block.start for block in reversed(plan.blocks)}
        self._ordered = None
        runs = {self.running.session_id} if self.running is not None else frozenset[str]()
        told, self._told_of = self._told_of, frozenset(self._queue.keys() | runs)
        for waiting in tuple(self._queue.values()):
            verdict, wait = held.get(waiting.session_id), plan.waits.get(waiting.session_id)
            if verdict is not None:
                self._pass_over(waiting, verdict.reason, verdict.message)
            elif not waiting.due(now):
                continue
            elif wait is not None:
                waits_its_turn = waiting.brief.waits_for is Reason.QUEUE and wait.reason is Reason.QUEUE
                if waits_its_turn and self.running is not None and told <= self._told_of:
                    continue  # it was told when that one was chosen, and no rival has left
                self._pass_over(waiting, wait.reason, wait.message)
            elif waiting.brief.waits_for is not None and self.running is None:
                self._pass_over(waiting, None, "")

    def _wait_for(self, plan: PlannedNight, held: Mapping[str, Verdict], now: datetime) -> None:
        """Nothing runs now: have the alarm ring when that may change, and say what is waited for."""
        asked = [verdict.until or now + ASK_AGAIN for verdict in held.values()]
        begins = [plan.head.start] if plan.head is not None and plan.head.session_id not in held else []
        ends = [plan.span.end] if self._queue else []
        alarm = _RECHECK + self._telescope_id
        self._timetable.remove(alarm)
        if asked or begins or ends:
            again = max(min((*asked, *begins, *ends)), now + SOONEST)
            self._timetable.set(alarm, again, self.kick)
        self._publish_queue()
        self._stand_still(self._waits(plan, held, now))

    def _waits(self, plan: PlannedNight, held: Mapping[str, Verdict], now: datetime) -> SessionWaiting | None:
        """What the telescope stands still for: the first of those that are due."""
        due = [w for w in self.queue if w.due(now)]
        first = next((w for w in due if w.session_id in held or w.session_id in plan.waits), None)
        if first is None:
            return None
        verdict, wait = held.get(first.session_id), plan.waits.get(first.session_id)
        until = verdict.until if verdict is not None else wait.until if wait is not None else None
        return SessionWaiting(
            telescope=self._telescope_id,
            at=now,
            session=first.brief,
            reason=first.brief.waits_for or Reason.SCHEDULE,
            message=first.brief.note,
            until=max(until, now + SOONEST) if until is not None else now + ASK_AGAIN,
        )

    def _end_in_time(self, running: Waiting, plan: PlannedNight) -> None:
        """Have the running session give its turn back when its block ends and another one's begins."""
        alarm, block = _TURN + self._telescope_id, plan.head
        self._timetable.remove(alarm)
        if block is None or block.session_id != running.session_id:
            return
        follows = _follows(plan, block) if block.ends else None
        self._planner.ends(block.end if follows is not None else None)
        if follows is None or (running.closes is not None and block.end >= running.closes):
            return
        message = f"Session {follows.session_id} has its turn: {follows.why}."
        reason = Reason.QUEUE

        def ring() -> None:
            self._sessions.give_back(running.session_id, reason, message)

        self._timetable.set(alarm, block.end, ring)

    def _tell_passed_over(self, chosen: Waiting, head: Block) -> None:
        now = self._clock.now()
        passed = [w for w in self.queue if w is not chosen and w.due(now)]
        if passed:
            told = "; ".join(f"{w.session_id}: {w.brief.note}" for w in passed[:TOLD])
            more = f" and {len(passed) - TOLD} more" if len(passed) > TOLD else ""
            _LOGGER.info(
                "Session %s is chosen: %s; passed over: %s%s", chosen.session_id, head.why, told, more
            )

    def _pass_over(self, waiting: Waiting, reason: Reason | None, message: str) -> None:
        if self._queue.get(waiting.session_id) is not waiting:
            return
        if (waiting.brief.waits_for, waiting.brief.note) != (reason, message):
            _LOGGER.debug("Session %s waits: %s", waiting.session_id, message)
            self._set(waiting.passed_over(reason, message))

    def _set(self, waiting: Waiting) -> None:
        self._queue[waiting.session_id] = waiting
        self._ordered = None

    def _stand_still(self, standstill: SessionWaiting | None) -> None:
        before, self._standstill = self._standstill, standstill
        self._on_idle(standstill)
        if standstill is None or _same(before, standstill):
            return
        _LOGGER.info("Session %s waits: %s", standstill.session.session_id, standstill.message)
        self._publish(standstill)

    def queue_event(self) -> QueueChanged:
        """The queue as it is now."""
        queue, now = self.queue, self._clock.now()
        starts = [one.due_at for one in queue if one.due_at is not None and not one.due(now)]
        return QueueChanged(
            telescope=self._telescope_id,
            at=now,
            sessions=tuple(self._told(waiting, now) for waiting in queue),
            next_at=min(starts, default=None),
        )

    def _told(self, waiting: Waiting, now: datetime) -> SessionBrief:
        """A waiting session as published: what is due while another one runs waits for its end."""
        if self.running is None or waiting.brief.waits_for is not None or not waiting.due(now):
            return waiting.brief
        return waiting.passed_over(Reason.QUEUE, f"Session {self.running.session_id} runs.").brief

    def _publish_queue(self) -> None:
        event, before = self.queue_event(), self._published
        if before is None or (before.sessions, before.next_at) != (event.sessions, event.next_at):
            self._published = event
            self._publish(event)

    def _alarm(self, session_id: str) -> str:
        return f"start:{self._telescope_id}:{session_id}"


def _follows(plan: PlannedNight, block: Block) -> Block | None:
    """The block of another session that begins when this one ends."""
    later = (
        one for one in plan.blocks if one.session_id != block.session_id and one.start >= block.end - SOONEST
    )
    follows = next(later, None)
    return follows if follows is not None and follows.start - block.end < ASK_AGAIN else None


def _same(before: SessionWaiting | None, now: SessionWaiting) -> bool:
    return before is not None and (before.session.session_id, before.reason) == (
        now.session.session_id,
        now.reason,
    )
