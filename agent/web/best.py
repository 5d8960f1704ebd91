"""The best targets for a free stretch: how long and how high, how they fit, what the Moon does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import groupby

from agent.sky.ephemeris import MOON, altaz, instants, separation, sun
from agent.sky.horizon import HorizonMask
from agent.sky.nights import Interval
from agent.targets import Site, SkyTarget
from agent.web.draw.field import lies_inside
from agent.web.night import NightView
from agent.web.targets import Known, showpieces

LEAST = timedelta(minutes=30)  # a shorter stretch is worth no goto
LOWEST = 20.0  # degrees, whatever is configured
_STEP = timedelta(minutes=20)
_ROUND_S = 600  # so that the answer of a minute ago is still the answer
_KEPT = 20  # of which some may be planned already
_NEAR_MOON, _NEAR_FULL_MOON = 40.0, 60.0
_MOONLESS = frozenset({"open_cluster", "globular_cluster", "planetary_nebula"})


@dataclass(frozen=True, slots=True)
class Best:
    """One of them: when it is good, its highest altitude then, and what speaks for and against it."""

    known: Known
    good: Interval
    highest: float
    fits: bool
    moonlight: bool
    score: float


@dataclass(frozen=True, slots=True)
class _Question:
    """What the answer depends on."""

    site: Site
    start: datetime
    end: datetime
    sun_below: float
    lowest: float
    horizon: HorizonMask | None
    moon_lit: float
    moon_up: tuple[Interval, ...]
    fov: tuple[float, float]


def best_for(view: NightView, free: Interval, fov: tuple[float, float]) -> tuple[Best, ...]:
    """Return the best of the well-known targets, the best first. Slow at first: use a thread."""
    return _answer(
        _Question(
            view.site,
            _rounded(free.start, up=True),
            _rounded(free.end, up=False),
            view.sun_below,
            max(view.min_altitude, LOWEST),
            view.horizon,
            view.moon_illumination,
            view.moon_up,
            fov,
        )
    )


@lru_cache(maxsize=8)
def _answer(asked: _Question) -> tuple[Best, ...]:
    steps = [at for at in instants(asked.start, max(asked.start, asked.end), _STEP) if _dark(asked, at)]
    found = [
        best
        for known in showpieces()
        if _rises(asked, known) and (best := _judged(asked, known, steps)) is not None
    ]
    return tuple(sorted(found, key=lambda one: -one.score)[:_KEPT])


def _dark(asked: _Question, at: datetime) -> bool:
    return sun(asked.site, at).altitude < asked.sun_below


def _rises(asked: _Question, known: Known) -> bool:
    """Whether it gets high enough at all, which needs no looking along the sky."""
    target = known.target
    if not isinstance(target, SkyTarget):
        return False
    return 90 - abs(asked.site.latitude - target.dec_degrees) > asked.lowest


def _judged(asked: _Question, known: Known, steps: list[datetime]) -> Best | None:
    places = [(at, altaz(known.target, asked.site, at)) for at in steps]
    clear = [(at, place.altitude, place.altitude >= _lowest_at(asked, place.azimuth)) for at, place in places]
    longest = max(_runs(clear), key=len, default=[])
    if len(longest) < 2 or longest[-1][0] - longest[0][0] < LEAST or known.size is None:
        return None
    good = Interval(longest[0][0], longest[-1][0])
    highest = max(altitude for _, altitude, _ in longest)
    fits = lies_inside(known.size, known.angle, asked.fov)
    moonlight = _moonlight(asked, known, good)
    score = (
        min(good.seconds, 2 * 3600) / 3600
        + highest / 45
        + (1.5 if fits else 0)
        + min(max(known.size) / asked.fov[1], 1) * 1.5
        - (2.5 if moonlight else 0)
        - (known.magnitude or 8) / 12
    )
    return Best(known, good, highest, fits, moonlight, score)


def _runs(clear: list[tuple[datetime, float, bool]]) -> Iterator[list[tuple[datetime, float, bool]]]:
    for good, group in groupby(clear, key=lambda one: one[2]):
        if good:
            yield list(group)


def _lowest_at(asked: _Question, azimuth: float) -> float:
    return max(asked.lowest, asked.horizon.altitude_at(azimuth) if asked.horizon is not None else 0.0)


def _moonlight(asked: _Question, known: Known, good: Interval) -> bool:
    """Whether the Moon spoils a faint target."""
    if known.kind in _MOONLESS or asked.moon_lit < 0.3:
        return False
    middle = good.start + (good.end - good.start) / 2
    if not any(middle in up for up in asked.moon_up):
        return False
    limit = _NEAR_MOON + _NEAR_FULL_MOON * asked.moon_lit
    return separation(known.target, MOON, asked.site, middle) < limit


def _rounded(at: datetime, *, up: bool) -> datetime:
    seconds = at.timestamp() % _ROUND_S
    return at - timedelta(seconds=seconds) + timedelta(seconds=_ROUND_S if up and seconds else 0)
