"""The ToDo/ that belongs to no telescope: what is put there for any of several is given to one of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from agent.clock import Clock
from agent.errors import Problem
from agent.fleet.placing import AT_ONCE, Placing, longest_ago
from agent.session.telescope_wish import wish_of
from agent.station.station import Station
from agent.store.errors import StoreError
from agent.store.model import StoredSession
from agent.store.store import SessionStore
from agent.text import printable

_LOGGER = logging.getLogger(__name__)

_PART = "shared folder"
_NO_WORD = (
    "%s in %s stays there: it names no telescope. Write `any`, a model or a telescope's id into "
    "id_command.telescope, or put it into a telescope's own ToDo/"
)


class SharedFolder:
    """Follows the general sessions folder of several telescopes, unless it is one telescope's own."""

    def __init__(
        self, root: Path, placing: Placing, stations: Mapping[str, Station], clock: Clock, poll_s: float
    ) -> None:
        first = next(iter(stations.values()))
        self._is_own = any(one.store.tree.root.resolve() == root.resolve() for one in stations.values())
        self._store = SessionStore(root, clock, zone=first.zone)
        self._placing = placing
        self._stations = stations
        self._clock = clock
        self._poll_s = poll_s
        self._told: set[str] = set()
        self._lost: dict[str, Problem] = {}  # why what has no telescope has none, last tried last

    async def run(self) -> None:
        """Give away what is there for any telescope, for ever."""
        if self._is_own:
            return
        for station in self._stations.values():
            await station.intake.looked()
        try:
            await asyncio.to_thread(self._store.prepare)
        except StoreError as error:
            _LOGGER.warning("The sessions folder is not shared by the telescopes: %s", error)
            return
        try:
            while True:
                self._tell(await self._look())
                await self._clock.sleep(self._poll_s)
        finally:
            self._store.close()

    async def _look(self) -> Problem | None:
        """Look once; return what a person must know."""
        try:
            await asyncio.to_thread(self._store.scan)
        except StoreError as error:
            return error.problem()
        named: dict[str, StoredSession] = {}
        for stored in self._store.sessions():
            if wish_of(stored.document):
                named[stored.session_id] = stored
            else:
                self._stays(stored)
        for name in self._lost.keys() - named.keys():
            del self._lost[name]
        for name in longest_ago(named, self._lost)[:AT_ONCE]:
            self._lost.pop(name, None)
            if (problem := await self._placing.take_in(self._store, named[name])) is not None:
                self._lost[name] = problem
        return self._lost[min(self._lost)] if self._lost else None

    def _stays(self, stored: StoredSession) -> None:
        if stored.session_id not in self._told:
            self._told.add(stored.session_id)
            _LOGGER.warning(_NO_WORD, printable(stored.name), printable(self._store.tree.root))

    def _tell(self, problem: Problem | None) -> None:
        for station in self._stations.values():
            station.status.problem(_PART, problem)
