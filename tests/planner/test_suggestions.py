"""What is suggested of a night, and why nothing is."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import combinations, pairwise
from zoneinfo import ZoneInfo

import pytest

from agent.capabilities import Camera
from agent.conditions import ConditionSet, Requirements
from agent.planner.merit import Factor
from agent.planner.request import Request
from agent.planner.suggestion_words import lines, suggestion_json
from agent.planner.suggestions import (
    KINDS,
    Known,
    Suggestion,
    Suggestions,
    _Chooser,
    smallest_arcmin,
    suggest,
)
from agent.planner.windows import night_span, windows_of
from agent.sky.catalogue import CatalogueEntry, entries, entry
from agent.sky.catalogue.names import same_name
from agent.sky.nights import Interval
from agent.sky.sweep import Place
from agent.targets import Site
from agent.telescope.dwarf.models import capabilities_for
from agent.web.targets import known_of

PARIS = Site(48.85, 2.35, 35.0, "Europe/Paris")
SYDNEY = Site(-33.87, 151.2, 20.0, "Australia/Sydney")
TROMSO = Site(69.65, 18.96, 10.0, "Europe/Oslo")
MARCH = date(2026, 3, 16)  # three days before new Moon
NOTHING = Known({})
FULL = date(2026, 5, 1)


def best(
    site: Site = PARIS,
    night: date = MARCH,
    known: Known = NOTHING,
    model: str = "D3",
    stretch: Interval | None = None,
    **asked: object,
) -> Suggestions:
    """The list at noon of that night."""
    span = night_span(site, night, ZoneInfo(site.timezone))
    camera = capabilities_for(model).cameras[Camera.TELE]
    return suggest(
        _entries(smallest_arcmin(camera)),
        site=site,
        night=night,
        now=span.start,
        requirements=Requirements.model_validate(asked),
        camera=camera,
        known=known,
        stretch=stretch,
    )


@cache
def _entries(larger_than: float) -> list[CatalogueEntry]:
    return list(entries(KINDS, larger_than=larger_than))


def names(found: Suggestions) -> list[str]:
    return [one.entry.name for one in found.best]


def test_ten_objects_the_best_first_each_with_a_score_that_its_factors_explain() -> None:
    found = best()
    assert len(found.best) == 10
    assert found.why_none == ""
    assert all(one.score >= other.score for one, other in pairwise(found.best))
    for one in found.best:
        product = 100.0
        for factor in one.factors:
            assert 0 <= factor.value <= 1
            product *= factor.value
        assert one.score == pytest.approx(product)
        assert "° " in one.words or "°," in one.words
        assert "of the field" in one.words or "panes" in one.words


@pytest.mark.parametrize("site", [PARIS, SYDNEY, TROMSO])
def test_what_is_told_of_a_suggestion_is_what_its_session_would_wait_for(site: Site) -> None:
    asked = {"min_altitude": 25.0, "horizon": "0:10, 90:40, 180:20", "moon_separation": 40.0}
    found = best(site, MARCH, **asked)
    span = night_span(site, MARCH, ZoneInfo(site.timezone))
    conditions = ConditionSet.of(Requirements.model_validate(asked).by_night(start_named=False))
    assert found.best
    for one in found.best:
        request = Request(session_id="s", target=one.entry.target(), conditions=conditions)
        windows = [(w.start, w.end) for w in windows_of(request, site, span) if w.seconds >= 600]
        assert [(w.start, w.end) for w in one.windows] == windows
        assert one.highest >= 25


def test_objects_that_are_not_suggested_are_not_held() -> None:
    """Thirty thousand at once are 10 MB of a small machine, which an interpreter rarely gives back."""

    def holding() -> int:
        gc.collect()
        return sum(isinstance(one, CatalogueEntry | Factor) for one in gc.get_objects())

    held = [holding()]

    def watched() -> Iterator[CatalogueEntry]:
        yield from entries(KINDS, larger_than=smallest_arcmin(camera))
        held.append(holding())

    camera = capabilities_for("D3").cameras[Camera.TELE]
    found = suggest(
        watched(),
        site=PARIS,
        night=MARCH,
        now=datetime(2026, 3, 16, 12, tzinfo=UTC),
        requirements=Requirements(),
        camera=camera,
        known=NOTHING,
    )
    assert found.looked_at > 4000
    assert held[1] - held[0] < 1000


def test_the_south_is_shown_its_own_sky() -> None:
    north, south = set(names(best(PARIS))), set(names(best(SYDNEY)))
    assert "M 13" in north
    assert south & {"NGC 3372", "NGC 5139"}
    assert not north & {"NGC 3372", "NGC 5139"}


def test_what_is_collected_already_comes_later_and_says_so() -> None:
    first = best().best[0]
    again = best(known=Known({first.entry.name: 8 * 3600.0}))
    assert first.entry.name not in names(again)[:3]
    some = best(known=Known({first.entry.name: 1800.0}))
    told = next(one for one in some.best if one.entry.name == first.entry.name)
    assert told.score == pytest.approx(first.score * 4 / 4.5)
    assert "0.5 h are collected already" in told.words


def test_a_bright_moon_brings_what_it_harms_least() -> None:
    kinds = [one.entry.kind for one in best(night=FULL).best]
    assert sum("cluster" in kind or "nebula" in kind or "remnant" in kind for kind in kinds) >= 9
    glow = {one.entry.name: one for one in best(night=FULL).best}
    assert any("% lit" in one.words for one in glow.values())


def test_a_small_field_wants_smaller_objects() -> None:
    wide, narrow = best(model="D2"), best(model="mini")
    fills = {one.entry.name: {f.name: f.value for f in one.factors}["size"] for one in wide.best}
    for one in narrow.best:
        size = next(factor.value for factor in one.factors if factor.name == "size")
        assert "panes" in one.words or size >= fills.get(one.entry.name, 0)


def test_objects_in_the_field_of_a_better_one_are_named_with_it() -> None:
    found = best(night=date(2026, 9, 12))
    shown = set(names(found))
    beside = {name for one in found.best for name in one.beside}
    assert beside
    assert not shown & beside


def test_an_object_is_not_beside_itself_under_the_name_of_a_pair() -> None:
    found = best(night=date(2026, 2, 4))
    (flaming,) = [one for one in found.best if one.entry.name == "IC 405"]
    assert "IC 405 and IC 410" not in flaming.beside


def an_evening(hours: float = 2.5) -> Interval:
    begin = datetime(2026, 3, 16, 21, tzinfo=UTC)
    return Interval(begin, begin + timedelta(hours=hours))


def test_a_stretch_is_rated_by_itself() -> None:
    """What is best of a night may be down, or beside the Moon, in the part of it that is free."""
    evening = an_evening()
    early, late = best(stretch=evening), best(stretch=Interval(evening.end, evening.end + timedelta(hours=4)))
    assert len(early.best) == len(late.best) == 10
    assert names(early)[:5] != names(late)[:5]
    for one in early.best:
        assert all(evening.start <= w.start < w.end <= evening.end for w in one.windows)
        assert evening.start <= one.highest_at <= evening.end
        values = {factor.name: factor.values for factor in one.factors}
        assert float(values["time"]["hours"]) <= 2.5
        assert float(values["height"]["hours"]) <= 2.5
        assert one.highest == pytest.approx(float(values["height"]["highest"]), abs=3)
    for one in late.best:
        there = next((other for other in early.best if other.entry == one.entry), None)
        assert there is None or there.score != one.score


def test_the_moon_counts_in_the_stretch_alone() -> None:
    """It sets at half past midnight (UTC): before that it is in the way, afterwards it is not."""
    night = date(2026, 3, 23)
    up = Interval(datetime(2026, 3, 23, 20, tzinfo=UTC), datetime(2026, 3, 23, 22, tzinfo=UTC))
    down = Interval(datetime(2026, 3, 24, 1, 30, tzinfo=UTC), datetime(2026, 3, 24, 4, tzinfo=UTC))
    lit, dark = (
        {f.says for one in best(night=night, stretch=part).best for f in one.factors} for part in (up, down)
    )
    assert "moon_none" not in lit
    assert {one for one in dark if one.startswith("moon")} == {"moon_none"}
    assert best(night=night, stretch=up, moon_below=0).why_none.startswith("The Moon")
    assert best(night=night, stretch=down, moon_below=0).best


def test_what_waits_and_what_is_in_its_field_is_not_for_a_free_stretch() -> None:
    first, second = best(stretch=an_evening()).best[:2]
    again = best(stretch=an_evening(), known=Known({}, waiting={first.entry.name}))
    assert names(again)[0] == second.entry.name
    assert not {first.entry.name, *first.beside} & set(names(again))
    assert len(again.best) == 10


def test_who_images_at_any_hour_gets_no_daylight_hours_proposed() -> None:
    found = best(sun_below=90)
    assert found.sun_below == -6
    (dark,) = found.dark
    assert all(
        dark.start <= window.start < window.end <= dark.end for one in found.best for window in one.windows
    )


def test_a_stretch_that_is_over_or_bright_says_so() -> None:
    noon = datetime(2026, 3, 16, 13, tzinfo=UTC)
    bright = best(stretch=Interval(noon, noon + timedelta(hours=3)))
    assert "does not get dark enough" in bright.why_none
    gone = best(stretch=Interval(noon - timedelta(days=1), noon - timedelta(hours=20)))
    assert (gone.best, gone.why_none) == ((), "That night is over.")


@pytest.mark.parametrize(
    ("site", "night", "asked", "words"),
    [
        (
            TROMSO,
            date(2026, 6, 21),
            {},
            "not get dark enough: the Sun goes down to 3 degrees, the limit is -12",
        ),
        (
            TROMSO,
            date(2026, 6, 21),
            {"sun_below": 90},
            "not get dark enough: the Sun goes down to 3 degrees, the limit is -6 (dawn_limit)",
        ),
        (PARIS, MARCH, {"horizon": "0:89"}, "behind the horizon around you (horizon)"),
        (PARIS, MARCH, {"min_altitude": 89.9}, "stay too low (min_altitude)"),
        (PARIS, MARCH, {"least_block_min": 240, "min_altitude": 75}, "are up too shortly (least_block_min)"),
        (PARIS, FULL, {"max_moon_illumination": 0.5}, "The Moon, 100 % lit, is up while it is dark enough"),
        (PARIS, FULL, {"moon_separation": 175}, "are too near to the Moon (moon_separation)"),
    ],
)
def test_an_empty_list_says_what_is_against_it_and_the_setting(
    site: Site, night: date, asked: dict[str, object], words: str
) -> None:
    found = best(site, night, **asked)
    assert found.best == ()
    assert words in found.why_none


def test_a_night_that_is_over_has_nothing_left() -> None:
    camera = capabilities_for("D3").cameras[Camera.TELE]
    found = suggest(
        entries(KINDS, larger_than=3),
        site=PARIS,
        night=MARCH,
        now=datetime(2026, 4, 1, tzinfo=UTC),
        requirements=Requirements(),
        camera=camera,
        known=Known({}),
    )
    assert (found.best, found.why_none) == ((), "That night is over.")


def test_the_whole_catalogue_takes_a_third_of_a_second() -> None:
    best()
    took = []
    for night in (MARCH, FULL, date(2026, 12, 20)):
        begun = time.process_time()
        best(night=night, horizon="0:15, 90:30, 180:10")
        took.append(time.process_time() - begun)
    assert min(took) < 0.3


def test_the_moon_counts_more_the_higher_it_stands_and_the_nearer() -> None:
    camera = capabilities_for("D3").cameras[Camera.TELE]
    chooser = _Chooser(Requirements(), PARIS, (), camera, NOTHING, 0.5)

    def light(moon: float, apart: float) -> float:
        return chooser._moonlight(Place(0, 50.0, 180.0, apart, moon))

    assert [light(-5, 0), light(0, 0), light(21, 0), light(42, 0), light(80, 0)] == pytest.approx(
        [0.0, 0.15, 0.325, 0.5, 0.5]
    )
    assert [light(42, 60), light(42, 120), light(42, 170)] == pytest.approx([0.35, 0.2, 0.2])


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Spider and Fly", "Spider and Fly"),
        ("Flame and Horsehead", "Flame and Horsehead"),
        ("Lagoon and Trifid", "Lagoon and Trifid"),
        ("Heart and Soul", "Heart and Soul Nebulae"),
        ("Barnard's Loop", "Barnard's Loop"),
        ("Markarian's Chain", "Markarian's Chain"),
        ("Leo Triplet", "Leo Triplet (Leo Trio)"),
        ("M 31", "M 31 (Andromeda Galaxy)"),
    ],
)
def test_a_name_is_not_said_again_in_other_words_for_the_same(name: str, title: str) -> None:
    named = entry(name)
    assert named is not None
    at = datetime(2026, 3, 16, 22, tzinfo=UTC)
    one = Suggestion(named, 50.0, (), (), 40.0, at, 90.0, 0.0, False, False)
    found = replace(best(), best=(one,))
    assert next(line for line in lines(found, PARIS) if line.startswith(" 1. ")) == f" 1. {title}: 50 of 100"
    told = suggestion_json(one, PARIS)["names"]
    assert told[0] == named.name
    assert not any(same_name(*pair) for pair in combinations(told, 2))
    assert not same_name(known_of(named).other_name, named.name), "nor on the page"
