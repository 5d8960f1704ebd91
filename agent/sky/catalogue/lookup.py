"""One name alone: what the data files, the stars and the solar system know under it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

import ephem

from agent.sky.catalogue.data_files import Found, HenryDraper, Objects, Stars
from agent.sky.catalogue.entry import CatalogueEntry
from agent.sky.catalogue.names import designation, key, plain
from agent.targets import SkyTarget, SolarBody, SolarTarget, Target

_SAME_DEG = 0.54  # parts of one object in one picture: NGC 6992 and NGC 6995 stand 0.53 apart
NOUNS = ("nebula", "galaxy", "cluster", "nebulae", "galaxies")
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
    **dict.fromkeys(("embryo", "embryonebula"), ("NGC 1333", "IC 1848")),
    "squid": ("Ou 4", "M 77"),
    "littlegem": ("NGC 6445", "NGC 6818"),
    "ghost": ("Sh2-136", "IC 63", "NGC 3242"),
    "comacluster": ("Mel 111", "NGC 4889"),
    "starfishcluster": ("M 38", "NGC 6752"),
    "abell 85": ("CTB 1", "ACO 85"),
    **dict.fromkeys(("nebuleusemeduse", "nebuleusedelameduse"), _JELLYFISHES),
    **dict.fromkeys(("nebulosamedusa", "nebulosadelamedusa", "nebulosadellamedusa"), _JELLYFISHES),
}
_SEVERAL_KEYS = {name: tuple(map(key, meant)) for name, meant in _SEVERAL.items()}
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
    if wanted in _SEVERAL_KEYS:
        return tuple(_found(_SEVERAL_KEYS[wanted]))
    exact = find(wanted)
    if exact is not None:
        return (exact,)
    if designation(name) is not None or wanted in _NO_NICKNAMES or len(wanted) < 3:
        return ()
    *before, last = plain(name).split()
    if last in _SHORT:
        return options(" ".join([*before, _SHORT[last]]))
    spellings = (wanted + noun for noun in NOUNS)
    return distinct(_found(one for spelling in spellings for one in _SEVERAL_KEYS.get(spelling, (spelling,))))


def find(wanted: str) -> Target | None:
    """Return what is stored under a key."""
    found = _stored(wanted)
    if found is None:
        return None
    if found.entry is None:
        return SolarTarget(found.name, SolarBody(found.body))
    return found.entry.target(found.name)


def find_entry(wanted: str) -> CatalogueEntry | None:
    """Return what is known of the object under a key; None also for a body of the solar system."""
    found = _stored(wanted)
    return found.entry if found else None


def _stored(wanted: str) -> Found | None:
    body = bodies().get(wanted)
    if body is not None:
        return Found(body.value.capitalize(), None, body.value)
    prefix, _, number = wanted.partition(" ")
    found = objects().get(wanted)
    if found is not None or not number.isdecimal() or len(number) > 6:
        return found
    if prefix == "hd":
        hipparcos = henry_draper().get(int(number))
        return _stored(f"hip {hipparcos}") if hipparcos else None
    star = stars().get(int(number)) if prefix == "hip" else None
    return Found(star.name, star) if star else None


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
def objects() -> Objects:
    """Every object of the data files."""
    return Objects()


@cache
def stars() -> Stars:
    """The stars without a name."""
    return Stars()


@cache
def henry_draper() -> HenryDraper:
    """The stars by their other number."""
    return HenryDraper()


def forget() -> None:
    """Let go of the data files; they are read again, in a hundredth of a second, when a name is asked for."""
    for files in (objects, stars, henry_draper):
        files.cache_clear()


def _found(keys: Iterable[str]) -> Iterator[Target]:
    for wanted in keys:
        target = find(wanted)
        if target is not None:
            yield target
