"""What of one session is to be fetched and what is there: `info/archive.json` in the session's folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from agent.archive.layout import INFO, safe, session_folder
from agent.session.fields import DownloadWhat as What
from agent.store import disk
from agent.store.ended import EndedSession

NAME = f"{INFO}/archive.json"
_VERSION = 1
_READ_LIMIT = 32 << 20
_DIGEST = 8


class State(StrEnum):
    """How far the fetching of a session is."""

    UNDER_WAY = "under_way"
    COMPLETE = "complete"  # everything that was to be fetched is there, and the card listed it so afterwards
    INCOMPLETE = "incomplete"  # some files cannot be had
    REMOVED = "removed"  # complete, compared once more, and then deleted on the card as a person had set
    GONE = "gone"  # the card has nothing of it any more


@dataclass(slots=True)
class Entry:
    """One file: its folder and path on the card, where it lies below ours, and what the card told of it.

    `size` is None until it is told to the byte. `problem` says why it cannot be had.
    """

    folder: str
    source: str
    name: str
    size: int | None
    modified: str = ""
    done: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """Frames of a session as somebody counted them; None is not told."""

    taken: int | None = None
    stacked: int | None = None


@dataclass(slots=True)
class Manifest:
    """One session's fetching. `partial` is the tag of each file that is there in part, by its name."""

    telescope: str
    session_id: str
    target: str
    night: date
    what: What
    folders: tuple[str, ...]
    counted: Counts = Counts()  # by the agent
    noted: Counts = Counts()  # by the telescope, in its own notes
    state: State = State.UNDER_WAY
    files: list[Entry] = field(default_factory=list)
    partial: dict[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of all files, as far as they are known."""
        return sum(entry.size or 0 for entry in self.files)

    def covers(self, what: What, folders: tuple[str, ...]) -> bool:
        """Whether these folders were fetched that far, or cannot be."""
        order = list(What)
        return (
            self.state is not State.UNDER_WAY
            and order.index(self.what) >= order.index(what)
            and set(folders) <= set(self.folders)
        )

    def save(self, folder: Path) -> None:
        """Write it into its session's folder; OSError when that fails."""
        known = asdict(self) | {"night": self.night.isoformat()}
        path = folder / NAME
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"version": _VERSION, **known}, ensure_ascii=True, indent=1)
        disk.write(path, text.encode() + b"\n")


def folder_of(archive: Path, session: EndedSession) -> Path:
    """Return where a session's files go: a folder that no other session has.

    Another one has it that is of another telescope, or of a name that a network share takes for the same.
    """
    folder = session_folder(archive, session.target, session.night, session.session_id)
    digest = hashlib.sha256(session.session_id.encode()).hexdigest()[:_DIGEST]
    for more in ("", f"_{session.telescope}", f"_{session.telescope}_{digest}"):
        place = folder.with_name(safe(f"{folder.name}{more}", folder.name))
        known = load(place)
        if known is None or (known.telescope, known.session_id) == (session.telescope, session.session_id):
            break
    return place


def load(folder: Path) -> Manifest | None:
    """Read what a session's folder says of itself; None when it says nothing that can be used."""
    try:
        read = disk.read(folder / NAME, _READ_LIMIT)
        told = json.loads(read[0]) if read is not None else None
        return _manifest(told) if isinstance(told, dict) and told.get("version") == _VERSION else None
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _manifest(told: Mapping[str, Any]) -> Manifest:
    files = [_entry(one) for one in told["files"]]
    return Manifest(
        telescope=str(told["telescope"]),
        session_id=str(told["session_id"]),
        target=str(told["target"]),
        night=date.fromisoformat(told["night"]),
        what=What(told["what"]),
        folders=tuple(str(folder) for folder in told["folders"]),
        counted=_counts(told["counted"]),
        noted=_counts(told["noted"]),
        state=State(told["state"]),
        files=files,
        partial={str(name): str(tag) for name, tag in told["partial"].items()},
    )


def _entry(told: Mapping[str, Any]) -> Entry:
    entry = Entry(**{one.name: told[one.name] for one in fields(Entry)})
    name = Path(entry.name)
    if name.is_absolute() or ".." in name.parts or not isinstance(entry.size, int | None):
        raise ValueError(entry.name)
    return entry


def _counts(told: Mapping[str, Any]) -> Counts:
    return Counts(*(count if isinstance(count := told[name], int) else None for name in ("taken", "stacked")))
