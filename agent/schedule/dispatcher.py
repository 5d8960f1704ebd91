"""Chooses what one telescope does next: one session at a time, the rest in a visible queue."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from agent.clock import Clock
from agent.events import Event, QueueChanged, Reason, SessionBrief, SessionWaiting
from agent.schedule.timetable import Timetable
from agent.schedule.waiting import Waiting
from agent.verdict import Verdict

_LOGGER = logging.getLogger(__name__)

ASK_AGAIN = timedelta(seconds=60)  # conditions without a known end are asked again this often
NEWS_EVERY_S = 0.5  # a folder of thousands is told in one message
SOONEST = timedelta(seconds=1)  # an answer that is already out of date must not become a busy loop
TOLD = 5  # sessions passed over that one line of the log names
_RECHECK = "recheck:"


class Gate(Protocol):
    """Answers whether a due session may run now."""

    def judge(self, waiting: Waiting, now: datetime) -> Verdict:
        """Answer for one session; pure, quick, never raises.

        A no that is final ends the session. One for `Reason.MISSED` that is not gives it `until` as its new
        start. Any other is asked again, at `until` when it is known.
        """


class Sessions(Protocol):
    """What the dispatcher has done with sessions."""

    async def run(self, waiting: Waiting) -> None:
        """Run a session to its result; never raises for what the telescope does."""

    async def give_up(self, waiting: Waiting, reason: Reason, message: str) -> None:
        """End a session that will not run, as skipped."""

    async def postpone(self, waiting: Waiting) -> Waiting:
        """Return a missed session as it waits for the same times of the next night."""


class Dispatcher:
    """Owner of one telescope's queue. `kick()` after anything that may change the choice."""

    def __init__(
        self,
        telescope_id: str,
        *,
        clock: Clock,
        timetable: Timetable,
        gate: Gate,
        sessions: Sessions,
        publish: Callable[[Event], None],
        on_idle: Callable[[SessionWaiting | None], None],
    ) -> None:
        self._telescope_id = telescope_id
        self._clock = clock
        self._timetable = timetable
        self._gate = gate
        self._sessions = sessions
        self._publish = publish
        self._on_idle = on_idle
        self._queue: dict[str, Waiting] = {}
        self._wake = asyncio.Event()
        self._news = asyncio.Event()
        self._published: QueueChanged | None = None
        self._standstill: SessionWaiting | None = None
        self.running: Waiting | None = None
        self._closed = False

    # -- the queue --------------------------------------------------------------------------------------

    @property
    def queue(self) -> tuple[Waiting, ...]:
        """The waiting sessions in the order of their turns."""
        now = self._clock.now()
        due = sorted((w for w in self._queue.values() if w.due(now)), key=Waiting.turn)
        later = sorted(
            (w for w in self._queue.values() if not w.due(now)), key=lambda w: (w.due_at or w.seen, w.turn())
        )
        return (*due, *later)

    def find(self, session_id: str) -> Waiting | None:
        """The waiting session with this id."""
        return self._queue.get(session_id)

    def put(self, waiting: Waiting) -> None:
        """Add a session, or replace the one with the same id."""
        self._queue[waiting.session_id] = waiting
        if waiting.due_at is not None and not waiting.due(self._clock.now()):
            self._timetable.set(self._alarm(waiting.session_id), waiting.due_at, self.kick)
        else:
            self._timetable.remove(self._alarm(waiting.session_id))
        self.kick()

    def drop(self, session_id: str) -> Waiting | None:
        """Take a session out of the queue; None when it is not in it."""
        waiting = self._queue.pop(session_id, None)
        if waiting is not None:
            self._timetable.remove(self._alarm(session_id))
            self.kick()
        return waiting

    def position(self, session_id: str) -> int | None:
        """The session's place in the queue, from 1."""
        ids = [waiting.session_id for waiting in self.queue]
        return ids.index(session_id) + 1 if session_id in ids else None

    def close(self) -> None:
        """Begin nothing more; what runs goes on."""
        self._closed = True

    def kick(self) -> None:
        """Look again at what to do next."""
        self._wake.set()
        self._news.set()

    # -- the loop ---------------------------------------------------------------------------------------

    async def tell_queue(self) -> None:
        """Tell the queue when it changes, also while a session runs, for ever; many changes are told once."""
        while True:
            await self._news.wait()
            await self._clock.sleep(NEWS_EVERY_S)
            self._news.clear()
            self._publish_queue()

    async def run_due(self) -> None:
        """Run due sessions one after the other, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                while not self._closed and (chosen := await self._choose()) is not None:
                    await self._run(chosen)
            except Exception:
                _LOGGER.exception("The queue met a defect of the agent; it is looked at again")
                await self._clock.sleep(ASK_AGAIN.total_seconds())
                self.kick()

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

    async def _choose(self) -> Waiting | None:
        now = self._clock.now()
        first: SessionWaiting | None = None
        again: datetime | None = None
        due = [w for w in self.queue if w.due(now)]
        for place, waiting in enumerate(due):
            if self._queue.get(waiting.session_id) is not waiting:
                continue  # it went, or changed, while another one was being settled
            verdict = self._gate.judge(waiting, now)
            if verdict.allowed:
                self._prefer(waiting, due[:place], due[place + 1 :])
                return waiting
            if verdict.final:
                self.drop(waiting.session_id)
                await self._sessions.give_up(waiting, verdict.reason or Reason.SCHEDULE, verdict.message)
            elif verdict.reason is Reason.MISSED:
                later = await self._sessions.postpone(waiting)
                if self._queue.get(waiting.session_id) is waiting:
                    self.put(later)
            else:
                until = max(verdict.until, now + SOONEST) if verdict.until else now + ASK_AGAIN
                again = min(again, until) if again else until
                self._pass_over(waiting, verdict.reason, verdict.message)
                first = first or self._waits(waiting, verdict, now, until)
        self._timetable.remove(_RECHECK + self._telescope_id)
        if again is not None:
            self._timetable.set(_RECHECK + self._telescope_id, again, self.kick)
        self._publish_queue()
        self._stand_still(first)
        return None

    def _prefer(self, chosen: Waiting, blocked: list[Waiting], later: list[Waiting]) -> None:
        """Record why each due session is passed over for the chosen one; `blocked` ones were told already."""
        for waiting in later:
            self._pass_over(waiting, Reason.QUEUE, chosen.comes_before(waiting))
        passed = [now for w in blocked if (now := self._queue.get(w.session_id)) is not None]
        if passed:
            told = "; ".join(f"{w.session_id}: {w.brief.note}" for w in passed[:TOLD])
            more = f" and {len(passed) - TOLD} more" if len(passed) > TOLD else ""
            _LOGGER.info("Session %s is chosen; passed over: %s%s", chosen.session_id, told, more)

    def _pass_over(self, waiting: Waiting, reason: Reason | None, message: str) -> None:
        if self._queue.get(waiting.session_id) is not waiting:
            return
        if (waiting.brief.waits_for, waiting.brief.note) != (reason, message):
            _LOGGER.debug("Session %s waits: %s", waiting.session_id, message)
            self._queue[waiting.session_id] = waiting.passed_over(reason, message)

    def _waits(self, waiting: Waiting, verdict: Verdict, now: datetime, until: datetime) -> SessionWaiting:
        return SessionWaiting(
            telescope=self._telescope_id,
            at=now,
            session=waiting.passed_over(verdict.reason, verdict.message).brief,
            reason=verdict.reason or Reason.SCHEDULE,
            message=verdict.message,
            until=until,
        )

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
        starts = [waiting.due_at for waiting in queue if waiting.due_at is not None]
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
        if before is None or before.sessions != event.sessions:
            self._published = event
            self._publish(event)

    def _alarm(self, session_id: str) -> str:
        return f"start:{self._telescope_id}:{session_id}"


def _same(before: SessionWaiting | None, now: SessionWaiting) -> bool:
    return before is not None and (before.session.session_id, before.reason) == (
        now.session.session_id,
        now.reason,
    )
