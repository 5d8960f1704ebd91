"""What a session's frames say of sky, optics and tracking, against its own beginning: values only."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

BRIGHTEST = 40  # stars of which the light is compared
BASE = 5  # measures at the beginning that say what is usual
RECENT = 3  # measures that have to agree: one bad frame means nothing
FEWEST_STARS = 20  # at the beginning, below which nothing is judged
_FIRST_RANK = 3  # the very brightest are saturated

DIM = 0.5  # of the stars' light: a cloud
FADES = 0.9  # of it, with stars that begin to spread: perhaps dew
DEWY = 0.75  # of it, with stars that spread
SPREAD = 0.1  # of the light beside the stars' cores, added
SOFT = 1.3  # of the half-flux diameter
LONG = 0.2  # of the elongation, added
ALIGNED = 0.6  # 1 when all stars are long in one direction
FALLS = 0.65  # of the light of two frames before: nothing but a cloud comes so fast
BACK = 0.65  # of the way to a limit, at which it counts as over


class Cause(StrEnum):
    """What makes frames worse, as far as they tell it."""

    CLOUD = "cloud"
    DEW = "dew"
    FOCUS = "focus"
    TRAILING = "trailing"


@dataclass(frozen=True, slots=True)
class Measure:
    """One frame: its stars, its background, the light of the brightest, brightest first.

    Of shapes, None where too few stars tell: `hfd` is the half-flux diameter in pixels, `wings` the light
    around the stars' cores by that within, `elongation` length by width, `aligned` how much one
    direction prevails (0 to 1).
    """

    stars: int
    background: float
    light: tuple[float, ...] = ()
    hfd: float | None = None
    wings: float | None = None
    elongation: float | None = None
    aligned: float | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """The frames got worse, and why, or are good again: no causes. `light` and `hfd` by the beginning's."""

    causes: tuple[Cause, ...]
    light: float
    hfd: float | None

    @property
    def degraded(self) -> bool:
        """Whether they got worse."""
        return bool(self.causes)


@dataclass(frozen=True, slots=True)
class _Usual:
    light: tuple[float, ...]
    hfd: float
    wings: float
    elongation: float


@dataclass(frozen=True, slots=True)
class _Now:
    """The newest measures against what is usual."""

    light: float
    hfd: float | None
    wings: float | None
    longer: float | None
    aligned: float | None


class QualityTrend:
    """Judges one capture's frames as they are measured. A new capture of the same field may go on with it."""

    def __init__(self) -> None:
        self._first: list[Measure] = []
        self._newest: deque[Measure] = deque(maxlen=RECENT)
        self._usual: _Usual | None = None
        self._lights: deque[float] = deque(maxlen=3)
        self._doubt = False  # nobody has said yet whether it is over
        self._others = 0  # frames in a row that tell of another cause
        self._fell = False  # the light, at once, and is not back
        self.causes: tuple[Cause, ...] = ()

    def add(self, measure: Measure) -> Change | None:
        """Count a frame; return what changed with it, None while nothing did."""
        if self._usual is None:
            self._first.append(measure)
            if len(self._first) >= BASE:
                self._usual = _usual(self._first)
                self._first = self._first[1:] if self._usual is None else []
            return None
        self._newest.append(measure)
        self._follow_light(_light(self._usual, measure))
        if len(self._newest) < RECENT:
            return None
        now = _against(self._usual, self._newest)
        causes = _causes(now, 1.0, fell=self._fell)
        if self.causes:  # it is over only well on this side of the limits
            causes = causes or (self.causes if _causes(now, BACK, fell=self._fell) else ())
        self._others = self._others + 1 if causes and self.causes and causes != self.causes else 0
        over = self._doubt and not causes
        self._doubt = False
        if over:
            return Change((), now.light, now.hfd)
        if causes == self.causes or 0 < self._others < RECENT:  # a cause is not renamed for one frame
            return None
        self._others, self.causes = 0, causes
        return Change(causes, now.light, now.hfd)

    def _follow_light(self, light: float) -> None:
        self._lights.append(light)
        if light < FALLS * max(self._lights) and max(self._lights) > DEWY:
            self._fell = True
        elif light > DEWY:
            self._fell = False

    def look_again(self) -> None:
        """After a pause or a refocus: forget the newest, and say again if those that come are no better."""
        self._doubt = self._doubt or bool(self.causes)
        self._newest.clear()
        self._lights.clear()
        self._fell = False
        self.causes = ()


def _usual(first: Iterable[Measure]) -> _Usual | None:
    measures = list(first)
    hfd, wings = _median(measures, _hfd), _median(measures, _wings)
    elongation = _median(measures, _elongation)
    if median(one.stars for one in measures) < FEWEST_STARS or hfd is None or wings is None:
        return None
    ranks = min(BRIGHTEST, *(len(one.light) for one in measures))
    ranks = min(ranks, max(_FIRST_RANK + 1, min(one.stars for one in measures) // 2))
    light = tuple(median(one.light[rank] for one in measures) for rank in range(_FIRST_RANK, ranks))
    return _Usual(light, hfd, wings, elongation or 1.0) if light else None


def _against(usual: _Usual, newest: Iterable[Measure]) -> _Now:
    measures = list(newest)
    hfd, wings, long = (_median(measures, of) for of in (_hfd, _wings, _elongation))
    return _Now(
        light=median(_light(usual, one) for one in measures),
        hfd=None if hfd is None else hfd / usual.hfd,
        wings=None if wings is None else wings - usual.wings,
        longer=None if long is None else long - usual.elongation,
        aligned=_median(measures, lambda one: one.aligned),
    )


def _light(usual: _Usual, measure: Measure) -> float:
    """The light of the stars by what is usual, rank by rank; one that is not seen gives none."""
    seen = measure.light[_FIRST_RANK:]
    ratios = [
        (seen[rank] if rank < len(seen) else 0.0) / flux for rank, flux in enumerate(usual.light) if flux > 0
    ]
    return median(ratios) if ratios else 1.0


def _causes(now: _Now, part: float, *, fell: bool) -> tuple[Cause, ...]:
    """What is beyond its limit; a `part` of it draws the limits closer; `fell`: the light, at once."""
    soft = now.hfd is not None and now.hfd > 1 + (SOFT - 1) * part
    spread = now.wings is not None and now.wings > SPREAD * part
    dewy = now.light < 1 - (1 - DEWY) * part
    found = []
    if now.longer is not None and now.longer > LONG * part and (now.aligned or 0.0) > ALIGNED * part:
        found.append(Cause.TRAILING)
        soft = False  # long stars are wide ones
    if dewy and (spread or soft) and not fell:
        found.append(Cause.DEW)
    elif now.light < 1 - (1 - DIM) * part or (fell and dewy):
        found.append(Cause.CLOUD)
    elif soft and not _is_young_dew(now):
        found.append(Cause.FOCUS)
    return tuple(found)


def _is_young_dew(now: _Now) -> bool:
    return now.light < FADES and now.wings is not None and now.wings > SPREAD / 2


def _median(measures: Iterable[Measure], of: Callable[[Measure], float | None]) -> float | None:
    """The median of what most of them tell; None when they do not."""
    measures = list(measures)
    told = [value for one in measures if (value := of(one)) is not None]
    return median(told) if 2 * len(told) > len(measures) else None


def _hfd(measure: Measure) -> float | None:
    return measure.hfd


def _wings(measure: Measure) -> float | None:
    return measure.wings


def _elongation(measure: Measure) -> float | None:
    return measure.elongation
