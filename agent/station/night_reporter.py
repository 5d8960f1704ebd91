"""Writes the night's page as the night goes on, and tells of the night once, when it is over."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Collection
from datetime import date, datetime, time, timedelta
from io import BytesIO
from pathlib import Path

from agent import __version__
from agent.afterwards import NightReported, SessionArchived
from agent.errors import AgentError
from agent.events import Event, SessionEnded, SessionResult
from agent.group_progress import GroupsChanged
from agent.report.book import NightBook, Note
from agent.report.noting import Noting
from agent.report.picture import small_picture
from agent.report.story import Story
from agent.sky.nights import night_of, sun_events
from agent.station.ground import Ground
from agent.station.runner import SessionRunner
from agent.store import disk
from agent.store.ended import ended_sessions
from agent.store.folders import Folder, Tree
from agent.store.results import Results

_LOGGER = logging.getLogger(__name__)

LOOK_EVERY_S = 600.0  # whether the night is over
MORNING = time(9)  # local time at which a night is over where the Sun does not tell
CLOCK_SLACK = timedelta(seconds=30)  # the telescope's clock is set by us, to the second at best
TRIES = 3  # of a picture: the telescope writes its last stack while it closes the session
PAUSE_S = 10.0
BACK = timedelta(days=2)  # of a night that ended while the agent was off
_TOLD = "night_told"


class NightReporter:
    """Owner of one telescope's night pages and of what was told of them. `run` is its one task."""

    def __init__(
        self,
        ground: Ground,
        tree: Tree,
        results: Results,
        runner: SessionRunner,
        name: Callable[[], str],
    ) -> None:
        self._ground = ground
        self._tree = tree
        self._results = results
        self._runner = runner
        self._name = name
        self._book = NightBook(tree)
        self._noting = Noting()
        self._owed: deque[tuple[date, Note]] = deque()
        self._ended: deque[SessionResult] = deque()
        self._stale: set[date] = set()
        self._news = asyncio.Event()
        self.last: NightReported | None = None
        ground.bus.subscribe(self._hear)

    async def run(self) -> None:
        """Note, write and tell for ever."""
        await asyncio.to_thread(self._book.prune, self._night(self._ground.clock.now()))
        try:
            while True:
                await self._write()
                await self._tell()
                with contextlib.suppress(TimeoutError):
                    async with self._ground.clock.timeout(LOOK_EVERY_S):
                        await self._news.wait()
                self._news.clear()
        finally:
            self._note_down()  # the agent stops

    @property
    def busy(self) -> bool:
        """Whether a session that ended is not in its night's page yet."""
        return bool(self._ended or self._stale)

    def _hear(self, event: Event) -> None:
        if event.telescope != self._ground.id:
            return
        of = event.night if isinstance(event, SessionArchived) else None
        self._owed += [(of or self._night(note.at), note) for note in self._noting.notes(event)]
        if isinstance(event, SessionEnded):
            self._ended.append(event.result)
        if of is not None:
            self._stale.add(of)
        if isinstance(event, GroupsChanged) and self._has_ended(night := self._night(event.at)):
            self._stale.add(night)  # a goal counts what just ended
            self._news.set()
        if isinstance(event, SessionEnded | SessionArchived):
            self._news.set()

    def _night(self, at: datetime) -> date:
        return night_of(at, self._ground.site, self._ground.zone)

    # -- writing ----------------------------------------------------------------------------------------

    async def _write(self) -> None:
        while self._ended:
            result = self._ended.popleft()
            night = self._night(result.started_at or result.ended_at)
            self._stale.add(night)
            if result.frames.stacked and result.started_at is not None:
                await self._keep_picture(night, result)
        await asyncio.to_thread(self._note_down)
        while self._stale:
            night = self._stale.pop()
            await asyncio.to_thread(self._page, night)

    def _note_down(self) -> None:
        owed, self._owed = self._owed, deque()
        for night in dict.fromkeys(night for night, _ in owed):
            self._book.add(night, [note for at, note in owed if at == night])

    async def _keep_picture(self, night: date, result: SessionResult) -> None:
        assert result.started_at is not None
        for attempt in range(TRIES):
            if attempt:
                await self._ground.clock.sleep(PAUSE_S)
            try:
                small = await self._small_picture(result.started_at, result.files)
            except AgentError as error:
                _LOGGER.debug("No picture for the report: %s", error)
                continue
            except Exception:
                _LOGGER.exception("No picture for the report, by a defect of the telescope's driver")
                return
            if small is not None:
                name = result.session.session_id
                await asyncio.to_thread(self._book.keep_picture, night, name, small)
                return

    async def _small_picture(self, began: datetime, folders: Collection[str]) -> bytes | None:
        async with self._ground.pictures:
            found = await self._ground.telescope.latest_picture(began - CLOCK_SLACK, folders)
            if found is None:
                return None
            jpeg, found = BytesIO(found.jpeg), None  # so that it can be let go
            return await asyncio.to_thread(small_picture, jpeg)

    def _page(self, night: date) -> Story:
        """Write a night's page; what the disk refuses is written with the next session."""
        from agent.report.page import night_page  # with charts: once a night, long after the start

        story = self._story(night)
        path = self._path(night)
        try:
            disk.write(path, night_page(story, __version__).encode("utf-8", "replace"))
        except OSError as error:
            _LOGGER.warning("The report %s is not written: %s", path.name, error.strerror or error)
        return story

    def _path(self, night: date) -> Path:
        return self._results.report(night).with_suffix(".html")

    def _story(self, night: date) -> Story:
        ground = self._ground
        begins = datetime.combine(night, time(0), ground.zone) - timedelta(
            days=1
        )  # the disk's clock may differ
        ended = ended_sessions(self._tree, ground.zone, ground.site, since=begins)
        sessions = sorted((one for one in ended if one.night == night), key=lambda one: one.began_at)
        notes = self._book.notes(night)
        pictures = {
            session.session_id: picture
            for session in sessions
            if (picture := self._book.picture(night, session.session_id)) is not None
        }
        refused = self._results.refused(night)
        return Story(night, self._name(), ground.zone, ground.site, sessions, refused, notes, pictures)

    # -- telling ----------------------------------------------------------------------------------------

    async def _tell(self) -> None:
        """Tell of a night that is over, once."""
        now = self._ground.clock.now()
        for night in (self._night(now - timedelta(days=1)), self._night(now)):
            told = self._ground.state.get(_TOLD)
            if (isinstance(told, str) and told >= night.isoformat()) or now < self._over(night):
                continue
            if self._runner.running is not None or now - self._over(night) > BACK:
                continue
            story = await asyncio.to_thread(self._page, night) if self._has_ended(night) else None
            self._ground.state.set(**{_TOLD: night.isoformat()})
            if story is not None and story.sessions:
                self._publish(story)

    def _has_ended(self, night: date) -> bool:
        return self._results.table(night).exists()

    def _over(self, night: date) -> datetime:
        """When the night is over: at sunrise, else in the morning."""
        ground = self._ground
        rises = sun_events(ground.site, night).sunrise if ground.site is not None else None
        return rises or datetime.combine(night + timedelta(days=1), MORNING, ground.zone)

    def _publish(self, story: Story) -> None:
        best = story.best
        self.last = NightReported(
            telescope=self._ground.id,
            at=self._ground.clock.now(),
            night=story.night,
            title=story.title,
            message=story.message,
            sessions=len(story.sessions),
            completed=story.completed,
            taken=story.taken,
            stacked=story.stacked,
            integration_s=story.integration_s,
            path=str(self._tree[Folder.RESULTS] / self._path(story.night).name),
            picture=story.pictures.get(best.session_id) if best is not None else None,
            picture_target=best.target if best is not None else "",
        )
        _LOGGER.info("%s. %s", story.title, story.message)
        self._ground.bus.publish(self.last)
