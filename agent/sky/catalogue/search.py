"""Finding objects while a name is typed, and going through those that are worth a picture."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import chain, islice

from agent.sky.catalogue.entry import CatalogueEntry, ObjectKind
from agent.sky.catalogue.lookup import find_entry, objects
from agent.sky.catalogue.names import key, plain

_LONGEST = 60  # characters of what is typed that are looked at
_MOST_LINES = 2000  # that are looked at for words in any order


def search(text: str, limit: int = 20) -> list[CatalogueEntry]:
    """Return the objects that what has been typed so far may mean, the likeliest first, at most `limit`.

    First the object of that very name, then names that begin so, then names that contain it, then those that
    contain all of its words; in each the best known first. Nothing is found for nothing.
    """
    typed = text[:_LONGEST]
    wanted = key(typed)
    if not wanted or limit <= 0:
        return []
    exact = find_entry(wanted)
    found = {exact.name: exact} if exact else {}
    for rank in chain(objects().beginning(wanted), objects().containing(wanted), _with_words(typed)):
        entry = objects().entry(rank)
        if entry is not None:
            found.setdefault(entry.name, entry)
        if len(found) == limit:
            break
    return list(found.values())[:limit]


def entries(
    kinds: Collection[ObjectKind] | None = None,
    *,
    larger_than: float | None = None,
    brighter_than: float | None = None,
) -> Iterator[CatalogueEntry]:
    """Give the objects of those kinds (all), at least so large (arcminutes) and so bright (magnitudes).

    The best known come first. What has no known size or magnitude is left out when one is asked for.
    """
    return objects().chosen(kinds, larger_than, brighter_than)


def _with_words(typed: str) -> Iterator[int]:
    words = sorted(set(plain(typed).split()), key=len, reverse=True)
    if len(words) > 1:
        for rank in islice(objects().containing(words[0]), _MOST_LINES):
            keys = objects().keys(rank)
            if all(word in keys for word in words):
                yield rank
