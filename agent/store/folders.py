"""The Astro_Sessions tree: its folders, their names, and making them ready."""

from __future__ import annotations

import contextlib
import logging
import os
import re
from enum import StrEnum
from pathlib import Path

from agent.store import disk
from agent.store.errors import FolderInUseError, NoSpaceError, store_error
from agent.text import printable

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_LOGGER = logging.getLogger(__name__)


class Folder(StrEnum):
    """Where a session file is in its life. The names are those on disk."""

    TO_DO = "ToDo"
    CURRENT = "Current"
    DONE = "Done"
    ERROR = "Error"
    RESULTS = "Results"


SAMPLES = "samples"
_STATE = ".dwarf-agent"
_UNREPORTED_BEFORE = "untold"  # what version 0.1 called the folder of unreported results
_CONFLICT = re.compile(
    r"conflicted copy|[._-]sync-conflict-\d|[._ -]conflict(?:[-_. (]?\d|\.json$|\))"
    r"|in konflikt stehende|konfliktkopie|copie en conflit|copia en conflicto|copia in conflitto",
    re.IGNORECASE,
)
_LISTS = (".csv", ".tsv", ".txt", ".esl", ".xml", ".sol", ".ol", ".stel", ".ninatargetset", ".hrz")
_PROBE = ".dwarf-agent-probe.tmp"  # a crash's leftover is swept like any other


class Tree:
    """The paths of one Astro_Sessions tree, and the lock that keeps a second agent out of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._paths = {folder: root / folder.value for folder in Folder}
        self._lock: int | None = None

    def __getitem__(self, folder: Folder) -> Path:
        return self._paths[folder]

    @property
    def journals(self) -> Path:
        """The hidden folder of the running sessions' journals."""
        return self.root / _STATE / "journal"

    @property
    def unreported(self) -> Path:
        """The hidden folder of results that are written down and not told yet."""
        return self.root / _STATE / "unreported"

    @property
    def durations(self) -> Path:
        """The hidden file that remembers how long steps took."""
        return self.root / _STATE / "durations.json"

    @property
    def ledger(self) -> Path:
        """The hidden file that remembers submissions."""
        return self.root / _STATE / "ledger.json"

    @property
    def collected(self) -> Path:
        """The hidden file of what the results gave to their groups."""
        return self.root / _STATE / "collected.json"

    @property
    def _folders(self) -> list[Path]:
        return [*(self[folder] for folder in Folder), self.journals]

    def make(self) -> list[NoSpaceError]:
        """Make every folder and see that it can be written, or raise the StoreError that says why not.

        A disk that is full now has room again some day: that is returned.
        """
        full: list[NoSpaceError] = []
        for folder in self._folders:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                disk.create(folder, _PROBE, b"").unlink()
            except OSError as error:
                trouble = store_error(error, "prepare the session folders", folder)
                if not isinstance(trouble, NoSpaceError) or not folder.is_dir():
                    raise trouble from error
                full.append(trouble)
        return full

    def prepare(self) -> None:
        """Make every folder, take the lock, clear what a crash left half-way."""
        for trouble in self.make():
            _LOGGER.warning("%s Sessions begin when there is room.", trouble)
        self._take_lock()
        self._adopt_unreported()
        for folder in (*self._folders, self.ledger.parent, self.unreported):
            with contextlib.suppress(OSError):
                disk.sweep(folder)
        self._remove_placeholders()
        self._remove_lone_reasons()

    def mend(self) -> None:
        """Make the folders again that somebody removed while the agent runs.

        A tree that is not there at all (an unmounted share) is none to be made: the disk has it.
        """
        missing = [path for path in self._paths.values() if not path.is_dir()]
        if not missing or not self._lock_path.exists():
            return
        for folder in missing:
            with contextlib.suppress(OSError):  # whoever needs the folder says that it is not there
                folder.mkdir()
                _LOGGER.warning("%s was removed and is made again", printable(folder))

    @property
    def _lock_path(self) -> Path:
        return self.root / _STATE / "lock"

    def release(self) -> None:
        """Let another agent use the tree."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take_lock(self) -> None:
        if self._lock is not None or fcntl is None:
            return
        try:
            handle = os.open(self._lock_path, os.O_CREAT | os.O_RDWR, 0o666)
        except OSError as error:
            raise store_error(error, "lock the session folders", self._lock_path) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(handle)
            raise FolderInUseError(
                f"Another dwarf-agent already works on {printable(self.root)}.",
                hint="Stop it, or give each telescope a sessions folder of its own.",
            ) from error
        except OSError as error:
            _LOGGER.debug("%s takes no locks (%s); two agents there would not notice", self.root, error)
        self._lock = handle

    def _adopt_unreported(self) -> None:
        """Take over the results that version 0.1 had not reported yet."""
        before = self.unreported.with_name(_UNREPORTED_BEFORE)
        try:
            notes = sorted(before.iterdir())
            self.unreported.mkdir(exist_ok=True)
            for note in notes:
                target = self.unreported / note.name
                if target.exists() or disk.is_temporary(note.name):  # our own life noted a later end
                    note.unlink()
                else:
                    note.replace(target)
            before.rmdir()
        except FileNotFoundError:
            return
        except OSError as error:
            raise store_error(error, "take over unreported results", before) from error

    def _remove_placeholders(self) -> None:
        """Remove the empty files that a move leaves when it is cut off on a disk without exclusive rename.

        Not those in Current/, which may be sessions that a power cut emptied: recovery looks at them.
        """
        for folder in (Folder.TO_DO, Folder.DONE, Folder.ERROR):
            with os.scandir(self[folder]) as entries:
                empty = [Path(entry.path) for entry in entries if _is_empty_session(entry)]
            for path in empty:
                waits_elsewhere = (self[Folder.CURRENT] / path.name).exists()
                explained = reason_path(path).exists()
                if (folder is not Folder.TO_DO or waits_elsewhere) and not explained:
                    with contextlib.suppress(OSError):
                        path.unlink()

    def _remove_lone_reasons(self) -> None:
        for reason in self[Folder.ERROR].glob(f"*{disk.REASON_SUFFIX}"):
            subject = reason.with_name(reason.name.removesuffix(disk.REASON_SUFFIX))
            if not os.path.lexists(subject) and not (self[Folder.TO_DO] / subject.name).exists():
                with contextlib.suppress(OSError):
                    reason.unlink()


def is_session_name(name: str) -> bool:
    """Whether a file of this name can be a session: `*.json`, not hidden, no tool's copy after a conflict."""
    return name.lower().endswith(".json") and not name.startswith(".") and not is_conflict_copy(name)


def is_list_name(name: str) -> bool:
    """Whether a file of this name may be a list of another program, of which sessions are made."""
    return (
        name.lower().endswith(_LISTS)
        and not name.startswith(".")
        and not name.endswith(disk.REASON_SUFFIX)
        and not is_conflict_copy(name)
    )


def is_conflict_copy(name: str) -> bool:
    """Whether a sync tool named this file: the other of two versions of one session, which runs once."""
    return _CONFLICT.search(name) is not None


def reason_path(path: Path) -> Path:
    """Return where the reason for a rejected file lies: beside it, `<name>.reason.txt`."""
    return path.with_name(path.name + disk.REASON_SUFFIX)


def _is_empty_session(entry: os.DirEntry[str]) -> bool:
    try:
        return (
            is_session_name(entry.name)
            and entry.is_file(follow_symlinks=False)
            and entry.stat(follow_symlinks=False).st_size == 0
        )
    except OSError:
        return False
