"""Tonight's best for one telescope: its model, its conditions, and what it collected already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from itertools import chain

from agent.app.advice import Advice
from agent.capabilities import Camera, Capabilities
from agent.conditions import Requirements
from agent.errors import AgentError
from agent.planner.suggestions import KINDS, Known, Suggestions, smallest_arcmin, suggest
from agent.sky.catalogue import entries, entry
from agent.sky.nights import Interval, coming_night
from agent.targets import Site


def tonights_best(
    site: Site,
    capabilities: Capabilities,
    requirements: Requirements,
    now: datetime,
    *,
    collected: Mapping[str, float],
    waiting: Iterable[str] = (),
    advice: Advice | None = None,
    night: date | None = None,
    stretch: Interval | None = None,
) -> Suggestions:
    """Return the best of a night (default: the coming one), or of a stretch of it, for the tele camera.

    `collected` and `waiting` are names of targets as sessions write them. ConditionConfigError.
    """
    camera = capabilities.cameras[Camera.TELE]
    advised = advice.entries if advice is not None else ()
    names = {one.name for one in advised}
    catalogue = (one for one in entries(KINDS, larger_than=smallest_arcmin(camera)) if one.name not in names)
    known = Known(by_object(collected), objects(waiting), names)
    return suggest(
        chain(advised, catalogue),
        site=site,
        night=night or coming_night(site, now),
        now=now,
        requirements=requirements,
        camera=camera,
        known=known,
        stretch=stretch,
    )


def by_object(collected: Mapping[str, float]) -> dict[str, float]:
    """Add up what was collected under the different names of an object."""
    found: dict[str, float] = defaultdict(float)
    for name, seconds in collected.items():
        found[_shown(name)] += seconds
    return dict(found)


def objects(names: Iterable[str]) -> Collection[str]:
    """Return the objects that sessions' targets are, by the names they are shown under."""
    return {_shown(name) for name in names}


def _shown(name: str) -> str:
    """Return the name that an object is shown under; that of no object as it is."""
    try:
        known = entry(name)
    except AgentError:
        known = None
    return known.name if known is not None else name
