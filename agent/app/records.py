"""The end of a session, written down once: its file, the night's table and report, the ledger, the event."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from agent.clock import Clock
from agent.errors import AgentError
from agent.events import Event, Failure, Outcome, Reason, SessionBrief, SessionEnded, SessionResult
from agent.execute.journal import Journal, JournalFile
from agent.store.errors import StoreError, UnknownSessionError
from agent.store.ledger import Ledger
from agent.store.results import Results
from agent.store.store import SessionStore

_LOGGER = logging.getLogger(__name__)

TRY_AGAIN_S = 30.0  # a full or absent disk is asked again this often
TRIES = 20  # ten minutes; after that the file stays in Current/ and the next start takes it up


class Records:
    """Writes every session's end exactly once."""

    def __init__(
        self,
        telescope_id: str,
        store: SessionStore,
        results: Results,
        ledger: Ledger,
        clock: Clock,
        publish: Callable[[Event], None],
    ) -> None:
        self._telescope_id = telescope_id
        self._store = store
        self._results = results
        self._ledger = ledger
        self._clock = clock
        self._publish = publish

    async def end(
        self,
        result: SessionResult,
        *,
        conditions: Mapping[str, Any] | None = None,
        target: Mapping[str, Any] | None = None,
    ) -> None:
        """Write a session's result and tell it; a disk that refuses is asked again for a while."""
        session_id = result.session.session_id
        for attempt in range(1, TRIES + 1):
            try:
                path = await asyncio.to_thread(
                    self._store.finish, session_id, result, conditions=conditions, target=target
                )
                await asyncio.to_thread(self._results.record, path)
                break
            except UnknownSessionError as error:
                _LOGGER.warning("Session %s has no file any more: %s", session_id, error)
                break
            except StoreError as error:
                level = logging.ERROR if attempt in (1, TRIES) else logging.DEBUG
                _LOGGER.log(level, "The result of session %s cannot be written: %s", session_id, error)
                if attempt < TRIES:
                    await self._clock.sleep(TRY_AGAIN_S)
        await self._settle(result)
        _LOGGER.info("Session %s ended as %s: %s", session_id, result.outcome.value, result.message)
        self._publish(SessionEnded(telescope=self._telescope_id, at=self._clock.now(), result=result))

    async def end_unrun(
        self,
        brief: SessionBrief,
        outcome: Outcome,
        reason: Reason,
        message: str,
        failure: Failure | None = None,
    ) -> None:
        """End a session that never ran."""
        await self.end(
            SessionResult(
                telescope=self._telescope_id,
                session=brief,
                outcome=outcome,
                ended_at=self._clock.now(),
                reason=reason,
                message=message,
                error=failure,
            )
        )

    async def end_from_journal(
        self,
        brief: SessionBrief,
        file: JournalFile,
        reason: Reason = Reason.AGENT_RESTARTED,
        message: str = "The agent was away too long to go on.",
    ) -> None:
        """End a session that was cut off and cannot go on, with the frames its journal knows."""
        journal = Journal(file, self._clock)
        await journal.load()
        frames = journal.all_frames
        await self.end(
            SessionResult(
                telescope=self._telescope_id,
                session=brief,
                outcome=Outcome.PARTIAL if frames.taken else Outcome.FAILED,
                ended_at=self._clock.now(),
                started_at=journal.started_at,
                frames=frames,
                reason=reason,
                message=f"{message} {frames.taken} frames were taken before.",
            )
        )
        await journal.clear()

    async def _settle(self, result: SessionResult) -> None:
        summary = {"message": result.message, "frames_taken": result.frames.taken}
        try:
            await asyncio.to_thread(
                self._ledger.settle, result.session.session_id, result.outcome.value, summary
            )
        except AgentError as error:
            _LOGGER.warning("The ledger of submissions cannot be written: %s", error)
