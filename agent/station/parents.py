"""The sessions that never run themselves: for their nights, panes or goals others are made of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from agent.capabilities import Capabilities
from agent.session.check import Resolve
from agent.station.collecting import Collecting
from agent.station.ground import Ground
from agent.station.hands import Hands
from agent.station.mosaics import Mosaics
from agent.station.neighbours import Neighbours
from agent.station.records import Records
from agent.station.repeats import Repeats
from agent.store.model import StoredSession
from agent.store.store import SessionStore

_Maker = Repeats | Mosaics | Collecting


class Parents:
    """Who makes sessions of which others; each has one maker at a time."""

    def __init__(
        self,
        ground: Ground,
        hands: Hands,
        store: SessionStore,
        records: Records,
        neighbours: Neighbours,
        capabilities: Callable[[], Capabilities | None],
        resolve: Resolve,
    ) -> None:
        self._neighbours = neighbours
        self.repeats = repeats = Repeats(
            store, neighbours, ground.state, ground.clock, ground.zone, ground.site
        )
        self.mosaics = mosaics = Mosaics(ground, hands, store, neighbours, records, capabilities, resolve)
        self.collecting = collecting = Collecting(ground, store, neighbours, records, capabilities, resolve)
        self._making = asyncio.Lock()
        self._makers: tuple[_Maker, ...] = (repeats, mosaics, collecting)

    def maker_of(self, stored: StoredSession, *, began: bool) -> _Maker | None:
        """Return who makes sessions of this one; None when it runs itself."""
        if stored.document.repeat is not None:
            return self.repeats
        if not began and self.mosaics.ours(stored):
            return self.mosaics
        return self.collecting if stored.document.goal is not None else None

    async def take(self, stored: StoredSession, maker: _Maker | None) -> tuple[str, ...]:
        """Give a session, new or changed, to its maker alone; return the ids of those withdrawn."""
        others = [one for one in self._makers if one is not maker]
        withdrawn = [name for one in others for name in await one.drop(stored.session_id)]
        if maker is not None:
            withdrawn += await maker.take(stored)
        return await self._with_theirs(withdrawn)

    async def drop(self, session_id: str) -> tuple[str, ...]:
        """Forget a session; return the ids of those made of it that were withdrawn."""
        withdrawn = [name for one in self._makers for name in await one.drop(session_id)]
        return await self._with_theirs(withdrawn)

    async def withdraw_panes(self, session_id: str) -> tuple[str, ...]:
        """Take back the panes of a mosaic that still wait, and return the ids of all that is gone."""
        return await self._with_theirs(await self.mosaics.withdraw(session_id))

    async def settle(self) -> tuple[str, ...]:
        """Every file was looked at: forget what is gone; return the ids of sessions that were withdrawn."""
        self.repeats.settle()
        gone = (*await self.mosaics.settle(), *await self.collecting.settle())
        return await self._with_theirs(gone)

    async def make(self) -> tuple[list[StoredSession], tuple[str, ...]]:
        """Make the sessions whose turn it is, and end what is over; return those, and the withdrawn ids."""
        async with self._making:  # the folders and a person may ask at once
            new = [*await self.repeats.make(), *await self.mosaics.make()]
            of_goals, withdrawn = await self.collecting.follow()
        return [*new, *of_goals], withdrawn

    def misplaced(self) -> tuple[StoredSession, ...]:
        """The sessions with a goal that turn out to be mosaics, now that the telescope is known."""
        return tuple(one for one in self.collecting.parents if self.mosaics.ours(one))

    async def _with_theirs(self, names: Iterable[str]) -> tuple[str, ...]:
        """These ids, and those of what was made of them."""
        gone = tuple(names)
        for name in gone:
            self._neighbours.dropped(name)
        return (*gone, *[deeper for name in gone for deeper in await self.drop(name)])
