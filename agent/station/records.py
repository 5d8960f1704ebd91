"""The end of a session, written down once: its file, the night's table and report, the ledger, the event.

What ends before anybody listens, or was cut off between the file and the event, is told by `open`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.clock import Clock
from agent.errors import AgentError, Problem
from agent.events import (
    Event,
    Frames,
    Outcome,
    Reason,
    ResultHanded,
    SessionBrief,
    SessionEnded,
    SessionResult,
    Source,
)
from agent.execute.journal import Journal, JournalFile
from agent.execute.outcome import sentence
from agent.session.document import body_of
from agent.session.writing import result_details
from agent.store.collected import Collected
from agent.store.durations import Durations
from agent.store.errors import StoreError, UnknownSessionError
from agent.store.ledger import Ledger
from agent.store.model import Rejected
from agent.store.results import Results
from agent.store.store import SessionStore
from agent.store.unreported import Unreported, sayable

_LOGGER = logging.getLogger(__name__)

TRY_AGAIN_S = 30.0  # a full or absent disk is asked again this often


@dataclass(frozen=True, slots=True)
class _End:
    """A session's end on its way to the disk."""

    result: SessionResult
    conditions: Mapping[str, Any] | None
    target: Mapping[str, Any] | None


def _pass() -> None:
    """Nobody needs to hear of it."""


class Records:
    """Writes every session's end exactly once, and tells it once it is written."""

    def __init__(
        self,
        telescope_id: str,
        store: SessionStore,
        results: Results,
        collected: Collected,
        ledger: Ledger,
        clock: Clock,
        publish: Callable[[Event], None],
        on_problem: Callable[[Problem | None], None],
    ) -> None:
        """`on_problem` hears what the disk refuses, and None when it does no longer."""
        self._telescope_id = telescope_id
        self._store = store
        self._results = results
        self._collected = collected
        self.durations = Durations(store.tree)
        self._ledger = ledger
        self._clock = clock
        self._publish = publish
        self._on_problem = on_problem
        self._unreported = Unreported(store.tree)
        self._is_open = False
        self._forgetting: set[asyncio.Task[None]] = set()
        self.on_learned: Callable[[], None] = _pass  # estimates have changed
        self._owed: list[_End] = []
        self._refused = asyncio.Event()

    async def open(self) -> None:
        """Report what an earlier life, or this one's start, left unreported; from now on, ends at once."""
        self._is_open = True
        for result in await asyncio.to_thread(self._unreported.all):
            if await asyncio.to_thread(self._goes_on, result):
                await self._forget(result.session.session_id)
            else:
                _LOGGER.info("Session %s ended before; its result is told now", result.session.session_id)
                await self._tell(result)

    async def run(self) -> None:
        """Tell what was left unreported, then serve, for ever."""
        await self.open()
        await self.serve()

    async def end(
        self,
        result: SessionResult,
        *,
        conditions: Mapping[str, Any] | None = None,
        target: Mapping[str, Any] | None = None,
    ) -> None:
        """Write a session's result and tell it. What the disk refuses is held and written by `serve`."""
        end = _End(sayable(result), conditions, target)
        if not await self._write(end):
            self._owed.append(end)
            self._refused.set()

    async def serve(self) -> None:
        """Write what the disk refused as soon as it takes it, for ever."""
        while True:
            await self._refused.wait()
            self._refused.clear()
            while self._owed:
                await self._clock.sleep(TRY_AGAIN_S)
                for end in tuple(self._owed):
                    if await self._write(end):
                        self._owed.remove(end)
            self._on_problem(None)

    @property
    def owes(self) -> bool:
        """Whether a result could not be written yet."""
        return bool(self._owed)

    async def _write(self, end: _End) -> bool:
        """Write one end and tell it; false when the disk refuses."""
        result, session_id = end.result, end.result.session.session_id
        try:
            await asyncio.to_thread(self._unreported.note, result)
            path = await asyncio.to_thread(
                self._store.finish, session_id, result, conditions=end.conditions, target=end.target
            )
            await asyncio.to_thread(self._results.record, path)
            await asyncio.to_thread(self._collected.add, path)
            if await asyncio.to_thread(self.durations.record, path):
                self.on_learned()
        except UnknownSessionError as error:
            _LOGGER.warning("Session %s has no file any more: %s", session_id, error)
            await self.forget_journal(session_id)
        except StoreError as error:
            level = logging.DEBUG if self._owed else logging.ERROR
            _LOGGER.log(level, "The result of session %s cannot be written: %s", session_id, error)
            self._on_problem(error.problem())
            return False
        _LOGGER.info("Session %s ended as %s: %s", session_id, result.outcome.value, result.message)
        if self._is_open:
            await self._tell(result)
        return True

    async def note_rejected(self, rejected: Sequence[Rejected]) -> None:
        """Write files that could not be used into the night's table and report."""
        if rejected:
            await asyncio.to_thread(self._results.record_rejected, rejected, self._clock.now())

    async def forget_journal(self, session_id: str) -> None:
        """Forget the facts of a session that has no file any more; what stays goes at the next start."""
        try:
            await asyncio.to_thread(self._store.journal(session_id).clear)
        except StoreError as error:
            _LOGGER.warning("%s", error)

    async def end_unrun(
        self,
        brief: SessionBrief,
        outcome: Outcome,
        reason: Reason,
        message: str,
        failure: Problem | None = None,
    ) -> None:
        """End a session that does not run (again), with the frames of an earlier turn, if it had one.

        What has frames was not skipped.
        """
        journal = await self._read(self._store.journal(brief.session_id))
        taken = sum(each.taken for each in journal.by_camera.values())
        if journal.complete and failure is None:
            outcome = Outcome.COMPLETED
        elif outcome is Outcome.SKIPPED and taken:
            outcome, message = Outcome.PARTIAL, _with_taken(message, taken)
        await self._end_with(journal, brief, outcome, reason, message, failure)

    async def end_submission(self, session_id: str, reason: Reason, failure: Problem) -> None:
        """Tell the end of a submitted session whose file is lost or spoilt; other files have no caller."""
        try:
            entry = await asyncio.to_thread(self._ledger.by_session, session_id)
        except AgentError as error:
            _LOGGER.warning("Nobody can be told that session %s ended: %s", session_id, error)
            return
        if entry is None or entry.outcome:
            return
        brief = SessionBrief(session_id, session_id, source=Source.MQTT, request_id=entry.request_id)
        outcome = Outcome.SKIPPED if reason is Reason.USER else Outcome.FAILED
        await self.end_unrun(brief, outcome, reason, failure.message, failure)

    async def end_from_journal(
        self,
        brief: SessionBrief,
        file: JournalFile,
        reason: Reason,
        message: str,
    ) -> None:
        """End a session that was cut off and cannot go on, with the frames its journal knows."""
        journal = await self._read(file)
        taken = sum(each.taken for each in journal.by_camera.values())
        unfinished = Outcome.PARTIAL if taken else Outcome.FAILED
        outcome = Outcome.COMPLETED if journal.complete else unfinished
        message = _with_taken(message, taken)
        await self._end_with(journal, brief, outcome, reason, message)

    async def _read(self, file: JournalFile) -> Journal:
        journal = Journal(file, self._clock)
        await journal.load()
        return journal

    async def _end_with(
        self,
        journal: Journal,
        brief: SessionBrief,
        outcome: Outcome,
        reason: Reason,
        message: str,
        failure: Problem | None = None,
    ) -> None:
        frames = journal.by_camera
        await self.end(
            SessionResult(
                telescope=self._telescope_id,
                session=brief,
                outcome=outcome,
                ended_at=self._clock.now(),
                started_at=journal.started_at,
                frames=sum(frames.values(), Frames()),
                by_camera={camera.value: each for camera, each in frames.items()},
                integration_s=journal.integration_s,
                reason=reason,
                message=message,
                error=failure,
                settings=journal.settings,
                files=journal.folders,
            )
        )

    async def _tell(self, result: SessionResult) -> None:
        await self._settle(result)  # before it may be forgotten, which being handed to a broker means
        self._publish(SessionEnded(telescope=self._telescope_id, at=self._clock.now(), result=result))

    def _goes_on(self, result: SessionResult) -> bool:
        """Whether a noted result never came into force: the session still waits to go on."""
        session_id = result.session.session_id
        ended = self._store.find_ended(session_id)
        details = body_of(ended[1].raw).get("result_details", {}) if ended else {}
        if details.get("ended_at") == result_details(result, self._store.zone)["ended_at"]:
            return False
        return self._store.waits(session_id)

    def hear(self, event: Event) -> None:
        """Forget that a result has to be told, once it was handed to a broker (or there is none)."""
        if isinstance(event, ResultHanded) and event.telescope == self._telescope_id:
            task = asyncio.create_task(self._forget(event.session_id), name="told")
            self._forgetting.add(task)
            task.add_done_callback(self._forgetting.discard)

    async def _forget(self, session_id: str) -> None:
        try:
            await asyncio.to_thread(self._unreported.forget, session_id)
        except StoreError as error:
            _LOGGER.warning("The result of session %s will be told again: %s", session_id, error)

    async def _settle(self, result: SessionResult) -> None:
        try:
            await asyncio.to_thread(
                self._ledger.settle,
                result.session.session_id,
                result.outcome.value,
                ended_at=result.ended_at,
            )
        except AgentError as error:
            _LOGGER.warning("The ledger of submissions cannot be written: %s", error)


def _with_taken(message: str, taken: int) -> str:
    return f"{sentence(message)} {taken} frames were taken before."
