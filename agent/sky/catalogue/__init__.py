"""The offline target catalogue: from a name to a place in the sky.

It knows NGC, IC, Messier and Caldwell (OpenNGC), Sharpless and Barnard, popular names, bright stars, the
planets, the Moon and the Sun. Its data is read when the first name is asked for.
"""

from __future__ import annotations

import difflib
import math
from functools import cache

import ephem
import ephem.stars

from agent.errors import AgentError
from agent.sky.catalogue.data_files import Place, Places
from agent.sky.catalogue.names import designation, key
from agent.targets import SkyTarget, SolarBody, SolarTarget, Target

__all__ = ["AmbiguousTargetError", "UnknownTargetError", "resolve"]

_AMBIGUOUS = {"m 102": ("M 101", "NGC 5866")}  # OpenNGC takes it for the first, most atlases for the second
_NEAR = 3  # suggestions in an error


class UnknownTargetError(AgentError):
    """No such target in the catalogue; `near` holds the names that come closest."""

    code = "unknown_target"

    def __init__(self, name: str, near: tuple[str, ...]) -> None:
        hint = f"Did you mean {' or '.join(near)}?" if near else "Give its coordinates instead."
        super().__init__(f"The catalogue has no target {name!r}.", hint=hint)
        self.near = near


class AmbiguousTargetError(AgentError):
    """A name that atlases use for different places."""

    code = "ambiguous_target"

    def __init__(self, name: str, places: tuple[str, ...]) -> None:
        found = [place for spelling in places if (place := _find(key(spelling))) is not None]
        said = [f"{place.name} ({place.ra_hours:.4f} h {place.dec_degrees:+.2f}°)" for place in found]
        super().__init__(f"{name!r} stands for different places.", hint=f"Say {' or '.join(said)}.")


def resolve(name: str) -> Target:
    """Return the target of that name, which it keeps as written.

    UnknownTargetError if there is none, AmbiguousTargetError if there are several.
    """
    asked = " ".join(name.split())
    wanted = key(asked)
    body = _solar_bodies().get(wanted)
    if body is not None:
        return SolarTarget(asked, body)
    if wanted in _AMBIGUOUS:
        raise AmbiguousTargetError(asked, _AMBIGUOUS[wanted])
    place = _find(wanted)
    if place is None:
        raise UnknownTargetError(asked, _near(asked, wanted))
    return SkyTarget(asked, place.ra_hours, place.dec_degrees)


@cache
def _solar_bodies() -> dict[str, SolarBody]:
    return {body.value: body for body in SolarBody}


@cache
def _places() -> Places:
    return Places()


@cache
def _stars() -> dict[str, Place]:
    stars = {}
    for name in ephem.stars.stars:
        star = ephem.star(name)
        place = Place(name, math.degrees(star._ra) / 15 % 24, math.degrees(star._dec))
        stars[key(name)] = place
    return stars


def _find(wanted: str) -> Place | None:
    place = _places().get(wanted) or _stars().get(wanted)
    while place is not None and place.same_as:
        wanted = place.same_as
        place = _places().get(wanted) or _stars().get(wanted)
    return place


def _near(asked: str, wanted: str) -> tuple[str, ...]:
    """Return the closest names: a part that is known ("M31 mosaic"), else similar spellings."""
    words = asked.split()
    for count in range(len(words) - 1, 0, -1):
        part = " ".join(words[:count])
        if _find(key(part)) is not None:
            return (part,)
    catalogue = designation(asked)
    if catalogue is not None:
        candidates = [spelling for spelling in _places() if spelling.startswith(f"{catalogue[0]} ")]
    else:
        names = [spelling for spelling in _places() if " " not in spelling]
        candidates = [*names, *_stars(), *_solar_bodies()]
    close = difflib.get_close_matches(wanted, candidates, n=_NEAR, cutoff=0.7)
    return tuple(dict.fromkeys(_shown(spelling) for spelling in close))


def _shown(spelling: str) -> str:
    place = _places().get(spelling) or _stars().get(spelling)
    return place.name if place else spelling.capitalize()
