"""Sessions that ended, as their files in Done/ and Error/ tell."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.capabilities import Capabilities
from agent.clock import aware_instant
from agent.session.document import SessionDocument, body_of, read_session
from agent.session.jsontext import MAX_BYTES
from agent.session.writing import Process
from agent.sky.nights import night_of
from agent.store import disk
from agent.store.documents import process_of
from agent.store.folders import Folder, Tree, is_session_name
from agent.store.result_row import instant_of, row_of
from agent.targets import Site
from agent.text import printable

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EndedSession:
    """One session that ended. Instants are aware; None and "" are not told.

    `folders` are where the telescope keeps it, `place` where it pointed, `row` its row of the night's table,
    `details` the file's `result_details`.
    """

    session_id: str
    target: str
    telescope: str
    night: date
    began_at: datetime
    ended_at: datetime | None
    outcome: str
    reason: str
    message: str
    requested: int
    taken: int
    stacked: int
    integration_s: float
    filter: str
    folders: tuple[str, ...]
    place: Mapping[str, Any]
    row: Mapping[str, str]
    details: Mapping[str, Any] = field(repr=False, default_factory=dict)
    document: SessionDocument | None = field(repr=False, default=None)


def ended_sessions(
    tree: Tree,
    zone: ZoneInfo,
    site: Site | None,
    capabilities: Callable[[], Capabilities | None] = lambda: None,
    since: datetime | None = None,
) -> Iterator[EndedSession]:
    """Read every session that ended, one at a time; files not written since that instant are passed over."""
    for folder in (Folder.DONE, Folder.ERROR):
        try:
            with os.scandir(tree[folder]) as entries:  # which knows what is a file, without asking for each
                paths = sorted(
                    Path(one.path)
                    for one in entries
                    if is_session_name(one.name) and one.is_file(follow_symlinks=False)
                )
        except FileNotFoundError:  # nothing ever ended
            continue
        except OSError as error:
            _LOGGER.warning("%s cannot be read: %s", folder.value, error.strerror or error)
            continue
        for path in paths:
            try:
                if since is not None and path.stat().st_mtime < since.timestamp():
                    continue
                ended = read_ended(path, zone, site, capabilities())
            except OSError as error:
                _LOGGER.warning("%s is left out: %s", printable(path.name), error.strerror or error)
                continue
            if ended is not None:
                yield ended


def read_ended(
    path: Path, zone: ZoneInfo, site: Site | None, capabilities: Capabilities | None
) -> EndedSession | None:
    """Read one file; None when it is no session that ended."""
    read = disk.read(path, MAX_BYTES)
    document = read_session(read[0], name=printable(path.stem)).document if read else None
    if document is None or process_of(document) != Process.ENDED:
        return None
    row = row_of(document, path.name, capabilities)
    began = instant_of(row, zone)
    if began is None:
        return None
    raw = body_of(document.raw).get("result_details")
    details: dict[str, Any] = raw if isinstance(raw, dict) else {}
    place = details.get("target")
    files = details.get("files")
    return EndedSession(
        session_id=row["session_id"],
        target=row["target"] or document.target,
        telescope=str(details.get("telescope") or ""),
        night=night_of(began, site, zone),
        began_at=began,
        ended_at=aware_instant(row["ended_at"]),
        outcome=row["outcome"] or ("completed" if row["result"] == "True" else "failed"),
        reason=row["reason"],
        message=row["message"],
        requested=_count(row["frames_requested"]),
        taken=_count(row["frames_taken"]),
        stacked=_count(row["frames_stacked"]),
        integration_s=number(row["integration_s"]),
        filter=row["filter"],
        folders=tuple(one for one in files if isinstance(one, str)) if isinstance(files, list) else (),
        place=place if isinstance(place, dict) else {},
        row=row,
        details=details,
        document=document,
    )


def number(text: str) -> float:
    """Read a number of the table; 0 for what is none."""
    try:
        value = float(text or 0)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0


def _count(text: str) -> int:
    return max(0, round(number(text)))
