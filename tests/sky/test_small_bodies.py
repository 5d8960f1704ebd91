"""Comets, asteroids and Pluto: read in the Minor Planet Center's formats, found by name, refused when old."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.session.check import check
from agent.session.document import read_session
from agent.session.place import apart
from agent.sky.catalogue import AmbiguousTargetError, UnknownTargetError, entry, resolve
from agent.sky.catalogue.orbits import ElementsError, read_orbits
from agent.sky.catalogue.small_bodies import (
    ELEMENTS,
    MOST_DAYS,
    Elements,
    ElementsTooOldError,
    NoElementsError,
)
from agent.sky.ephemeris import altitude, equatorial, fixed, motion_arcsec_per_min
from agent.targets import MovingTarget, Site, SkyTarget, SolarBody, SolarTarget
from agent.telescope.dwarf.models import capabilities_for
from tests.sky.formulas import two_body
from tests.support.chance import often

NOW = datetime(2026, 3, 10, 21, 30, tzinfo=UTC)
SITE = Site(48.1, 11.6, 520.0, "Europe/Berlin")
HERE = Path(__file__).parent
COMETS = (HERE / "comet_elements.txt").read_text()
ASTEROIDS = (HERE / "asteroid_elements.txt").read_text()


@pytest.fixture
def sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of sessions that this process looks into, on the tenth of March."""
    monkeypatch.setattr(ELEMENTS, "_now", lambda: NOW)
    monkeypatch.setattr(ELEMENTS, "path", None)
    ELEMENTS.look_in(tmp_path)
    return tmp_path


def install(text: str) -> None:
    path = ELEMENTS.path
    assert path is not None
    kept = ELEMENTS.with_file(text.encode())
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(kept)


@pytest.fixture
def installed(sessions: Path) -> Path:
    install(COMETS)
    install(ASTEROIDS)
    return sessions


def moving(name: str) -> MovingTarget:
    target = resolve(name)
    assert isinstance(target, MovingTarget)
    return target


@pytest.mark.parametrize(
    ("name", "as_installed"),
    [
        ("C/2025 X1", "C/2025 X1 (Example)"),
        ("c/2025x1", "C/2025 X1 (Example)"),
        ("C/2025 X1 (Example)", "C/2025 X1 (Example)"),
        ("Comet C/2025 X1", "C/2025 X1 (Example)"),
        ("Komet Example", "C/2025 X1 (Example)"),
        ("Example", "C/2025 X1 (Example)"),
        ("EXAMPLE", "C/2025 X1 (Example)"),
        ("C/2025 X1 Panel 2", "C/2025 X1 (Example)"),
        ("C/2025 X1 - mosaic 2 (1/4)", "C/2025 X1 (Example)"),
        ("2P/Encke", "2P/Encke"),
        ("2P", "2P/Encke"),
        ("Encke", "2P/Encke"),
        ("Twin", "C/2024 R4 (Twin)"),
        ("Ceres", "(1) Ceres"),
        ("(1) Ceres", "(1) Ceres"),
        ("1 Ceres", "(1) Ceres"),
        ("Vesta", "(4) Vesta"),
        ("4 Vesta", "(4) Vesta"),
        ("Vesta (4)", "(4) Vesta"),
        ("asteroid Iris", "(7) Iris"),
        ("7 Iris", "(7) Iris"),
    ],
)
def test_a_body_is_found_as_people_write_it(installed: Path, name: str, as_installed: str) -> None:
    assert moving(name).name == name
    assert moving(name).orbit.startswith(f"{as_installed},")
    assert entry(name) is None


def test_a_nickname_of_a_nebula_stays_the_nebula(installed: Path) -> None:
    assert type(resolve("Iris")) is SkyTarget


def test_of_comets_of_one_name_the_one_that_outshines_the_others_is_meant_else_both_are_named(
    installed: Path,
) -> None:
    with pytest.raises(AmbiguousTargetError, match=r"C/2024 S5 \(Alike\).*C/2024 T6 \(Alike\)"):
        resolve("Alike")


@pytest.mark.parametrize("name", ["Pluto", "pluto", "134340 Pluto", "Plutón"])
def test_pluto_needs_no_elements(sessions: Path, name: str) -> None:
    pluto = moving(name)
    assert (pluto.ra_hours, pluto.dec_degrees) == (
        pytest.approx(20.5, abs=0.15),
        pytest.approx(-22.8, abs=0.7),
    )


@pytest.mark.parametrize("days", [-30, 0, 60])
@pytest.mark.parametrize("row", [0, 5])
def test_a_comet_is_where_textbook_formulas_put_it(installed: Path, row: int, days: int) -> None:
    line = COMETS.splitlines()[row]
    q, e, argument, node, tilt = (
        float(line[a:b]) for a, b in ((30, 39), (41, 49), (51, 59), (61, 69), (71, 79))
    )
    perihelion = datetime(int(line[14:18]), int(line[19:21]), 1, tzinfo=UTC)
    perihelion += timedelta(days=float(line[22:29]) - 1)
    instant = NOW + timedelta(days=days)
    ra, dec = two_body((q, e, argument, node, tilt), (instant - perihelion) / timedelta(days=1), instant)
    place = fixed(moving("C/2025 X1" if row == 0 else "2P"), instant)
    assert isinstance(place, SkyTarget)
    assert apart(place, SkyTarget("", ra / 15, dec)) < 0.03


def test_an_asteroid_is_where_textbook_formulas_put_it(installed: Path) -> None:
    axis, eccentricity, anomaly = 2.7656156, 0.0795763, 231.53975
    since = (NOW - datetime(2025, 11, 21, tzinfo=UTC)) / timedelta(days=1)
    elements = (axis * (1 - eccentricity), eccentricity, 73.29975, 80.24963, 10.58789)
    ra, dec = two_body(elements, anomaly / 0.21429271 + since, NOW)
    assert apart(moving("Ceres"), SkyTarget("", ra / 15, dec)) < 0.03


def test_a_body_moves_and_is_looked_up_where_it_is_now(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    comet = moving("C/2025 X1")
    later = NOW + timedelta(hours=10)
    monkeypatch.setattr(ELEMENTS, "_now", lambda: later)
    moved = apart(comet, moving("C/2025 X1")) * 3600
    assert moved > 60
    assert motion_arcsec_per_min(comet, NOW + timedelta(hours=5)) == pytest.approx(moved / 600, rel=0.02)
    there = fixed(comet, later)
    assert isinstance(there, SkyTarget)
    assert apart(there, moving("C/2025 X1")) < 0.001
    seen = equatorial(comet, SITE, later)
    assert apart(SkyTarget("", seen.ra_hours, seen.dec_degrees), moving("C/2025 X1")) < 0.01
    assert altitude(comet, SITE, later) == pytest.approx(altitude(there, SITE, later), abs=0.02)


def test_what_does_not_move_stays_and_the_moon_is_fast() -> None:
    star = SkyTarget("Vega", 18.6, 38.8)
    assert fixed(star, NOW) is star
    assert motion_arcsec_per_min(star, NOW) == 0
    assert motion_arcsec_per_min(SolarTarget("Moon", SolarBody.MOON), NOW) == pytest.approx(33, abs=6)


def test_a_session_goes_to_the_comet_and_coordinates_beside_its_name_are_doubted(installed: Path) -> None:
    goto = {"do_action": True, "target": "C/2025 X1"}
    for coordinates, codes in (
        ({}, {"no_capture"}),
        ({"ra_coord": 1.0, "dec_coord": 2.0}, {"no_capture", "moving_target"}),
    ):
        body = {"command": {"id_command": {"description": "comet"}, "goto_manual": {**goto, **coordinates}}}
        document = read_session(json.dumps(body)).document
        assert document is not None
        problems = check(document, capabilities_for("D3"), resolve=resolve)
        assert {problem.code for problem in problems} == codes


@pytest.mark.parametrize(
    "name", ["C/2025 X1", "12P/Pons-Brooks", "Ceres", "4 Vesta", "Comet Halley", "asteroid 433 Eros"]
)
def test_without_elements_a_body_is_refused_with_what_to_do(sessions: Path, name: str) -> None:
    with pytest.raises(NoElementsError, match="dwarf-agent elements --update"):
        resolve(name)


def test_a_body_that_is_not_installed_is_refused_with_what_to_do(installed: Path) -> None:
    with pytest.raises(NoElementsError, match=r"C/2099 A1 is not among them.*elements --update"):
        resolve("C/2099 A1")
    with pytest.raises(UnknownTargetError):
        resolve("Nosuchcomet")


def test_an_old_orbit_is_refused_with_its_age(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ElementsTooOldError, match=r"12P/Pons-Brooks .* 374 days old. .*--update"):
        resolve("12P")
    for days, comet, asteroid in ((MOST_DAYS[True] + 1, False, True), (MOST_DAYS[False] + 1, False, False)):
        monkeypatch.setattr(
            ELEMENTS, "_now", lambda days=days: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=days)
        )
        for name, fresh in (("C/2025 X1", comet), ("Ceres", asteroid and days < 300)):
            if fresh:
                assert moving(name)
            else:
                with pytest.raises(ElementsTooOldError):
                    resolve(name)


def test_a_file_takes_the_place_of_the_orbits_of_its_kind_and_is_seen_at_once(installed: Path) -> None:
    install(COMETS.splitlines()[5] + "\n")
    assert moving("2P")
    assert moving("Vesta")
    with pytest.raises(NoElementsError):
        resolve("C/2025 X1")
    assert [(one.comets, one.count) for one in ELEMENTS.installed()] == [(True, 1), (False, 3)]


def test_json_says_the_same_as_lines() -> None:
    comet = {
        "Year_of_perihelion": 2026,
        "Month_of_perihelion": 4,
        "Day_of_perihelion": 20.25,
        "Perihelion_dist": 0.85,
        "e": 0.998,
        "Peri": 120.1,
        "Node": 45.2,
        "i": 88.3,
        "Epoch_year": 2026,
        "Epoch_month": 3,
        "Epoch_day": 1,
        "H": 8.0,
        "G": 4.0,
        "Designation_and_name": "C/2025 X1 (Example)",
    }
    asteroid = {
        "Number": "(1)",
        "Name": "Ceres",
        "Epoch": 2461000.5,
        "M": 231.53975,
        "Peri": 73.29975,
        "Node": 80.24963,
        "i": 10.58789,
        "e": 0.0795763,
        "a": 2.7656156,
        "H": 3.34,
        "G": 0.15,
    }
    assert read_orbits(json.dumps([comet, asteroid]).encode()) == [
        read_orbits(COMETS.encode())[0],
        read_orbits(ASTEROIDS.encode())[0],
    ]
    assert read_orbits(ASTEROIDS.encode())[0].epoch == date(2025, 11, 21)


@pytest.mark.parametrize("data", [b"", b"hello", b"[]", b"{}", b"[1, 2]", b"\xff\xfe\x00", b"[" * 100_000])
def test_what_holds_no_orbits_is_refused(data: bytes) -> None:
    with pytest.raises(ElementsError, match="no orbits"):
        read_orbits(data)


@settings(deadline=None, max_examples=often(200))
@given(st.data())
def test_any_damage_to_a_file_is_read_or_refused(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([COMETS, ASTEROIDS]))
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 30))
    damaged = text[:at] + data.draw(st.text(max_size=8)) + text[at + cut :]
    try:
        bodies = read_orbits(damaged.encode("utf-8", errors="replace"))
    except ElementsError:
        return
    for body in bodies:
        place = fixed(MovingTarget(body.name, 0.0, 0.0, body.orbit), NOW)
        assert isinstance(place, SkyTarget)
        assert 0 <= place.ra_hours < 24


@settings(deadline=None, max_examples=often(100))
@given(st.binary(max_size=300))
def test_a_damaged_store_holds_what_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes
) -> None:
    elements = Elements(now=lambda: NOW)
    elements.look_in(tmp_path_factory.mktemp("sessions"))
    assert elements.path is not None
    good = elements.with_file(COMETS.encode())
    elements.path.parent.mkdir()
    elements.path.write_bytes(junk + b"\n" + good)
    assert len(elements.bodies()) >= 7
    assert elements.find("2P")
