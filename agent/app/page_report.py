"""What a night left of each session: how its frames came out, and its files in the archive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Literal

from agent.archive.layout import STACKED
from agent.archive.manifest import folder_of, load
from agent.report.book import NightBook, Note
from agent.station.station import Station
from agent.store.ended import read_ended
from agent.store.folders import Folder
from agent.web.night import Course, SessionLeft, StoredFile

_SHARE = 100.0
_FEW = 5  # frames: the last one is always still being stacked
_MEASURED: tuple[Literal["hfd", "stars", "background"], ...] = ("hfd", "stars", "background")


def left_of(
    station: Station, night: date, sessions: list[str], archive: Path | None
) -> Mapping[str, SessionLeft]:
    """Return what is left of sessions that ended in a night. Blocks."""
    notes = NightBook(station.store.tree).notes(night)
    return {
        name: SessionLeft(
            tuple(_courses([note for note in notes if note.text("session_id") == name])),
            tuple(_files(station, archive, name)) if archive is not None else (),
        )
        for name in sessions
    }


def _courses(notes: list[Note]) -> Iterator[Course]:
    measured = [note for note in notes if note.kind == "quality"]
    for name in _MEASURED:
        points = tuple((note.at, value) for note in measured if (value := note.number(name)) is not None)
        if points:
            yield Course(name, points)
    share = tuple(
        (note.at, _SHARE * stacked / taken)
        for note in notes
        if note.kind == "progress"
        and (taken := note.number("taken")) is not None
        and taken >= _FEW
        and (stacked := note.number("stacked")) is not None
    )
    if share:
        yield Course("stacked", share)


def _files(station: Station, archive: Path, session_id: str) -> Iterator[StoredFile]:
    """The session's stacks that were fetched whole."""
    for folder in (Folder.DONE, Folder.ERROR):
        path = station.store.tree[folder] / f"{session_id}.json"
        if not path.is_file():
            continue
        ended = read_ended(path, station.zone, station.site, station.capabilities())
        if ended is None:
            continue
        place = folder_of(archive, ended)
        known = load(place)
        for entry in known.files if known is not None else ():
            where = place / entry.name
            if entry.done and STACKED in Path(entry.name).parts and where.is_file():
                yield StoredFile(where.name, where, where.stat().st_size)
