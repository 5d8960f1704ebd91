"""A long list of names as owners type them, each with where it stands."""

from __future__ import annotations

import math
import re
import statistics
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import ephem
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.session.place import apart
from agent.sky.catalogue import (
    AmbiguousTargetError,
    CatalogueEntry,
    ObjectKind,
    UnknownTargetError,
    entries,
    entry,
    resolve,
    search,
)
from agent.sky.catalogue.data_files import Objects, Stars
from agent.sky.catalogue.lookup import henry_draper
from agent.targets import SkyTarget, SolarTarget
from tests.support.chance import often
from tests.support.tables import every

ATLAS_DEG = 0.1
LARGE_DEG = 0.5  # in the middle of what is larger than a picture, atlases differ


def names(file: str = "owners_names.csv") -> Iterator[tuple[str, str, str]]:
    for line in Path(__file__).with_name(file).read_text().splitlines():
        if not line.startswith("#"):
            name, first, second = line.split(";")
            yield name, first, second


def number(text: str) -> float:
    whole, minutes = text.split()
    value = abs(float(whole)) + float(minutes) / 60
    return -value if text.startswith("-") else value


NAMES = list(names())


def judged(name: str, first: str, second: str) -> str:
    """Whether a name is "right", "unknown" or "wrong"."""
    try:
        target = resolve(name)
    except AmbiguousTargetError as error:
        return (
            "right" if first.startswith("?") and first[1:] in error.hint and second in error.hint else "wrong"
        )
    except UnknownTargetError:
        return "unknown"
    if isinstance(target, SolarTarget):
        return "right" if first == f"!{target.body.value}" else "wrong"
    assert isinstance(target, SkyTarget)
    there = None if first[0] in "?!" else SkyTarget("", number(first), number(second))
    found = entry(name)
    size = (found.major_arcmin or 0) / 60 if found else 0
    near = there is not None and apart(target, there) <= max(ATLAS_DEG, min(LARGE_DEG, size / 4))
    return "right" if near else "wrong"


def known(name: str) -> CatalogueEntry:
    found = entry(name)
    assert found is not None
    return found


def test_the_list_of_names_is_long() -> None:
    assert len(NAMES) >= 400


@pytest.mark.parametrize(("name", "first", "second"), every(3, NAMES))
def test_a_name_leads_where_an_atlas_shows_it(name: str, first: str, second: str) -> None:
    if first.startswith("?"):
        with pytest.raises(AmbiguousTargetError) as caught:
            resolve(name)
        assert first[1:] in caught.value.hint
        assert second in caught.value.hint
        return
    target = resolve(name)
    assert isinstance(target, SkyTarget)
    allowed = max(ATLAS_DEG, min(LARGE_DEG, (known(name).major_arcmin or 0) / 60 / 4))
    assert apart(target, SkyTarget("", number(first), number(second))) <= allowed


def test_of_six_hundred_more_names_97_in_100_are_right_and_none_is_wrong() -> None:
    verdicts = {one[0]: judged(*one) for one in names("more_owners_names.csv")}
    assert len(verdicts) >= 600
    assert [name for name, verdict in verdicts.items() if verdict == "wrong"] == []
    unknown = [name for name, verdict in verdicts.items() if verdict == "unknown"]
    assert len(unknown) <= 0.03 * len(verdicts), unknown


@pytest.mark.parametrize(
    ("name", "ra", "dec"),
    [
        ("HD 48099", 6.6998, 6.3454),
        ("hd048099", 6.6998, 6.3454),
        ("Henry Draper 34078", 5.2717, 34.3123),
        ("HD 217014", 22.9578, 20.7688),  # 51 Pegasi, which has a name as well
    ],
)
def test_stars_to_magnitude_8_are_found_by_their_number_of_draper(name: str, ra: float, dec: float) -> None:
    target = resolve(name)
    assert isinstance(target, SkyTarget)
    assert apart(target, SkyTarget("", ra, dec)) < 0.01
    assert known(name).kind is ObjectKind.STAR


def test_the_numbers_of_draper_are_read_when_one_is_asked_for() -> None:
    henry_draper.cache_clear()
    for name in ("M 31", "Vega", "HIP 91262", "61 Cyg"):
        resolve(name)
    search("hd")
    assert henry_draper.cache_info().currsize == 0
    resolve("HD 48099")
    assert henry_draper.cache_info().currsize == 1


def test_each_number_of_draper_leads_to_a_star_and_a_faint_one_to_none() -> None:
    table = henry_draper()
    found = [number for number in range(1, 360_000, 97) if table.get(number) is not None]
    assert len(found) > 350  # of 41,000, one in nine numbers
    assert {known(f"HD {number}").kind for number in found} == {ObjectKind.STAR}
    with pytest.raises(UnknownTargetError):
        resolve("HD 225301")


@pytest.mark.parametrize(
    ("text", "middle"),
    [
        ("M 52/NGC 7635", (23.380, 61.40)),
        ("M42 NGC1977", (5.588, -5.12)),
        ("IC 405/410", (5.3266, 33.868)),
        ("M 46 & M 47", (7.653, -14.65)),
        ("M 97 + M 108", (11.22, 55.35)),
        ("Bode and Cigar", (9.928, 69.37)),
    ],
)
def test_what_is_in_one_picture_is_found_together(text: str, middle: tuple[float, float]) -> None:
    target = resolve(text)
    assert isinstance(target, SkyTarget)
    assert target.name == text
    assert apart(target, SkyTarget("", *middle)) < 0.05


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Spagetti nebula", "Spaghetti Nebula"),
        ("Rosete nebula", "Rosette Nebula"),
        ("Andromida", "Andromeda"),
        ("Pleides", "Pleiades"),
        ("Orian nebula", "Orion Nebula"),
        ("Whirlpol", "Whirlpool"),
        ("Betelguese", "Betelgeuse"),
    ],
)
def test_a_slip_of_the_fingers_is_refused_with_the_name_that_is_meant(typed: str, meant: str) -> None:
    with pytest.raises(UnknownTargetError) as caught:
        resolve(typed)
    assert caught.value.near == (meant,)


@pytest.mark.parametrize("name", ["Coma", "Embryo", "Starfish", "Spindle", "Little Gem"])
def test_a_nickname_of_several_is_refused_without_its_noun_too(name: str) -> None:
    with pytest.raises(AmbiguousTargetError):
        resolve(name)


@pytest.mark.parametrize("text", ["M 31 & M 42", "NGC 7000 (Pelican)", "M 13 + M 92"])
def test_what_is_in_no_picture_together_is_refused_with_the_places(text: str) -> None:
    with pytest.raises(AmbiguousTargetError):
        resolve(text)


@pytest.mark.parametrize(
    ("name", "kind", "constellation"),
    [
        ("M 31", ObjectKind.GALAXY, "And"),
        ("M 57", ObjectKind.PLANETARY_NEBULA, "Lyr"),
        ("M 13", ObjectKind.GLOBULAR_CLUSTER, "Her"),
        ("M 45", ObjectKind.OPEN_CLUSTER, "Tau"),
        ("B 33", ObjectKind.DARK_NEBULA, "Ori"),
        ("LDN 1235", ObjectKind.DARK_NEBULA, "Cep"),
        ("vdB 141", ObjectKind.REFLECTION_NEBULA, "Cep"),
        ("Sh2-101", ObjectKind.EMISSION_NEBULA, "Cyg"),
        ("M 1", ObjectKind.SUPERNOVA_REMNANT, "Tau"),
        ("Abell 39", ObjectKind.PLANETARY_NEBULA, "Her"),
        ("Abell 2151", ObjectKind.GALAXY_CLUSTER, "Her"),
        ("HCG 44", ObjectKind.GALAXY_GROUP, "Leo"),
        ("Vega", ObjectKind.STAR, "Lyr"),
        ("Coathanger", ObjectKind.ASTERISM, "Vul"),
    ],
)
def test_an_object_has_a_kind_and_a_constellation(name: str, kind: ObjectKind, constellation: str) -> None:
    assert known(name).kind is kind
    assert known(name).constellation == constellation


@pytest.mark.parametrize(
    "name",
    [
        *("Galaxie d'Orion", "Nebulosa de Hércules", "Galaxie Iris", "Nebulosa del Cigarro", "Sirius Nebula"),
        *("Eagle Cluster", "Swan Galaxy", "Mars Nebula", "Phantom Nebula", "region", "galaxy cluster"),
    ],
)
def test_a_noun_of_another_kind_is_not_passed_over(name: str) -> None:
    with pytest.raises(UnknownTargetError):
        resolve(name)


def test_a_galaxy_has_size_angle_magnitude_and_surface_brightness() -> None:
    andromeda = known("Andromeda Galaxy - M 31")
    assert andromeda.name == "M 31"
    assert {"NGC 224", "Andromeda Galaxy"} <= set(andromeda.names)
    assert andromeda.major_arcmin == pytest.approx(178, abs=20)
    assert andromeda.minor_arcmin == pytest.approx(65, abs=10)
    assert andromeda.position_angle == pytest.approx(35, abs=5)
    assert andromeda.magnitude == pytest.approx(3.4, abs=0.2)
    assert andromeda.surface_brightness == pytest.approx(23.5, abs=0.5)
    assert andromeda.target("mine") == SkyTarget("mine", andromeda.ra_hours, andromeda.dec_degrees)


def test_what_nobody_knows_is_not_made_up() -> None:
    assert known("LDN 1235").magnitude is None
    assert known("Vega").major_arcmin is None
    assert known("M 45").surface_brightness is None  # of stars, not of a surface


def test_a_body_that_moves_has_no_entry() -> None:
    assert entry("Moon") is None
    with pytest.raises(UnknownTargetError):
        entry("qqqqqq")


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("m 3", "M 3"),
        ("m31", "M 31"),
        ("ngc 70", "NGC 70"),
        ("andro", "M 31"),
        ("Rosett", "NGC 2244"),
        ("north am", "NGC 7000"),
        ("veil west", "NGC 6960"),
        ("horseh", "B 33"),
        ("sh2-10", "Sh2-10"),
        ("vega", "Vega"),
        ("alpha lyr", "Vega"),
        ("hip 11767", "Polaris"),
        ("hip 11", "HIP 11"),
        ("cabeza de caballo", "B 33"),
        ("ldn 1235", "LDN 1235"),
    ],
)
def test_what_is_typed_so_far_finds_the_likeliest_first(typed: str, first: str) -> None:
    assert first in search(typed)[0].names


def test_names_that_begin_so_come_before_those_that_contain_it_and_the_well_known_first() -> None:
    found = [one.names for one in search("heart", 30)]
    assert any("Heart Nebula" in names for names in found[:2])
    assert {"M 31", "M 33"} <= {one.name for one in search("m 3", 20)}


@pytest.mark.parametrize("nothing", ["", "   ", "()", "☃"])
def test_nothing_typed_finds_nothing(nothing: str) -> None:
    assert search(nothing) == []
    assert search("m 31", 0) == []


@settings(deadline=None, max_examples=often(300))
@given(st.text(max_size=80), st.integers(-3, 40))
def test_any_text_can_be_searched_for(text: str, limit: int) -> None:
    found = search(text, limit)
    assert len(found) <= max(limit, 0)
    assert len({one.name for one in found}) == len(found)


@settings(deadline=None, max_examples=often(300))
@given(
    st.one_of(
        st.text("abcdehilmnopr 0123456789+-α./", max_size=24), st.sampled_from(NAMES).map(lambda n: n[0])
    )
)
def test_any_text_is_an_entry_a_body_or_refused(text: str) -> None:
    try:
        found = entry(text)
    except (UnknownTargetError, AmbiguousTargetError):
        return
    assert found is None or (0 <= found.ra_hours < 24 and -90 <= found.dec_degrees <= 90)


@pytest.mark.parametrize(
    "typed",
    ["a", "e", "m", "ngc", "1", "0 0", "nebula galaxy cluster", "z" * 10_000, "e a o i", "qqqq", "the"],
)
def test_searching_is_fast_enough_to_follow_typing(typed: str) -> None:
    search("m 31")  # the data is read
    times = []
    for _ in range(5):
        began = time.process_time()
        search(typed)
        times.append(time.process_time() - began)
    assert statistics.median(times) < 0.02


def test_objects_worth_a_picture_can_be_gone_through_the_best_known_first() -> None:
    galaxies = list(entries({ObjectKind.GALAXY}, larger_than=15, brighter_than=10))
    assert {"M 31", "M 33", "M 101", "NGC 253"} <= {one.name for one in galaxies}
    assert all(
        one.kind is ObjectKind.GALAXY
        and one.major_arcmin is not None
        and one.major_arcmin >= 15
        and one.magnitude is not None
        and one.magnitude <= 10
        for one in galaxies
    )
    assert next(iter(entries({ObjectKind.GALAXY}))).name.startswith("M ")
    assert sum(1 for _ in entries()) > 25_000


def test_everything_stands_somewhere_and_nebulae_numbered_by_place_stand_there() -> None:
    for one in entries():
        assert 0 <= one.ra_hours < 24, one
        assert -90 <= one.dec_degrees <= 90, one
        for name in one.names:
            found = re.fullmatch(r"(?:PK |PN G|SNR G)(\d+(?:\.\d)?)([+-]\d+)(?:\.\d)?", name)
            if found:
                place = ephem.Equatorial(math.radians(15 * one.ra_hours), math.radians(one.dec_degrees))
                galactic = ephem.Galactic(place)
                off = math.remainder(math.degrees(galactic.lon) - float(found[1]), 360)
                assert abs(off) * math.cos(galactic.lat) < 2.5, one
                assert abs(math.degrees(galactic.lat) - float(found[2])) < 2.5, one


def test_all_of_the_catalogue_in_memory_is_a_few_megabytes() -> None:
    tracemalloc.start()
    try:
        held = Objects(), Stars()
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(held[0]) > 25_000
    assert used < 4_000_000
