"""Whether the coordinates of a goto are where its name stands, and if not, which slip explains it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from agent.errors import AgentError, Problem, warning
from agent.session.problems import SeveralPlacesError
from agent.session.sections import GotoManual
from agent.targets import MovingTarget, SkyTarget, SolarTarget, Target, without_pane

Resolve = Callable[[str], Target]
"""Finds a target by its name; AgentError when it cannot, SeveralPlacesError when it may be one of several."""

FAR_DEG = 3.0  # further off than any framing: the wrong place, unless the session says otherwise
_PANES_DEG = 10.0  # how far a pane of a mosaic may lie from the middle of what it is named after
_NOWHERE = "0/0 is what some programs write for no coordinates."
_LEAVE_OUT = "Leave them out: the agent knows where it is at the start."
_SAME_DEG = 0.5  # a slip explains coordinates when without it they are this near


def place_problem(goto: GotoManual, resolve: Resolve | None, field_deg: float, path: str) -> Problem | None:
    """Return what is wrong with coordinates further than `field_deg` from where their name stands.

    An error beyond 3 degrees (or the field, where that is larger), unless the session trusts its coordinates,
    or the name stands for several places.
    """
    if goto.ra_coord is None or goto.dec_coord is None:
        return None
    given = SkyTarget("", goto.ra_coord, goto.dec_coord)
    place, sure = _meant(goto.target, given, resolve)
    if isinstance(place, SolarTarget | MovingTarget):
        message = f"{goto.target} moves; these coordinates are gone to, and tracked like a star."
        remedy = "Use goto_solar, which follows it." if isinstance(place, SolarTarget) else _LEAVE_OUT
        return warning("moving_target", message, remedy, path)
    if place is None:
        nowhere = goto.ra_coord == 0 == goto.dec_coord and not goto.trust_coordinates
        return warning("wrong_place", _NOWHERE, "Give those of the target.", path) if nowhere else None
    away = apart(given, place)
    if without_pane(goto.target) != goto.target:
        field_deg = max(field_deg, _PANES_DEG)
    if away <= field_deg:
        return None
    message = f"{_stands(place)}; these coordinates ({_words(given)}) are {_degrees(away)} away."
    hint = slip(given.ra_hours, given.dec_degrees, place)
    if away <= max(FAR_DEG, field_deg) or goto.trust_coordinates or not sure:
        return warning("wrong_place", message, hint, path)
    remedy = 'Correct them, or say "trust_coordinates": true.'
    return Problem("wrong_place", message, f"{hint} {remedy}".lstrip(), path)


def place_of(name: str, resolve: Resolve | None) -> SkyTarget | None:
    """Return where a name stands, when it is one of a fixed place that the catalogue knows."""
    if not name or resolve is None:
        return None
    try:
        found = resolve(name)
    except AgentError:
        return None
    return found if isinstance(found, SkyTarget) else None


def _meant(name: str, given: SkyTarget, resolve: Resolve | None) -> tuple[Target | None, bool]:
    """Return where a name stands, and whether that is sure: of several places the nearest, which is not."""
    if not name or resolve is None:
        return None, False
    try:
        return resolve(name), True
    except SeveralPlacesError as error:
        fixed = [one for one in error.places if isinstance(one, SkyTarget)]
        return min(fixed, key=lambda one: apart(one, given), default=None), False
    except AgentError:
        return None, False


def corrected(number: float, goto: dict[str, object], resolve: Resolve | None) -> str:
    """Return a hint for a right ascension out of its range, checked against the place of the goto's name."""
    name = goto.get("target")
    place = place_of(name, resolve) if isinstance(name, str) else None
    if place is None:
        return ""
    return " ".join([*(words for _, words in _hours(number, place)), f"{_stands(place)}."])


def slip(ra_hours: float, dec_degrees: float, place: SkyTarget) -> str:
    """Return the sentence for the slip that explains coordinates which are not the place's, "" for none."""
    if ra_hours == 0 == dec_degrees:
        return _NOWHERE
    if ra_hours == int(place.ra_hours) and dec_degrees in (math.trunc(place.dec_degrees), place.dec_degrees):
        return "They look as if they had been read up to the first colon only."
    for hours, about_hours in ((ra_hours, ""), *_hours(ra_hours, place)):
        for degrees, about_degrees in (
            (dec_degrees, ""),
            (-dec_degrees, "The sign of the declination is lost."),
        ):
            said = f"{about_hours} {about_degrees}".strip()
            if said and apart(SkyTarget("", hours, degrees), place) <= _SAME_DEG:
                return said
    return ""


def apart(one: SkyTarget, other: SkyTarget) -> float:
    """Return the angle between two places in degrees."""
    first, second = math.radians(one.dec_degrees), math.radians(other.dec_degrees)
    turn = math.radians(15 * (one.ra_hours - other.ra_hours))
    half = math.sin((first - second) / 2) ** 2 + math.cos(first) * math.cos(second) * math.sin(turn / 2) ** 2
    return math.degrees(2 * math.asin(min(1.0, math.sqrt(half))))


def _hours(number: float, place: SkyTarget) -> Iterator[tuple[float, str]]:
    """Give the right ascensions that may be meant and are the place's, with how they came to be."""
    meant = (
        (number / 15, f"{number:g} degrees would be {number / 15:.4f} hours."),
        (number - 24, f"{number:g} is 24 h too much: {number - 24:.6g}."),
    )
    for hours, words in meant:
        away = abs((hours - place.ra_hours + 12) % 24 - 12) * 15 * math.cos(math.radians(place.dec_degrees))
        if away <= _SAME_DEG:
            yield hours, words


def _stands(place: SkyTarget) -> str:
    return f"{place.name} stands at {_words(place)}"


def _words(place: SkyTarget) -> str:
    return f"{place.ra_hours:.4f} h {place.dec_degrees:+.2f}°"


def _degrees(angle: float) -> str:
    return f"{angle:.0f}°" if angle >= 10 else f"{angle:.1f}°"
