"""Sessions that ran and do not any more, on their way back from Current/ into the queue."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from agent.events import Reason, SessionBrief
from agent.station.records import Records
from agent.store.errors import StoreError, UnknownSessionError
from agent.store.model import StoredSession
from agent.store.store import SessionStore

_LOGGER = logging.getLogger(__name__)


class Interrupted:
    """Owner of the sessions that are still in Current/: what the disk refuses is tried again."""

    def __init__(
        self,
        store: SessionStore,
        records: Records,
        take: Callable[[StoredSession], Awaitable[object]],
        tell: Callable[[StoreError], None],
        on_orphan: Callable[[str], None],
    ) -> None:
        """`take` queues one that is back, `tell` says what the disk refuses."""
        self._store = store
        self._records = records
        self._take = take
        self._tell = tell
        self._on_orphan = on_orphan
        self._left: list[tuple[StoredSession, str]] = []  # and why they do not run

    def __bool__(self) -> bool:
        return bool(self._left)

    async def recover(self) -> None:
        """Put back what was running when the agent last ended."""
        why = "The agent was restarted while this session ran."
        self._left = [(stored, why) for stored in await asyncio.to_thread(self._store.recover)]
        await self.take_up()

    async def put_back(self, session_id: str, why: str) -> bool:
        """Put one back for whoever queues it; False when it is taken up, or given up, here."""
        try:
            await asyncio.to_thread(self._store.put_back, session_id, why)
        except StoreError as error:
            stored = await asyncio.to_thread(self._store.get, session_id)
            if stored is None or isinstance(error, UnknownSessionError):
                _LOGGER.warning("Session %s cannot be put back: %s", session_id, error)
            else:
                self._left.append((stored, why))
                self._tell(error)
            return False
        _LOGGER.info("Session %s is back in ToDo/: %s", session_id, why)
        return True

    async def take_up(self) -> None:
        """Put back and queue what can be; what the disk refuses has its turn at the next look."""
        for _ in range(len(self._left)):
            stored, why = self._left.pop(0)  # one by one: a defect met in one leaves the others their turn
            if stored.lost:
                await self._end_lost(stored)
                continue
            try:
                waiting = await asyncio.to_thread(self._store.put_back, stored.session_id, why)
            except UnknownSessionError as error:
                _LOGGER.warning("Session %s cannot go on: %s", stored.session_id, error)
                self._on_orphan(stored.session_id)
            except StoreError as error:
                self._left.append((stored, why))
                self._tell(error)
            else:
                _LOGGER.warning("Session %s was interrupted; it goes on: %s", stored.session_id, why)
                await self._take(waiting)

    async def _end_lost(self, stored: StoredSession) -> None:
        """End a session of which only the journal is left."""
        self._on_orphan(stored.session_id)
        message = "The session's file and its copy cannot be read any more, as after a power cut."
        brief = SessionBrief(stored.session_id, stored.session_id)
        journal = self._store.journal(stored.session_id)
        await self._records.end_from_journal(brief, journal, Reason.AGENT_RESTARTED, message)
