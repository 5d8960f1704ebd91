"""The tables of the three models."""

from __future__ import annotations

import pytest

from agent.capabilities import Camera
from agent.telescope.dwarf.models import (
    MODELS,
    capabilities_for,
    gain_index,
    model_from_device_id,
    model_from_name,
    seconds_of,
)


def exposures(model: str, camera: Camera) -> dict[int, tuple[str, float]]:
    table = capabilities_for(model).cameras[camera].exposures
    return {each.index: (each.name, each.seconds) for each in table}


@pytest.mark.parametrize(
    ("model", "camera", "longest", "name"),
    [
        ("D2", Camera.TELE, 156, "15"),
        ("D2", Camera.WIDE, 105, "1.0"),
        ("D3", Camera.TELE, 165, "120"),
        ("D3", Camera.WIDE, 163, "90"),
        ("mini", Camera.TELE, 168, "180"),
        ("mini", Camera.WIDE, 159, "30"),
    ],
)
def test_the_longest_exposure_is_the_models_own(model: str, camera: Camera, longest: int, name: str) -> None:
    table = exposures(model, camera)
    assert max(table) == longest
    assert table[longest][0] == name


@pytest.mark.parametrize(
    ("index", "name"),
    [
        *[(0, "1/10000"), (42, "1/400"), (75, "1/30"), (84, "1/15"), (108, "0.4"), (120, "1"), (126, "1.6")],
        *[(147, "8"), (156, "15"), (159, "30"), (160, "45"), (162, "60"), (163, "90"), (165, "120")],
    ],
)
def test_exposure_indices_are_the_known_ones(index: int, name: str) -> None:
    assert exposures("D3", Camera.TELE)[index][0] == name


def test_the_wide_camera_of_a_d2_has_indices_of_its_own() -> None:
    table = exposures("D2", Camera.WIDE)
    assert table[0] == ("3/10000", pytest.approx(0.0003))
    assert (table[36][0], table[39][0], table[75][0], table[90][0]) == ("1/200", "1/160", "1/10", "1/3")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("camera", list(Camera))
def test_longer_exposures_have_greater_indices(model: str, camera: Camera) -> None:
    table = sorted(exposures(model, camera).items())
    seconds = [value[1] for _, value in table]
    assert seconds == sorted(set(seconds))


@pytest.mark.parametrize(
    ("model", "camera", "gain", "index"),
    [
        ("D2", Camera.TELE, 80, 24),
        ("D3", Camera.TELE, 240, 72),
        ("D3", Camera.TELE, 2, 1),
        ("D3", Camera.WIDE, 5, 2),
        ("D2", Camera.WIDE, 60, 0),
        ("D2", Camera.WIDE, 160, 30),
    ],
)
def test_older_firmware_counts_gains_in_steps(model: str, camera: Camera, gain: int, index: int) -> None:
    assert gain_index(model, camera, gain) == index


def test_a_gain_the_camera_has_not_is_refused() -> None:
    with pytest.raises(ValueError, match="no gain 85"):
        gain_index("D3", Camera.TELE, 85)


def test_what_a_model_lacks_is_said() -> None:
    assert "mosaic" in capabilities_for("D2").lacks
    assert capabilities_for("mini").cameras[Camera.TELE].binnings == ()
    assert capabilities_for("D2").cameras[Camera.TELE].min_count == 2


def test_models_are_found_by_device_id_and_by_name() -> None:
    assert [model_from_device_id(number) for number in (1, 2, 4, 5)] == ["D2", "D3", "mini", None]
    names = ["DWARF II", "DWARF3", "DWARF mini", "DWARF_mini_A1B2", "dwarf", "Seestar"]
    assert [model_from_name(name) for name in names] == ["D2", "D3", "mini", "mini", None, None]


def test_an_unknown_model_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="D2, D3, mini"):
        capabilities_for("D9")


@pytest.mark.parametrize("name", ["Auto", "", "1/0", "0", "-1", "nan", "inf"])
def test_what_is_no_exposure_time_is_refused(name: str) -> None:
    with pytest.raises((ValueError, ZeroDivisionError)):
        seconds_of(name)
