"""uptonight: its reports in JSON, as columns or as records, and what it publishes over MQTT as attributes.

Its right ascensions and declinations are too coarse to point by, and often left out: names are looked up, or
the precise text in `hmsdms` is taken where it is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from agent.errors import AgentError
from agent.importing.decoding import as_json
from agent.importing.model import (
    MAX_TARGETS,
    Imported,
    ImportedFile,
    UnreadableError,
    bounded,
    first_text,
    text_of,
    with_coordinates,
)
from agent.sky.catalogue import resolve

_MOVING = {"absolute magnitude", "visual magnitude", "distance earth au"}  # columns of planets and comets
_PUBLISHED = ("objects", "bodies", "comets")  # the lists in the attributes
_IN_BRACKETS = re.compile(r"\(([^(),]+)")


def read_report(data: bytes, what: str) -> ImportedFile:
    """Read a report on objects, bodies or comets."""
    root = as_json(data)
    rows = list(_rows(root))
    if not rows:
        raise UnreadableError("It has no target in it.", hint="Take the report of another night.")
    return ImportedFile(what, bounded([_target(row, n) for n, row in enumerate(rows, start=1)]))


def advised(data: bytes) -> tuple[Imported, ...]:
    """Return the first targets of a report or of published attributes; AgentError for what is neither."""
    return tuple(_target(row, n) for n, row in enumerate(islice(_rows(as_json(data)), MAX_TARGETS), start=1))


def _target(row: dict[str, Any], number: int) -> Imported:
    title = text_of(row.get("target name"))
    inner = _IN_BRACKETS.search(title)
    spellings = [text_of(row.get("id")), inner[1].strip() if inner else "", title]
    name = next((each for each in spellings if each and _known(each)), first_text(spellings))
    about = " ".join(dict.fromkeys(text for text in (name, title) if text))
    one = Imported(f"target {number}", name, description=about, moves=not _MOVING.isdisjoint(row))
    ra, _, dec = text_of(row.get("hmsdms")).partition(" ")
    return with_coordinates(one, ra, dec)


def _known(name: str) -> bool:
    try:
        resolve(name)
    except AgentError:
        return False
    return True


def _rows(root: Any) -> Iterator[dict[str, Any]]:
    if isinstance(root, dict) and any(isinstance(root.get(kind), list) for kind in _PUBLISHED):
        for kind in _PUBLISHED:
            yield from _rows(root[kind]) if isinstance(root.get(kind), list) else ()
        return
    if isinstance(root, list):
        yield from (row for row in root[: MAX_TARGETS + 1] if isinstance(row, dict) and "target name" in row)
        return
    names = root.get("target name") if isinstance(root, dict) else None
    if not isinstance(names, dict):
        raise UnreadableError('It has no column "target name".', hint="Take uptonight-report.json.")
    for key in list(names)[: MAX_TARGETS + 1]:
        yield {column: values.get(key) for column, values in root.items() if isinstance(values, dict)}
