"""Stellarium: observing lists, the bookmarks of older versions, and the selected object of a running one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent.errors import Problem
from agent.importing.decoding import as_json
from agent.importing.model import (
    Imported,
    ImportedFile,
    UnreadableError,
    bounded,
    first_text,
    number_or_none,
    text_of,
    with_coordinates,
    with_problems,
)

_MOVING_CLASSES = {"planet", "comet", "minorplanet", "satellite", "meteorshower"}  # its class of all of these
_MOVING_KINDS = (
    *("planet", "moon", "comet", "asteroid", "artificial satellite", "cubewano", "plutino", "sednoid", "sun"),
    *("disc object", "oort cloud object", "interstellar object"),
)


def read_list(data: bytes, what: str) -> ImportedFile:
    """Read an observing list (version 1 and 2): every list in it, each a group."""
    root = as_json(data)
    lists = root.get("observingLists") if isinstance(root, dict) else None
    if not isinstance(lists, dict):
        raise UnreadableError("It has no observingLists.", hint="Export the list from Stellarium again.")
    targets: list[Imported] = []
    for one in lists.values():
        group = text_of(one.get("name")) if isinstance(one, dict) else ""
        objects = one.get("objects") if isinstance(one, dict) else None
        entries = list(objects.values()) if isinstance(objects, dict) else objects
        if isinstance(entries, list):
            targets += [_entry(entry, group, n) for n, entry in enumerate(entries, start=len(targets) + 1)]
    return ImportedFile(what, bounded(targets))


def read_bookmarks(data: bytes, what: str) -> ImportedFile:
    """Read the bookmarks."""
    root = as_json(data)
    entries = root.get("bookmarks") if isinstance(root, dict) else None
    if isinstance(entries, dict):
        entries = list(entries.values())
    if not isinstance(entries, list):
        raise UnreadableError("It has no bookmarks.", hint="Export them from Stellarium again.")
    return ImportedFile(what, bounded([_entry(entry, "", n) for n, entry in enumerate(entries, start=1)]))


def read_selected(info: object) -> ImportedFile:
    """Read what a running Stellarium says of the selected object; coordinates come in degrees."""
    what = "the object selected in Stellarium"
    if not isinstance(info, dict):
        raise UnreadableError("Stellarium's answer is not about an object.")
    ra, dec = number_or_none(info.get("raJ2000")), number_or_none(info.get("decJ2000"))
    name = first_text(_spellings(info))
    one = Imported("the selection", name, description=name, moves=_moves(info))
    if ra is None or dec is None:
        return ImportedFile(what, (with_coordinates(one, None, None),))
    return ImportedFile(what, (with_coordinates(one, ra % 360 / 15, dec),))


def _entry(entry: Any, group: str, number: int) -> Imported:
    place = f"object {number}"
    if not isinstance(entry, dict):
        return with_problems(Imported(place, ""), Problem("not_an_object", "This is no object of a list."))
    name = first_text(_spellings(entry))
    about = " ".join(
        dict.fromkeys(text for key in ("designation", "name") if (text := text_of(entry.get(key))))
    )
    one = Imported(place, name, group=group, description=about or name, moves=_moves(entry))
    return with_coordinates(one, entry.get("ra"), entry.get("dec"))


def _spellings(entry: dict[str, Any]) -> Iterator[object]:
    """Give the names an object may have, the catalogue's number first."""
    yield entry.get("designation")
    if isinstance(designations := entry.get("designations"), str):
        yield designations.split(" - ")[0]
    yield from (entry.get(key) for key in ("name", "nameI18n", "localized-name"))


def _moves(entry: dict[str, Any]) -> bool:
    """Whether it is a body of the solar system: its class says so, or in English its kind."""
    if text_of(entry.get("type")).casefold() in _MOVING_CLASSES:
        return True
    kind = text_of(entry.get("object-type") or entry.get("objtype")).casefold()
    return kind.endswith(_MOVING_KINDS)
