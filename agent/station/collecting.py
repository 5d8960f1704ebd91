"""Sessions with a goal: for each night one child for what is left of it, until the group has it.

The session itself stays in ToDo/ and never runs. What is collected is read from the results; which night had
its child is remembered, so that one night gives one result.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from agent.capabilities import Capabilities
from agent.errors import AgentError
from agent.events import Outcome, Reason, Source
from agent.group_progress import GoalReached, GroupProgress, GroupsChanged
from agent.planner.goal_progress import (
    Light,
    Wanted,
    gathered,
    group_of,
    progress_of,
    promised_of,
    wanted_of,
)
from agent.schedule.waiting import Waiting
from agent.session.check import Resolve
from agent.session.document import SessionDocument, body_of
from agent.session.goal_nights import CHILD, counts_of, night_session
from agent.session.times import window_end
from agent.sky.nights import night_of
from agent.station.briefs import brief_of
from agent.station.collecting_facts import Ended, Goal, Made, result_of
from agent.station.ground import Ground
from agent.station.made import MadeOf
from agent.station.neighbours import Neighbours
from agent.station.records import Records
from agent.store.errors import StoreError
from agent.store.journal import instant_in
from agent.store.model import StoredSession
from agent.store.store import SessionStore

_LOGGER = logging.getLogger(__name__)

_KEY, _GROUPS = "goals", "groups"
MOST_GROUPS = 50  # that are told of
_SKY = frozenset({Reason.ALTITUDE, Reason.HORIZON, Reason.MOON, Reason.TWILIGHT, Reason.SUN})


class Collecting:
    """Owner of the sessions with a goal of one station, and of which of their nights were made."""

    def __init__(
        self,
        ground: Ground,
        store: SessionStore,
        neighbours: Neighbours,
        records: Records,
        capabilities: Callable[[], Capabilities | None],
        resolve: Resolve,
    ) -> None:
        self._ground = ground
        self._made = MadeOf(ground.state, _KEY, Made.read)
        self._store = store
        self._neighbours = neighbours
        self._records = records
        self._capabilities = capabilities
        self._resolve = resolve
        neighbours.wants_less = self._wants_less
        self._parents: dict[str, StoredSession] = {}
        self._told: tuple[GroupProgress, ...] | None = None
        self._told_of: object = None

    @property
    def groups(self) -> tuple[GroupProgress, ...]:
        """How far the groups are, as last looked at."""
        return self._told or ()

    @property
    def names(self) -> dict[str, str]:
        """The groups by their words; until the files were looked at, those of the last life."""
        if self._told is not None:
            return {one.word: one.group for one in self._told}
        kept = self._ground.state.get(_GROUPS)
        return {str(word): str(group) for word, group in kept.items()} if isinstance(kept, dict) else {}

    @property
    def parents(self) -> tuple[StoredSession, ...]:
        """The sessions with a goal."""
        return tuple(self._parents.values())

    def holds(self, session_id: str) -> bool:
        """Whether this session has a goal, and comes back."""
        return session_id in self._parents

    def child_id(self, session_id: str) -> str:
        """The child that was made last of a session with a goal; "" when there is none."""
        made = self._made.of(session_id)
        return _child_id(session_id, made.count) if made.count and session_id in self._parents else ""

    async def take(self, stored: StoredSession) -> tuple[str, ...]:
        """Take a session with a goal, new or changed; return the ids of children that it replaces."""
        known = self._parents.get(stored.session_id)
        self._parents[stored.session_id] = stored
        changed = known is not None and _asked(known.document) != _asked(stored.document)
        return await self._withdraw(stored.session_id) if changed else ()

    async def drop(self, session_id: str) -> tuple[str, ...]:
        """Forget a session that has no goal any more; return the ids of its children that were withdrawn."""
        if self._parents.pop(session_id, None) is None and session_id not in self._made.parents():
            return ()
        withdrawn = await self._withdraw(session_id)
        self._made.remember(session_id, None)
        return withdrawn

    async def settle(self) -> tuple[str, ...]:
        """Every file was looked at: forget sessions that are gone; return their withdrawn children."""
        gone = sorted(self._made.parents() - set(self._parents))
        return tuple([name for session_id in gone for name in await self.drop(session_id)])

    def again(self, session_id: str) -> None:
        """A person wants another turn of it in a night that had one."""
        self._made.remember(session_id, replace(self._made.of(session_id), over=date.min))

    async def follow(self) -> tuple[list[StoredSession], tuple[str, ...]]:
        """Keep each goal's child as it has to be, and end what is reached.

        Return the children that are new, and the ids of those that were withdrawn.
        """
        lights = await asyncio.to_thread(self._lights)
        self._tell(lights)  # a goal that is reached is told once, before it goes
        new: list[StoredSession] = []
        withdrawn: list[str] = []
        for parent in self.parents:
            try:
                goal = self._goal(parent, lights[parent.session_id])
                if goal is not None:
                    withdrawn += await self._end_what_is_stale(goal)
                    new += await self._next(goal)
            except AgentError as error:
                _LOGGER.warning("The goal of %s cannot be followed yet: %s", parent.session_id, error)
        self._tell(lights)
        return new, tuple(withdrawn)

    async def remove(self, session_id: str, message: str) -> tuple[str, ...]:
        """End a session with a goal for a person, with what it has; return its withdrawn children."""
        parent = self._parents[session_id]
        withdrawn = await self._withdraw(session_id)
        goal = await asyncio.to_thread(self._goal_of, parent)
        await self._end(parent, goal, Reason.USER, message)
        return withdrawn

    def event(self) -> GroupsChanged:
        """How far the groups are, as an event."""
        return GroupsChanged(telescope=self._ground.id, at=self._ground.clock.now(), groups=self.groups)

    # -- the child --------------------------------------------------------------------------------------

    def is_stale(self, child: Waiting) -> bool:
        """Whether a session that is about to begin is a child that asks for another night, or too much.

        Else what it takes counts from now on for all that collect the same.
        """
        capabilities = self._capabilities()
        if child.brief.source is not Source.GOAL or capabilities is None:
            return False
        lights = promised_of(child.document, child.session_id, capabilities, self._resolve)
        return not self._neighbours.promise(child, lights)

    def _wants_less(self, child: Waiting) -> bool:
        parent = next(
            (one for one in self.parents if self.child_id(one.session_id) == child.session_id), None
        )
        if parent is None:
            return False
        goal = self._goal_of(parent)
        return goal is not None and bool(self._against(child, goal))

    def _against(self, child: Waiting, goal: Goal) -> str:
        """What speaks against a child as it waits, in a sentence; "" for nothing."""
        asks = counts_of(child.document)
        if not child.gave_back:
            return "" if asks == goal.counts else "It asks for what is not left."
        if sum(asks.values()) > sum(child.taken.values()) + sum(goal.ask.values()):
            return "The goal needs no more of it."
        if child.began is None or self._night_of(child.began) != self._night():
            return "Its night is over."
        return ""

    async def _end_what_is_stale(self, goal: Goal) -> list[str]:
        """Take back, or end with its frames, a child that waits and is not what it should be any more."""
        child = self._neighbours.waiting(self.child_id(goal.stored.session_id))
        if child is None or child.resume or not (message := self._against(child, goal)):
            return []
        if not child.gave_back:
            return list(await self._withdraw(goal.stored.session_id))
        if self._store.get(child.session_id) is None:  # it began on another telescope, which ends it
            return []
        await self._records.end_unrun(child.brief, Outcome.SKIPPED, Reason.SCHEDULE, message)
        return [child.session_id]

    async def _next(self, goal: Goal) -> list[StoredSession]:
        """Make the child of tonight; or end the whole when it is reached, or nothing more will come of it."""
        parent = goal.stored
        session_id, made = parent.session_id, self._adopted(parent.session_id)
        child_id = self.child_id(session_id)
        waits = bool(child_id) and await asyncio.to_thread(self._neighbours.waits, child_id)
        if waits:
            if goal.reached:
                await self._withdraw(session_id)
            return []
        if goal.reached:
            await self._end(parent, goal, None, "The goal is reached")
            brief, now = brief_of(parent, self._ground.zone), self._ground.clock.now()
            self._ground.bus.publish(GoalReached(telescope=self._ground.id, at=now, session=brief))
            return []
        if not goal.wanted:
            return []
        if made.count and made.over is None and (ended := await self._ended(child_id)) is not None:
            made = replace(made, over=ended.night)
            self._made.remember(session_id, made)
            if ended.hopeless:
                await self._end(parent, goal, ended.reason, ended.message)
                return []
        if self._deadline(parent):
            await self._end(parent, goal, Reason.WINDOW, "The session's window closed.")
            return []
        if made.over == self._night() or not goal.counts:  # what is left is being taken for others
            return []
        return [await self._make(goal, made)]

    async def _make(self, goal: Goal, made: Made) -> StoredSession:
        parent = goal.stored
        group = group_of(parent.document, parent.session_id)
        body = night_session(parent.document, group, goal.ask, self._night())
        count = max(made.count, self._highest(parent.session_id, goal)) + 1
        child = await asyncio.to_thread(self._store.add, _child_id(parent.session_id, count), body)
        self._made.remember(parent.session_id, Made(count))
        left = ", ".join(f"{frames} frames" for frames in goal.left.values() if frames)
        _LOGGER.info("Session %s has %s to go: %s is made", parent.session_id, left, child.session_id)
        return child

    def _adopted(self, session_id: str) -> Made:
        """What is remembered; should that be lost, the child that waits all the same."""
        made, stem = self._made.of(session_id), _child_id(session_id, 0)[:-1]
        if made.count:
            return made
        names = [one.session_id for one in self._store.sessions() if one.session_id.startswith(stem)]
        if numbers := [int(name.removeprefix(stem)) for name in names if name.removeprefix(stem).isdecimal()]:
            made = Made(max(numbers))
            self._made.remember(session_id, made)
        return made

    def _highest(self, session_id: str, goal: Goal) -> int:
        """The greatest number of a child of which there are results, should the state file be lost."""
        stem = _child_id(session_id, 0)[:-1]
        names = [name for there in goal.there.values() for name in there.sessions if name.startswith(stem)]
        numbers = [name.removeprefix(stem).partition("--")[0] for name in names]
        return max((int(number) for number in numbers if number.isascii() and number.isdigit()), default=0)

    async def _ended(self, child_id: str) -> Ended | None:
        """How the last child ended; one that left nothing was taken out, in this night."""
        found = await asyncio.to_thread(self._neighbours.ended, child_id)
        details = body_of(found[1].raw).get("result_details") if found is not None else None
        if not isinstance(details, dict):
            return Ended(self._night())
        at = instant_in(details, "started_at") or instant_in(details, "ended_at")
        night = self._night() if at is None else self._night_of(at)
        reason = details.get("reason")
        known = Reason(reason) if reason in set(Reason) else None
        never = details.get("started_at") is None and known in _SKY
        invalid = details.get("outcome") == Outcome.FAILED and known is Reason.INVALID
        message = str(found[1].id_command.message or "") if found is not None else ""
        return Ended(night, known, message, never or invalid)

    async def _withdraw(self, session_id: str) -> tuple[str, ...]:
        """Take back the child that waits; its night may have another."""
        made = self._made.of(session_id)
        child_id = _child_id(session_id, made.count)
        waiting = self._neighbours.waiting(child_id)
        if not made.count or (waiting is not None and (waiting.resume or waiting.gave_back)):
            return ()
        try:
            await asyncio.to_thread(self._neighbours.withdraw, child_id)
        except StoreError as error:
            _LOGGER.debug("Session %s is not taken back: %s", child_id, error)
            return ()
        self._made.remember(session_id, Made(made.count - 1))
        return (child_id,)

    # -- the whole --------------------------------------------------------------------------------------

    def _goal_of(self, parent: StoredSession) -> Goal | None:
        try:
            return self._goal(parent, self._neighbours.lights(parent.document))
        except AgentError:
            return None

    def _goal(self, parent: StoredSession, lights: tuple[Light, ...]) -> Goal | None:
        """What there is of a session's goal; None while the telescope's model is not known."""
        capabilities = self._capabilities()
        if capabilities is None:
            return None
        wanted = wanted_of(parent.document, parent.session_id, capabilities, self._resolve)
        there = {key: gathered(one, lights) for key, one in wanted.items()}
        more = self._neighbours.promised(besides=self.child_id(parent.session_id))
        coming = {key: gathered(one, (*lights, *more)) for key, one in wanted.items()}
        return Goal(parent, wanted, there, coming)

    def _deadline(self, parent: StoredSession) -> bool:
        """Whether the last date on which the session may run is over."""
        if parent.document.id_command.end_date is None:
            return False
        closes = window_end(parent.document, self._ground.zone, parent.first_seen)
        return closes is not None and closes <= self._ground.clock.now()

    async def _end(
        self, parent: StoredSession, goal: Goal | None, reason: Reason | None, message: str
    ) -> None:
        """End a session with a goal, with what its group has."""
        del self._parents[parent.session_id]
        brief, now = brief_of(parent, self._ground.zone), self._ground.clock.now()
        await self._records.end(result_of(self._ground.id, brief, goal, now, reason, message))
        self._made.remember(parent.session_id, None)

    def _lights(self) -> dict[str, tuple[Light, ...]]:
        """The results that may count for each goal."""
        return {one.session_id: self._neighbours.lights(one.document) for one in self.parents}

    def _tell(self, lights: dict[str, tuple[Light, ...]]) -> None:
        """Say how far the groups are, when that changed; what is not known yet is no change."""
        known = (lights, self.parents, self._capabilities())
        if self._capabilities() is None or known == self._told_of:
            return
        self._told_of = known
        wishes: list[tuple[str, Wanted]] = []
        counted: dict[Light, None] = {}
        for parent in self.parents:
            with contextlib.suppress(AgentError):
                mine, group = lights[parent.session_id], group_of(parent.document, parent.session_id)
                goal = self._goal(parent, mine)
                counted |= dict.fromkeys(light for light in mine if light.group == group)
                wishes += [(parent.session_id, one) for one in goal.wanted.values()] if goal else []
        groups = progress_of(wishes, tuple(counted))[:MOST_GROUPS]
        if groups != self._told:
            self._told = groups
            self._ground.state.set(**{_GROUPS: {one.word: one.group for one in groups}})
            self._ground.bus.publish(self.event())

    # -- inside -----------------------------------------------------------------------------------------

    def _night(self) -> date:
        return self._night_of(self._ground.clock.now())

    def _night_of(self, instant: datetime) -> date:
        return night_of(instant, self._ground.site, self._ground.zone)


def _asked(document: SessionDocument) -> dict[str, Any]:
    return {key: value for key, value in body_of(document.raw).items() if key != "result_details"}


def _child_id(session_id: str, number: int) -> str:
    return f"{session_id}{CHILD}{number}"
