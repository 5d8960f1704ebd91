"""What is known of targets, for people: the one place that asks the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import ephem

from agent.errors import AgentError
from agent.sky.catalogue import CatalogueEntry, entry, resolve
from agent.sky.catalogue import search as search_catalogue
from agent.sky.catalogue.lookup import bodies, radians
from agent.sky.catalogue.names import designation, key, same_name
from agent.targets import SkyTarget, SolarTarget, Target

MOST = 8
_LARGEST = 100  # letters of what is searched for
_ALONG_THE_FIELD = 90.0  # the position angle of what nobody measured, for drawings


@dataclass(frozen=True, slots=True)
class Known:
    """A target with what is told of it; degrees, and None or "" where nothing is."""

    target: Target
    name: str
    other_name: str = ""
    kind: str = ""
    constellation: str = ""
    size: tuple[float, float] | None = None
    angle: float = 90.0


@lru_cache(maxsize=128)
def about(target: Target | None) -> Known | None:
    """What is known of a target, by its name."""
    if target is None:
        return None
    if isinstance(target, SolarTarget):
        return Known(target, target.name, kind="solar_system")
    try:
        found = entry(target.name)
    except AgentError:
        found = None
    if found is None:
        return Known(target, target.name, constellation=_constellation(target))
    return known_of(found)


def search(text: str, most: int = MOST) -> list[Known]:
    """Targets that what was typed so far may mean, the likeliest first."""
    asked = " ".join(text.split())[:_LARGEST]
    if not asked:
        return []
    found = [*_moving(asked), *map(known_of, search_catalogue(asked, most))]
    if not found and (whole := named(asked)) is not None:
        found = [whole]
    return found[:most]


def named(text: str) -> Known | None:
    """The one target of that name; None when there is none, or several."""
    try:
        return about(resolve(text))
    except AgentError:
        return None


def _moving(asked: str) -> Iterator[Known]:
    wanted = key(asked)
    for name, body in bodies().items():
        if wanted and name.startswith(wanted):
            yield Known(SolarTarget(name.capitalize(), body), name.capitalize(), kind="solar_system")


def known_of(found: CatalogueEntry) -> Known:
    """What the catalogue knows."""
    target = found.target()
    other = next((name for name in found.names[1:] if designation(name) is None), "")
    size = None
    if found.major_arcmin is not None:
        size = (found.major_arcmin / 60, (found.minor_arcmin or found.major_arcmin) / 60)
    return Known(
        target,
        found.name,
        "" if same_name(other, found.name) else other,
        found.kind.value.replace(" ", "_"),
        _constellation(target),
        size,
        _ALONG_THE_FIELD if found.position_angle is None else found.position_angle,
    )


def _constellation(target: SkyTarget) -> str:
    return str(ephem.constellation(radians(target))[1])
