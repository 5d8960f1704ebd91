"""What is known of targets, for people: the one place that asks the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import ephem

from agent.errors import AgentError
from agent.sky.catalogue import CatalogueEntry, ObjectKind, entries, entry, resolve
from agent.sky.catalogue import search as search_catalogue
from agent.sky.catalogue.lookup import bodies, radians
from agent.sky.catalogue.names import designation, key
from agent.targets import SkyTarget, SolarTarget, Target

MOST = 8
_LARGEST = 100  # letters of what is searched for
_SHOWPIECES = 250  # of the best known that are worth a proposal
_LEAST_ARCMIN = 10.0
_ALONG_THE_FIELD = 90.0  # the position angle of what nobody measured, for drawings
_POPULAR = frozenset({"M", "NGC", "IC"})  # catalogues whose numbers people know
_NO_SHOWPIECE = frozenset({ObjectKind.STAR, ObjectKind.DOUBLE_STAR, ObjectKind.ASTERISM, ObjectKind.OTHER})


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
    magnitude: float | None = None


@lru_cache(maxsize=1)
def showpieces() -> tuple[Known, ...]:
    """The best known objects that are large enough for a picture."""
    kinds = frozenset(ObjectKind) - _NO_SHOWPIECE
    found = entries(kinds, larger_than=_LEAST_ARCMIN)
    popular = (one for one in found if one.name.partition(" ")[0] in _POPULAR)
    return tuple(_known(one) for one in islice(popular, _SHOWPIECES))


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
    return _known(found)


def search(text: str, most: int = MOST) -> list[Known]:
    """Targets that what was typed so far may mean, the likeliest first."""
    asked = " ".join(text.split())[:_LARGEST]
    if not asked:
        return []
    found = [*_moving(asked), *map(_known, search_catalogue(asked, most))]
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


def _known(found: CatalogueEntry) -> Known:
    target = found.target()
    others = (name for name in found.names[1:] if designation(name) is None)
    size = None
    if found.major_arcmin is not None:
        size = (found.major_arcmin / 60, (found.minor_arcmin or found.major_arcmin) / 60)
    return Known(
        target,
        found.name,
        next(others, ""),
        found.kind.value.replace(" ", "_"),
        _constellation(target),
        size,
        _ALONG_THE_FIELD if found.position_angle is None else found.position_angle,
        found.magnitude,
    )


def _constellation(target: SkyTarget) -> str:
    return str(ephem.constellation(radians(target))[1])
