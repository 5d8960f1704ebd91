"""Reading one session file: its content judged, and how long an unusable one may take to become usable."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.errors import Problem, errors_of, warnings_of
from agent.session.document import PROCESS_NOT_WAIT, SessionDocument, read_session
from agent.session.identity import safe_session_id
from agent.session.jsontext import MAX_BYTES
from agent.session.other_files import HEAD_BYTES, OTHER_FILE, OtherFile, recognised
from agent.session.times import local_words, session_zone
from agent.session.writing import Process, with_fields
from agent.sky.catalogue import resolve
from agent.store import disk
from agent.store.disk import Stamp
from agent.store.folders import is_list_name
from agent.text import printable

_LOGGER = logging.getLogger(__name__)

Examine = Callable[[SessionDocument], Iterable[Problem]]
"""A further check of a readable session (against the telescope's tables, the catalogue, ...)."""

_NOT_WHOLE = frozenset({"not_json", "empty", "not_utf8"})
"""Problems that a file has while it is still being written."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds. `document` is None when it cannot even be read; `problems` says what is wrong.

    A verdict against the file counts once it has been unchanged for `patience` seconds. `importable` is a
    list of another program, of which sessions can be made; `strange` is nothing of ours, and left alone.
    """

    document: SessionDocument | None
    problems: tuple[Problem, ...]
    digest: bytes = b""
    patience: float = 0.0
    importable: bool = False
    strange: bool = False

    @property
    def usable(self) -> bool:
        """Whether the session may run."""
        return self.document is not None and not errors_of(self.problems)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is worth knowing about a session that can run."""
        return warnings_of(self.problems)


class ContentReader:
    """Reads session files and judges them.

    Times are seconds without a change: `settle_s` for a complete but unusable file (its owner may be
    editing), `grace_s` for one that may still be on its way.
    """

    def __init__(self, examine: Examine, *, settle_s: float, grace_s: float) -> None:
        self._examine = examine
        self._settle_s = settle_s
        self._grace_s = grace_s

    def read(self, path: Path, stamp: Stamp) -> Content | None:
        """Read a file; None when it changes under our eyes. FileNotFoundError when it is gone."""
        if is_list_name(path.name):
            return self._list(path, stamp)
        if not stamp.regular:
            return self._unusable("not_a_file", "This is not a plain file.", "Put a copy of the file here.")
        if stamp.size > MAX_BYTES:
            message = f"The file has {stamp.size} bytes; a session has at most {MAX_BYTES}."
            if (other := kind_of(path)) is not None:
                return self._other(other)
            return self._unusable("too_large", message, "Was another file renamed to .json?")
        try:
            read = disk.read(path, MAX_BYTES)
        except FileNotFoundError:
            raise
        except OSError as error:
            return self._unusable(
                "unreadable",
                f"The file cannot be read: {error.strerror or error}.",
                "Let the account that runs dwarf-agent read it.",
                self._grace_s,
            )
        return None if read is None else self.judge(read[0], printable(path.stem))

    def judge(self, data: bytes, name: str) -> Content:
        """Return what these bytes are worth. `pending` counts as waiting: an agent stopped there."""
        digest = hashlib.sha256(data).digest()
        reading = read_session(data, name=name, resolve=resolve)
        document = reading.document
        problems = reading.problems
        if (
            any(problem.code == OTHER_FILE for problem in problems)
            and (other := recognised(data)) is not None
        ):
            return self._other(other)
        if document is not None and process_of(document) == Process.PENDING:
            problems = tuple(problem for problem in problems if problem.code != PROCESS_NOT_WAIT)
        if document is not None and not errors_of(problems):
            problems = (*problems, *self._examined(document))
        fresh = any(problem.code in _NOT_WHOLE for problem in problems)
        return Content(document, problems, digest, self._grace_s if fresh else self._settle_s)

    def _examined(self, document: SessionDocument) -> Iterable[Problem]:
        try:
            return tuple(self._examine(document))
        except Exception as error:
            _LOGGER.exception("Session %s could not be checked", document.name)
            message = f"The session could not be checked ({type(error).__name__})."
            return (Problem("check_failed", message, "Please report this with the agent's log."),)

    def _list(self, path: Path, stamp: Stamp) -> Content:
        """Look at the beginning of a file that may be a list; what is not known as one is left alone."""
        other = kind_of(path) if stamp.regular else None
        if other is None or other.format is None:
            return Content(None, (other.problem(),) if other else (), strange=True)
        return self._other(other)

    def _other(self, other: OtherFile) -> Content:
        """A file of another program; whether a list is whole cannot be seen, so it may be on its way."""
        listed = other.format is not None
        patience = self._grace_s if listed else self._settle_s
        return Content(None, (other.problem(),), patience=patience, importable=listed)

    def _unusable(self, code: str, message: str, hint: str, patience: float | None = None) -> Content:
        wait = self._settle_s if patience is None else patience
        return Content(None, (Problem(code, message, hint),), patience=wait)


def process_of(document: SessionDocument) -> str:
    """Return the seed's status word in lower case."""
    return document.id_command.process.strip().lower()


def kind_of(path: Path) -> OtherFile | None:
    """Return what a file is that is no session, as far as its beginning tells; None when it does not."""
    try:
        read = disk.read(path, HEAD_BYTES)
    except OSError:
        return None
    return recognised(read[0]) if read else None


def session_id_of(name: str) -> str:
    """Return the id that a file name stands for, before it is made unique."""
    return safe_session_id(printable(name.rpartition(".")[0]))


def with_times(document: SessionDocument, start: datetime, end: datetime | None, zone: ZoneInfo) -> bytes:
    """Return the document with another start, and another end of its window where it names the day of it.

    An `end_time` alone needs no change: it is the next such time after the start.
    """
    local = session_zone(document, zone)
    fields = dict(zip(("date", "time"), local_words(start, local), strict=True))
    if end is not None and document.id_command.end_date is not None:
        fields |= zip(("end_date", "end_time"), local_words(end, local), strict=True)
    return with_fields(document.raw, fields)


def attempts_of(document: SessionDocument) -> int:
    """Return how often the session was tried before, as its file says."""
    try:
        return max(0, int(str(document.id_command.nb_try)))
    except ValueError:
        return 0


def reason_text(name: str, problems: Iterable[Problem]) -> str:
    """Return the plain words that lie beside a rejected file."""
    problems = tuple(problems)
    lines = [f"{name} cannot run:", ""]
    lines += [f"  - {printable(str(problem))}" for problem in errors_of(problems)]
    if notes := warnings_of(problems):
        lines += ["", "Also worth knowing:", ""]
        lines += [f"  - {printable(str(problem))}" for problem in notes]
    lines += [
        "",
        "The file itself is unchanged. Correct it, then move it back into ToDo;",
        "this note goes away by itself.",
        "",
    ]
    return "\n".join(lines)
