"""How sessions come in: files that appear in ToDo/, and documents that are submitted."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agent.capabilities import Capabilities
from agent.clock import Clock
from agent.conditions.unasked import unasked_problems
from agent.errors import AgentError, Problem, errors_of
from agent.events import Event, Outcome, Reason, SessionBrief, SessionQueued, SessionRejected
from agent.schedule.dispatcher import Dispatcher
from agent.schedule.waiting import Waiting
from agent.session.check import Resolve, check, download_problems
from agent.session.document import SessionDocument
from agent.session.plan import Plan, make_plan
from agent.session.problems import InvalidSessionError
from agent.session.times import start_instant, time_problems, window_end
from agent.station.as_waiting import as_waiting
from agent.station.interrupted import Interrupted
from agent.station.neighbours import Neighbours
from agent.station.parents import Parents
from agent.station.records import Records
from agent.store.errors import StoreError
from agent.store.journal import instant_in
from agent.store.model import Changes, Rejected, StoredSession
from agent.store.store import SessionStore
from agent.targets import Site

_LOGGER = logging.getLogger(__name__)

_REMOVED = Problem("removed", "The session's file was taken out of ToDo/.")
RESUME_WITHIN = timedelta(hours=12)  # an unfinished session older than a night is counted, not taken up
READ_AT_ONCE = 200  # files a look reads before sessions that are already known get their turn


class Intake:
    """Keeps the dispatcher's queue equal to what ToDo/ holds."""

    def __init__(
        self,
        telescope_id: str,
        store: SessionStore,
        records: Records,
        parents: Parents,
        neighbours: Neighbours,
        *,
        clock: Clock,
        zone: ZoneInfo,
        site: Site | None,
        capabilities: Callable[[], Capabilities | None],
        archives: bool,
        resolve: Resolve,
        publish: Callable[[Event], None],
        poll_s: float,
        on_problem: Callable[[Problem | None], None],
        on_orphan: Callable[[str], None],
    ) -> None:
        """`on_problem` hears what is wrong with the folders, None when nothing is any more; `on_orphan` the
        id of a session for which the telescope may still capture although it cannot go on."""
        self._telescope_id = telescope_id
        self._store = store
        self._records = records
        records.on_learned = self.plan_again
        self._parents = parents
        self._neighbours = neighbours
        self._clock = clock
        self._zone = zone
        self._site = site
        self._capabilities = capabilities
        self._archives = archives
        self._resolve = resolve
        self._publish = publish
        self._poll_s = poll_s
        self._on_problem = on_problem
        self._on_orphan = on_orphan
        self._told: str | None = None
        self._interrupted = Interrupted(store, records, self._take, self._tell_problem, on_orphan)
        self._looked = asyncio.Event()
        self.wanted_now: set[str] = set()  # files on their way into ToDo/ that are to run at once
        self.judging = False  # whether files in ToDo/ may still be written to, and have no verdict yet
        self._looked_at: float | None = None
        self._life_began = clock.now()
        self._clock_set = timedelta(0)  # by how much the wall clock was set since the folders were looked at
        self.dispatcher: Dispatcher | None = None

    def examine(self, document: SessionDocument) -> Iterable[Problem]:
        """Everything that is wrong with a session beyond its form; called by the store, in a thread."""
        problems = time_problems(document, self._zone, self._clock.now())
        problems += download_problems(document, archives=self._archives)
        problems += unasked_problems(document, self._site)
        if (stranger := self._neighbours.stranger(document)) is not None:
            problems.append(stranger)
        if not self._neighbours.suits(document):
            return problems  # another telescope's tables tell whether it is right
        capabilities = self._capabilities()
        if capabilities is not None:
            problems += check(document, capabilities, resolve=self._resolve)
        return problems

    async def recover(self) -> None:
        """Put back what was running when the agent last ended; it goes on from its journal."""
        await self._interrupted.recover()

    async def put_back(self, session_id: str, why: str) -> bool:
        """Put a session back that ran; False when the disk refuses: then it is queued once it can be."""
        return await self._interrupted.put_back(session_id, why)

    async def watch(self) -> None:
        """Follow ToDo/ for ever."""
        while True:
            self._looked_at = self._clock.monotonic()
            await self._follow_clock()
            try:
                changes = await asyncio.to_thread(self._store.scan, READ_AT_ONCE)
            except StoreError as error:
                self._tell_problem(error)
                self._queue.gather(more=False)
                await self._clock.sleep(self._poll_s)
                continue
            await self._interrupted.take_up()
            if self._told is not None and not self._interrupted:
                self._told = None
                self._on_problem(None)
            if changes.more:
                self._queue.gather(more=True)
            await self._apply(changes)
            self._queue.gather(more=changes.more)
            self.judging = bool(changes.more or changes.waiting)
            if not changes.more:
                if not self._looked.is_set():
                    self._drop_all(await self._parents.settle())
                self._looked.set()
                for stored in self._parents.misplaced():
                    await self._take(stored)
                await self.make()
                await self._parents.mosaics.end_finished()
                await self._clock.sleep(self._poll_s)

    async def make(self) -> list[Waiting]:
        """Make and queue the sessions that are made of others and whose turn it is."""
        new, withdrawn = await self._parents.make()
        self._drop_all(withdrawn)
        made = [await self._take(child) for child in new]
        self._tell_queued(made)
        return made

    def _tell_problem(self, error: StoreError) -> None:
        """Say what is wrong with the folders, in the log once while it lasts."""
        if str(error) != self._told:
            _LOGGER.warning("%s", error)
            self._told = str(error)
        self._on_problem(error.problem())

    @property
    def silent_s(self) -> float:
        """Seconds since the folders were last looked at; 0 before the first look. Large: the disk hangs."""
        return 0.0 if self._looked_at is None else self._clock.monotonic() - self._looked_at

    async def looked(self) -> None:
        """Return once every file that was there at the start has been looked at."""
        await self._looked.wait()

    async def look_again(self) -> None:
        """Check every waiting session against the telescope that is now known."""
        for waiting in self._queue.queue:
            stored = await asyncio.to_thread(self._store.get, waiting.session_id)
            if stored is None or self._queue.find(waiting.session_id) is not waiting:
                continue  # it began to run, or changed, while we looked
            if await self.becomes_mosaic(waiting) or self._queue.find(waiting.session_id) is not waiting:
                continue
            try:
                self._queue.put(self.planned(replace(waiting, document=stored.document)))
            except AgentError as error:
                self._queue.drop(waiting.session_id)
                if waiting.resume:
                    self._on_orphan(waiting.session_id)
                await self.refuse(waiting.brief, error)

    def plan_again(self) -> None:
        """Plan every waiting session with the estimates as they are now."""
        for waiting in self._queue.queue:
            with contextlib.suppress(AgentError):  # it is refused when the telescope is looked at
                self._queue.put(self.planned(waiting))

    def clock_was_set(self, by: timedelta) -> None:
        """Reckon the times of everything that waits by the new clock."""
        self._clock_set += by
        self._life_began += by
        for waiting in self._queue.queue:
            with contextlib.suppress(AgentError):  # it is refused when the telescope is looked at
                self._queue.put(self.planned(self.moved(waiting, by)))

    def moved(self, waiting: Waiting, by: timedelta) -> Waiting:
        """A session as it waits when the wall clock was set meanwhile: seen, and begun, by the new one."""
        document, seen, began = waiting.document, waiting.seen + by, waiting.began
        if began is not None and began + by >= self._life_began:
            began += by
        start = start_instant(document, self._zone, seen)
        return replace(
            waiting,
            brief=replace(waiting.brief, scheduled_for=start),
            start=start,
            window_end=window_end(document, self._zone, min(seen, began or seen), start=start),
            seen=seen,
            began=began,
            rests_until=waiting.rests_until and waiting.rests_until + by,
        )

    async def _follow_clock(self) -> None:
        """See whether the wall clock was set, and make anew what others make for their nights."""
        self._queue.look_at_clock()
        by, self._clock_set = self._clock_set, timedelta(0)
        if not by:
            return
        await asyncio.to_thread(self._store.clock_was_set, by)
        for stored in self._store.sessions():
            if self._parents.maker_of(stored, began=self._began(stored)) is not None:
                await self._take(stored)

    async def refuse(self, brief: SessionBrief, error: AgentError) -> None:
        """End a session that cannot run on this telescope, with its reasons."""
        failure = error.problem()
        reasons = error.message
        if isinstance(error, InvalidSessionError):
            reasons = "; ".join(str(problem) for problem in errors_of(error.problems)) or reasons
        await self._records.end_unrun(brief, Outcome.FAILED, Reason.INVALID, reasons, failure)

    def plan(self, document: SessionDocument, begin: datetime) -> Plan | None:
        """The plan of a session, end times after `begin`; None while the model is unknown.

        InvalidSessionError when it cannot run.
        """
        capabilities = self._capabilities()
        if capabilities is None:
            return None
        return make_plan(document, capabilities, resolve=self._resolve, begin=begin, zone=self._zone)

    async def take_submission(self, stored: StoredSession) -> Waiting:
        """Queue a session that was just stored; AgentError, and nothing is queued, when it cannot run."""
        self.planned(self._waiting(stored))
        waiting = await self._take(stored)
        self._tell_queued([waiting])
        return waiting

    async def take_changed(self, stored: StoredSession, *, other_times: bool) -> Waiting:
        """Take a session that a person changed; with other times it is wanted then, and not at once."""
        if other_times and (before := self._queue.find(stored.session_id)) is not None:
            self._queue.put(replace(before, forced=False))
        return await self._take(stored)

    async def drop_parent(self, session_id: str) -> None:
        """Others are made of a session no more: what is still ahead of it goes as well."""
        self._drop_all(await self._parents.drop(session_id))

    async def drop_panes(self, session_id: str) -> None:
        """Take back the panes of a mosaic that still wait; it ends with those that ran."""
        self._drop_all(await self._parents.withdraw_panes(session_id))

    async def drop_goal(self, session_id: str, message: str) -> None:
        """End a session with a goal for a person; what runs of it ends by itself."""
        self._drop_all(await self._parents.collecting.remove(session_id, message))

    async def becomes_mosaic(self, waiting: Waiting) -> bool:
        """Whether a session that waited turns out to be a mosaic that the agent makes; it is taken then."""
        stored = await asyncio.to_thread(self._store.get, waiting.session_id)
        if waiting.resume or stored is None or not self._parents.mosaics.ours(stored):
            return False
        self._queue.drop(waiting.session_id)
        await self._take(stored)
        return True

    async def is_stale(self, waiting: Waiting) -> bool:
        """Whether a session asks for more than is left of its goal by now, or for a night that is over."""
        return await asyncio.to_thread(self._parents.collecting.is_stale, waiting)

    @property
    def _queue(self) -> Dispatcher:
        if self.dispatcher is None:
            raise RuntimeError("the intake has no dispatcher yet")
        return self.dispatcher

    async def _apply(self, changes: Changes) -> None:
        await self._records.note_rejected(changes.broken)
        for rejected in changes.broken:
            self._tell_rejected(rejected)
            if not await self._end_begun(rejected):
                await self._records.end_submission(rejected.session_id, Reason.INVALID, rejected.failure)
        for session_id in changes.removed:
            await self.drop_parent(session_id)
            if (dropped := self._queue.drop(session_id)) is not None:
                if dropped.resume:
                    self._on_orphan(session_id)
                _LOGGER.info("Session %s was taken out of ToDo/", session_id)
                await self._records.forget_journal(session_id)
            await self._records.end_submission(session_id, Reason.USER, _REMOVED)
        for stored in changes.changed:
            _LOGGER.info("Session %s was changed", stored.session_id)
            await self._take(stored)
        new = [await self._take(stored) for stored in changes.added]
        if self._looked.is_set():  # what was there at the start was queued long ago
            self._tell_queued(new)

    async def _end_begun(self, rejected: Rejected) -> bool:
        """End a session that began in an earlier life and whose file cannot be used any more."""
        journal = self._store.journal(rejected.session_id)
        if instant_in(await asyncio.to_thread(journal.load), "started_at") is None:
            return False
        self._on_orphan(rejected.session_id)
        brief = SessionBrief(rejected.session_id, rejected.name)
        await self._records.end_from_journal(brief, journal, Reason.INVALID, rejected.failure.message)
        return True

    async def _take(self, stored: StoredSession) -> Waiting:
        for problem in stored.problems:
            _LOGGER.info("Session %s: %s", stored.session_id, problem)
        if not self._neighbours.alone and not self._neighbours.suits(stored.document):
            self._drop_all((*await self._parents.drop(stored.session_id), stored.session_id))
            return self._waiting(stored)  # until it is placed where it may run
        maker = self._parents.maker_of(stored, began=self._began(stored))
        self._drop_all(await self._parents.take(stored, maker))
        if maker is not None:
            return await self._take_parent(stored)
        waiting = self._waiting(stored)
        try:
            waiting = self.planned(waiting)
        except AgentError as error:  # the telescope is another one than it was when the file was looked at
            _LOGGER.warning("Session %s cannot run on this telescope: %s", stored.session_id, error)
            self._queue.drop(stored.session_id)
            if waiting.resume:
                self._on_orphan(stored.session_id)
            await self.refuse(waiting.brief, error)
            return waiting
        began = waiting.began if waiting.resume else None
        too_old = began is not None and self._clock.now() - began > RESUME_WITHIN
        self._queue.put(replace(waiting, too_old=too_old))
        self.wanted_now.discard(stored.name)
        return waiting

    async def _take_parent(self, stored: StoredSession) -> Waiting:
        """Queue what is made of a session, not itself. Return what is told of it."""
        self._queue.drop(stored.session_id)
        made: list[Waiting] = []
        if self._looked.is_set():  # before that, a child may be among the files not looked at yet
            made = await self.make()
        return made[0] if made else self._waiting(stored)

    def _began(self, stored: StoredSession) -> bool:
        """Whether the telescope began this session in an earlier life of the agent."""
        return instant_in(self._store.journal(stored.session_id).load(), "started_at") is not None

    def _drop_all(self, session_ids: Iterable[str]) -> None:
        for session_id in session_ids:
            self._queue.drop(session_id)

    def _tell_queued(self, new: list[Waiting]) -> None:
        if not new:
            return
        places = {waiting.session_id: place for place, waiting in enumerate(self._queue.queue, start=1)}
        for waiting in new:
            place = places.get(waiting.session_id)
            if place is None:
                continue
            _LOGGER.info(
                "Session %s is queued at place %d: %s", waiting.session_id, place, waiting.brief.target
            )
            self._publish(
                SessionQueued(
                    telescope=self._telescope_id,
                    at=self._clock.now(),
                    session=waiting.brief,
                    position=place,
                )
            )

    def _waiting(self, stored: StoredSession) -> Waiting:
        """The session as it waits, without its plan."""
        before, facts = self._queue.find(stored.session_id), self._store.journal(stored.session_id).load()
        forced = stored.name in self.wanted_now
        return as_waiting(stored, facts, self._zone, self._clock.now(), before=before, forced=forced)

    def planned(self, waiting: Waiting) -> Waiting:
        """The session with its plan, where the model is known; AgentError when it cannot run."""
        try:
            plan = self.plan(waiting.document, waiting.times_count_from)
        except AgentError:
            raise
        except Exception as error:
            _LOGGER.exception("Session %s could not be planned", waiting.session_id)
            message = f"The session could not be planned ({type(error).__name__})."
            raise AgentError(
                message, code="internal", hint="Please report this with the agent's log."
            ) from error
        if plan is None:
            return waiting
        brief = replace(waiting.brief, target=plan.target)
        if waiting.plan is None:  # the file may have been looked at before the model was known
            brief = replace(brief, warnings=tuple(dict.fromkeys((*brief.warnings, *plan.warnings))))
        return replace(waiting, plan=plan, brief=brief)

    def _tell_rejected(self, rejected: Rejected) -> None:
        self._publish(
            SessionRejected(
                telescope=self._telescope_id,
                at=self._clock.now(),
                session=SessionBrief(rejected.session_id, rejected.name),
                failure=rejected.failure,
            )
        )
