"""How sessions come in: files that appear in ToDo/, and documents that are submitted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agent.capabilities import Capabilities
from agent.clock import Clock
from agent.errors import AgentError
from agent.events import Event, Failure, Outcome, Reason, SessionBrief, SessionQueued, SessionRejected, Source
from agent.schedule.dispatcher import Dispatcher
from agent.schedule.waiting import Waiting
from agent.session.check import Resolve, check
from agent.session.document import SessionDocument
from agent.session.plan import Plan, make_plan
from agent.session.problems import InvalidSessionError, Problem
from agent.session.times import start_instant, time_problems, window_end
from agent.station.records import Records
from agent.station.repeats import Repeats
from agent.store.errors import StoreError
from agent.store.model import Changes, Rejected, StoredSession
from agent.store.store import SessionStore

_LOGGER = logging.getLogger(__name__)

_REMOVED = Failure("removed", "The session's file was taken out of ToDo/.")
RESUME_WITHIN = timedelta(hours=12)  # an unfinished session older than a night is reported, not taken up
READ_AT_ONCE = 200  # files a look reads before sessions that are already known get their turn


class Intake:
    """Keeps the dispatcher's queue equal to what ToDo/ holds."""

    def __init__(
        self,
        telescope_id: str,
        store: SessionStore,
        records: Records,
        repeats: Repeats,
        *,
        clock: Clock,
        zone: ZoneInfo,
        capabilities: Callable[[], Capabilities | None],
        resolve: Resolve,
        publish: Callable[[Event], None],
        poll_s: float,
    ) -> None:
        self._telescope_id = telescope_id
        self._store = store
        self._records = records
        self._repeats = repeats
        self._clock = clock
        self._zone = zone
        self._capabilities = capabilities
        self._resolve = resolve
        self._publish = publish
        self._poll_s = poll_s
        self._looked = asyncio.Event()
        self.wanted_now: set[str] = set()  # files on their way into ToDo/ that are to run at once
        self._looked_at: float | None = None
        self.dispatcher: Dispatcher | None = None

    def examine(self, document: SessionDocument) -> Iterable[Problem]:
        """Everything that is wrong with a session beyond its form; called by the store, in a thread."""
        problems = time_problems(document, self._zone, self._clock.now())
        capabilities = self._capabilities()
        if capabilities is not None:
            problems += check(document, capabilities, resolve=self._resolve)
        return problems

    async def recover(self) -> None:
        """Put back what was running when the agent last ended; it goes on from its journal."""
        for stored in await asyncio.to_thread(self._store.recover):
            message = "The agent was restarted while this session ran."
            try:
                waiting = await asyncio.to_thread(self._store.put_back, stored.session_id, message)
            except StoreError as error:
                _LOGGER.error("Session %s cannot be put back: %s", stored.session_id, error)  # noqa: TRY400
                continue
            _LOGGER.warning("Session %s was running when the agent ended; it goes on", stored.session_id)
            await self._take(waiting)

    async def watch(self) -> None:
        """Follow ToDo/ for ever."""
        quiet_about: str | None = None
        while True:
            self._looked_at = self._clock.monotonic()
            try:
                changes = await asyncio.to_thread(self._store.scan, READ_AT_ONCE)
            except StoreError as error:
                level = logging.WARNING if str(error) != quiet_about else logging.DEBUG
                _LOGGER.log(level, "The session folder cannot be read: %s", error)
                quiet_about = str(error)
                await self._clock.sleep(self._poll_s)
                continue
            quiet_about = None
            await self._apply(changes)
            if not changes.more:
                if not self._looked.is_set():
                    self._repeats.settle()
                self._looked.set()
                self._tell_queued([await self._take(child) for child in await self._repeats.make()])
                await self._clock.sleep(self._poll_s)

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
            try:
                plan = self.plan(stored.document)
            except InvalidSessionError as error:
                self._queue.drop(waiting.session_id)
                await self.refuse(waiting.brief, error)
            else:
                self._queue.put(replace(waiting, plan=plan))

    async def refuse(self, brief: SessionBrief, error: AgentError) -> None:
        """End a session that cannot run on this telescope, with its reasons."""
        failure = Failure(error.code, error.message, error.hint)
        await self._records.end_unrun(brief, Outcome.FAILED, Reason.INVALID, error.message, failure)

    def plan(self, document: SessionDocument) -> Plan | None:
        """The session's plan; None while the model is unknown. InvalidSessionError when it cannot run."""
        capabilities = self._capabilities()
        return None if capabilities is None else make_plan(document, capabilities, resolve=self._resolve)

    async def take_submission(self, stored: StoredSession) -> Waiting:
        """Queue a session that was just stored."""
        waiting = await self._take(stored)
        self._tell_queued([waiting])
        return waiting

    async def take_changed(self, stored: StoredSession) -> Waiting:
        """Take a waiting session's rewritten document."""
        return await self._take(stored)

    async def drop_parent(self, session_id: str) -> None:
        """A session repeats no more: its child that is still ahead goes as well."""
        self._drop_all(await self._repeats.drop(session_id))

    @property
    def _queue(self) -> Dispatcher:
        if self.dispatcher is None:
            raise RuntimeError("the intake has no dispatcher yet")
        return self.dispatcher

    async def _apply(self, changes: Changes) -> None:
        for rejected in changes.broken:
            self._tell_rejected(rejected)
            await self._records.end_submission(rejected.session_id, Reason.INVALID, rejected.failure)
        for session_id in changes.removed:
            await self.drop_parent(session_id)
            if self._queue.drop(session_id) is not None:
                _LOGGER.info("Session %s was taken out of ToDo/", session_id)
                await asyncio.to_thread(self._store.journal(session_id).clear)
            await self._records.end_submission(session_id, Reason.USER, _REMOVED)
        for stored in changes.changed:
            _LOGGER.info("Session %s was changed", stored.session_id)
            await self._take(stored)
        new = [await self._take(stored) for stored in changes.added]
        if self._looked.is_set():  # what was there at the start was queued long ago
            self._tell_queued(new)

    async def _take(self, stored: StoredSession) -> Waiting:
        for problem in stored.problems:
            _LOGGER.info("Session %s: %s", stored.session_id, problem)
        if stored.document.repeat is not None:
            return await self._take_parent(stored)
        await self.drop_parent(stored.session_id)
        began = self._began(stored)
        expired = began is not None and self._clock.now() - began > RESUME_WITHIN
        waiting = self._waiting(stored, began)
        if expired:
            await self._records.end_from_journal(waiting.brief, self._store.journal(stored.session_id))
        else:
            self._queue.put(waiting)
        self.wanted_now.discard(stored.name)
        return waiting

    async def _take_parent(self, stored: StoredSession) -> Waiting:
        """Take a session that repeats: its children wait, not itself. Return what is told of it."""
        self._queue.drop(stored.session_id)
        self._drop_all(await self._repeats.take(stored))
        children: list[Waiting] = []
        if self._looked.is_set():  # before that, a child may be among the files not looked at yet
            children = [await self._take(child) for child in await self._repeats.make()]
            self._tell_queued(children)
        return children[0] if children else self._waiting(stored, None)

    def _drop_all(self, session_ids: Iterable[str]) -> None:
        for session_id in session_ids:
            self._queue.drop(session_id)

    def _tell_queued(self, new: list[Waiting]) -> None:
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

    def _waiting(self, stored: StoredSession, began: datetime | None) -> Waiting:
        document = stored.document
        start = start_instant(document, self._zone, stored.first_seen)
        plan = self.plan(document)
        brief = SessionBrief(
            session_id=stored.session_id,
            target=plan.target if plan is not None else document.target,
            scheduled_for=start,
            priority=document.id_command.priority,
            source=_source(document),
            request_id=document.id_command.request_id,
        )
        end = window_end(document, self._zone, stored.first_seen, start=start)
        return Waiting(
            brief,
            document,
            plan,
            start,
            end,
            stored.first_seen,
            resume=began is not None,
            began=began,
            forced=stored.name in self.wanted_now,
        )

    def _began(self, stored: StoredSession) -> datetime | None:
        """When a session that has a journal to go on from first began to run."""
        facts = self._store.journal(stored.session_id).load()
        began = facts.get("started_at") if facts else None
        if not isinstance(began, str):
            return None
        try:
            instant = datetime.fromisoformat(began)
        except ValueError:
            return None
        return instant if instant.tzinfo is not None else None

    def _tell_rejected(self, rejected: Rejected) -> None:
        self._publish(
            SessionRejected(
                telescope=self._telescope_id,
                at=self._clock.now(),
                session=SessionBrief(rejected.session_id, rejected.name),
                failure=rejected.failure,
            )
        )


def _source(document: SessionDocument) -> Source:
    said = document.id_command.source
    return Source(said) if said in set(Source) else Source.FILE
