"""Reading the catalogue's data files."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

_FILES = (
    "names.csv.gz",
    "openngc.csv.gz",
    "nebulae.csv.gz",
    "foreign.csv.gz",
)  # the first to know a name wins


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the sky, J2000: hours and degrees. `same_as` names another place instead of giving one."""

    name: str
    ra_hours: float = 0.0
    dec_degrees: float = 0.0
    same_as: str = ""


class Places:
    """Every place by the key of each of its names. A line is read only when it is asked for."""

    def __init__(self) -> None:
        self._lines: dict[str, str] = {}
        for file in _FILES:
            for line in _lines(file):
                for spelling in line.partition(";")[0].split("|"):
                    self._lines.setdefault(spelling, line)

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def get(self, spelling: str) -> Place | None:
        """Return the place with that key; `same_as` is not followed."""
        line = self._lines.get(spelling)
        if line is None:
            return None
        keys, names, same_as, ra, dec = line.split(";")
        name = names.split("|")[keys.split("|").index(spelling)]
        if same_as:
            return Place(name, same_as=same_as)
        return Place(name, float(ra), float(dec))


def _lines(file: str) -> list[str]:
    """Return the lines "key|key;name|name;same as;right ascension;declination", in hours and degrees."""
    data = (resources.files(__package__) / "data" / file).read_bytes()
    return gzip.decompress(data).decode().splitlines()
