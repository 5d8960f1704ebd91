"""Several names of one place in one text: "NGC 7000 (North America)", "M31_Andromeda", "NGC 6992/5"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import ephem

from agent.sky.catalogue.lookup import distinct, options, options_of_parts, radians, same_place
from agent.sky.catalogue.names import designation, key, plain
from agent.sky.catalogue.spellings import one_picture
from agent.targets import SkyTarget, Target

_BOUNDARY = re.compile(r"[()\[\],;:|=/]+|\s[-–—]+|[-–—]+\s")
_RANGE = re.compile(
    r"\b(?:(ngc|ic)\s?(\d+)\s?[-/&+]|(m|messier)\s?(\d+)\s?[/&+])\s?(\d{1,4})\b", re.IGNORECASE
)
_SILENT = {  # what says nothing about the place beside a designation
    *(
        "nebula",
        "galaxy",
        "cluster",
        "globular",
        "open",
        "star",
        "planetary",
        "object",
        "mosaic",
        "in",
        "the",
    ),
    *("nebel", "galaxie", "sternhaufen", "kugelsternhaufen", "haufen", "offener", "im", "der", "die", "das"),
    *("nebuleuse", "amas", "globulaire", "ouvert", "etoile", "la", "le", "dans", "nebulosa", "galaxia"),
    *("cumulo", "globular", "abierto", "en", "el", "galassia", "ammasso", "globulare", "aperto", "il", "di"),
}
_MOST_WORDS = 16


@dataclass(frozen=True, slots=True)
class _Part:
    text: str
    meant: tuple[Target, ...]

    @property
    def numbered(self) -> bool:
        return designation(self.text) is not None


def composite(text: str) -> tuple[Target, ...]:
    """Return the one place that all names in a text agree on; all of theirs when they do not.

    () when not every word belongs to a name that is known. A catalogue number must be among them, unless
    each name stands by itself between commas, brackets or dashes. Numbers alone are a list: "M 52/NGC 7635".
    """
    spelt = _without_ranges(text)
    if spelt != text and (pair := options(spelt) or options(spelt.replace(",", " and"))):
        return pair
    pieces = [words for part in _BOUNDARY.split(spelt) if (words := plain(part).split())]
    if not 1 < sum(map(len, pieces)) <= _MOST_WORDS:
        return ()
    silent = _SILENT | set(_constellations(pieces))
    covers = [_cover(words, silent) for words in pieces]
    parts = [part for cover in covers if cover is not None for part in cover]
    alone = len(pieces) > 1 and all(
        cover and len(cover[0].text.split()) == len(words)
        for cover, words in zip(covers, pieces, strict=True)
    )
    if None in covers or not (alone or any(part.numbered for part in parts)):
        return ()
    agreed = _agreed(sorted(parts, key=lambda part: (len(part.meant), not part.numbered, key(part.text))))
    listed = len(agreed) > 1 and "(" not in text and all(part.numbered for part in parts)
    return (one_picture(text, [part.meant for part in parts]) or agreed) if listed else agreed


def _agreed(parts: list[_Part]) -> tuple[Target, ...]:
    first, *others = parts
    shared = [
        target
        for target in first.meant
        if all(any(same_place(target, one) for one in part.meant) for part in others)
    ]
    return tuple(shared) or distinct(target for part in parts for target in part.meant)


def _cover(words: list[str], silent: set[str]) -> list[_Part] | None:
    """Cut words into names that are known, the longest first; None when some belong to none."""
    hopeless: set[int] = set()

    def rest(start: int) -> list[_Part] | None:
        if start == len(words):
            return []
        if start in hopeless:
            return None
        for end in range(len(words), start, -1):
            name = " ".join(words[start:end])
            said_nothing = (end == start + 1 and name in silent) or key(name) in silent
            meant = () if said_nothing else options_of_parts(name)
            if said_nothing or meant:
                following = rest(end)
                if following is not None:
                    return [*([_Part(name, meant)] if meant else []), *following]
        hopeless.add(start)
        return None

    return rest(0)


def _constellations(pieces: list[list[str]]) -> Iterator[str]:
    """Give the keys of the constellation in which the first catalogue number of the text stands."""
    for words in pieces:
        for start in range(len(words)):
            for end in (start + 1, start + 2):
                name = " ".join(words[start:end])
                for target in options(name) if designation(name) else ():
                    if isinstance(target, SkyTarget):
                        yield from map(key, ephem.constellation(radians(target)))
                        return


def _without_ranges(text: str) -> str:
    """Write "NGC 6992/5" out as "NGC 6992, NGC 6995"."""

    def both(found: re.Match[str]) -> str:
        prefix, number, last = found[1] or found[3], found[2] or found[4], found[5]
        return f"{prefix} {number}, {prefix} {number[: -len(last)]}{last}"

    return _RANGE.sub(both, text)
