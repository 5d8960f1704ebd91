"""Fetching one session: list, choose, fetch, and list again until the card lists what is there."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from agent.archive import facts, headers, layout, transfer
from agent.archive.errors import ArchiveMissingError, ChangedError, NoRoomError
from agent.archive.handover import Handover
from agent.archive.lock import held, locked
from agent.archive.manifest import NAME as NOTE
from agent.archive.manifest import Counts, Entry, Manifest, State, folder_of, load
from agent.archive.pace import Pace
from agent.clock import Clock
from agent.session.fields import DownloadWhat as What
from agent.store.ended import EndedSession
from agent.store.errors import store_error
from agent.targets import Site
from agent.telescope.card import Card, CardFile, CardFileMissingError
from agent.telescope.errors import UnreachableError
from agent.text import printable

_LOGGER = logging.getLogger(__name__)
T = TypeVar("T")

KEEP_FREE = 1 << 30  # bytes that a disk keeps for others
TRIES = 3  # of a file that is not the one of the index, and of listings that differ
PATIENCE = 6  # breaks in a row without a single byte in between, before the telescope counts as away
PAUSE_S = (0.5, 1.0, 2.0, 4.0, 8.0)  # after such breaks
SMALLER = (262_144, 65_536, 16_384, 4_096)  # bytes asked for at a time after such breaks
SAY_EVERY_S = 0.2
SAVE_EVERY_S = 10.0  # of what is done; the files themselves tell it as well
_FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the fetching of a session is; `rate` in bytes a second."""

    session_id: str
    target: str
    files: int
    files_done: int
    size: int
    size_done: int
    rate: float = 0.0


class SessionFetch:
    """Fetches one session into the archive. Begun again after any end, it goes on where it was."""

    def __init__(
        self,
        card: Card,
        archive: Path,
        session: EndedSession,
        what: What,
        *,
        clock: Clock,
        pace: Pace,
        tell: Callable[[Progress], None] = lambda _progress: None,
        site: Site | None = None,
        siril: bool = False,
    ) -> None:
        """`siril` makes the folder a project of that program, with the darks that fit."""
        self._card = card
        self._archive = archive
        self._clock = clock
        self._pace = pace
        self._tell = tell
        self.folder = folder_of(archive, session)
        self._session = session
        self._site = site
        self._for_siril = siril
        self._notes: dict[str, dict[str, object]] = {}  # the card's, as far as asked for
        self._manifest = Manifest(
            telescope=session.telescope,
            session_id=session.session_id,
            target=session.target,
            night=session.night,
            what=what,
            folders=session.folders,
            counted=Counts(session.taken, session.stacked),
        )
        self._place: tuple[int, int] | None = None  # which folder the archive is, on which disk
        self._done_bytes = 0
        self._said_at = 0.0
        self._in_vain = 0  # breaks in a row that brought nothing
        self._saved_at = 0.0
        self._began = (0.0, 0)

    async def run(self) -> Manifest:
        """Fetch until it is complete, or as complete as it can be; return what became of it.

        UnreachableError when the telescope is away, ArchiveError for the disk: begin again later.
        """
        try:
            async with held(self._take_up):
                return await self._run_kept()
        except OSError as error:
            raise self._disk_error(error) from error

    async def _run_kept(self) -> Manifest:
        try:
            return await self._run()
        except asyncio.CancelledError:
            with contextlib.suppress(OSError, ArchiveMissingError):  # what is there tells it next time
                self._make_folder(self.folder)
                self._manifest.save(self.folder)
            raise

    async def _run(self) -> Manifest:
        manifest = self._manifest
        for _ in range(TRIES):
            listed = await self._list()
            if not any(listed.values()):
                manifest.state = State.GONE
                break
            await asyncio.to_thread(self._merge, listed)
            await self._make_room()
            await self._fetch_all()
            if await self._list() == listed:
                break
            _LOGGER.info("The card changed while session %s was fetched: once more", manifest.session_id)
        if self._for_siril and manifest.state is State.UNDER_WAY:
            await self._hand_over()
        if manifest.state is State.UNDER_WAY:
            whole = all(entry.done for entry in manifest.files)
            manifest.state = State.COMPLETE if whole else State.INCOMPLETE
        await self._note()
        await self._save()
        return manifest

    # -- listing ----------------------------------------------------------------------------------------

    def _take_up(self) -> int | None:
        """Go on with what an earlier life fetched; return what keeps others out until it is closed."""
        self._make_folder(self.folder)
        lock = locked(self.folder)
        known = load(self.folder)
        if known is not None and known.session_id == self._manifest.session_id:
            self._manifest.files, self._manifest.partial = known.files, known.partial
            extra = [folder for folder in known.folders if folder not in self._manifest.folders]
            self._manifest.folders = (*self._manifest.folders, *extra)
            order = list(What)
            self._manifest.what = max(known.what, self._manifest.what, key=order.index)
        return lock

    def _make_folder(self, folder: Path) -> None:
        """Make a folder of the archive, never the archive itself: its disk or share may be gone."""
        status = self._archive.stat() if self._archive.is_dir() else None
        found = (status.st_dev, status.st_ino) if status is not None else None
        self._place = self._place or found
        if found is None or found != self._place:
            raise ArchiveMissingError(
                f"The archive {printable(self._archive)} is not there.",
                hint="Make the folder, or check that its disk or network share is mounted.",
            )
        folder.mkdir(parents=True, exist_ok=True)

    async def _list(self) -> Mapping[str, list[CardFile]]:
        listed: dict[str, list[CardFile]] = {}
        for folder in self._manifest.folders:
            try:
                files = await self._patiently(lambda folder=folder: self._card.files(folder))  # type: ignore[misc]
            except CardFileMissingError:
                files = ()
            listed[folder] = layout.chosen(files, self._manifest.what)
        return listed

    def _merge(self, listed: Mapping[str, list[CardFile]]) -> None:
        """Bring the manifest to what the card lists; what is there already, and unchanged, is done."""
        manifest = self._manifest
        known = {(entry.folder, entry.source): entry for entry in manifest.files}
        names = {NOTE, *(entry.name for entry in manifest.files)}
        for folder, files in listed.items():
            for file in files:
                entry = known.pop((folder, file.path), None)
                if entry is None:
                    name = layout.place(folder, file.path, names)
                    names.add(name)
                    manifest.files.append(Entry(folder, file.path, name, file.size, file.modified))
                    continue
                path = self.folder / entry.name
                if file.size in (entry.size, None) and file.modified == entry.modified:
                    entry.done = entry.size is not None and headers.came_with(path) == entry.size
                else:
                    entry.size, entry.modified, entry.done = file.size, file.modified, False
                    transfer.partial_path(path).unlink(missing_ok=True)
                entry.problem = ""
        for gone in known.values():  # not listed any more: what is here stays
            if not gone.done:
                gone.problem = "it is not on the telescope's card any more"
        self._done_bytes = sum(self._there(entry) for entry in manifest.files)
        self._began = (self._clock.monotonic(), self._done_bytes)

    def _there(self, entry: Entry) -> int:
        path = self.folder / entry.name
        return entry.size or 0 if entry.done else _size_of(transfer.partial_path(path)) or 0

    async def _make_room(self) -> None:
        missing = self._manifest.size - self._done_bytes
        free = (await asyncio.to_thread(shutil.disk_usage, self._archive)).free
        if missing > 0 and free - missing < KEEP_FREE:
            raise NoRoomError(
                f"The archive {printable(self._archive)} has {_gb(free)} free, and session "
                f"{self._manifest.session_id} needs {_gb(missing)} more.",
                hint=f"Free some space; {_gb(KEEP_FREE)} are kept for others.",
            )

    # -- files ------------------------------------------------------------------------------------------

    async def _fetch_all(self) -> None:
        await self._save()
        self._say()
        for entry in self._manifest.files:
            if entry.done or entry.problem:
                continue
            await self._fetch(entry)
            self._say()
            if self._clock.monotonic() - self._saved_at >= SAVE_EVERY_S:
                await self._save()
        await self._save()

    async def _fetch(self, entry: Entry) -> None:
        """Fetch one file, however often the connection breaks; what is wrong with it becomes its problem."""
        for attempt in range(1, TRIES + 1):
            try:
                path = self.folder / entry.name
                entry.size = await self._patiently(lambda to=path: self._transfer(entry, to))  # type: ignore[misc]
            except CardFileMissingError:
                problem = "the card lists it and does not have it"
            except ChangedError as error:
                problem = error.message
            else:
                problem = ""
            self._manifest.partial.pop(entry.name, None)
            entry.done = not problem
            if entry.done:
                return
            if attempt < TRIES:
                await self._clock.sleep(PAUSE_S[attempt])
                await self._look_again(entry)
        entry.problem = problem
        _LOGGER.warning("%s of session %s: %s", entry.source, self._manifest.session_id, problem)

    async def _cards(self, entry: Entry) -> tuple[headers.Card, ...]:
        """What is known of a frame, for its header."""
        if not entry.source.lower().endswith(headers.SUFFIXES):
            return ()
        note = await self._note_of(entry.folder)
        return facts.cards(self._session, self._site, entry.folder, note)

    async def _note_of(self, folder: str) -> dict[str, object]:
        if folder not in self._notes:
            self._notes[folder] = await self._card.note(folder)
        return self._notes[folder]

    async def _transfer(self, entry: Entry, path: Path) -> int:
        def began(tag: str) -> None:
            self._manifest.partial[entry.name] = tag

        await asyncio.to_thread(self._make_folder, path.parent)
        return await transfer.fetch(
            self._card,
            entry.folder,
            entry.source,
            path,
            size=entry.size,
            tag=self._manifest.partial.get(entry.name, ""),
            resume=bool(entry.modified or self._manifest.partial.get(entry.name)),
            most=SMALLER[min(self._in_vain, len(SMALLER)) - 1] if self._in_vain else None,
            pace=self._pace,
            count=self._count,
            began=began,
            cards=await self._cards(entry) if entry.name else (),  # it is of the session
        )

    async def _look_again(self, entry: Entry) -> None:
        """Take what the card lists of a file now."""
        try:
            files = await self._patiently(lambda: self._card.files(entry.folder))
        except CardFileMissingError:
            return
        for file in files:
            if file.path == entry.source:
                entry.size, entry.modified = file.size, file.modified

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do this again while the connection breaks and some bytes came in between."""
        self._in_vain, most = 0, self._done_bytes
        while True:
            try:
                return await work()
            except UnreachableError as error:
                self._in_vain = 0 if self._done_bytes > most else self._in_vain + 1
                most = max(most, self._done_bytes)
                if self._in_vain >= PATIENCE:
                    await self._save()
                    raise
                _LOGGER.debug("%s; once more", error)
                if self._in_vain:
                    await self._clock.sleep(PAUSE_S[min(self._in_vain, len(PAUSE_S)) - 1])

    def _count(self, count: int) -> None:
        self._done_bytes += count
        if self._clock.monotonic() - self._said_at >= SAY_EVERY_S:
            self._say()

    async def _hand_over(self) -> None:
        """Make a project of Siril of it."""

        async def note_of(folder: str) -> dict[str, object]:
            return await self._patiently(lambda: self._note_of(folder))

        async def files(folder: str) -> tuple[CardFile, ...]:
            return await self._patiently(lambda: self._card.files(folder))

        async def bring(entry: Entry, path: Path) -> None:
            before = self._done_bytes
            await self._patiently(lambda: self._transfer(entry, path))
            self._manifest.partial.pop(entry.name, None)
            self._done_bytes = before

        await Handover(self._archive, self.folder, note_of, files, bring).run(
            self._manifest, mosaic="panes" in self._session.details
        )

    # -- telling ----------------------------------------------------------------------------------------

    def _say(self) -> None:
        self._said_at = self._clock.monotonic()
        manifest = self._manifest
        began, had = self._began
        lasted = self._clock.monotonic() - began
        self._tell(
            Progress(
                manifest.session_id,
                manifest.target,
                len(manifest.files),
                sum(entry.done for entry in manifest.files),
                manifest.size,
                self._done_bytes,
                max(0, self._done_bytes - had) / lasted if lasted > 0 else 0.0,
            )
        )

    async def _note(self) -> None:
        """What the telescope itself noted of its frames."""
        taken: list[int] = []
        stacked: list[int] = []
        for folder in self._manifest.folders:
            note = await self._patiently(lambda folder=folder: self._card.note(folder))  # type: ignore[misc]
            for key, counts in (("shotsTaken", taken), ("shotsStacked", stacked)):
                count = note.get(key)
                if isinstance(count, int) and count >= 0:
                    counts.append(count)
        self._manifest.noted = Counts(sum(taken) if taken else None, sum(stacked) if stacked else None)

    async def _save(self) -> None:
        self._saved_at = self._clock.monotonic()
        await asyncio.to_thread(self._make_folder, self.folder)
        await asyncio.to_thread(self._manifest.save, self.folder)

    def _disk_error(self, error: OSError) -> Exception:
        if error.errno in _FULL:
            return NoRoomError(
                f"The archive {printable(self._archive)} is full.", hint="Free some space on that disk."
            )
        told = store_error(error, "write to the archive", self._archive)
        return ArchiveMissingError(told.message, hint=told.hint)


def _size_of(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _gb(size: float) -> str:
    return f"{max(0.0, size) / 1e9:.1f} GB"
