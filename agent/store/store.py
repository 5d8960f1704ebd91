"""The owner of one Astro_Sessions tree. Every session file is in exactly one folder, whole, at every instant.

How a session moves, and why a crash between any two steps is harmless:

- claim: keep a copy beside the journal, rename ToDo/ -> Current/, then rewrite it there as `pending`. In
  between, Current/ holds a file that says `wait`: it never started and goes back to ToDo/.
- finish: rewrite it in Current/ as `ended`, forget its journal, then rename it to Done/ or Error/. In
  between, Current/ holds a file that says `ended`: only the rest is made up.
- put back: rewrite it in Current/ as `wait`, then rename it to ToDo/. In between: as for claim.
- reject: write the reason into Error/, then rename the untouched file there. In between, the file is still in
  ToDo/, is found broken again, and the reason is written again.

A file in Current/ that says `pending` is a session that was running: `recover` hands it out. One that a power
cut spoilt is written anew from its copy, which goes when the session ends or waits again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.clock import Clock
from agent.errors import Problem
from agent.events import SessionResult
from agent.session.document import SessionDocument
from agent.session.identity import safe_session_id
from agent.session.problems import InvalidSessionError, summary_of
from agent.session.writing import Process, to_bytes, with_fields, with_outcome
from agent.store import disk
from agent.store.disk import Stamp
from agent.store.documents import (
    ContentReader,
    Examine,
    attempts_of,
    with_times,
)
from agent.store.drafts import list_drafts, select_draft
from agent.store.ends import folder_of_end
from agent.store.errors import SessionChangedError, StoreError, UnknownSessionError, store_error
from agent.store.folders import Folder, Tree, is_session_name
from agent.store.journal import JournalFile, Journals, instant_in
from agent.store.lists import make_sessions, move_to_done
from agent.store.model import Changes, Draft, Rejected, StoredSession
from agent.store.recovery import find_ended, settle_current
from agent.store.registry import Registry
from agent.store.rejection import move_to_error
from agent.store.watch import Found
from agent.text import printable

_LOGGER = logging.getLogger(__name__)

SETTLE_S = 2.0  # a complete but unusable file may be in an editor
TRY_AGAIN_S = 30.0  # a list that the disk refuses to import is tried again this often
GRACE_S = 10.0  # a file that breaks off may still be on its way over a slow share


def _accept_all(_document: SessionDocument) -> Iterable[Problem]:
    return ()


class SessionStore:
    """The sessions of one telescope on disk.

    Methods block (files) and may be called from any thread; one lock makes them one after another. They raise
    StoreError, and then what was asked did not happen. `zone` is that of the local dates written into files,
    `model` the telescope's as far as it is known, `examine` the check a session must pass beyond being
    readable.
    """

    def __init__(
        self,
        root: Path,
        clock: Clock,
        *,
        zone: ZoneInfo,
        model: Callable[[], str | None] = lambda: None,
        examine: Examine = _accept_all,
    ) -> None:
        self.tree = Tree(root)
        self.zone = zone
        self._clock = clock
        self._model = model
        self._reader = ContentReader(examine, settle_s=SETTLE_S, grace_s=GRACE_S)
        self._registry = Registry(self.tree, clock, zone, self._reader)
        self._journals = Journals(self.tree.journals)
        self._lock = threading.RLock()

    # -- the folder as a whole ------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Make the folders, take the tree for this agent, clear a crash's leftovers. Call it first."""
        with self._lock:
            self.tree.prepare()

    def close(self) -> None:
        """Let another agent have the tree."""
        with self._lock:
            self.tree.release()

    def recover(self) -> list[StoredSession]:
        """Settle what an earlier life left in Current/; return the sessions that were running then.

        Those stay in Current/ until `finish` or `put_back`. Call it once, after `prepare` and before `scan`.
        """
        with self._lock:
            running = []
            for found in settle_current(self.tree, self._reader, self._journals):
                session = StoredSession(
                    found.session_id,
                    found.path.name,
                    Folder.CURRENT,
                    found.document,
                    found.problems,
                    self._clock.now(),
                    found.lost,
                )
                self._registry.keep(session)
                running.append(session)
            waiting = self._waiting_ids()
            for session_id in waiting:
                self._journals.drop_copy(session_id)
            self._journals.keep_only({session.session_id for session in running} | waiting)
            return running

    def scan(self, limit: int | None = None) -> Changes:
        """Look at ToDo/ and say what changed since the last scan, reading at most `limit` files.

        What the store itself does (`add`, `claim`, `put_back`, `reschedule`, ...) is not a change.
        """
        with self._lock:
            self.tree.mend()
            findings = self._registry.watch.look(limit)
            removed = [session_id for name in findings.gone if (session_id := self._registry.drop(name))]
            removed += self._registry.replaced()
            added: list[StoredSession] = []
            changed: list[StoredSession] = []
            for found in findings.usable:
                known = self._registry.holds(found.name)
                (changed if known else added).append(self._registry.eligible(self._registry.accept(found)))
            broken: list[Rejected] = []
            for found in findings.broken:
                if session_id := self._registry.drop(found.name):
                    removed.append(session_id)
                rejected = self._import(found) if found.content.importable else self._reject_found(found)
                broken += [rejected] if rejected is not None else []
            return Changes(
                tuple(added),
                tuple(changed),
                tuple(removed),
                tuple(broken),
                tuple(findings.waiting),
                findings.more,
            )

    def get(self, session_id: str) -> StoredSession | None:
        """Return a session that waits or runs; None when there is none of that id."""
        with self._lock:
            return self._registry.get(session_id)

    def sessions(self) -> list[StoredSession]:
        """Return every session that waits or runs."""
        with self._lock:
            return self._registry.all()

    def find_ended(self, session_id: str) -> tuple[Path, SessionDocument] | None:
        """Return the newest file in Done/ or Error/ that this session became; its document has the result."""
        with self._lock:
            return find_ended(self.tree, session_id)

    def waits(self, session_id: str) -> bool:
        """Whether a session of that id waits or runs, known already or not looked at yet."""
        with self._lock:
            return self._registry.get(session_id) is not None or session_id in self._waiting_ids()

    def left_open(self) -> list[JournalFile]:
        """Return the journals of what the telescope may still capture; to be asked before `recover`."""
        return self._journals.left_open()

    def journal(self, session_id: str) -> JournalFile:
        """Return the journal of a session; it stays when the session is put back, and goes when it ends."""
        with self._lock:
            session = self._registry.get(session_id)
            return self._journals.of(session_id, session.document if session and not session.lost else None)

    def drafts(self) -> list[Draft]:
        """Return the session files in the base folder and the samples, none of which run by themselves."""
        with self._lock:
            return list_drafts(self.tree, self._reader)

    def select(self, name: str) -> Path:
        """Put a draft into ToDo/ (a sample is copied) for the next scan; InvalidSessionError if unusable."""
        with self._lock:
            self.tree.mend()
            return select_draft(self.tree, self._reader, name)

    # -- one session ----------------------------------------------------------------------------------------

    def claim(self, session_id: str) -> StoredSession:
        """Take a waiting session to Current/ as `pending`, with this attempt's number and start.

        UnknownSessionError when its file is gone; SessionChangedError (the file stays in ToDo/, the next scan
        judges it) when it was changed into something unusable.
        """
        with self._lock:
            self.tree.mend()
            session = self._registry.known(session_id, Folder.TO_DO)
            self._journals.keep_copy(session_id, session.document)
            try:
                taken = self._registry.move(session, Folder.CURRENT)
            except BaseException:
                self._journals.drop_copy(session_id)  # it did not begin, and may be gone for good
                raise
            try:
                current = self._registry.reread(taken)
                if current.document.raw != session.document.raw:
                    self._journals.keep_copy(session_id, current.document)
                attempt = attempts_of(current.document) + 1
                return self._registry.mark(current, Process.PENDING, attempt=attempt)
            except BaseException:
                self._return(taken)
                raise

    def finish(
        self,
        session_id: str,
        result: SessionResult,
        *,
        conditions: Mapping[str, Any] | None = None,
        target: Mapping[str, Any] | None = None,
    ) -> Path:
        """Write how a session ended into its file and move it: see `folder_of_end`.

        Works for a running session, and for one that still waits (skipped, removed). Returns the new place.
        When StoreError is raised the file is still in Current/: finish it again.
        """
        with self._lock:
            self.tree.mend()
            session = self._registry.known(session_id, Folder.TO_DO, Folder.CURRENT)
            if session.folder is Folder.TO_DO:
                taken = self._registry.move(session, Folder.CURRENT)
                try:
                    session = self._registry.reread(taken)
                except SessionChangedError as error:  # somebody's new file, which the next scan judges
                    self._return(taken)
                    self._registry.forget(session)
                    raise UnknownSessionError(error.message, hint=error.hint) from error
            folder = folder_of_end(session.document.id_command.source, result.outcome, result.reason)
            raw = session.document.raw
            data = with_outcome(
                raw, result, self.zone, conditions=conditions, target=target, model=self._model()
            )
            session = self._registry.rewrite(session, data)
            self._journals.of(session_id).clear()
            source = self._registry.path(session)
            try:
                path = disk.move(source, self.tree[folder], session.name)
            except OSError as error:
                raise store_error(error, "move the session", source) from error
            self._registry.forget(session)
            return path

    def put_back(self, session_id: str, message: str) -> StoredSession:
        """Let a running session wait again in ToDo/, with `message` saying why."""
        with self._lock:
            self.tree.mend()
            session = self._registry.known(session_id, Folder.CURRENT)
            session = self._registry.mark(session, Process.WAIT, message=message)
            session = self._registry.move(session, Folder.TO_DO)
            self._journals.drop_copy(session_id)
            return session

    def add(self, session_id: str, raw: dict[str, Any]) -> StoredSession:
        """Write a new session into ToDo/, never overwriting; InvalidSessionError if it cannot run.

        The session gets another id (`id--2`) when one of that id waits or runs already.
        """
        with self._lock:
            self.tree.mend()
            name = f"{self._registry.new_id(f'{safe_session_id(session_id)}.json')}.json"
            data = to_bytes(raw if "command" in raw else {"command": raw})
            content = self._reader.judge(data, session_id)
            if not content.usable:
                raise InvalidSessionError(content.problems)
            try:
                path = disk.create(self.tree[Folder.TO_DO], name, data)
                stamp = Stamp.of(path.lstat())
            except OSError as error:
                raise store_error(error, "store the session", self.tree[Folder.TO_DO] / name) from error
            self._registry.watch.note(path.name, stamp, content.digest)
            return self._registry.accept(Found(path.name, stamp, content))

    def reschedule(self, session_id: str, start: datetime, end: datetime | None = None) -> StoredSession:
        """Give a waiting session another start, and end of its window (aware instants), in its file.

        Without `end` a window that ends on a date stays; InvalidSessionError when that is before the start.
        """
        with self._lock:
            session = self._registry.reread(self._registry.known(session_id, Folder.TO_DO))
            return self._rewritten(session, with_times(session.document, start, end, self.zone))

    def prioritize(self, session_id: str, priority: object) -> StoredSession:
        """Give a waiting session another priority in its file; InvalidSessionError when it is none."""
        with self._lock:
            session = self._registry.reread(self._registry.known(session_id, Folder.TO_DO))
            return self._rewritten(session, with_fields(session.document.raw, {"priority": priority}))

    def _rewritten(self, session: StoredSession, data: bytes) -> StoredSession:
        content = self._reader.judge(data, session.document.name)
        if not content.usable:
            raise InvalidSessionError(content.problems)
        return self._registry.rewrite(session, data)

    def move_to(self, session_id: str, tree: Tree, *, rename: bool = False) -> None:
        """Move a session that has not begun into another tree's ToDo/, whose store finds it there.

        One step of the file system, under the same name or, with `rename`, the first free one. StoreError,
        and nothing happened, when the name is taken there or the tree is on another disk.
        """
        with self._lock:
            session = self._registry.known(session_id, Folder.TO_DO)
            if instant_in(self._journals.of(session_id).load(), "started_at") is not None:
                raise StoreError(f"Session {session_id} has begun, and goes on where it began.")
            source, target = self._registry.path(session), tree[Folder.TO_DO] / session.name
            try:
                if rename:
                    disk.move(source, target.parent, target.name)
                else:
                    disk.rename_exclusive(source, target)
                    disk.sync_folder(target.parent)
                    disk.sync_folder(source.parent)
            except OSError as error:
                raise store_error(error, "give the session to a telescope", source) from error
            self._registry.forget(session)

    def withdraw(self, session_id: str) -> None:
        """Delete a waiting session's file: what made it takes it back before it ran."""
        with self._lock:
            session = self._registry.known(session_id, Folder.TO_DO)
            path = self._registry.path(session)
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise store_error(error, "take the session back", path) from error
            self._registry.forget(session)

    def clock_was_set(self, by: timedelta) -> None:
        """The wall clock was set: what was first seen by the old one counts by the new one."""
        with self._lock:
            self._registry.clock_was_set(by)

    # -- inside ---------------------------------------------------------------------------------------------

    def _waiting_ids(self) -> set[str]:
        """Return the ids that files in ToDo/ not looked at yet will get; such a file may have a journal."""
        try:
            names = sorted(
                path.name for path in self.tree[Folder.TO_DO].iterdir() if is_session_name(path.name)
            )
        except OSError as error:
            raise store_error(error, "look for sessions", self.tree[Folder.TO_DO]) from error
        return {self._registry.new_id(name) for name in names if not self._registry.holds(name)}

    def _return(self, session: StoredSession) -> None:
        """Undo the move of a claim that failed; the file is judged again by the next scan."""
        session = self._registry.get(session.session_id) or session
        try:
            self._registry.watch.forget(self._registry.move(session, Folder.TO_DO).name)
            self._journals.drop_copy(session.session_id)
        except StoreError as error:
            _LOGGER.warning("Session %s stays in Current/ for now: %s", session.session_id, error)

    def _import(self, found: Found) -> Rejected | None:
        """Make sessions of a list, which goes to Done/; to Error/ when something in it cannot be used."""
        path = self.tree[Folder.TO_DO] / found.name
        try:
            made = make_sessions(path, self.tree, self._reader)
            if made is None:
                self._registry.watch.forget(found.name)
                return None
            if not made.whole:
                return self._to_error(path, self._registry.new_id(found.name), made.problems)
            move_to_done(path, self.tree, made)
        except (StoreError, OSError) as error:
            self._registry.watch.postpone(found, TRY_AGAIN_S)
            _LOGGER.warning("%s cannot be imported now: %s", printable(found.name), error)
            return None
        names = ", ".join(made.names)
        _LOGGER.info("%s is %s and was imported: %s", printable(found.name), made.what, names)
        return None

    def _reject_found(self, found: Found) -> Rejected:
        session_id = self._registry.new_id(found.name)
        path = self.tree[Folder.TO_DO] / found.name
        try:
            return self._to_error(path, session_id, found.content.problems)
        except StoreError as error:
            self._registry.watch.leave(found)
            _LOGGER.warning("%s cannot run and cannot be moved to Error/: %s", printable(found.name), error)
            failure = summary_of(found.content.problems)
            return Rejected(session_id, printable(found.name), failure, found.content.problems, path)

    def _to_error(self, path: Path, session_id: str, problems: tuple[Problem, ...]) -> Rejected:
        try:
            target = move_to_error(path, self.tree[Folder.ERROR], problems)
        except OSError as error:
            raise store_error(error, "move the file to Error/", path) from error
        failure = summary_of(problems)
        _LOGGER.warning("%s cannot run and is now in Error/: %s", printable(path.name), failure.message)
        return Rejected(session_id, printable(path.name), failure, problems, target)
