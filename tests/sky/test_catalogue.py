from __future__ import annotations

import math
import subprocess
import sys
from importlib import resources
from pathlib import Path

import ephem
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.sky.catalogue import AmbiguousTargetError, UnknownTargetError, resolve
from agent.sky.catalogue.names import key
from agent.targets import SkyTarget, SolarBody, SolarTarget

PLACES = {  # hours and degrees J2000 as printed in any atlas
    "M31": (0.712, 41.27),
    "m 31": (0.712, 41.27),
    "Messier 031": (0.712, 41.27),
    "Andromeda Galaxy": (0.712, 41.27),
    "NGC 7000": (20.98, 44.5),
    "ngc7000": (20.98, 44.5),
    "C 20": (20.98, 44.5),
    "Caldwell 20": (20.98, 44.5),
    "IC 1396": (21.65, 57.5),
    "B33": (5.683, -2.46),
    "Barnard 33": (5.683, -2.46),
    "Horsehead Nebula": (5.683, -2.46),
    "B 143": (19.68, 11.0),
    "Sh2-155": (22.96, 62.5),
    "SH 2-155": (22.96, 62.5),
    "Sharpless 155": (22.96, 62.5),
    "Cave Nebula": (22.96, 62.5),
    "Sh2-240": (5.65, 28.0),
    "Spaghetti nebula": (5.65, 28.0),
    "Barnard's Loop": (5.9, 0.5),
    "Sh2-264": (5.58, 9.9),
    "Sh2-308": (6.90, -23.9),
    "Tulip Nebula": (20.0, 35.3),
    "Sh2-132": (22.32, 56.1),
    "Heart Nebula": (2.545, 61.45),
    "Soul Nebula": (2.85, 60.4),
    "Rosette Nebula": (6.532, 4.94),
    "the Rosette nebula": (6.532, 4.94),
    "Pleiades": (3.79, 24.11),
    "M45": (3.79, 24.11),
    "Mel 25": (4.45, 15.87),
    "Hyades": (4.45, 15.87),
    "Cr 399": (19.42, 20.18),
    "Coathanger": (19.42, 20.18),
    "LMC": (5.39, -69.76),
    "Small Magellanic Cloud": (0.877, -72.8),
    "M40": (12.37, 58.08),
    "Double Cluster": (2.345, 57.14),
    "Flame Nebula": (5.695, -1.85),
    "Omega Centauri": (13.446, -47.48),
    "Vega": (18.6156, 38.784),
    "polaris": (2.53, 89.26),
    "Alpha Centauri": (14.66, -60.83),
    "Abell 39": (16.459, 27.91),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_name_leads_to_its_place(name: str) -> None:
    target = resolve(name)
    assert isinstance(target, SkyTarget)
    assert target.name == name
    hours, degrees = PLACES[name]
    place = (math.radians(target.ra_hours * 15), math.radians(target.dec_degrees))
    there = (math.radians(hours * 15), math.radians(degrees))
    assert math.degrees(ephem.separation(place, there)) < 0.6


@pytest.mark.parametrize(("name", "body"), [("Moon", "moon"), ("the Moon", "moon"), ("JUPITER", "jupiter")])
def test_a_planet_or_the_moon_is_a_body_that_moves(name: str, body: str) -> None:
    assert resolve(name) == SolarTarget(name, SolarBody(body))


def test_every_popular_name_of_ours_leads_to_a_place() -> None:
    tools = Path(__file__).parents[2] / "tools"
    for table in ("catalogue_names.csv", "catalogue_numbers.csv"):
        for line in (tools / table).read_text().splitlines():
            name = line.split(";")[0]
            if not line.startswith("#") and name != "PN A66 85":
                assert isinstance(resolve(name), SkyTarget), name


@pytest.mark.parametrize("name", ["M 102", "m102", "Messier 102"])
def test_a_name_of_two_places_is_refused_with_both(name: str) -> None:
    with pytest.raises(AmbiguousTargetError) as caught:
        resolve(name)
    assert "M 101 (14.0535 h +54.35°) or NGC 5866 (15.1082 h +55.76°)" in caught.value.hint


def test_every_messier_caldwell_and_sharpless_number_is_known() -> None:
    for prefix, last in (("M", 110), ("C", 109), ("Sh2-", 313)):
        for number in {*range(1, last + 1)} - ({102} if prefix == "M" else set()):
            assert isinstance(resolve(f"{prefix}{number}"), SkyTarget)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Androemda Galaxy", "Andromeda Galaxy"),
        ("M 31 test", "M 31"),
        ("Betelgeux", "Betelgeuse"),
        ("Jupitr", "Jupiter"),
        ("NGC 70000", "NGC 7000"),
    ],
)
def test_an_unknown_name_is_an_error_with_the_nearest_ones(name: str, near: str) -> None:
    with pytest.raises(UnknownTargetError) as caught:
        resolve(name)
    assert near in caught.value.near
    assert near in str(caught.value)


def test_an_unknown_name_without_any_likeness_asks_for_coordinates() -> None:
    with pytest.raises(UnknownTargetError, match="Give its coordinates"):
        resolve("qqqqqq")


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_a_target_or_an_error_that_says_so(text: str) -> None:
    try:
        target = resolve(text)
    except (UnknownTargetError, AmbiguousTargetError):
        return
    assert key(target.name) == key(text)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("NGC 0040", "ngc40"),
        ("Sh 2-155", "sharpless 155"),
        ("Hind’s  nebula", "HINDS NEBULA"),
        ("M031", "m31"),
    ],
)
def test_spellings_of_one_name_are_one_key(first: str, second: str) -> None:
    assert key(first) == key(second)


def test_different_names_keep_different_keys() -> None:
    assert (
        len({key(name) for name in ("M 3", "M 31", "NGC 3", "IC 3", "C 3", "B 3", "Sh2-3", "IC 186A")}) == 8
    )


def test_the_data_ships_small_and_with_its_licence() -> None:
    data = resources.files("agent.sky.catalogue") / "data"
    assert sum(len(file.read_bytes()) for file in data.iterdir() if file.name.endswith(".gz")) < 3_000_000
    notice = (data / "NOTICE.txt").read_text()
    assert "OpenNGC" in notice
    assert "CC-BY-SA-4.0" in notice
    assert "Redistributions in binary form" in notice


def test_importing_the_catalogue_reads_no_data() -> None:
    code = (
        "import agent.sky.catalogue as c; assert c.lookup.objects.cache_info().currsize == 0;"
        "c.resolve('mars'); assert c.lookup.objects.cache_info().currsize == 0"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
