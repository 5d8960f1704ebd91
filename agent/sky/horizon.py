"""A local horizon: how high trees and houses reach in each direction."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from agent.errors import AgentError

_HINT = "Write points as azimuth:altitude in degrees, such as 0:10, 90:25."


class HorizonError(AgentError):
    """A horizon mask that cannot be used."""

    code = "invalid_horizon"


@dataclass(frozen=True, slots=True)
class HorizonMask:
    """Points of azimuth [0, 360) and altitude [-90, 90] in degrees, joined by lines around the compass."""

    points: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, points: Iterable[tuple[float, float]]) -> HorizonMask:
        """Check and sort points; HorizonError names the one that is wrong. One point is a level horizon."""
        cleaned: dict[float, float] = {}
        for azimuth, altitude in points:
            _check(azimuth, altitude, cleaned)
            cleaned[azimuth % 360] = altitude
        if not cleaned:
            raise HorizonError(
                "The horizon has no points.", hint="Write it as azimuth:altitude, such as 90:15."
            )
        return cls(tuple(sorted(cleaned.items())))

    @classmethod
    def parse(cls, text: str) -> HorizonMask:
        """Read "0:10, 90:25, 180:5": azimuth:altitude pairs between commas, blanks or lines."""
        points = []
        for pair in text.replace(",", " ").replace(";", " ").split():
            azimuth, _, altitude = pair.partition(":")
            try:
                points.append((float(azimuth), float(altitude)))
            except ValueError:
                raise HorizonError(f"{pair!r} is not a point of a horizon.", hint=_HINT) from None
        return cls.of(points)

    def altitude_at(self, azimuth: float) -> float:
        """Return the horizon's altitude in a direction."""
        azimuth %= 360
        after = bisect_right(self.points, (azimuth, math.inf))
        (left, low) = self.points[after - 1]
        (right, high) = self.points[after % len(self.points)]
        span = (right - left) % 360
        return low if span == 0 else low + (high - low) * ((azimuth - left) % 360) / span


def _check(azimuth: float, altitude: float, known: dict[float, float]) -> None:
    if not 0 <= azimuth <= 360:
        raise HorizonError(f"The horizon's azimuth {azimuth:g} is not between 0 and 360 degrees.")
    if not -90 <= altitude <= 90:
        raise HorizonError(f"The horizon's altitude {altitude:g} is not between -90 and 90 degrees.")
    if known.get(azimuth % 360, altitude) != altitude:
        raise HorizonError(f"The horizon has two altitudes for azimuth {azimuth % 360:g}.")
