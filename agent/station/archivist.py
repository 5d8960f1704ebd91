"""Brings what sessions left on the card of a telescope into the archive, while nobody else needs it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from agent.afterwards import DownloadChanged, DownloadState, SessionArchived
from agent.archive.errors import ArchiveBusyError
from agent.archive.fetch import Progress, SessionFetch
from agent.archive.manifest import Manifest, State, folder_of, load
from agent.archive.pace import Pace
from agent.archive.removal import KeptError, Removal
from agent.archive.words import told
from agent.errors import AgentError, Problem
from agent.events import Event, Reason, SessionEnded
from agent.own_schedule import ScheduleState
from agent.session.fields import DownloadWhat
from agent.settings.parts import ArchiveSettings
from agent.station.ground import Ground
from agent.station.hands import Hands
from agent.station.runner import SessionRunner
from agent.store.ended import EndedSession, ended_sessions
from agent.store.folders import Tree
from agent.telescope.card import Card
from agent.telescope.errors import TelescopeError, UnreachableError
from agent.telescope.interface import ConnectionState

_LOGGER = logging.getLogger(__name__)
T = TypeVar("T")

BACK = timedelta(days=7)  # sessions that ended longer ago are fetched by hand
LOOK_EVERY_S = 3600.0  # for sessions that nobody told of
LOOK_S = 0.5  # whether the telescope is needed, while something is fetched
WAIT_S = 5.0  # the same, while nothing is
AGAIN_S = 60.0  # after the telescope did not answer
TROUBLE_S = 600.0  # after a trouble that time alone seldom ends
TELL_EVERY_S = 2.0
ASK_LIMIT_S = 2.0  # a telescope that does not say within this that somebody uses it, is free
_MB = 1_000_000
_SOON_OVER = (Reason.QUEUE, Reason.USER)  # what keeps the telescope for a while, not for a day

OnProblem = Callable[[Problem | None], None]


@dataclass(frozen=True, slots=True)
class _Wanted:
    session: EndedSession
    what: DownloadWhat


class _NeededError(Exception):
    """The telescope is needed for something else."""


class Archivist:
    """Owner of one telescope's part of the archive. `run` is its one task."""

    def __init__(
        self,
        ground: Ground,
        hands: Hands,
        tree: Tree,
        settings: ArchiveSettings,
        runner: SessionRunner,
        on_problem: OnProblem,
    ) -> None:
        assert settings.dir is not None
        self._ground = ground
        self._hands = hands
        self._tree = tree
        self._archive: Path = settings.dir
        self._what = DownloadWhat(settings.what)
        self._siril = settings.siril
        self._deletes = settings.delete_after == "verified"
        self._removals: dict[str, Removal] = {}
        self._kept: dict[str, AgentError] = {}  # sessions that stay on the card although they were to go
        self._pace = Pace(ground.clock, settings.max_mb_per_s * _MB)
        self._runner = runner
        self._on_problem = on_problem
        self._news = asyncio.Event()
        self._settled: set[tuple[str, datetime | None]] = set()
        self._waiting = 0
        self._told: DownloadChanged | None = None
        self._told_at = 0.0
        self.fetching = True  # or about to look whether there is something to fetch
        ground.bus.subscribe(self._hear)

    async def run(self) -> None:
        """Fetch for ever what is to be fetched."""
        while True:
            self._news.clear()
            pause = await self._bring_all()
            self.fetching = self._news.is_set()
            with contextlib.suppress(TimeoutError):
                async with self._ground.clock.timeout(pause):
                    await self._news.wait()

    async def _bring_all(self) -> float:
        """Fetch what is to be fetched; return how long to wait before the next look."""
        wanted = await asyncio.to_thread(self._find)
        self._waiting = len(wanted)
        trouble: AgentError | None = None
        for one in wanted:
            try:
                await self._bring(one)
            except (UnreachableError, ArchiveBusyError) as error:
                reason = Reason.LOST_CONNECTION if isinstance(error, UnreachableError) else Reason.QUEUE
                self._tell(DownloadState.WAITING, reason, error.message)
                return AGAIN_S
            except AgentError as error:  # the others may do
                _LOGGER.warning("Session %s is not in the archive: %s", one.session.session_id, error)
                trouble = error
            else:
                self._waiting -= 1
        kept = next(iter(self._kept.values()), None)
        self._on_problem(told_of.problem() if (told_of := trouble or kept) is not None else None)
        if trouble is not None:
            self._tell(DownloadState.FAILED, message=str(trouble))
            return TROUBLE_S
        self._tell(DownloadState.IDLE)
        return LOOK_EVERY_S

    def event(self) -> DownloadChanged:
        """How far it is, as last told."""
        return self._told or self._event(DownloadState.IDLE)

    # -- what is to be fetched --------------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        if isinstance(event, SessionEnded) and event.telescope == self._ground.id and event.result.files:
            self.fetching = True
            self._news.set()

    def _find(self) -> list[_Wanted]:
        """The sessions that are to be fetched and are not, oldest first."""
        return sorted(self._missing(), key=lambda one: one.session.began_at)

    def _missing(self) -> Iterator[_Wanted]:
        since = self._ground.clock.now() - BACK
        for session in ended_sessions(self._tree, self._ground.zone, self._ground.site, since=since):
            if session.telescope not in ("", self._ground.id) or not session.folders:
                continue
            key = (session.session_id, session.ended_at)
            if key in self._settled or (session.ended_at or session.began_at) < since:
                continue
            own = session.document.download if session.document is not None else None
            what = own.what if own is not None else self._what
            known = load(folder_of(self._archive, session))
            if what is DownloadWhat.NONE or (
                known is not None and known.covers(what, session.folders) and not self._to_delete(known)
            ):
                self._settled.add(key)
            else:
                kept = {key: session.details[key] for key in ("panes",) if key in session.details}
                yield _Wanted(replace(session, document=None, details=kept), what)

    def _to_delete(self, known: Manifest) -> bool:
        complete = known.state is State.COMPLETE and known.what is DownloadWhat.ALL
        return self._deletes and complete and known.session_id not in self._kept

    # -- fetching ---------------------------------------------------------------------------------------

    async def _bring(self, wanted: _Wanted) -> None:
        """Fetch one session, as often as it takes while others need the telescope."""
        done = False
        while not done:
            await self._until_free()
            with contextlib.suppress(_NeededError):
                await self._fetch(wanted)
                await self._delete(wanted)
                done = True
        self._settled.add((wanted.session.session_id, wanted.session.ended_at))

    async def _fetch(self, wanted: _Wanted) -> None:
        """Fetch one session while nobody needs the telescope; _NeededError as soon as somebody does."""
        fetch = SessionFetch(
            self._card(),
            self._archive,
            wanted.session,
            wanted.what,
            clock=self._ground.clock,
            pace=self._pace,
            tell=self._progress,
            site=self._ground.site,
            siril=self._siril,
        )
        known = await asyncio.to_thread(load, fetch.folder)
        if known is None or not known.covers(wanted.what, wanted.session.folders):
            manifest = await self._undisturbed(fetch.run())
            self._archived(wanted, manifest, fetch.folder, told(manifest))

    async def _delete(self, wanted: _Wanted) -> None:
        """Delete a session on the card where a person set that, and all of it is here."""
        folder = folder_of(self._archive, wanted.session)
        known = await asyncio.to_thread(load, folder)
        if known is None or not self._to_delete(known):
            return
        session_id = known.session_id
        removal = self._removals.setdefault(
            session_id, Removal(self._card(), folder, clock=self._ground.clock, pace=self._pace)
        )
        try:
            await self._undisturbed(removal.run())
        except KeptError as error:
            message = f"Session {session_id} stays on the telescope's card. {error}"
            _LOGGER.warning("%s", message)
            self._kept[session_id] = TelescopeError(
                message, code="not_deleted", hint="It is tried again after a restart of the agent."
            )
        else:
            message = f"{told(known)} Compared once more, and deleted on the telescope."
            self._archived(wanted, known, folder, message, deleted=True)
        del self._removals[session_id]

    async def _undisturbed(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Do this while nobody needs the telescope; _NeededError as soon as somebody does."""
        work = asyncio.create_task(coroutine, name=f"{self._ground.id}: fetching")
        asked: asyncio.Task[bool] | None = None  # a telescope that is slow to answer hides no session
        try:
            while not work.done():
                asked = asked or asyncio.create_task(self._in_use())
                pause = asyncio.create_task(self._ground.clock.sleep(LOOK_S))
                try:
                    await asyncio.wait({work, pause}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    pause.cancel()
                in_use, asked = (asked.result(), None) if asked.done() else (False, asked)
                if not work.done() and (in_use or self._needed_here() is not None):
                    raise _NeededError
            return await work
        finally:
            work.cancel()
            if asked is not None:
                asked.cancel()
            await asyncio.wait({work})

    def _card(self) -> Card:
        card = self._ground.telescope.card
        if card is None:
            raise TelescopeError(
                "The card of this telescope cannot be read.",
                code="no_card",
                hint="Take archive_dir out of the configuration.",
            )
        return card

    async def _until_free(self) -> None:
        while True:
            needed = self._needed_here()
            if needed is None and await self._in_use():
                needed = Reason.HELD_BY_OTHER, "another client has the telescope"
            self.fetching = needed is None or needed[0] in _SOON_OVER
            if needed is None:
                return
            self._tell(DownloadState.WAITING, *needed)
            await self._ground.clock.sleep(WAIT_S)

    def _needed_here(self) -> tuple[Reason, str] | None:
        """What the telescope is needed for, as far as the agent knows without asking it."""
        telescope = self._ground.telescope
        if self._runner.running is not None:
            return Reason.QUEUE, "a session runs"
        if self._hands.busy or self._hands.capturing:
            return Reason.USER, "the telescope is being moved"
        if any(one.state is ScheduleState.IMAGING for one in telescope.schedules):
            return Reason.OWN_SCHEDULE, "the telescope images by itself"
        if telescope.connection is ConnectionState.HELD_BY_OTHER:
            return Reason.HELD_BY_OTHER, "another client has the telescope"
        if telescope.connection not in (ConnectionState.CONNECTED, ConnectionState.RESTING):
            return Reason.LOST_CONNECTION, "the telescope is away"
        return None

    async def _in_use(self) -> bool:
        try:
            async with self._ground.clock.timeout(ASK_LIMIT_S):
                return await self._ground.telescope.in_use()
        except (TimeoutError, TelescopeError):
            return False

    # -- telling ----------------------------------------------------------------------------------------

    def _archived(
        self, wanted: _Wanted, manifest: Manifest, folder: Path, message: str, *, deleted: bool = False
    ) -> None:
        _LOGGER.info("Session %s: %s", manifest.session_id, message)
        self._ground.bus.publish(
            SessionArchived(
                telescope=self._ground.id,
                at=self._ground.clock.now(),
                session_id=wanted.session.session_id,
                target=wanted.session.target,
                complete=manifest.state is State.COMPLETE or deleted,
                files=sum(entry.done for entry in manifest.files),
                size=manifest.size,
                folder=str(folder),
                message=message,
                deleted=deleted,
                night=wanted.session.night,
            )
        )

    def _progress(self, progress: Progress) -> None:
        fresh = self._told is None or self._told.state is not DownloadState.FETCHING
        if fresh or self._ground.clock.monotonic() - self._told_at >= TELL_EVERY_S:
            self._publish(
                replace(
                    self._event(DownloadState.FETCHING),
                    session_id=progress.session_id,
                    target=progress.target,
                    files=progress.files,
                    files_done=progress.files_done,
                    size=progress.size,
                    size_done=progress.size_done,
                    rate=progress.rate,
                )
            )

    def _tell(self, state: DownloadState, reason: Reason | None = None, message: str = "") -> None:
        event = replace(self._event(state), reason=reason, message=message)
        if self._told is None or replace(event, at=self._told.at) != self._told:
            self._publish(event)

    def _event(self, state: DownloadState) -> DownloadChanged:
        return DownloadChanged(
            telescope=self._ground.id, at=self._ground.clock.now(), state=state, sessions=self._waiting
        )

    def _publish(self, event: DownloadChanged) -> None:
        self._told, self._told_at = event, self._ground.clock.monotonic()
        self._ground.bus.publish(event)
