"""The offline target catalogue: from a name to a place in the sky, and to what is known of the object there.

docs/catalogue.md lists what it knows. Its data is read when the first name is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from agent.sky.catalogue.composites import composite
from agent.sky.catalogue.entry import CatalogueEntry, ObjectKind
from agent.sky.catalogue.errors import AmbiguousTargetError, UnknownTargetError
from agent.sky.catalogue.lookup import find_entry, forget, options
from agent.sky.catalogue.names import key
from agent.sky.catalogue.near import near
from agent.sky.catalogue.nouns import without_noun
from agent.sky.catalogue.search import entries, search
from agent.sky.catalogue.small_bodies import ELEMENTS, NoElementsError, is_small_body
from agent.sky.catalogue.spellings import other_spellings, together
from agent.targets import Target, without_pane
from agent.text import escaped

__all__ = [
    "AmbiguousTargetError",
    "CatalogueEntry",
    "ObjectKind",
    "UnknownTargetError",
    "entries",
    "entry",
    "forget",
    "resolve",
    "search",
]

_LONGEST = 150  # characters of what may be a name
_ARTICLES = {"the", "der", "die", "das", "le", "la", "les", "el", "los", "las", "il", "lo", "gli", "i"}


def resolve(name: str) -> Target:
    """Return the target of that name, which it keeps as written.

    The name may come without its noun ("Flame"), with others of the same place ("NGC 7000 (North America)"),
    with the pane of a mosaic ("M 31 Panel 2"), and in German, French, Spanish or Italian.
    UnknownTargetError if there is none, AmbiguousTargetError if there are several.
    """
    asked = " ".join(name.split())
    return replace(_meant(asked), name=asked)


def entry(name: str) -> CatalogueEntry | None:
    """Return what is known of the object of that name, as `resolve` finds it; None for a body that moves."""
    return find_entry(key(_meant(" ".join(name.split())).name))


def _meant(asked: str) -> Target:
    """Return the target of that name, under the name that it is stored with."""
    if len(asked) > _LONGEST:
        raise UnknownTargetError(escaped(asked, _LONGEST), ())
    wholes = _wholes(asked)
    moves = is_small_body(wholes[-1])
    for meant in chain(() if moves else _readings(wholes), map(ELEMENTS.find, wholes)):
        if len(meant) > 1:
            raise AmbiguousTargetError(asked, meant)
        if meant:
            return meant[0]
    if moves:
        raise NoElementsError(asked, installed=bool(ELEMENTS.bodies()))
    raise UnknownTargetError(asked, near(wholes[-1]))


def _readings(wholes: list[str]) -> Iterator[tuple[Target, ...]]:
    """Give what a name may mean, the most literal reading first."""
    for text in wholes:
        yield options(text)
        yield options(text.replace("&", " and ").replace("+", " and "))
        article, _, rest = text.partition(" ")
        if article.casefold() in _ARTICLES:
            yield options(rest)
        elif text[:2].casefold() == "l'":
            yield options(text[2:])
    for text in wholes:
        yield without_noun(text)
        yield together(text)
        yield composite(text)
    for text in wholes:
        yield from other_spellings(text)


def _wholes(asked: str) -> list[str]:
    """Return the name as it is, then without one word for a pane after the other."""
    wholes = [asked]
    while (shorter := without_pane(wholes[-1])) != wholes[-1]:
        wholes.append(shorter)
    return wholes
