"""What is worth knowing of a target's sky before a session runs; it forbids nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agent.conditions.moment import clock_words, is_bright
from agent.reasons import Reason
from agent.sky.ephemeris import altaz, sun
from agent.targets import Site, Target

_DAYLIGHT = -6.0  # degrees of the Sun from which on a deep-sky picture is lost


@dataclass(frozen=True, slots=True)
class Caution:
    """One thing of it, in a sentence."""

    reason: Reason
    message: str


def sky_cautions(target: Target, site: Site, start: datetime, end: datetime) -> tuple[Caution, ...]:
    """Return what a person would want to know of the target then: below the horizon, daylight."""
    cautions = []
    heights = altaz(target, site, start).altitude, altaz(target, site, end).altitude
    if heights[0] < 0:
        message = f"{target.name} is below the horizon at {clock_words(start, site)}."
        cautions.append(Caution(Reason.ALTITUDE, message))
    elif heights[1] < 0:
        message = f"{target.name} sets before {clock_words(end, site)}."
        cautions.append(Caution(Reason.ALTITUDE, message))
    if not is_bright(target):
        light = [when for when in (start, end) if sun(site, when).altitude > _DAYLIGHT]
        if light:
            message = f"It is not dark at {clock_words(light[0], site)}."
            cautions.append(Caution(Reason.TWILIGHT, message))
    return tuple(cautions)
