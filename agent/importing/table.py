"""Tables of targets (CSV): lists and mosaics of Telescopius, those of the Target Scheduler, and their like.

Columns are found by what they are called, in any order; commas, semicolons and tabs separate them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from unicodedata import combining, normalize

from agent.errors import Problem, warning
from agent.importing.decoding import as_text
from agent.importing.model import (
    MAX_TARGETS,
    Imported,
    ImportedFile,
    UnreadableError,
    bounded,
    first_text,
    number_or_none,
    with_coordinates,
    with_problems,
)
from agent.session.other_files import EXCEL_NOTE

_RA = (
    *("ra", "right ascension", "raj2000", "ra j2000", "ra2000", "rektaszension", "ad", "ascension droite"),
    *("ar", "ascension recta", "ascensione retta"),
)
_DEC = (
    *("dec", "declination", "decj2000", "dej2000", "dec j2000", "dec2000", "de", "deklination"),
    *("declinaison", "declinacion", "declinazione"),
)
_CATALOGUE = ("catalogue entry", "catalog entry", "designation")
_NAMES = (
    *("name", "target", "target name", "object", "object name", "title", "objekt", "ziel"),
    *("nom", "objet", "cible", "nombre", "objeto", "nome", "oggetto"),
)
_FAMILIAR = ("familiar name", "common name", "description")
_PANES = ("pane", "panel")
_ROTATION = ("position angle", "rotation", "pa", "camera angle")
_EQUINOX = (
    *("equinox", "epoch", "coordinates", "aquinoktium", "epoche", "equinoxe", "epoque"),
    *("equinoccio", "epoca", "equinozio"),
)
_UNIT = re.compile(
    r"(?P<name>.*?)[\s_]*(?:[\[(](?P<unit>[^\])]*)[\])]|\b(?P<word>deg(?:rees)?|h(?:ou)?rs?))?\s*"
)
_OTHER_EQUINOX = re.compile(
    r"jnow|current|apparent|of date|(?<![\d.])(?!2000)(?:18|19|20)\d\d(?!\d)", re.IGNORECASE
)
_MOVING = {"comet", "asteroid", "minor planet", "dwarf planet", "planet", "moon", "natural satellite"}
_MIDDLE = "center"


@dataclass(frozen=True, slots=True)
class _Header:
    """Which column is what, by its index; the unit that the right ascension's title names."""

    columns: dict[str, int]
    ra_unit: str
    line: int

    def cell(self, row: list[str], names: tuple[str, ...]) -> str:
        index = self.index(names)
        return row[index].strip() if index is not None and index < len(row) else ""

    def index(self, names: tuple[str, ...]) -> int | None:
        return next((self.columns[name] for name in names if name in self.columns), None)


def read_table(data: bytes, what: str, stem: str) -> ImportedFile:
    """Read a table; UnreadableError when it has no columns for the targets."""
    rows = _rows(as_text(data))
    header = _header(rows)
    body = [(line, row) for line, row in rows if line > header.line]
    ra = header.index(_RA)
    cells = [row[ra] for _, row in body if ra is not None and ra < len(row)]
    in_degrees, doubt = _in_degrees(cells, header.ra_unit)
    mosaic = header.index(_PANES) is not None and header.index((*_CATALOGUE, *_NAMES, *_FAMILIAR)) is None
    targets = [
        with_coordinates(
            _target(header, row, f"line {line}", stem, mosaic=mosaic),
            header.cell(row, _RA),
            header.cell(row, _DEC),
            ra_in_degrees=in_degrees,
            needed=mosaic,
        )
        for line, row in body
    ]
    if mosaic and len(targets) > 1:
        targets = [one for one in targets if not one.description.casefold().endswith(_MIDDLE)]
    return ImportedFile(what, bounded(targets), problems=doubt)


def _target(header: _Header, row: list[str], place: str, stem: str, *, mosaic: bool) -> Imported:
    rotation = number_or_none(header.cell(row, _ROTATION).rstrip("°º˚ "))
    wrong: tuple[Problem, ...] = ()
    if header.cell(row, _RA) and _OTHER_EQUINOX.search(header.cell(row, _EQUINOX)):
        wrong = (Problem("equinox", "Its coordinates are not those of J2000.", "Change it there."),)
    if mosaic:
        pane = header.cell(row, _PANES)
        pane = f"Pane {pane}" if pane.isdecimal() else pane
        name = stem if pane.casefold() == _MIDDLE else f"{stem} {pane}"
        about = f"{stem} {pane}"
        return Imported(place, name, rotation=rotation, group=stem, description=about, problems=wrong)
    catalogue = header.cell(row, _CATALOGUE)
    familiar = header.cell(row, _FAMILIAR)
    name = first_text((catalogue, header.cell(row, _NAMES), familiar))
    about = " ".join(dict.fromkeys(part for part in (name, familiar) if part))
    exposure = number_or_none(header.cell(row, ("exposure", "exposure time")))
    count = number_or_none(header.cell(row, ("count", "frames", "exposures")))
    moves = header.cell(row, ("type",)).casefold() in _MOVING
    one = Imported(
        place,
        name,
        rotation=rotation,
        exposure=exposure,
        description=about,
        moves=moves,
        problems=wrong,
    )
    if count is None:
        return one
    if not count.is_integer() or count < 1:
        return with_problems(one, Problem("out_of_range", f"{count:g} is no number of frames."))
    return replace(one, count=int(count))


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Return the rows with something in them and their lines; notes that begin with # are left out."""
    text = EXCEL_NOTE.sub("", text).replace("\0", "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), skipinitialspace=True)
    try:
        return list(_filled(reader))
    except csv.Error as error:
        raise UnreadableError(f"Line {reader.line_num} is not CSV: {error}.") from None


def _filled(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    for row in reader:
        if any(cell.strip() for cell in row) and not row[0].lstrip().startswith("#"):
            yield reader.line_num, row  # type: ignore[attr-defined]


def _delimiter(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    return max(",;\t", key=first.count)


def _header(rows: list[tuple[int, list[str]]]) -> _Header:
    if not rows:
        raise UnreadableError("It is empty.")
    line, titles = rows[0]
    columns: dict[str, int] = {}
    ra_unit = ""
    for index, title in enumerate(titles):
        found = _UNIT.fullmatch(_plain(title.strip().strip('"').lower().replace("_", " ")))
        name, unit = (found["name"].strip(), found["unit"] or found["word"] or "") if found else (title, "")
        if name in (*_RA, *_DEC) and _OTHER_EQUINOX.search(unit or title):
            raise UnreadableError(
                f"Its coordinates are not those of J2000 ({unit}).", hint="Export it with J2000 coordinates."
            )
        ra_unit = unit if name in _RA else ra_unit
        columns.setdefault(name, index)
    header = _Header(columns, ra_unit, line)
    if header.index((*_CATALOGUE, *_NAMES, *_FAMILIAR, *_PANES)) is None and header.index(_RA) is None:
        raise UnreadableError(
            "Its first line names no column for a target.", hint="It needs name, ra and dec, in any order."
        )
    if len(rows) - 1 > MAX_TARGETS + 1:
        bounded([Imported("", "")] * (len(rows) - 1))
    return header


def _plain(title: str) -> str:
    """Return a title without its accents."""
    return "".join(letter for letter in normalize("NFD", title) if not combining(letter))


def _in_degrees(cells: list[str], unit: str) -> tuple[bool, tuple[Problem, ...]]:
    """Whether the right ascensions are degrees: the title says so, or one of them is no number of hours."""
    if unit.startswith(("deg", "°", "º", "d")):
        return True, ()
    numbers = [number_or_none(cell, grouped=False) for cell in cells if cell.strip()]
    large = [number for number in numbers if number is not None and 24 <= number < 360]
    if unit.startswith("h") or not large or None in numbers:
        return False, ()
    message = f"A right ascension is {large[0]:g}, so all of them are read as degrees."
    return True, (warning("degrees", message, 'Call the column "ra (hours)" or "ra (deg)" to say it.'),)
