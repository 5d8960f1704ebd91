"""The sessions that wait or run, each with its file; what the store knows between two looks at the disk."""

from __future__ import annotations

import itertools
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.clock import Clock
from agent.session.writing import Process, with_process
from agent.store import disk
from agent.store.disk import Stamp
from agent.store.documents import Content, ContentReader, process_of, session_id_of
from agent.store.errors import SessionChangedError, StoreError, UnknownSessionError, store_error
from agent.store.folders import Folder, Tree
from agent.store.model import StoredSession
from agent.store.watch import Found, Watch
from agent.text import printable

_LOGGER = logging.getLogger(__name__)


class Registry:
    """Every session in ToDo/ and Current/ by its id. Not locked: its owner is."""

    def __init__(self, tree: Tree, clock: Clock, zone: ZoneInfo, reader: ContentReader) -> None:
        self.watch = Watch(tree[Folder.TO_DO], clock, reader)
        self._tree = tree
        self._clock = clock
        self._zone = zone
        self._reader = reader
        self._sessions: dict[str, StoredSession] = {}
        self._ids: dict[str, str] = {}
        self._replaced: list[str] = []  # sessions whose file was gone when another one took its name

    def get(self, session_id: str) -> StoredSession | None:
        """Return a session by its id."""
        return self._sessions.get(session_id)

    def all(self) -> list[StoredSession]:
        """Return every session."""
        return list(self._sessions.values())

    def holds(self, name: str) -> bool:
        """Whether the file of that name in ToDo/ is a session already."""
        return name in self._ids

    def known(self, session_id: str, *folders: Folder) -> StoredSession:
        """Return a session that is in one of these folders, or raise UnknownSessionError."""
        session = self._sessions.get(session_id)
        if session is None or session.folder not in folders:
            places = " or ".join(f"{folder}/" for folder in folders)
            raise UnknownSessionError(
                f"There is no session {session_id} in {places}.", hint="It may have ended, or been removed."
            )
        return session

    def path(self, session: StoredSession) -> Path:
        """Return where the session's file is."""
        return self._tree[session.folder] / session.name

    def accept(self, found: Found) -> StoredSession:
        """Make a session of a usable file in ToDo/ (or Current/), or replace the one it was."""
        assert found.content.document is not None
        old = self._sessions.get(self._ids.get(found.name, ""))
        session = StoredSession(
            session_id=old.session_id if old else self.new_id(found.name),
            name=found.name,
            folder=Folder.TO_DO,
            document=found.content.document,
            problems=found.content.warnings,
            first_seen=old.first_seen if old else self._clock.now(),
        )
        self.keep(session)
        return session

    def eligible(self, session: StoredSession) -> StoredSession:
        """Let a file that says `pending` in ToDo/, where nothing runs, wait again."""
        if process_of(session.document) != Process.PENDING:
            return session
        try:
            return self.mark(session, Process.WAIT)
        except StoreError as error:
            _LOGGER.warning("Session %s still says pending: %s", session.session_id, error)
            return session

    def new_id(self, name: str) -> str:
        """Return the id a file of that name gets: safe, and taken by no other session."""
        wished = session_id_of(name)
        if wished not in self._sessions:
            return wished
        numbered = (f"{wished}--{number}" for number in itertools.count(2))
        return next(candidate for candidate in numbered if candidate not in self._sessions)

    def keep(self, session: StoredSession) -> None:
        """Hold a session, in place of what it was."""
        if session.folder is Folder.TO_DO:
            before = self._ids.get(session.name, session.session_id)
            if before != session.session_id and self._sessions.pop(before, None) is not None:
                self._replaced.append(before)
            self._ids[session.name] = session.session_id
        self._sessions[session.session_id] = session

    def replaced(self) -> list[str]:
        """Return the sessions whose file turned out to be gone as another one took its name; each once."""
        found, self._replaced = self._replaced, []
        return found

    def drop(self, name: str) -> str | None:
        """Forget the session of a ToDo/ file that is gone; return its id."""
        session_id = self._ids.pop(name, None)
        if session_id is not None:
            del self._sessions[session_id]
        return session_id

    def forget(self, session: StoredSession) -> None:
        """Hold a session no longer: its file has left."""
        self._sessions.pop(session.session_id, None)
        if session.folder is Folder.TO_DO:
            self._ids.pop(session.name, None)
            self.watch.forget(session.name)

    def clock_was_set(self, by: timedelta) -> None:
        """Every session was first seen at another instant of the clock as it is now."""
        for session in self.all():
            self.keep(replace(session, first_seen=session.first_seen + by))

    def reread(self, session: StoredSession) -> StoredSession:
        """Take the file as it is now; SessionChangedError when somebody made it unusable.

        One that is the same, and is merely judged otherwise since the telescope is known, is no other file.
        """
        content = self._read(self.path(session))
        if content is not None and content.document is not None:
            if content.usable:
                updated = replace(session, document=content.document, problems=content.warnings)
                self.keep(updated)
                return updated
            if content.document.raw == session.document.raw:
                return session
        raise SessionChangedError(
            f"{printable(session.name)} was changed and cannot be used as it is now.",
            hint="It stays in ToDo/ and is looked at again.",
        )

    def mark(
        self,
        session: StoredSession,
        process: Process,
        *,
        message: str | None = None,
        attempt: int | None = None,
    ) -> StoredSession:
        """Rewrite a session's file with another `process`."""
        now = self._clock.now()
        raw = session.document.raw
        return self.rewrite(
            session, with_process(raw, process, now, self._zone, message=message, attempt=attempt)
        )

    def rewrite(self, session: StoredSession, data: bytes) -> StoredSession:
        """Replace the bytes of a session's file atomically, where it is."""
        path = self.path(session)
        content = self._reader.judge(data, printable(path.stem))
        try:
            disk.write(path, data)
            stamp = Stamp.of(path.lstat())
        except OSError as error:
            raise store_error(error, "write the session", path) from error
        updated = replace(session, document=content.document or session.document)
        if session.folder is Folder.TO_DO:
            self.watch.note(session.name, stamp, content.digest)
        self.keep(updated)
        return updated

    def move(self, session: StoredSession, folder: Folder) -> StoredSession:
        """Move a session between ToDo/ and Current/; the file may take another name, the id stays.

        Its name is one of which the id, and with it the journal, is made again after a restart: a newcomer
        that took it meanwhile gets another one.
        """
        source = self.path(session)
        name = session.name
        name = name if session_id_of(name) == session.session_id else f"{session.session_id}.json"
        try:
            if folder is Folder.TO_DO:
                self._make_way(name)
            path = disk.move(source, self._tree[folder], name)
        except FileNotFoundError as error:
            if source.parent.is_dir() and self._tree[folder].is_dir():
                self.forget(session)
                raise UnknownSessionError(
                    f"The file {printable(session.name)} is no longer in {session.folder}/."
                ) from error
            raise store_error(error, "move the session", source) from error
        except OSError as error:
            raise store_error(error, "move the session", source) from error
        self.forget(session)
        moved = replace(session, folder=folder, name=path.name)
        if folder is Folder.TO_DO:
            self.watch.note(path.name, Stamp.of(path.lstat()), b"")
        self.keep(moved)
        return moved

    def _make_way(self, name: str) -> None:
        path = self._tree[Folder.TO_DO] / name
        newcomer = self._sessions.get(self._ids.get(name, ""))
        aside = disk.step_aside(path, f"{newcomer.session_id}.json" if newcomer else name)
        if aside is None:
            return
        _LOGGER.info("%s in ToDo/ is now %s", printable(name), printable(aside.name))
        if newcomer is None:
            self.watch.forget(name)
            return
        self.forget(newcomer)
        self.watch.note(aside.name, Stamp.of(aside.lstat()), b"")
        self.keep(replace(newcomer, name=aside.name))

    def _read(self, path: Path) -> Content | None:
        try:
            return self._reader.read(path, Stamp.of(path.lstat()))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise store_error(error, "read the session", path) from error
