"""A fetched session is a project of Siril: a script that stacks its lights, with the dark that fits them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.archive import siril
from agent.archive.siril import Settings, fitting, masters, script, settings_of
from agent.telescope.card import CardFile
from tests.archive.support import NIGHT, Stand, at_stand, take, with_folders
from tests.support.small_sensors import small_sensors as small_sensors

LIGHTS = [f"M 42_10s80_Astro_20260312-20000{number}000_16C.fits" for number in range(3)]
DARK = (0, 10.0, 80, 0, 20)
KNOWN = {  # what Siril 1.2 and 1.4 document: the words each command takes first, and its options
    "requires": {""},
    "cd": {""},
    "close": {""},
    "convert": {"-out"},
    "calibrate": {"-dark", "-cc", "-cfa", "-debayer"},
    "register": {"-2pass"},
    "seqplatesolve": {"-force", "-nocache"},
    "seqapplyreg": {"-framing"},
    "stack": {"-norm", "-maximize", "-overlap_norm", "-output_norm", "-rgb_equal", "-out"},
}


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


def handed_over(root: Path, *darks: tuple[Any, ...], wide: bool = False, **options: Any) -> Path:
    """Fetch a session as a project, with these darks on the card; return its folder."""

    async def work(stand: Stand) -> Path:
        stand.siril = True
        card = stand.sim.device.card
        for dark in darks:
            card.dark(*dark, NIGHT)
        if wide:
            with_folders(stand, take(stand.sim, camera=1, second=30))
        fetch = stand.fetch()
        await fetch.run()
        return fetch.folder

    return at_stand(root, work, **options)


def test_a_session_becomes_a_project_with_the_dark_that_fits(tmp_path: Path) -> None:
    folder = handed_over(tmp_path, (0, 10.0, 80, 0, 20), (0, 15.0, 80, 0, 20), (0, 10.0, 60, 0, 20))
    (dark,) = (folder / "darks").iterdir()
    assert dark.name == "dark_exp_10.000000_gain_80_bin_1_20C_stack_10_20260312-2000.fits"
    kept = tmp_path / "calibration" / "scope" / "dark" / "cam_0" / dark.name
    assert dark.samefile(kept)
    assert lines(folder / "stack.ssf") == [
        "requires 1.2.0",
        "cd lights",
        "convert light -out=../process",
        "cd ../process",
        f"calibrate light -dark=../darks/{dark.name} -cc=dark -cfa -debayer",
        "register pp_light -2pass",
        "seqapplyreg pp_light",
        "stack r_pp_light rej 3 3 -norm=addscale -output_norm -rgb_equal -out=../result",
        "cd ..",
        "close",
    ]


def test_each_camera_has_its_own_project(tmp_path: Path) -> None:
    folder = handed_over(tmp_path, (1, 10.0, 80, 0, 20), wide=True)
    assert not (folder / "darks").exists()
    assert "calibrate light -debayer" in lines(folder / "stack.ssf")
    assert [path.name for path in (folder / "wide" / "darks").iterdir()] != []
    assert "-cc=dark" in (folder / "wide" / "stack.ssf").read_text()


def test_a_line_that_breaks_and_a_dark_that_is_there_cost_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(siril.os, "link", _refuses)
    folder = handed_over(tmp_path, (0, 10.0, 80, 0, 20), faults=("card-cut:after=20000",))
    (dark,) = (folder / "darks").iterdir()
    (kept,) = (tmp_path / "calibration").rglob("*.fits")
    assert dark.read_bytes() == kept.read_bytes()
    before = kept.stat().st_ino
    handed_over(tmp_path, (0, 10.0, 80, 0, 20))
    assert kept.stat().st_ino == before


def test_a_dark_taken_anew_under_the_same_name_is_fetched_beside_the_older_one(tmp_path: Path) -> None:
    (older,) = (handed_over(tmp_path, DARK) / "darks").iterdir()
    taken = older.read_bytes()

    async def work(stand: Stand) -> tuple[Path, bytes]:
        stand.siril = True
        stand.session = replace(stand.session, session_id="later")
        stand.sim.device.card.dark(*DARK, NIGHT)
        path = stand.sim.device.card.dark(*DARK, NIGHT + timedelta(hours=3))
        fetch = stand.fetch()
        await fetch.run()
        return fetch.folder, (stand.sim.device.card.read(path) or (b"",))[0]

    folder, anew = at_stand(tmp_path, work)
    (newer,) = (folder / "darks").iterdir()
    assert taken != anew
    assert (older.read_bytes(), newer.read_bytes()) == (taken, anew)
    assert f"-dark=../darks/{newer.name} " in (folder / "stack.ssf").read_text()
    kept = sorted(path.name for path in (tmp_path / "calibration").rglob("*.fits"))
    assert kept == [older.name, newer.name]  # in the order they were taken


def _refuses(*_: object) -> None:
    raise OSError("no links here")


def test_nothing_is_handed_over_where_nobody_asked(tmp_path: Path) -> None:
    async def work(stand: Stand) -> list[str]:
        stand.sim.device.card.dark(0, 10.0, 80, 0, 20, NIGHT)
        fetch = stand.fetch()
        await fetch.run()
        return [path.name for path in fetch.folder.iterdir()]

    assert {"darks", "stack.ssf"} & set(at_stand(tmp_path, work)) == set()


def card_file(exposure: float, gain: int, celsius: int, frames: int) -> CardFile:
    return CardFile(f"dark_exp_{exposure:.6f}_gain_{gain}_bin_1_{celsius}C_stack_{frames}.fits", 1)


@pytest.mark.parametrize(
    ("celsius", "lights", "chosen"),
    [
        ([12, 20, 30], LIGHTS, 20),  # the nearest to 16, in a tie the one with more frames
        ([12, 14, 30], LIGHTS, 14),
        ([25, 40], LIGHTS, None),  # all too warm
        ([25, 40], ["frame.fits"], 40),  # nobody tells how warm it was: the one of most frames
    ],
)
def test_the_dark_of_the_nearest_temperature_is_chosen(
    celsius: list[int], lights: list[str], chosen: int | None
) -> None:
    found = masters([card_file(10, 80, one, one) for one in celsius] + [CardFile("dark_exp_10.txt", 3)])
    assert len(found) == len(celsius)
    fits = fitting(found, Settings(10.0, 80, 1), lights)
    assert (fits.celsius if fits else None) == chosen
    assert fitting(found, Settings(15.0, 80, 1), lights) is None


def test_notes_that_tell_too_little_name_no_settings() -> None:
    assert settings_of({"exp": "1/4", "gain": 80, "binning": "2*2"}) == Settings(0.25, 80, 2)
    assert settings_of({"exp": "10", "binning": "1*1"}) is None
    assert settings_of({"exp": "auto", "gain": 80, "binning": "1*1"}) is None


@pytest.mark.parametrize("mosaic", [False, True])
@pytest.mark.parametrize("dark", [None, "dark.fits"])
def test_a_script_has_only_commands_and_options_that_siril_documents(mosaic: bool, dark: str | None) -> None:
    text = script("M 42\ncd /etc", 30, dark, mosaic=mosaic)
    for line in text.splitlines():
        if line and not line.startswith("#"):
            command, *words = line.split()
            options = {word.partition("=")[0] for word in words if word.startswith("-")}
            assert options <= KNOWN[command], line
    assert ("seqplatesolve" in text) is mosaic
    assert ("-framing=max" in text) is ("-maximize -overlap_norm" in text) is mosaic  # one needs the other
