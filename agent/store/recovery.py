"""What an earlier life of the agent left in Current/, sorted by what each file says of itself."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.errors import Problem
from agent.session.document import SessionDocument, body_of, read_session
from agent.session.identity import safe_session_id
from agent.session.jsontext import MAX_BYTES
from agent.session.writing import Process, with_fields
from agent.store import disk
from agent.store.disk import Stamp
from agent.store.documents import ContentReader, process_of, session_id_of
from agent.store.ends import folder_of_end
from agent.store.errors import StoreError, store_error
from agent.store.folders import Folder, Tree, is_session_name
from agent.store.journal import Journals
from agent.store.rejection import move_to_error
from agent.text import printable

_LOGGER = logging.getLogger(__name__)

_CHANGING = Problem("unreadable", "The file was being written by another program while the agent started.")


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A file in Current/ whose session was running."""

    session_id: str
    path: Path
    document: SessionDocument
    problems: tuple[Problem, ...]
    lost: bool = False


def settle_current(tree: Tree, reader: ContentReader, journals: Journals) -> list[Interrupted]:
    """Move on what never started and what has its result; return what was running.

    Of a session whose file nobody can read any more the copy is taken; when that is spoilt as well, it is
    `lost`: an empty document stands for it.
    """
    try:
        paths = sorted(path for path in tree[Folder.CURRENT].iterdir() if is_session_name(path.name))
    except OSError as error:
        raise store_error(error, "look for interrupted sessions", tree[Folder.CURRENT]) from error
    running = []
    for path in paths:
        try:
            interrupted = _settle(path, tree, reader, journals)
        except (OSError, StoreError) as error:
            _LOGGER.warning("%s in Current/ cannot be dealt with: %s", printable(path.name), error)
            continue
        if interrupted is not None:
            running.append(interrupted)
    return running + _without_file(tree, reader, journals)


def find_ended(tree: Tree, session_id: str) -> tuple[Path, SessionDocument] | None:
    """Return the newest file in Done/ or Error/ that says it is how this session ended."""
    found: list[tuple[str, Path, SessionDocument]] = []
    wanted, _ = disk.split_number(session_id)
    for folder in (tree[Folder.DONE], tree[Folder.ERROR]):
        for path in folder.glob("*.json"):
            stem, _ = disk.split_number(printable(path.stem))
            if wanted not in (stem, safe_session_id(stem)):
                continue
            try:
                read = disk.read(path, MAX_BYTES)
            except OSError:
                continue
            document = read_session(read[0], name=path.stem).document if read else None
            details = body_of(document.raw).get("result_details") if document else None
            if document and isinstance(details, dict) and details.get("session_id") == session_id:
                found.append((str(details.get("ended_at")), path, document))
    if not found:
        return None
    _, path, document = max(found, key=lambda one: one[0])
    return path, document


def _settle(path: Path, tree: Tree, reader: ContentReader, journals: Journals) -> Interrupted | None:
    stamp = Stamp.of(path.lstat())
    content = reader.read(path, stamp)
    document = content.document if content else None
    if content is None or document is None:
        return _spoilt(path, stamp, content.problems if content else (_CHANGING,), tree, reader, journals)
    process = process_of(document)
    session_id = journals.begun(path.name)
    if process == Process.WAIT:
        disk.step_aside(tree[Folder.TO_DO] / path.name, path.name)  # names tell sessions apart
        disk.move(path, tree[Folder.TO_DO], path.name)
        journals.drop_copy(session_id)
        _LOGGER.info("%s never started and waits again", printable(path.name))
    elif process == Process.ENDED:
        details = body_of(document.raw).get("result_details")
        if isinstance(details, dict):
            journals.of(safe_session_id(str(details.get("session_id")))).clear()
        folder = _folder(document, details)
        disk.move(path, tree[folder], path.name)
        _LOGGER.info("%s had ended and is now in %s/", printable(path.name), folder)
    else:
        return Interrupted(session_id, path, document, content.warnings)
    return None


def _folder(document: SessionDocument, details: object) -> Folder:
    if document.id_command.result is True or not isinstance(details, dict):
        return Folder.DONE if document.id_command.result is True else Folder.ERROR
    return folder_of_end(document.id_command.source, str(details.get("outcome")), details.get("reason"))


def _spoilt(
    path: Path,
    stamp: Stamp,
    problems: tuple[Problem, ...],
    tree: Tree,
    reader: ContentReader,
    journals: Journals,
) -> Interrupted | None:
    """Deal with a file that says nothing: the session it was is restored, or nobody knows of one."""
    if stamp.size or not stamp.regular:
        target = move_to_error(path, tree[Folder.ERROR], problems)
        _LOGGER.warning("%s in Current/ cannot be read and is now %s", printable(path.name), target.name)
    session_id = journals.begun(path.name)
    began = journals.copy(session_id) is not None or journals.of(session_id).load() is not None
    if began and session_id not in _ids(tree[Folder.TO_DO]):
        return _restored(path, session_id, reader, journals)
    path.unlink(missing_ok=True)  # the placeholder of a move that was cut off
    return None


def _without_file(tree: Tree, reader: ContentReader, journals: Journals) -> list[Interrupted]:
    """Restore the sessions that were running and whose file is nowhere."""
    begun = {journals.begun(path.name) for path in tree[Folder.CURRENT].iterdir()}
    there = _ids(tree[Folder.TO_DO]) | begun
    found = []
    for session_id in sorted(journals.copied() - there):
        try:
            found.append(_restored(tree[Folder.CURRENT] / f"{session_id}.json", session_id, reader, journals))
        except OSError as error:
            _LOGGER.warning("Session %s cannot be restored from its copy: %s", session_id, error)
    return found


def _ids(folder: Path) -> set[str]:
    return {session_id_of(path.name) for path in folder.iterdir() if is_session_name(path.name)}


def _restored(path: Path, session_id: str, reader: ContentReader, journals: Journals) -> Interrupted:
    """Write the file of a session that was running anew."""
    copy = journals.copy(session_id)
    document = read_session(copy, name=session_id).document if copy else None
    raw: dict[str, Any] = document.raw if document else {"command": {"id_command": {}}}
    data = with_fields(raw, {"process": Process.PENDING.value})
    content = reader.judge(data, session_id)
    assert content.document is not None
    disk.write(path, data)
    how = "is restored from its copy" if document else "is lost, and so is its copy"
    _LOGGER.warning("The file of session %s, which was running, %s", session_id, how)
    return Interrupted(session_id, path, content.document, content.warnings, lost=document is None)
