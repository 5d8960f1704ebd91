"""What each thing that counts takes from a suggestion's score, and how a suggestion is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from agent.capabilities import CameraCapabilities, Filter
from agent.planner.merit import (
    Factor,
    Light,
    advised,
    lasting,
    score_of,
    surface_brightness,
    tonights,
)
from agent.planner.suggestion_words import imported, lines, to_json
from agent.planner.suggestions import Suggestion, Suggestions
from agent.sky.catalogue import CatalogueEntry
from agent.sky.catalogue.entry import ObjectKind
from agent.sky.nights import Interval
from agent.targets import Site

PLAIN = CameraCapabilities((), (), field_of_view=(3.0, 1.5))
NARROW = replace(PLAIN, filters=(Filter(0, "VIS"), Filter(2, "Duo-Band")))
GALAXY, OPEN = ObjectKind.GALAXY, ObjectKind.OPEN_CLUSTER
NEBULA, DARK = ObjectKind.EMISSION_NEBULA, ObjectKind.DARK_NEBULA
PARIS = Site(48.85, 2.35, 35.0, "Europe/Paris")


def entry(*names: str, kind: ObjectKind = GALAXY, **facts: Any) -> CatalogueEntry:
    return CatalogueEntry(names or ("NGC 1",), kind, 5.5, -5.0, **facts)


def factor(name: str, of: CatalogueEntry, camera: CameraCapabilities = PLAIN, collected: float = 0) -> Factor:
    (found,) = [one for one in lasting(of, camera, collected) if one.name == name]
    return replace(found, value=round(found.value, 3))


@pytest.mark.parametrize(
    ("names", "kind", "value", "says"),
    [
        (("NGC 1976", "M 42"), NEBULA, 1.0, "kind_messier"),
        (("M 45",), OPEN, 0.7, "kind_messier"),
        (("C 33",), GALAXY, 0.9, "kind_caldwell"),
        (("C 33 East",), GALAXY, 0.3, "kind_little_known"),
        (("NGC 7000", "North America Nebula"), NEBULA, 0.8, "kind_named"),
        (("NGC 7000",), NEBULA, 0.5, "kind"),
        (("IC 1",), GALAXY, 0.5, "kind"),
        (("Sh2-1",), NEBULA, 0.5, "kind"),
        (("LDN 1", "B 1"), DARK, 0.21, "kind_little_known"),
    ],
)
def test_what_is_famous_counts_more(
    names: tuple[str, ...], kind: ObjectKind, value: float, says: str
) -> None:
    assert factor("kind", entry(*names, kind=kind)) == Factor("kind", value, says, {"kind": kind.value})


@pytest.mark.parametrize(
    ("major", "minor", "camera", "expected"),
    [
        (None, None, PLAIN, Factor("size", 0.5, "size_unknown")),
        (60.0, 30.0, replace(PLAIN, field_of_view=None), Factor("size", 0.5, "size_unknown")),
        (60.0, 30.0, PLAIN, Factor("size", 1.0, "size_fills", {"percent": 33})),
        (18.0, 6.0, PLAIN, Factor("size", 0.577, "size_fills", {"percent": 10})),
        (18.0, None, PLAIN, Factor("size", 0.816, "size_fills", {"percent": 20})),
        (185.0, 60.0, PLAIN, Factor("size", 1.0, "size_fills", {"percent": 100})),
        (300.0, 60.0, PLAIN, Factor("size", 0.636, "size_panes", {"columns": 2, "rows": 1})),
        (300.0, None, PLAIN, Factor("size", 0.318, "size_panes", {"columns": 2, "rows": 4})),
    ],
)
def test_what_fills_the_field_counts_more_and_what_needs_panes_less(
    major: float | None, minor: float | None, camera: CameraCapabilities, expected: Factor
) -> None:
    assert factor("size", entry(major_arcmin=major, minor_arcmin=minor), camera) == expected


@pytest.mark.parametrize(
    ("kind", "facts", "camera", "value", "says", "values"),
    [
        (OPEN, {"magnitude": 6}, PLAIN, 1.0, "brightness_magnitude", {"magnitude": 6.0}),
        (OPEN, {"magnitude": 9}, PLAIN, 0.6, "brightness_magnitude", {"magnitude": 9.0}),
        (OPEN, {"magnitude": 15}, PLAIN, 0.2, "brightness_magnitude", {"magnitude": 15.0}),
        (OPEN, {"surface_brightness": 23.5}, PLAIN, 0.6, "brightness_surface", {"surface": 23.5}),
        (GALAXY, {}, PLAIN, 0.4, "brightness_unknown", {}),
        (GALAXY, {}, NARROW, 0.4, "brightness_unknown", {}),
        (NEBULA, {}, PLAIN, 0.4, "brightness_unknown", {}),
        (NEBULA, {}, NARROW, 0.6, "brightness_unknown_narrow", {}),
        (GALAXY, {"surface_brightness": 21.0}, NARROW, 1.0, "brightness_surface", {"surface": 21.0}),
        (GALAXY, {"surface_brightness": 26.0}, NARROW, 0.2, "brightness_surface", {"surface": 26.0}),
        (NEBULA, {"surface_brightness": 26.0}, NARROW, 0.7, "brightness_surface_narrow", {"surface": 26.0}),
        (NEBULA, {"surface_brightness": 26.0}, PLAIN, 0.2, "brightness_surface", {"surface": 26.0}),
        (NEBULA, {"surface_brightness": 22.0}, NARROW, 0.84, "brightness_surface", {"surface": 22.0}),
    ],
)
def test_what_is_bright_counts_more_and_a_nebula_through_its_filter(
    kind: ObjectKind, facts: dict[str, Any], camera: CameraCapabilities, value: float, says: str, values: Any
) -> None:
    assert factor("brightness", entry(kind=kind, **facts), camera) == Factor(
        "brightness", value, says, values
    )


@pytest.mark.parametrize(
    ("facts", "surface"),
    [
        ({"surface_brightness": 22.0, "magnitude": 9.0, "major_arcmin": 1.0}, 22.0),
        ({"magnitude": 9.0}, None),
        ({"major_arcmin": 9.0}, None),
        ({"magnitude": 9.0, "major_arcmin": 10.0}, 22.629),
        ({"magnitude": 9.0, "major_arcmin": 10.0, "minor_arcmin": 1.0}, 20.129),
        ({"magnitude": 9.0, "major_arcmin": 0.0}, None),
    ],
)
def test_a_surface_brightness_nobody_tells_is_reckoned(facts: dict[str, Any], surface: float | None) -> None:
    found = surface_brightness(entry(**facts))
    assert found == (None if surface is None else pytest.approx(surface, abs=0.001))


def test_what_is_collected_already_counts_less() -> None:
    assert factor("collected", entry()) == Factor("collected", 1.0)
    hours = {"hours": 4.0}
    assert factor("collected", entry(), collected=4 * 3600) == Factor("collected", 0.5, "collected", hours)


def test_what_another_program_does_not_name_counts_less_if_it_was_asked() -> None:
    assert advised(entry("M 1"), ()) == ()
    assert advised(entry("M 1"), {"M 1"}) == (Factor("advised", 1.0, "advised"),)
    assert advised(entry("M 1"), {"M 2"}) == (Factor("advised", 0.75),)


@pytest.mark.parametrize(
    ("kind", "camera", "glow", "moon", "says"),
    [
        (GALAXY, PLAIN, 0.019, 0.984, "moon_none"),
        (GALAXY, PLAIN, 0.02, 0.983, "moon_little"),
        (GALAXY, PLAIN, 0.15, 0.873, "moon_some"),
        (GALAXY, PLAIN, 0.4, 0.66, "moon_much"),
        (OPEN, PLAIN, 0.4, 0.84, "moon_much"),
        (NEBULA, PLAIN, 0.4, 0.76, "moon_much"),
        (NEBULA, NARROW, 0.4, 0.88, "moon_much"),
    ],
)
def test_moonlight_harms_what_no_filter_keeps_it_from(
    kind: ObjectKind, camera: CameraCapabilities, glow: float, moon: float, says: str
) -> None:
    light = Light((90.0, 30.0, 30.0), (glow,) * 3, 3600.0)
    time, height, harm = tonights(entry(kind=kind), camera, light, 0.456)
    assert time == Factor("time", 0.5, "time", {"hours": 2.0})
    heights = {"highest": 90, "hours": 2.0, "lowest": 30}
    assert replace(height, value=round(height.value, 3)) == Factor("height", 0.667, "height", heights)
    lit = {} if says == "moon_none" else {"lit": 46}
    assert replace(harm, value=round(harm.value, 3)) == Factor("moon", moon, says, lit)


def test_more_than_an_evening_makes_no_better_target() -> None:
    light = Light((90.0,) * 5 + (-10.0,) * 5, (0.0,) * 10, 3600.0)
    time, height, _ = tonights(entry(), PLAIN, light, 0.0)
    assert (time.value, height.value) == (1.0, 1.0)
    assert height.values == {"highest": 90, "hours": 4.0, "lowest": 90}


def test_the_score_is_the_product_of_what_counts() -> None:
    assert score_of(()) == 100
    assert score_of((Factor("a", 0.5), Factor("b", 0.5))) == 25


AT = datetime(2026, 3, 16, 20, 0, tzinfo=UTC)
HOURS = (Interval(AT, AT + timedelta(hours=1)), Interval(AT + timedelta(hours=2), AT + timedelta(hours=4)))
ONE = Suggestion(
    entry=entry("M 42", "NGC 1976", "Orion Nebula", "A", "B", "C", kind=NEBULA, major_arcmin=90.0),
    score=81.26,
    factors=(Factor("kind", 0.987), Factor("size", 1.0)),
    windows=HOURS,
    highest=35.06,
    highest_at=AT + timedelta(minutes=5),
    moon_separation=77.77,
    collected_s=3600.4,
    waits=True,
    advised=False,
    beside=("M 43", "NGC 1977"),
)
FOUND = Suggestions(date(2026, 3, 16), AT, HOURS, -12.0, 0.123, 30_000, (ONE,), "")


def test_a_suggestion_is_told_to_people() -> None:
    other = replace(ONE, waits=False, beside=(), windows=HOURS[:1])
    told = list(lines(replace(FOUND, best=(ONE, other)), PARIS))
    assert told == [
        "Best of the night of 2026-03-16 (Europe/Paris)",
        "  Dark 21:00 to 22:00 and 23:00 to 01:00; Moon 12 % lit; 30000 objects looked at",
        " 1. M 42 (Orion Nebula): 81 of 100",
        "    21:00 to 22:00 and 23:00 to 01:00; highest 35° at 21:05",
        f"    {ONE.words}",
        "    it waits in the queue already; in its field: M 43, NGC 1977",
        " 2. M 42 (Orion Nebula): 81 of 100",
        "    21:00 to 22:00; highest 35° at 21:05",
        f"    {other.words}",
    ]
    by_day = list(lines(replace(FOUND, sun_below=5.0), PARIS))
    assert by_day[1].startswith("  Usable hours 21:00 to 22:00 and 23:00 to 01:00; ")
    none = replace(FOUND, dark=(), best=(), why_none="It is never dark.")
    assert list(lines(none, PARIS)) == [told[0], "  It is never dark."]


def test_a_suggestion_is_told_to_programs() -> None:
    windows = [
        ["2026-03-16T21:00:00+01:00", "2026-03-16T22:00:00+01:00"],
        ["2026-03-16T23:00:00+01:00", "2026-03-17T01:00:00+01:00"],
    ]
    assert to_json(FOUND, PARIS) == {
        "night": "2026-03-16",
        "dark": windows,
        "moon_illumination": 0.12,
        "looked_at": 30_000,
        "why_none": "",
        "suggestions": [
            {
                "target": "M 42",
                "names": ["M 42", "NGC 1976", "Orion Nebula", "A", "B"],
                "kind": NEBULA.value,
                "constellation": "Ori",
                "ra_hours": 5.5,
                "dec_degrees": -5.0,
                "size": [90.0, 90.0],
                "magnitude": None,
                "surface_brightness": None,
                "score": 81.3,
                "factors": {"kind": 0.99, "size": 1.0},
                "words": ONE.words,
                "windows": windows,
                "highest": 35.1,
                "highest_at": "2026-03-16T21:05:00+01:00",
                "moon_separation": 77.8,
                "collected_s": 3600,
                "waits": True,
                "advised": False,
                "beside": ["M 43", "NGC 1977"],
            }
        ],
    }


def test_a_suggestion_becomes_a_target_by_its_place_or_by_its_name_if_it_moves() -> None:
    fixed = imported(ONE)
    assert (fixed.place, fixed.target, fixed.ra_hours, fixed.dec_deg) == ("81 of 100", "M 42", 5.5, -5.0)
    assert (fixed.description, fixed.moves) == ("M 42 (Orion Nebula)", False)
    comet = imported(replace(ONE, entry=entry("C/2023 A3", kind=ObjectKind.OTHER)))
    assert (comet.target, comet.ra_hours, comet.moves) == ("C/2023 A3", None, True)
