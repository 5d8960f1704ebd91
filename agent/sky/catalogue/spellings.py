"""Other spellings of one name, and names of several objects that are wanted in one picture."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from itertools import combinations

import ephem

from agent.sky.catalogue.entry import ObjectKind
from agent.sky.catalogue.lookup import find_entry, options, radians
from agent.sky.catalogue.names import designation, key
from agent.targets import SkyTarget, Target

_MOST_WORDS = 6
_SHORTEST = 4  # letters of a word that may have lost or gained an s
_COMPONENT = re.compile(r"(.*\S)\s?[A-D]")
_JOINT = re.compile(r"\s*(?:[&+]|\b(?:and|und|et|y|e)\b)\s*", re.IGNORECASE)
_MOST_TOGETHER = 4
_ONE_PICTURE_DEG = 1.5  # M 46 and M 47, the Pelican and North America


def other_spellings(text: str) -> Iterator[tuple[Target, ...]]:
    """Give what a name means with an s more or less ("Barnard Star"), or without a star's component."""
    star = _COMPONENT.fullmatch(text)
    meant = options(star[1]) if star else ()
    known = find_entry(key(meant[0].name)) if len(meant) == 1 else None
    if known is not None and known.kind in (ObjectKind.STAR, ObjectKind.DOUBLE_STAR):
        yield meant
    words = text.split()
    if len(words) > _MOST_WORDS or designation(text) is not None:
        return
    for at, word in enumerate(words):
        if len(word) >= _SHORTEST and word.isalpha():
            changed = word[:-1] if word[-1] in "sS" else f"{word}s"
            yield options(" ".join([*words[:at], changed, *words[at + 1 :]]))


def together(text: str) -> tuple[Target, ...]:
    """Return the middle of what "M 46 & M 47" names, where that is in one picture; else ()."""
    names = _JOINT.split(text)
    return one_picture(text, [options(name) for name in names]) if len(names) > 1 and all(names) else ()


def one_picture(text: str, found: Sequence[tuple[Target, ...]]) -> tuple[Target, ...]:
    """Return the middle of a few fixed targets, each sure, that are in one picture; else ()."""
    places = [meant[0] for meant in found if len(meant) == 1 and isinstance(meant[0], SkyTarget)]
    if len(places) < len(found) or not 1 < len(places) <= _MOST_TOGETHER:
        return ()
    pairs = combinations(map(radians, places), 2)
    if any(math.degrees(ephem.separation(one, other)) > _ONE_PICTURE_DEG for one, other in pairs):
        return ()
    return (_middle(text, places),)


def _middle(name: str, places: list[SkyTarget]) -> SkyTarget:
    x = y = z = 0.0
    for ra, dec in map(radians, places):
        x += math.cos(dec) * math.cos(ra)
        y += math.cos(dec) * math.sin(ra)
        z += math.sin(dec)
    hours = math.degrees(math.atan2(y, x)) / 15 % 24
    return SkyTarget(name, round(hours, 5), round(math.degrees(math.atan2(z, math.hypot(x, y))), 4))
