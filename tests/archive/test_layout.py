"""Where files lie in the archive: names that sort, fit every file system, and lead nowhere else."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.archive.layout import chosen, kind_of, place, safe, session_folder
from agent.session.fields import DownloadWhat
from agent.telescope.card import CardFile

FILES = [
    "M 42_10s80_Astro_20260312-200000_0001.fits",
    "failed_M 42_10s80_Astro_20260312-200000_0002.fits",
    "M 42_10s80_Astro_20260312-200000_0003.tiff",
    "Thumbnail/M 42_10s80_Astro_20260312-200000_0001.jpg",
    "shotsInfo.json",
    "stacked-16_M 42_10s80.fits",
    "stacked-16_M 42_10s80.png",
    "stacked.jpg",
    "stacked_thumbnail.jpg",
]


def test_each_kind_of_file_has_its_folder() -> None:
    assert [kind_of(file) for file in FILES] == [
        "lights",
        "rejected",
        "lights",
        "thumbnails",
        "info",
        "stacked",
        "stacked",
        "stacked",
        "thumbnails",
    ]


@pytest.mark.parametrize(
    ("what", "count"),
    [
        (DownloadWhat.NONE, 0),
        (DownloadWhat.STACKED, 3),
        (DownloadWhat.STACKED_AND_INFO, 5),
        (DownloadWhat.ALL, 9),
    ],
)
def test_what_is_asked_for_is_chosen(what: DownloadWhat, count: int) -> None:
    assert len(chosen([CardFile(name, 1) for name in FILES], what)) == count


def test_equal_names_of_two_captures_and_of_the_wide_camera_stay_apart() -> None:
    taken: list[str] = []
    for folder in ("/A/DWARF_RAW_TELE_M 42_1", "/A/DWARF_RAW_TELE_M 42_2", "/A/DWARF_RAW_WIDE_M 42_3"):
        taken.append(place(folder, "stacked.jpg", taken))
    assert taken == ["stacked/stacked.jpg", "stacked/stacked_2.jpg", "wide/stacked/stacked.jpg"]


def test_a_session_folder_sorts_by_night(tmp_path: Path) -> None:
    folder = session_folder(tmp_path, "NGC 7000 / IC 5070", date(2026, 3, 12), "m42")
    assert folder == tmp_path / "NGC 7000 - IC 5070" / "2026-03-12_m42"


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_name_leads_out_of_the_archive_or_is_too_long(target: str, session_id: str) -> None:
    root = Path("/archive")
    folder = session_folder(root, target, date(2026, 3, 12), session_id)
    assert len(folder.relative_to(root).parts) == 2
    for part in folder.relative_to(root).parts:
        assert part not in ("", ".", "..")
        assert not part.startswith(".")
        assert len(os.fsencode(part)) <= 200
        assert safe(part, "x") == part
