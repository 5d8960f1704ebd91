"""Reading the catalogue's data files. They stay text in memory; a line is read when it is asked for."""

from __future__ import annotations

import gzip
import struct
import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib import resources
from itertools import accumulate

from agent.sky.catalogue.entry import CatalogueEntry, ObjectKind
from agent.sky.catalogue.names import shown_key

STAR = "<Iffh"  # a star without a name: Hipparcos number, degrees, degrees, hundredths of a magnitude

_KINDS = list(ObjectKind)


@dataclass(frozen=True, slots=True)
class Found:
    """What a key leads to: the name that it is a spelling of, and an entry or the name of a solar body."""

    name: str
    entry: CatalogueEntry | None
    body: str = ""


class Objects:
    """Every object of the sky by the key of each of its names, and in order, the best known first."""

    def __init__(self) -> None:
        self._text = _bytes("objects.csv.gz")  # "|key|key|;name<tab>name;kind;..." a line, see tools
        self._starts = array("I", accumulate((len(line) + 1 for line in self._text.split(b"\n")), initial=0))
        self._index = _bytes("index.txt.gz")  # "key<tab>line" a line, sorted

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __iter__(self) -> Iterator[str]:
        """Give every key."""
        for line in self._index.decode().splitlines():
            yield line.partition("\t")[0]

    def get(self, spelling: str) -> Found | None:
        """Return what is stored under a key."""
        wanted = f"{spelling}\t".encode()
        low, high = 0, len(self._index)
        while low < high:
            middle = self._index.rfind(b"\n", low, (low + high) // 2) + 1 or low
            end = self._index.find(b"\n", middle) + 1
            if self._index.startswith(wanted, middle):
                return self._found(spelling, int(self._index[middle + len(wanted) : end]))
            if self._index[middle:end] < wanted:
                low = end
            else:
                high = middle
        return None

    def entry(self, number: int) -> CatalogueEntry | None:
        """Return the object of that rank, None where the line is of a body of the solar system."""
        keys, names, kind, *numbers = self._fields(number)
        return _entry(keys, names, kind, numbers) if numbers else None

    def chosen(
        self, kinds: Collection[ObjectKind] | None, larger_than: float | None, brighter_than: float | None
    ) -> Iterator[CatalogueEntry]:
        """Give the objects of those kinds, sizes (arcminutes) and magnitudes, the best known first."""
        wanted = None if kinds is None else {str(_KINDS.index(kind)) for kind in kinds}
        for number in range(len(self)):  # line by line: all at once would be ten times the text in memory
            keys, names, kind, *numbers = self._fields(number)
            if not numbers or (wanted is not None and kind not in wanted):
                continue
            major, magnitude = numbers[2], numbers[5]
            if larger_than is not None and float(major or 0) < larger_than:
                continue
            if brighter_than is not None and (not magnitude or float(magnitude) > brighter_than):
                continue
            yield _entry(keys, names, kind, numbers)

    def keys(self, number: int) -> str:
        """Return the keys of the object of that rank, between bars."""
        return self._fields(number)[0]

    def beginning(self, text: str) -> Iterator[int]:
        """Give the ranks of the objects of which a key begins with a text."""
        return self._ranks(f"|{text}".encode())

    def containing(self, text: str) -> Iterator[int]:
        """Give the ranks of the objects of which a key contains a text."""
        return self._ranks(text.encode())

    def _ranks(self, wanted: bytes) -> Iterator[int]:
        at = self._text.find(wanted)
        while at >= 0:
            rank = bisect_right(self._starts, at) - 1
            if at < self._text.index(b";", self._starts[rank]):
                yield rank
            at = self._text.find(wanted, self._starts[rank + 1])  # in the next line

    def _fields(self, number: int) -> list[str]:
        return self._text[self._starts[number] : self._starts[number + 1] - 1].decode().split(";")

    def _found(self, spelling: str, number: int) -> Found:
        keys, names, kind, *numbers = self._fields(number)
        shown = list(_names(keys, names))[keys[1:-1].split("|").index(spelling)]
        return Found(shown, self.entry(number) if numbers else None, "" if numbers else kind)


class Stars:
    """The stars that have a Hipparcos number alone, to magnitude 8."""

    def __init__(self) -> None:
        self._data = _bytes("stars.bin.gz")
        self._count = len(self._data) // struct.calcsize(STAR)

    def get(self, number: int) -> CatalogueEntry | None:
        """Return the star with that Hipparcos number."""
        at = bisect_left(range(self._count), number, key=lambda place: self._star(place)[0])
        if at == self._count:
            return None
        found, ra, dec, magnitude = self._star(at)
        if found != number:
            return None
        place = round(ra / 15, 5), round(dec, 4)
        return CatalogueEntry((f"HIP {number}",), ObjectKind.STAR, *place, magnitude=magnitude / 100)

    def _star(self, at: int) -> tuple[int, float, float, int]:
        number, ra, dec, magnitude = struct.unpack_from(STAR, self._data, at * struct.calcsize(STAR))
        return number, ra, dec, magnitude


class HenryDraper:
    """The Hipparcos number of each star to magnitude 8 by its number in the catalogue of Henry Draper."""

    def __init__(self) -> None:
        self._numbers = array("I")  # those of Draper in ascending order, then those of Hipparcos
        self._numbers.frombytes(_bytes("henry_draper.bin.gz"))
        if sys.byteorder == "big":
            self._numbers.byteswap()

    def get(self, number: int) -> int | None:
        """Return the Hipparcos number of that star."""
        count = len(self._numbers) // 2
        at = bisect_left(self._numbers, number, hi=count)
        return self._numbers[count + at] if at < count and self._numbers[at] == number else None


def _entry(keys: str, names: str, kind: str, numbers: list[str]) -> CatalogueEntry:
    ra, dec, *known = numbers
    return CatalogueEntry(
        tuple(_names(keys, names)),
        _KINDS[int(kind)],
        float(ra),
        float(dec),
        *(float(text) if text else None for text in known),
    )


def _names(keys: str, names: str) -> Iterator[str]:
    written = iter(names.split("\t"))
    for spelling in keys[1:-1].split("|"):
        yield shown_key(spelling) if " " in spelling else next(written)


def _bytes(file: str) -> bytes:
    return gzip.decompress((resources.files(__package__) / "data" / file).read_bytes())
