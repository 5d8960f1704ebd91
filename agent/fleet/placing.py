"""Which telescope of this agent gets a session that leaves the choice open: the one on which it ends best.

A session has its place in a telescope's ToDo/ like any other, and moves on in one step of the file system
while it has not begun: when it is new there, and when its telescope cannot take it although another one can.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from agent.clock import Clock
from agent.errors import AgentError, Problem
from agent.planner.goal_progress import Light
from agent.planner.offer import Offer, best_first, better_night
from agent.requests import Acknowledgement, Code, Submission
from agent.session.document import SessionDocument, body_of, read_session
from agent.session.problems import InvalidSessionError
from agent.session.telescope_wish import is_open, wish_of
from agent.sky.catalogue import resolve
from agent.station.neighbours import Neighbours
from agent.station.offering import Offering
from agent.station.station import Station
from agent.station.submissions import Submissions
from agent.store.errors import StoreError
from agent.store.folders import Folder
from agent.store.model import StoredSession
from agent.store.store import SessionStore

_LOGGER = logging.getLogger(__name__)

AT_ONCE = 10  # sessions that one look places, before the telescopes' own folders are read again
LOOK_AGAIN_S = 300.0  # between two looks at a session that has its place
WORTH = timedelta(minutes=1)  # by which a new session has to end earlier elsewhere to be moved
_PART = "placing"


@dataclass(frozen=True, slots=True)
class Offers:
    """What the telescopes of this agent would do with a session, the best first.

    `refused` are those on which it cannot run, `unknown` those of which nobody knows the model yet.
    """

    offers: tuple[Offer, ...] = ()
    refused: Mapping[str, InvalidSessionError] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The telescopes, the best first; on the last ones it cannot run, which they say."""
        return [*(one.telescope for one in self.offers), *self.unknown, *self.refused]


class Placing:
    """Owner of which telescope has which session that any could take, and of all their submissions."""

    def __init__(self, stations: Mapping[str, Station], clock: Clock, poll_s: float) -> None:
        self._stations = stations
        self._clock = clock
        self._poll_s = poll_s
        Neighbours.join([station.neighbours for station in stations.values()])
        self.submissions = {name: Submissions(station) for name, station in stations.items()}
        self._lock = asyncio.Lock()  # one after the other, so that each offer counts those before it
        self._lost: dict[str, dict[str, str]] = {}  # by telescope: what none here is for, last tried last
        self._looked: dict[str, float] = {}  # when each was looked at, of the clock's monotonic time

    # -- what comes in ----------------------------------------------------------------------------------

    async def submit(self, submission: Submission) -> Acknowledgement:
        """Give a submission to the telescope that it names, or that does best of those that it allows."""
        if submission.telescope in self.submissions:
            return await self.submissions[submission.telescope].submit(submission)
        asked = named(submission)
        async with self._lock:
            if (known := await self.known(asked)) is not None:
                return known
            reading = read_session(asked.body, name=asked.session_id, resolve=resolve)
            if reading.document is None:
                return await self._to(next(iter(self._stations)), asked)  # which says what is wrong
            found = await self.offers(asked.session_id, reading.document)
            return await self._to(found.names[0], asked) if found.names else self.nobody(asked)

    async def known(self, submission: Submission) -> Acknowledgement | None:
        """Return the answer to a submission that one of the telescopes has, or had; None to a new one."""
        for one in self.submissions.values():
            if (answer := await one.known(submission)) is not None:
                return answer
        return None

    async def offer(self, submission: Submission) -> Offer | None:
        """Return the best offer for a submission; None when no telescope of known model can take it."""
        document = read_session(submission.body, name=submission.session_id, resolve=resolve).document
        if document is None:
            return None
        async with self._lock:
            found = await self.offers(submission.session_id, document)
        return next(iter(found.offers), None)

    def collected(self) -> list[Light]:
        """Return what all telescopes collected; it blocks."""
        return [light for station in self._stations.values() for light in station.collected.all()]

    async def offers(self, session_id: str, document: SessionDocument) -> Offers:
        """Ask each telescope that suits a session what its plan would do with it."""
        word, offers, refused, unknown = wish_of(document), [], {}, []
        for name, station in self._stations.items():
            if not station.neighbours.suits(document):
                continue
            offering = Offering(station.ground, station.intake, station.planning, station.dispatcher)
            try:
                offer = await offering.offer(session_id, document)
            except InvalidSessionError as error:
                refused[name] = error
            except AgentError as error:
                _LOGGER.info("%s makes no offer for session %s: %s", name, session_id, error)
            else:
                if offer is None:
                    unknown.append(name)
                else:
                    offers.append(offer)
        _LOGGER.debug("Session for %s: %s", word, offers)
        return Offers(tuple(best_first(offers)), refused, tuple(unknown))

    async def _to(self, telescope: str, submission: Submission) -> Acknowledgement:
        answer = await self.submissions[telescope].submit(replace(submission, telescope=telescope))
        if answer.accepted and answer.session_id:
            self._looked[answer.session_id] = self._clock.monotonic()
        return answer

    def nobody(self, submission: Submission) -> Acknowledgement:
        """Return the answer to a submission that no telescope here is for."""
        name = submission.telescope
        message = f"There is no telescope {name!r} here." if name else "The submission names no telescope."
        problem = Problem(
            Code.UNKNOWN_TELESCOPE.value, message, f"One of: {', '.join(self._stations)}.", path="/telescope"
        )
        return Acknowledgement(
            False,
            Code.UNKNOWN_TELESCOPE,
            message,
            request_id=submission.request_id,
            session_id=submission.session_id,
            errors=(problem,),
        )

    async def take_in(self, store: SessionStore, stored: StoredSession) -> Problem | None:
        """Move a session from a folder that is no telescope's to one; return why that cannot be."""
        async with self._lock:
            found = await self.offers(stored.session_id, stored.document)
            if not found.names:
                return _no_telescope([f"{stored.session_id} ({wish_of(stored.document)})"])
            to = self._stations[found.names[0]]
            try:
                await asyncio.to_thread(store.move_to, stored.session_id, to.store.tree, rename=True)
            except StoreError as error:
                return error.problem()
            _LOGGER.info("Session %s is given to %s", stored.session_id, to.id)
            return None

    # -- what waits -------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Place what is new, and place again what its telescope cannot take, for ever."""
        for station in self._stations.values():
            await station.intake.looked()
        while True:
            for station in self._stations.values():
                await self._look_at(station)
            there = {one.session_id for each in self._stations.values() for one in each.store.sessions()}
            since = (
                self._clock.monotonic() - LOOK_AGAIN_S
            )  # what was given just now is in no folder's list yet
            self._looked = {name: at for name, at in self._looked.items() if name in there or at > since}
            await self._clock.sleep(self._poll_s)

    async def _look_at(self, station: Station) -> None:
        """Look at a telescope's waiting sessions that others could have, or have to."""
        stored = await asyncio.to_thread(station.store.sessions)
        open_ones = {
            one.session_id: one for one in stored if wish_of(one.document) and one.folder is Folder.TO_DO
        }
        strangers = {
            name: one for name, one in open_ones.items() if not station.neighbours.suits(one.document)
        }
        lost = self._lost.setdefault(station.id, {})
        for name in lost.keys() - strangers.keys():
            del lost[name]
        for name in longest_ago(strangers, lost)[:AT_ONCE]:
            lost.pop(name, None)
            if not await self._move_on(station, strangers[name]):
                lost[name] = f"{name} ({wish_of(strangers[name].document)})"
        looked = 0
        for name, one in open_ones.items():
            if looked >= AT_ONCE:
                break
            if name not in strangers and is_open(wish_of(one.document)) and self._may_move(station, one):
                looked += 1
                if await self._improve(station, one):
                    break  # the other telescope counts it from its next look at its folder on
        station.status.problem(_PART, _no_telescope(sorted(lost.values())) if lost else None)

    def _may_move(self, station: Station, stored: StoredSession) -> bool:
        """Whether a session waits here without having begun, and it is time to look at it."""
        waiting = station.dispatcher.find(stored.session_id)
        if waiting is None or waiting.began or waiting.taken or waiting.forced or waiting.rests_until:
            return False
        last = self._looked.get(stored.session_id)
        return last is None or self._clock.monotonic() - last >= LOOK_AGAIN_S

    async def _improve(self, station: Station, stored: StoredSession) -> bool:
        """Move a session to where it ends better: a new one for any gain, later for another night only.

        Return whether it was moved.
        """
        session_id = stored.session_id
        async with self._lock:
            is_new = session_id not in self._looked
            self._looked[session_id] = self._clock.monotonic()
            found = await self.offers(session_id, stored.document)
            here = next((one for one in found.offers if one.telescope == station.id), None)
            begins = (
                station.dispatcher.find(session_id) is None
            )  # meanwhile; its own run would stand in its way
            if here is None or found.offers[0] is here or begins:
                return False
            best = found.offers[0]
            if not (better_night(best, here) or (is_new and _worth_it(best, here))):
                return False
            return await self._give(station, stored, best.telescope)

    async def _move_on(self, station: Station, stored: StoredSession) -> bool:
        """Move a session to a telescope that it is for; whether there is one."""
        async with self._lock:
            found = await self.offers(stored.session_id, stored.document)
            for name in found.names:
                if await self._give(station, stored, name):
                    break
            return bool(found.names)

    async def _give(self, station: Station, stored: StoredSession, telescope: str) -> bool:
        session_id, to = stored.session_id, self._stations[telescope]
        try:
            await asyncio.to_thread(station.neighbours.give, session_id, to.neighbours)
        except StoreError as error:
            _LOGGER.info("Session %s stays on %s: %s", session_id, station.id, error)
            return False
        station.dispatcher.drop(session_id)
        self._looked[session_id] = self._clock.monotonic()
        _LOGGER.info("Session %s is given from %s to %s", session_id, station.id, telescope)
        return True


def longest_ago(names: Iterable[str], tried: Iterable[str]) -> list[str]:
    """Return the names in the order in which they are to be tried: new ones, then those tried longest ago."""
    turn = {name: number for number, name in enumerate(tried)}
    return sorted(names, key=lambda name: turn.get(name, -1))


def named(submission: Submission) -> Submission:
    """Return a submission whose session says itself which telescopes may have it."""
    body = body_of(submission.body)
    if not isinstance(body, dict) or not isinstance(body.get("id_command"), dict):
        return submission
    told = {**body, "id_command": {**body["id_command"], "telescope": submission.telescope}}
    return replace(submission, body={"command": told})


def _worth_it(best: Offer, here: Offer) -> bool:
    """Whether a session that nobody counts on yet ends earlier elsewhere, or lightens a longer queue."""
    if best.ends is None or here.ends is None or abs(best.ends - here.ends) <= WORTH:
        return here.queued_s - best.queued_s > best.wanted_s
    return True


def _no_telescope(lost: list[str]) -> Problem:
    names = ", ".join(lost[:5])
    return Problem(
        Code.UNKNOWN_TELESCOPE.value,
        f"No telescope here is the one that these sessions are for: {names}.",
        "Write another telescope, a model, or `any` into id_command.telescope, or add the telescope.",
    )
