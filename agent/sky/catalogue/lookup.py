"""One name alone: what the data files, the stars and the solar system know under it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

import ephem
import ephem.stars

from agent.sky.catalogue.data_files import Place, Places
from agent.sky.catalogue.names import designation, key, plain
from agent.targets import SkyTarget, SolarBody, SolarTarget, Target

_SAME_DEG = 0.54  # parts of one object in one picture: NGC 6992 and NGC 6995 stand 0.53 apart
_NOUNS = ("nebula", "galaxy", "cluster", "nebulae", "galaxies")
_SHORT = {"neb": "nebula", "gal": "galaxy", "cl": "cluster"}
_NO_NICKNAMES = {"double", "virgo", "perseus", "fornax", "pegasus", "sagittarius"}
_JELLYFISHES = ("IC 443", "Sh2-274")
_SEVERAL = {  # names that atlases and owners use for different places
    "m 102": ("M 101", "NGC 5866"),
    "lobster": ("M 17", "NGC 6357", "Sh2-157"),
    "lobsternebula": ("M 17", "NGC 6357", "Sh2-157"),
    "butterfly": ("M 6", "NGC 6302", "IC 1318"),
    "spindle": ("NGC 5866", "NGC 3115"),
    "spindlegalaxy": ("NGC 5866", "NGC 3115"),
    "squid": ("Ou 4", "M 77"),
    "littlegem": ("NGC 6445", "NGC 6818"),
    "ghost": ("Sh2-136", "IC 63", "NGC 3242"),
    "comacluster": ("Mel 111", "NGC 4889"),
    "starfishcluster": ("M 38", "NGC 6752"),
    **dict.fromkeys(("nebuleusemeduse", "nebuleusedelameduse"), _JELLYFISHES),
    **dict.fromkeys(("nebulosamedusa", "nebulosadelamedusa", "nebulosadellamedusa"), _JELLYFISHES),
}
_VEIL = ("NGC 6960", "NGC 6992", "Veil Complex")
_PARTS = {  # large objects, with the numbers of parts that stand far from where the name alone leads
    **dict.fromkeys(
        ("veil", "veilnebula", "veilcomplex", "cygnusloop", "cirrusnebel", "schleiernebel"), _VEIL
    ),
    **dict.fromkeys(("nebuleuseduvoile", "dentellesducygne", "nebulosadelvelo", "nebulosavelo"), _VEIL),
    **dict.fromkeys(("heart", "heartnebula", "herznebel"), ("NGC 896",)),
    **dict.fromkeys(("heartandsoul", "heartandsoulnebulae"), ("IC 1805", "IC 1848")),
    **dict.fromkeys(("leotriplet", "leotriplett"), ("M 65", "M 66", "NGC 3628")),
    "markarianschain": ("M 84", "M 86"),
}


def options_of_parts(name: str) -> tuple[Target, ...]:
    """Return the places that a name may mean beside another one: those of its parts as well."""
    return (*options(name), *_found(map(key, _PARTS.get(key(name), ()))))


def options(name: str) -> tuple[Target, ...]:
    """Return every place that a name alone may mean, a nickname without its noun included; () if unknown."""
    wanted = key(name)
    if wanted in _SEVERAL:
        return tuple(_found(key(spelling) for spelling in _SEVERAL[wanted]))
    exact = find(wanted)
    if exact is not None:
        return (exact,)
    if designation(name) is not None or wanted in _NO_NICKNAMES or len(wanted) < 3:
        return ()
    *before, last = plain(name).split()
    if last in _SHORT:
        return options(" ".join([*before, _SHORT[last]]))
    return distinct(_found(wanted + noun for noun in _NOUNS))


def find(wanted: str) -> Target | None:
    """Return what is stored under a key."""
    name = ""
    while True:
        body = bodies().get(wanted)
        if body is not None:
            return SolarTarget(name or body.value.capitalize(), body)
        place = places().get(wanted) or stars().get(wanted)
        if place is None:
            return None
        name = name or place.name
        if not place.same_as:
            return SkyTarget(name, place.ra_hours, place.dec_degrees)
        wanted = place.same_as


def same_place(one: Target, other: Target) -> bool:
    """Whether two targets are one, or parts of one in the same picture."""
    if isinstance(one, SkyTarget) and isinstance(other, SkyTarget):
        return math.degrees(ephem.separation(radians(one), radians(other))) <= _SAME_DEG
    return replace(one, name="") == replace(other, name="")


def distinct(targets: Iterable[Target]) -> tuple[Target, ...]:
    """Return the targets without those that are the same place as one before."""
    kept: list[Target] = []
    for target in targets:
        if not any(same_place(target, other) for other in kept):
            kept.append(target)
    return tuple(kept)


def radians(target: SkyTarget) -> tuple[float, float]:
    """Return right ascension and declination in radians."""
    return math.radians(15 * target.ra_hours), math.radians(target.dec_degrees)


@cache
def bodies() -> dict[str, SolarBody]:
    """Every body of the solar system by its key."""
    return {body.value: body for body in SolarBody}


@cache
def places() -> Places:
    """Every place of the data files."""
    return Places()


@cache
def stars() -> dict[str, Place]:
    """The bright stars by their keys."""
    found = {}
    for name in ephem.stars.stars:
        star = ephem.star(name)
        found[key(name)] = Place(name, math.degrees(star._ra) / 15 % 24, math.degrees(star._dec))
    return found


def _found(keys: Iterable[str]) -> Iterator[Target]:
    for wanted in keys:
        target = find(wanted)
        if target is not None:
            yield target
