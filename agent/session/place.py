"""Whether the coordinates of a goto are where its name stands, and if not, which slip explains it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from agent.errors import AgentError, Problem, warning
from agent.session.coordinates import parse_dec
from agent.session.problems import BadValueError, SeveralPlacesError
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
    hours = [words for meant, words in _meant_hours(number) if _turn(meant, place) <= _SAME_DEG]
    framed = [] if hours else _framed(number, goto, place)
    return " ".join([*hours, f"{_stands(place)}.", *framed])


def slip(ra_hours: float, dec_degrees: float, place: SkyTarget) -> str:
    """Return the sentence for the slip that explains coordinates which are not the place's, "" for none."""
    if ra_hours == 0 == dec_degrees:
        return _NOWHERE
    if ra_hours == int(place.ra_hours) and dec_degrees in (math.trunc(place.dec_degrees), place.dec_degrees):
        return "They look as if they had been read up to the first colon only."
    sign = "lost" if dec_degrees > 0 else "the other one"
    for hours, about_hours in ((ra_hours, ""), *_meant_hours(ra_hours)):
        for degrees, about_degrees in (
            (dec_degrees, ""),
            (-dec_degrees, f"The sign of the declination is {sign}."),
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


def _meant_hours(number: float) -> Iterator[tuple[float, str]]:
    """Give the right ascensions that a number may stand for, with how it came to be."""
    if 0 <= number < 360:
        yield number / 15, f"{number:g} degrees would be {number / 15:.4f} hours."
    if 0 < number * 15 < 24:
        yield number * 15, f"{number * 15:.4g} hours, taken for degrees, would be {number:.4f} hours."
    if 24 <= number < 48:
        yield number - 24, f"{number:g} is 24 h too much: {number - 24:.6g}."
    if 360 <= number < 384:
        yield number - 360, f"{number:g} is 360 too much: {number - 360:.6g}."
    if -24 < number < 0:
        yield number + 24, f"{number:g} is 24 h too little: {number + 24:.6g}."


def _turn(hours: float, place: SkyTarget) -> float:
    """Return how far a right ascension is from the place's, in degrees of its sky."""
    away = abs((hours - place.ra_hours + 12) % 24 - 12)
    return away * 15 * math.cos(math.radians(place.dec_degrees))


def _framed(number: float, goto: dict[str, object], place: SkyTarget) -> Iterator[str]:
    """Give the hint that degrees are meant where with them the coordinates frame the place."""
    try:
        degrees = parse_dec(goto.get("dec_coord"))
    except BadValueError:
        return
    away = apart(SkyTarget("", number / 15, degrees), place)
    if 24 <= number < 360 and away <= FAR_DEG:
        yield f"{number:g} degrees would be {number / 15:.4f} hours, {_degrees(away)} from there."


def _stands(place: SkyTarget) -> str:
    return f"{place.name} stands at {_words(place)}"


def _words(place: SkyTarget) -> str:
    return f"{place.ra_hours:.4f} h {place.dec_degrees:+.2f}°"


def _degrees(angle: float) -> str:
    return f"{angle:.0f}°" if angle >= 10 else f"{angle:.1f}°"
