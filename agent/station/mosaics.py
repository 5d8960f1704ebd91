"""Mosaics that the agent makes: a session for each pane, and one result for the whole in the end.

The session that orders one waits in ToDo/ and never runs. Which panes were made is remembered, so each is
made once; what became of them is read from their files.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from agent.capabilities import Capabilities
from agent.conditions.requirements import LOWEST
from agent.errors import AgentError
from agent.events import Reason, SessionResult
from agent.goals import Level, Wish
from agent.mosaics import Grid, Pane
from agent.session.check import Resolve, resolve_target
from agent.session.document import SessionDocument, body_of
from agent.session.pane_grid import agents_grid, wanted_panes
from agent.session.pane_sessions import PaneSession, frames_of_pane, pane_sessions
from agent.session.problems import InvalidSessionError
from agent.session.sections import CAMERA_SECTIONS
from agent.session.times import start_instant
from agent.sky.ephemeris import hours_until_rise, hours_until_set
from agent.sky.nights import next_solar_noon
from agent.station.briefs import brief_of
from agent.station.ground import Ground
from agent.station.hands import UPKEEP_S, Hands
from agent.station.made import MadeOf
from agent.station.neighbours import Neighbours
from agent.station.pane_results import PaneEnd, end_of, last_of, whole
from agent.station.records import Records
from agent.store.errors import StoreError
from agent.store.model import StoredSession
from agent.store.store import SessionStore
from agent.targets import SkyTarget

_LOGGER = logging.getLogger(__name__)

_KEY = "mosaics"


@dataclass(frozen=True, slots=True)
class _Made:
    """What is remembered of a mosaic: since when, of which order, and its sessions by the pane's number.

    `complete` once every pane was made; one that could not be made has no session, "".
    """

    at: datetime
    order: str
    sessions: dict[int, str]
    complete: bool = False

    @classmethod
    def read(cls, kept: object) -> _Made | None:
        """Return what a state file holds; None for what nobody can have written."""
        try:
            assert isinstance(kept, dict)
            at = datetime.fromisoformat(kept["at"])
            sessions = {int(number): str(name) for number, name in kept["sessions"].items()}
        except (AssertionError, KeyError, TypeError, ValueError, AttributeError):
            return None
        if at.tzinfo is None:
            return None
        return cls(at, str(kept.get("order")), sessions, kept.get("complete") is True)

    def kept(self) -> dict[str, Any]:
        """Return it as the state file holds it."""
        return {
            "at": self.at.isoformat(),
            "order": self.order,
            "sessions": {str(number): name for number, name in self.sessions.items()},
            "complete": self.complete,
        }


class Mosaics:
    """Owner of the mosaics of one station that the agent makes."""

    def __init__(
        self,
        ground: Ground,
        hands: Hands,
        store: SessionStore,
        neighbours: Neighbours,
        records: Records,
        capabilities: Callable[[], Capabilities | None],
        resolve: Resolve,
    ) -> None:
        self._ground = ground
        self._hands = hands
        self._store = store
        self._neighbours = neighbours
        self._records = records
        self._made = MadeOf(ground.state, _KEY, _Made.read)
        self._clock = ground.clock
        self._zone = ground.zone
        self._capabilities = capabilities
        self._resolve = resolve
        self._parents: dict[str, StoredSession] = {}
        self._lock = asyncio.Lock()  # while panes are made or taken back: several ask for it

    def ours(self, stored: StoredSession) -> bool:
        """Whether the agent makes this mosaic: it began to, or has to, as far as the telescope is known."""
        made = self._made.of(stored.session_id)
        return (made is not None and made.order == _order(stored.document)) or self._grid(stored) is not None

    def _grid(self, stored: StoredSession) -> Grid | None:
        capabilities = self._capabilities()
        return agents_grid(stored.document, capabilities) if capabilities is not None else None

    def holds(self, session_id: str) -> bool:
        """Whether this session is a mosaic that is being made."""
        return session_id in self._parents

    def panes(self, session_id: str) -> tuple[str, ...]:
        """The sessions made of a mosaic, in the order of their turns; none for any other session."""
        made = self._made.of(session_id) if session_id in self._parents else None
        return tuple(name for name in made.sessions.values() if name) if made is not None else ()

    async def take(self, stored: StoredSession) -> tuple[str, ...]:
        """Take a mosaic, new or changed; return the ids of panes that it replaces."""
        session_id, order = stored.session_id, _order(stored.document)
        self._parents[session_id] = stored
        async with self._lock:
            return await self._take(session_id, order)

    async def _take(self, session_id: str, order: str) -> tuple[str, ...]:
        made = self._made.of(session_id)
        if made is not None and made.order == order:
            return ()
        withdrawn = await self._withdraw(session_id)
        kept = made.sessions if made is not None else {}
        begun = made.at if made is not None else self._clock.now()
        rest = {number: name for number, name in kept.items() if name not in withdrawn}
        self._made.remember(session_id, _Made(begun, order, rest))
        return withdrawn

    async def make(self) -> list[StoredSession]:
        """Make the panes that are not made yet; what the disk refuses is made the next time."""
        new: list[StoredSession] = []
        async with self._lock:
            for stored in tuple(self._parents.values()):
                made = self._made.of(stored.session_id)
                if made is None or made.complete or self._grid(stored) is None:
                    continue
                try:
                    new += await self._make(stored, made)
                except AgentError as error:
                    _LOGGER.warning("The panes of %s cannot be made yet: %s", stored.session_id, error)
        return new

    async def _make(self, stored: StoredSession, made: _Made) -> list[StoredSession]:
        new: list[StoredSession] = []
        sessions = self._sessions(stored)
        made = await asyncio.to_thread(self._with_those_there, stored.session_id, made, sessions)
        names = dict(made.sessions)
        for one in sessions:
            number = one.pane.number
            if number in names:
                continue
            try:
                child = await asyncio.to_thread(
                    self._store.add, _pane_id(stored.session_id, number), one.body
                )
            except InvalidSessionError as error:
                _LOGGER.warning("Pane %d of %s cannot be made: %s", number, stored.session_id, error)
                names[number] = ""
            else:
                names[number] = child.session_id
                new.append(child)
            self._made.remember(stored.session_id, replace(made, sessions=dict(names)))
        self._made.remember(stored.session_id, replace(made, sessions=names, complete=True))
        _LOGGER.info("Session %s is a mosaic: %d panes were made of it", stored.session_id, len(new))
        return new

    async def drop(self, session_id: str) -> tuple[str, ...]:
        """Forget a mosaic; return its sessions that were withdrawn."""
        self._parents.pop(session_id, None)
        async with self._lock:
            if self._made.of(session_id) is None:
                return ()
            withdrawn = await self._withdraw(session_id)
            self._made.remember(session_id, None)
            return withdrawn

    async def settle(self) -> tuple[str, ...]:
        """Every file was looked at: forget mosaics that are gone; return their panes that were withdrawn."""
        gone = sorted(self._made.parents() - set(self._parents))
        return tuple([name for session_id in gone for name in await self.drop(session_id)])

    async def end_finished(self) -> None:
        """End each mosaic of which no pane waits or runs any more, with what its panes have."""
        for session_id, stored in tuple(self._parents.items()):
            made = self._made.of(session_id)
            if made is None or not made.complete:
                continue
            try:
                ends = await asyncio.to_thread(self._ends, made)
            except StoreError as error:
                _LOGGER.info("What became of the panes of %s is not known yet: %s", session_id, error)
                continue
            if ends is None:
                continue
            del self._parents[session_id]
            self._close(stored, made, ends)
            await self._records.end(self._result(stored, made, ends))
            self._made.remember(session_id, None)

    async def withdraw(self, session_id: str) -> tuple[str, ...]:
        """Take back the panes that wait and return their ids; the mosaic ends with what the others have."""
        async with self._lock:
            return await self._withdraw(session_id)

    async def _withdraw(self, session_id: str) -> tuple[str, ...]:
        made, withdrawn = self._made.of(session_id), []
        for name in made.sessions.values() if made is not None else ():
            try:
                await asyncio.to_thread(self._neighbours.withdraw, name)
            except StoreError as error:
                _LOGGER.debug("Session %s is not taken back: %s", name, error)
            else:
                withdrawn.append(name)
        return tuple(withdrawn)

    def _close(self, stored: StoredSession, made: _Made, ends: dict[int, PaneEnd]) -> None:
        """Do what the whole closes with, unless the pane that does so was the last to run."""
        wanted, last = stored.document.shutdown, last_of(ends)
        if wanted is None or last is None or made.sessions[last] == next(reversed(made.sessions.values())):
            return
        ended_at = ends[last].ended_at
        if ended_at is None or (self._clock.now() - ended_at).total_seconds() > UPKEEP_S:
            return
        message = f"The mosaic {stored.session_id} is over."
        wish = Wish(Level.UPKEEP, Reason.SCHEDULE, message, park=wanted.park, off=wanted.power_down)
        self._hands.want(("mosaic", stored.session_id), wish)

    # -- inside -----------------------------------------------------------------------------------------

    def _with_those_there(self, session_id: str, made: _Made, sessions: list[PaneSession]) -> _Made:
        """Add the panes that are there although nothing remembers them: none is made twice.

        They wait; while one does, those that ended since noon are of the same mosaic.
        """
        names = dict(made.sessions)
        lacking = [one for one in sessions if one.pane.number not in names]
        for one in lacking:
            known = self._store.get(_pane_id(session_id, one.pane.number))
            if known is not None and _alike(known.document, one):
                names[one.pane.number] = known.session_id
            elif known is None and self._neighbours.waits(name := _pane_id(session_id, one.pane.number)):
                names[one.pane.number] = name
        if names == made.sessions:
            return made
        noon = next_solar_noon(self._clock.now(), self._ground.site, self._zone) - timedelta(days=1)
        for one in lacking:
            name = _pane_id(session_id, one.pane.number)
            ended = self._neighbours.ended(name) if one.pane.number not in names else None
            if ended is not None and _alike(ended[1], one) and end_of(ended, since=noon).ended_at:
                names[one.pane.number] = name
        _LOGGER.warning("%d panes of %s were there already", len(names) - len(made.sessions), session_id)
        order = {one.pane.number: names[one.pane.number] for one in sessions if one.pane.number in names}
        return replace(made, at=min(made.at, noon), sessions=order)

    def _sessions(self, stored: StoredSession) -> list[PaneSession]:
        """A session for each pane: what is up, the one that sets first at the beginning; then what rises."""
        document, grid = stored.document, self._grid(stored)
        goto = document.goto_manual
        if grid is None or goto is None:
            raise AgentError(f"Session {stored.session_id} is no mosaic that the agent makes.")
        middle = resolve_target(goto, self._resolve)
        if not isinstance(middle, SkyTarget):
            raise AgentError("A mosaic is made of the fixed sky.", code="mosaic_target")
        when = start_instant(document, self._zone, stored.first_seen) or self._clock.now()
        limits = document.conditions
        low = LOWEST if limits is None or limits.min_altitude is None else limits.min_altitude
        panes = sorted(wanted_panes(document, grid, middle), key=lambda pane: self._turn(pane, when, low))
        return pane_sessions(document, middle, panes, document.id_command.group or stored.session_id)

    def _turn(self, pane: Pane, when: datetime, low: float) -> tuple[float, float, int]:
        """Hours until it rises above `low` (infinite: never), hours until it sets, and its number."""
        site = self._ground.site
        if site is None:
            return 0.0, math.inf, pane.number
        target = SkyTarget("", pane.ra_hours, pane.dec_degrees)
        rises, sets = (hours(target, site, when, above=low) for hours in (hours_until_rise, hours_until_set))
        return rises, sets, pane.number

    def _ends(self, made: _Made) -> dict[int, PaneEnd] | None:
        """What became of each pane; None while one of them waits or runs."""
        if any(name and self._neighbours.waits(name) for name in made.sessions.values()):
            return None
        return {
            number: end_of(self._neighbours.ended(name) if name else None, since=made.at)
            for number, name in made.sessions.items()
        }

    def _result(self, stored: StoredSession, made: _Made, ends: dict[int, PaneEnd]) -> SessionResult:
        brief = brief_of(stored, self._zone)
        now = self._clock.now()
        asked = frames_of_pane(stored.document)
        return whole(self._ground.id, brief, ends, made.sessions, asked=asked, began=made.at, now=now)


def _pane_id(session_id: str, number: int) -> str:
    return f"{session_id}--pane-{number}"


def _alike(document: SessionDocument, pane: PaneSession) -> bool:
    """Whether a session images this pane, in this way."""
    there, wanted = body_of(document.raw), pane.body["command"]
    return all(there.get(key) == wanted.get(key) for key in ("goto_manual", *CAMERA_SECTIONS))


def _order(document: SessionDocument) -> str:
    """A mark of what is ordered: the whole session as it was written."""
    text = json.dumps(body_of(document.raw), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
