"""A name with a noun that is not part of it: "Rosetta Nebula", "Flammender-Stern-Nebel", "M 42 region"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.sky.catalogue.entry import ObjectKind
from agent.sky.catalogue.lookup import find_entry, options
from agent.sky.catalogue.names import designation, key, plain
from agent.targets import Target

_GALAXIES = {ObjectKind.GALAXY, ObjectKind.GALAXY_GROUP}
_CLUSTERS = {
    *(ObjectKind.OPEN_CLUSTER, ObjectKind.GLOBULAR_CLUSTER, ObjectKind.CLUSTER_WITH_NEBULA),
    *(ObjectKind.GALAXY_CLUSTER, ObjectKind.ASTERISM),
}
_STARS = {ObjectKind.STAR, ObjectKind.DOUBLE_STAR}
_NEBULAE = set(ObjectKind) - _GALAXIES - _STARS - {ObjectKind.GLOBULAR_CLUSTER}
_NOUNS = {
    **dict.fromkeys(("nebula", "nebel", "nebuleuse", "nebulosa"), ("nebula", _NEBULAE)),
    **dict.fromkeys(("galaxy", "galaxie", "galaxia", "galassia"), ("galaxy", _GALAXIES)),
    **dict.fromkeys(
        ("cluster", "haufen", "sternhaufen", "kugelsternhaufen", "amas", "cumulo", "ammasso"),
        ("cluster", _CLUSTERS),
    ),
    **dict.fromkeys(("group", "gruppe", "groupe", "grupo", "gruppo"), ("group", _GALAXIES)),
    **dict.fromkeys(
        ("region", "area", "field", "core", "center", "centre"), ("region", set(ObjectKind) - _STARS)
    ),
}
_BETWEEN = re.compile(r"(?:(?:de|du|des|d|del|della|dell|delle|dei|di|ad|la|le|les|l|los|las|el|il) )*")
_JOINTS = ("", "d", "de", "de la", "de l", "du", "del", "di", "della", "dell")


def without_noun(name: str) -> tuple[Target, ...]:
    """Return what a name means without its noun, or with the English one; of the kind that the noun says.

    Several places if the name then stands for several; () if for none.
    """
    words = plain(re.sub(r"['’`]", " ", name)).split()
    if len(words) < 2 or designation(name) is not None:
        return ()
    for reading, kinds in _readings(words):
        meant = options(reading)
        if len(meant) > 1:
            return meant
        known = find_entry(key(meant[0].name)) if meant else None
        if known is not None and known.kind in kinds:
            return meant
    return ()


def _readings(words: list[str]) -> Iterator[tuple[str, set[ObjectKind]]]:
    first, last = words[0], words[-1]
    if last in _NOUNS:
        english, kinds = _NOUNS[last]
        rest = " ".join(words[:-1])
        yield f"{rest} {english}", kinds
        yield rest, kinds
    if first in _NOUNS:
        english, kinds = _NOUNS[first]
        rest = _BETWEEN.sub("", " ".join(words[1:]), count=1)
        for joint in _JOINTS:
            yield f"{first} {joint} {rest}", kinds
        yield rest, kinds
        yield f"{rest} {english}", kinds
