"""What is worth a picture tonight: objects of the catalogue, each with a score that explains itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from heapq import heappush, heapreplace
from itertools import islice
from zoneinfo import ZoneInfo

from agent.capabilities import CameraCapabilities
from agent.conditions import ConditionSet, Requirements
from agent.planner.merit import Factor, Light, advised, lasting, score_of, tonights
from agent.planner.merit_words import factor_words
from agent.planner.request import Request
from agent.planner.windows import night_span, windows_of
from agent.sky.altitudes import SUNSET_ALTITUDE
from agent.sky.catalogue.entry import CatalogueEntry, ObjectKind
from agent.sky.catalogue.names import same_name
from agent.sky.ephemeris import MOON, instants, moon, separation, sun
from agent.sky.nights import Interval, culmination, windows_where
from agent.sky.sweep import Place, Sweep
from agent.targets import Site

MOST = 10  # suggestions of one night
KINDS = frozenset(ObjectKind) - {
    ObjectKind.STAR,
    ObjectKind.DOUBLE_STAR,
    ObjectKind.ASTERISM,
    ObjectKind.GALAXY_CLUSTER,
    ObjectKind.OTHER,
}
"""What a picture of is worth a night."""

_STEP = timedelta(minutes=15)
_SMALLEST = 60  # what is smaller than this part of the field is a dot
_MOST_RATED = 6  # times as many as are wanted are kept, for those that share a field
_COMPANIONS = 3  # that one suggestion names
_DOWN = SUNSET_ALTITUDE


class Against(StrEnum):
    """What keeps an object from being imaged tonight, as words with the setting to change."""

    LOW = "stay too low (min_altitude)"
    HIGH = "are only up near the zenith (max_altitude)"
    HIDDEN = "stay behind the horizon around you (horizon)"
    MOON = "are too near to the Moon (moon_separation)"
    SHORT = "are up too shortly (least_block_min)"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the owner's work: seconds collected by object, names that wait, names advised."""

    collected: Mapping[str, float]
    waiting: Collection[str] = ()
    advised: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One object. `score` is the product of the factors, 0 to 100; `beside` it stand others in its field."""

    entry: CatalogueEntry
    score: float
    factors: tuple[Factor, ...]
    windows: tuple[Interval, ...]
    highest: float
    highest_at: datetime
    moon_separation: float
    collected_s: float
    waits: bool
    advised: bool
    beside: tuple[str, ...] = ()

    @property
    def called(self) -> str | None:
        """What people call it, where that is no number in a catalogue and not its name once more."""
        name = next((name for name in self.entry.names[1:] if not any(map(str.isdigit, name))), None)
        return None if name is None or same_name(name, self.entry.name) else name

    @property
    def title(self) -> str:
        """Its name, with what people call it."""
        return f"{self.entry.name} ({self.called})" if self.called else self.entry.name

    @property
    def longest(self) -> Interval:
        """The longest of its windows."""
        return max(self.windows, key=lambda window: window.seconds)

    @property
    def words(self) -> str:
        """Everything that counts, the worst for it last."""
        return "; ".join(filter(None, map(factor_words, self.by_value)))

    @property
    def by_value(self) -> list[Factor]:
        """The factors, what speaks for it first."""
        return sorted(self.factors, key=lambda one: -one.value)


@dataclass(frozen=True, slots=True)
class Suggestions:
    """The best of a night, the best first; `why_none` says what is against all of them when there is none."""

    night: date
    made_at: datetime
    dark: tuple[Interval, ...]  # the hours in which the Sun is below `sun_below`
    sun_below: float
    illumination: float
    looked_at: int
    best: tuple[Suggestion, ...]
    why_none: str


@dataclass(frozen=True, slots=True)
class _Rated:
    entry: CatalogueEntry
    score: float
    factors: tuple[Factor, ...]


def smallest_arcmin(camera: CameraCapabilities) -> float:
    """Return the size below which an object is a dot in that camera."""
    return camera.field_of_view[0] * 60 / _SMALLEST if camera.field_of_view is not None else 0.0


def suggest(
    entries: Iterable[CatalogueEntry],
    *,
    site: Site,
    night: date,
    now: datetime,
    requirements: Requirements,
    camera: CameraCapabilities,
    known: Known,
    stretch: Interval | None = None,
) -> Suggestions:
    """Return the best of a night (from `now` on) under the conditions of every session; pure.

    Of a `stretch` of it: the best of that time alone, without what waits already. Objects are chosen by
    samples of the time; what is told of the chosen ones is exact.
    """
    asked = _in_the_dark(requirements.by_night(start_named=False))
    span = night_span(site, night, ZoneInfo(site.timezone))
    begin, end = max(now, span.start), span.end
    if stretch is not None:
        begin, end = max(begin, stretch.start), min(end, stretch.end)
    below = 90.0 if asked.sun_below is None else asked.sun_below
    dark = windows_where(lambda when: sun(site, when).altitude < below, begin, end) if begin < end else ()
    middle = dark[0].start + (dark[-1].end - dark[0].start) / 2 if dark else begin
    lit = moon(site, middle).illumination
    chooser = _Chooser(asked, site, dark, camera, known, lit)
    rated = chooser.rate(entries, MOST * _MOST_RATED) if any(chooser.moonless) else []
    told = _told(rated, asked, site, span, Interval(begin, end), known, camera, fresh=stretch is not None)
    best = tuple(islice(told, MOST))
    why = "" if best else _why_none(chooser, asked, site, Interval(begin, end), dark, lit)
    return Suggestions(night, now, dark, below, lit, chooser.looked_at, best, why)


class _Chooser:
    """Rates objects by samples of one night's darkness."""

    def __init__(
        self,
        asked: Requirements,
        site: Site,
        dark: Sequence[Interval],
        camera: CameraCapabilities,
        known: Known,
        illumination: float,
    ) -> None:
        self._asked = asked
        self._camera = camera
        self._known = known
        self._illumination = illumination
        self._mask = asked.horizon_mask
        self._sweep = Sweep(site, [when for part in dark for when in instants(part.start, part.end, _STEP)])
        self.moonless = [self._moon_allows(height) for height in self._sweep.moon_altitudes]
        self.looked_at = 0
        self.against: Counter[Against] = Counter()

    def rate(self, entries: Iterable[CatalogueEntry], count: int) -> list[_Rated]:
        """Return the best, the best first; no more than those are held at any time.

        The best known come first, so most that follow cannot become one of them, which is seen at a glance.
        """
        heap: list[tuple[float, int, _Rated]] = []
        lowest = (self._asked.min_altitude or -90.0) - 1
        for rank, entry in enumerate(entries):
            self.looked_at += 1
            if self._sweep.highest(entry.dec_degrees) < lowest:
                self.against[Against.LOW] += 1
                continue
            had = self._known.collected.get(entry.name, 0.0)
            always = (*lasting(entry, self._camera, had), *advised(entry, self._known.advised))
            if len(heap) == count and score_of(always) <= heap[0][0]:
                continue
            light = self._light(entry)
            if light is None:
                continue
            factors = (*always, *tonights(entry, self._camera, light, self._illumination))
            score = score_of(factors)
            one = score, -rank, _Rated(entry, score, factors)
            if len(heap) < count:
                heappush(heap, one)
            elif score > heap[0][0]:
                heapreplace(heap, one)
        return [one for *_, one in sorted(heap, reverse=True)]

    def _light(self, entry: CatalogueEntry) -> Light | None:
        """Return when it may be imaged; None, counting what is against it, when that is too little."""
        asked = self._asked
        low, high = asked.min_altitude or -90.0, asked.max_altitude or 90.0
        places = self._sweep.places(entry.ra_hours, entry.dec_degrees, low)
        against = Against.LOW
        for reason, holds in (
            (Against.HIGH, lambda place: place.altitude <= high),
            (Against.HIDDEN, self._is_clear),
            (Against.MOON, self._is_moonless),
        ):
            if places:
                against, places = reason, [place for place in places if holds(place)]
        places.sort(key=lambda place: -place.altitude)
        heights = tuple(place.altitude for place in places)
        light = Light(heights, tuple(map(self._moonlight, places)), _STEP.total_seconds())
        if places and light.seconds >= asked.least_block_s:
            return light
        self.against[Against.SHORT if places else against] += 1
        return None

    def _is_clear(self, place: Place) -> bool:
        return self._mask is None or place.altitude >= self._mask.altitude_at(place.azimuth)

    def _is_moonless(self, place: Place) -> bool:
        apart = self._asked.moon_separation
        near = apart is not None and place.moon >= _DOWN and place.from_moon < apart
        return self.moonless[place.at] and not near

    def _moon_allows(self, height: float) -> bool:
        asked = self._asked
        below = asked.moon_below is None or height < asked.moon_below
        most = asked.max_moon_illumination
        return below and (most is None or height < _DOWN or self._illumination <= most)

    def _moonlight(self, place: Place) -> float:
        """Return how much of the Moon's light is in the way: none when it is down, most beside it."""
        if place.moon < _DOWN:
            return 0.0
        height, apart = max(0.0, place.moon) / 60, min(1.0, place.from_moon / 120)
        return self._illumination * min(1.0, 0.3 + height) * (1.0 - 0.6 * apart)


def _in_the_dark(asked: Requirements) -> Requirements:
    """The same by dark alone: what may begin by day ends at dawn, and is no picture before dusk either."""
    limits = [limit for limit in (asked.sun_below, asked.dawn_limit) if limit is not None]
    return asked.model_copy(update={"sun_below": min(limits, default=None)})


def _told(
    rated: Sequence[_Rated],
    asked: Requirements,
    site: Site,
    span: Interval,
    time: Interval,
    known: Known,
    camera: CameraCapabilities,
    *,
    fresh: bool,
) -> Iterator[Suggestion]:
    """Give the best with what is exactly true of them in a time; of those that share a field only the best.

    `fresh`: nothing that waits, nor what is in its field.
    """
    field = camera.field_of_view
    apart = min(field) / 2 if field is not None else 0.0
    taken: set[str] = set()
    conditions = ConditionSet.of(asked)
    for one in rated:
        if one.entry.name in taken:
            continue
        target = one.entry.target()
        request = Request(session_id="", target=target, conditions=conditions, end=time.end)
        windows = windows_of(request, site, span, time.start)
        long = tuple(window for window in windows if window.seconds >= asked.least_block_s)
        if not long:
            continue
        near = [
            other.entry.name
            for other in rated
            if other is not one
            and other.entry.name not in taken
            and separation(target, other.entry.target(), None, time.start) < apart
        ]
        taken |= {one.entry.name, *near}
        if fresh and one.entry.name in known.waiting:
            continue
        way = culmination(target, site, long[0].start, long[-1].end)
        yield Suggestion(
            one.entry,
            one.score,
            one.factors,
            tuple(Interval(window.start, window.end) for window in long),
            way.highest,
            way.at,
            separation(target, MOON, site, way.at),
            known.collected.get(one.entry.name, 0.0),
            one.entry.name in known.waiting,
            one.entry.name in known.advised,
            tuple(name for name in near if one.entry.name not in name.split(" and "))[:_COMPANIONS],
        )


def _why_none(
    chooser: _Chooser,
    asked: Requirements,
    site: Site,
    time: Interval,
    dark: Sequence[Interval],
    lit: float,
) -> str:
    if time.seconds <= 0:
        return "That night is over."
    if not dark:
        lowest = min(sun(site, when).altitude for when in instants(time.start, time.end, _STEP))
        name = "dawn_limit" if asked.sun_below == asked.dawn_limit else "sun_below"
        return (
            f"It does not get dark enough: the Sun goes down to {lowest:.0f} degrees, "
            f"the limit is {asked.sun_below:g} ({name})."
        )
    if not any(chooser.moonless):
        return (
            f"The Moon, {lit * 100:.0f} % lit, is up while it is dark enough "
            "(moon_below and max_moon_illumination say how much of it is too much)."
        )
    counted = [f"{count} {against}" for against, count in chooser.against.most_common()]
    if not counted:
        return "The catalogue has no object that fits the camera."
    total = sum(chooser.against.values())
    return f"Of the {total} objects that fit the camera, {', '.join(counted)}."
