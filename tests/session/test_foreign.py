"""Sessions in the format of the program Astro Dwarf."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.capabilities import Camera
from agent.errors import Severity
from agent.session.check import check
from agent.session.document import PROCESS_NOT_WAIT, SessionDocument, read_session
from agent.session.times import start_instant
from agent.session.writing import Process, with_process
from agent.telescope.dwarf.models import capabilities_for
from tests.session.test_numbers import JSON_VALUES
from tests.support.chance import often

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2035, 12, 1, tzinfo=UTC)
PLANNED: dict[str, Any] = {
    "name": "Bode's galaxy, first half",
    "target": {
        "name": "M 81",
        "kind": "equatorial",
        "ra_hours": 9.9258,
        "dec_degrees": 69.0653,
        "solar_name": None,
    },
    "device_id": "d1",
    "scheduled_start": "2035-12-12T21:00:00+00:00",
    "id": "s1",
    "camera": {
        "camera": "tele",
        "exposure_seconds": 15.0,
        "gain": 60,
        "frame_count": 40,
        "binning": 1,
        "ir_filter": "Astro",
    },
    "workflow": {"calibrate": True, "autofocus": False, "goto": True, "wait_after_seconds": 10},
    "mosaic": {"rows": 1, "columns": 1, "horizontal_scale": 150, "vertical_scale": 150},
    "status": "planned",
}


def changed(**sections: Any) -> dict[str, Any]:
    return {
        key: {**value, **sections[key]}
        if isinstance(value, dict) and key in sections
        else sections.get(key, value)
        for key, value in PLANNED.items()
    }


def read(raw: dict[str, Any]) -> SessionDocument:
    document = read_session(raw, name="x").document
    assert document is not None
    return document


def test_a_planned_session_is_read_as_it_is_meant() -> None:
    reading = read_session(json.dumps(PLANNED), name="x")
    document = reading.document
    assert document is not None
    assert [(p.code, p.severity) for p in reading.problems] == [("foreign_format", Severity.WARNING)]
    assert "Astro Dwarf" in reading.problems[0].message
    assert start_instant(document, PARIS, NOW) == datetime(2035, 12, 12, 21, tzinfo=UTC)
    assert document.goto_manual is not None
    assert (document.goto_manual.ra_coord, document.goto_manual.dec_coord) == (9.9258, 69.0653)
    assert document.goto_manual.wait_after == 10
    assert document.calibration is not None
    assert document.auto_focus is None
    setup = document.setup_camera
    assert setup is not None
    assert (setup.exposure, setup.gain, setup.count, setup.binning, setup.filter) == (
        15.0,
        60,
        40,
        0,
        "Astro",
    )
    assert check(document, capabilities_for("D3")) == []


@pytest.mark.parametrize(("theirs", "ours"), [(1, 0), (2, 1), (3, 3)])
def test_their_binning_counts_from_one(theirs: int, ours: int) -> None:
    setup = read(changed(camera={"binning": theirs})).setup_camera
    assert setup is not None
    assert setup.binning == ours


def test_the_wide_camera_and_the_solar_system() -> None:
    document = read(
        changed(camera={"camera": "wide"}, target={"kind": "solar", "solar_name": "Jupiter", "name": "x"})
    )
    assert document.setup_camera is document.goto_manual is None
    assert document.goto_solar is not None
    assert document.target == "Jupiter"
    assert document.setup_wide_camera is not None
    assert Camera.WIDE in capabilities_for("D3").cameras


def test_a_right_ascension_in_degrees_is_one() -> None:
    raw = changed(target={"ra_degrees": 148.887})
    del raw["target"]["ra_hours"]
    goto = read(raw).goto_manual
    assert goto is not None
    assert goto.ra_coord == pytest.approx(9.9258)


def test_a_mosaic_has_to_say_how_many_frames_each_pane_gets() -> None:
    (problem,) = read_session(changed(mosaic={"rows": 2})).errors
    assert problem.path == "/mosaic/mosaic_count"
    assert "how many frames each pane gets" in problem.message
    for camera in ("tele", "wide"):
        raw = changed(mosaic={"rows": 2, "mosaic_count": 45}, camera={"camera": camera})
        document = read(raw)
        setup = document.setup_camera or document.setup_wide_camera
        assert setup is not None
        assert setup.orders_mosaic
        assert {one.code for one in check(document, capabilities_for("D3"))} <= {"mosaic_count"}


@pytest.mark.parametrize(
    ("sections", "path", "asked"),
    [
        ({"workflow": {"dark_frames": True}}, "/workflow/dark_frames", "dark_frames"),
        ({"camera": {"dither": True}}, "/camera/dither", "dither"),
        ({"camera": {"mode": "Timelapse"}}, "/camera/mode", "Timelapse"),
        ({"kind": "video"}, "/kind", "video"),
        ({"panorama": {"enabled": True}}, "/panorama", "panorama"),
    ],
)
def test_what_is_switched_on_beyond_what_is_read_is_an_error_that_names_it(
    sections: dict[str, Any], path: str, asked: str
) -> None:
    raw = {**changed(**sections), **{key: value for key, value in sections.items() if key not in PLANNED}}
    (problem,) = read_session(raw).errors
    assert (problem.code, problem.path) == ("not_acted_on", path)
    assert asked in problem.message


def test_what_is_switched_off_there_is_silent() -> None:
    raw = {
        **changed(workflow={"dark_frames": False}, camera={"dither": None}),
        "panorama": {"enabled": False},
    }
    assert [problem.code for problem in read_session(raw).problems] == ["foreign_format"]


@pytest.mark.parametrize("status", ["running", "done", "error"])
def test_one_that_is_not_planned_does_not_run(status: str) -> None:
    assert [p.code for p in read_session(changed(status=status)).errors] == [PROCESS_NOT_WAIT]


def test_what_is_written_back_reads_the_same_and_keeps_what_it_was() -> None:
    document = read(PLANNED)
    data = with_process(document.raw, Process.WAIT, NOW, PARIS)
    again = read_session(data, name="x").document
    assert again is not None
    assert again.goto_manual == document.goto_manual
    assert again.setup_camera == document.setup_camera
    assert start_instant(again, PARIS, NOW) == start_instant(document, PARIS, NOW)
    assert again.raw["astro_dwarf"] == PLANNED


@settings(deadline=None, max_examples=often(80))
@given(
    st.sampled_from(
        [(section, key) for section, inner in PLANNED.items() if isinstance(inner, dict) for key in inner]
    ),
    JSON_VALUES,
)
def test_any_value_in_it_is_read_or_explained(place: tuple[str, str], value: Any) -> None:
    section, key = place
    reading = read_session({**PLANNED, section: {**PLANNED[section], key: value}})
    assert reading.document is not None or reading.errors
