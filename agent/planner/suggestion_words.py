"""Tonight's best as people read it, and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent.conditions.moment import clock_words
from agent.importing.model import Imported
from agent.planner.suggestions import Suggestion, Suggestions
from agent.sky.altitudes import CIVIL
from agent.sky.catalogue.entry import ObjectKind
from agent.sky.catalogue.names import said_once
from agent.sky.nights import Interval
from agent.targets import Site

_NAMES = 5  # of an object; famous ones have dozens, in many languages


def lines(found: Suggestions, site: Site) -> Iterator[str]:
    """Give the list in the site's own time, or the sentence that says why it is empty."""
    yield f"Best of the night of {found.night.isoformat()} ({site.timezone})"
    if found.dark:
        lit = f"Moon {found.illumination * 100:.0f} % lit"
        hours = "Dark" if found.sun_below <= CIVIL else "Usable hours"
        yield f"  {hours} {_spans(found.dark, site)}; {lit}; {found.looked_at} objects looked at"
    if not found.best:
        yield f"  {found.why_none}"
    for number, one in enumerate(found.best, start=1):
        yield f"{number:>2}. {one.title}: {one.score:.0f} of 100"
        when = clock_words(one.highest_at, site)
        yield f"    {_spans(one.windows, site)}; highest {one.highest:.0f}° at {when}"
        yield f"    {one.words}"
        notes = [
            *(["it waits in the queue already"] if one.waits else []),
            *([f"in its field: {', '.join(one.beside)}"] if one.beside else []),
        ]
        if notes:
            yield f"    {'; '.join(notes)}"


def to_json(found: Suggestions, site: Site) -> dict[str, Any]:
    """The same for programs: ISO 8601 instants in the site's zone, degrees, arcminutes, fractions."""
    return {
        "night": found.night.isoformat(),
        "dark": [_edges(part, site) for part in found.dark],
        "moon_illumination": round(found.illumination, 2),
        "looked_at": found.looked_at,
        "why_none": found.why_none,
        "suggestions": [suggestion_json(one, site) for one in found.best],
    }


def suggestion_json(one: Suggestion, site: Site) -> dict[str, Any]:
    """One suggestion for programs."""
    entry = one.entry
    return {
        "target": entry.name,
        "names": said_once(entry.names)[:_NAMES],
        "kind": entry.kind.value,
        "constellation": entry.constellation,
        "ra_hours": round(entry.ra_hours, 5),
        "dec_degrees": round(entry.dec_degrees, 4),
        "size": [entry.major_arcmin, entry.minor_arcmin or entry.major_arcmin],
        "magnitude": entry.magnitude,
        "surface_brightness": entry.surface_brightness,
        "score": round(one.score, 1),
        "factors": {factor.name: round(factor.value, 2) for factor in one.factors},
        "words": one.words,
        "windows": [_edges(window, site) for window in one.windows],
        "highest": round(one.highest, 1),
        "highest_at": _iso(one.highest_at, site),
        "moon_separation": round(one.moon_separation, 1),
        "collected_s": round(one.collected_s),
        "waits": one.waits,
        "advised": one.advised,
        "beside": list(one.beside),
    }


def imported(one: Suggestion) -> Imported:
    """Return it as the target of a list, of which a session can be made."""
    entry = one.entry
    place = f"{one.score:.0f} of 100"
    if entry.kind is ObjectKind.OTHER:
        return Imported(place, entry.name, description=one.title, moves=True)
    return Imported(place, entry.name, entry.ra_hours, entry.dec_degrees, description=one.title)


def _spans(windows: tuple[Interval, ...], site: Site) -> str:
    return " and ".join(
        f"{clock_words(window.start, site)} to {clock_words(window.end, site)}" for window in windows
    )


def _edges(window: Interval, site: Site) -> list[str]:
    return [_iso(window.start, site), _iso(window.end, site)]


def _iso(instant: datetime, site: Site) -> str:
    return instant.astimezone(ZoneInfo(site.timezone)).isoformat(timespec="seconds")
