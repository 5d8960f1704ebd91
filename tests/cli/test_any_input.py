"""No input makes `validate` or `plan` raise, and what is written back reads the same."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.app.candidate import Candidate
from agent.app.tonight import tonight
from agent.cli.documents import CheckedFile, Surroundings, check_file, problem_lines, view_lines
from agent.conditions import Requirements
from agent.errors import errors_of
from agent.events import Frames, Outcome, SessionBrief, SessionResult
from agent.session.document import read_session
from agent.session.text import plan_text
from agent.session.times import start_instant
from agent.session.writing import Process, with_outcome, with_process
from agent.targets import Site
from agent.telescope.dwarf.models import MODELS, capabilities_for
from tests.session.test_numbers import JSON_VALUES
from tests.support.chance import often

FOR_FILES = settings(
    deadline=None, max_examples=often(80), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 3, 12, 18, 0, tzinfo=UTC)
AROUND = Surroundings(
    capabilities_for("D3"), False, PARIS, Site(48.85, 2.35, 0, "Europe/Paris"), NOW, Requirements()
)
WORDS = st.sampled_from(
    [
        *("M 31", "M 102", "Omega Centauri", "Moon", "01:30", "25:00", "02:30", "2026-03-28", "2026-03-12"),
        *(
            "2026-03-12T22:00:00Z",
            "10.6847",
            "275.2°",
            '69°03\'55"" N',
            "5,588",
            "1,500",
            "16:10:20 S",
            "-00:30",
        ),
        *(
            "Duo-Band Filter",
            "2k",
            "1/5",
            "0",
            "999",
            "true",
            "wait",
            "done",
            "Europe/Paris",
            "America/New_York",
        ),
    ]
)
VALUES = JSON_VALUES | WORDS | st.integers(-2, 1000) | st.floats(-400, 400)
ON = st.just(True) | st.just(True) | JSON_VALUES


def section(*keys: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"do_action": ON}, optional=dict.fromkeys(keys, VALUES))


TIMES = ("date", "time", "end_date", "end_time", "timezone", "process", "priority", "when_missed")
CAMERA = (
    "exposure",
    "gain",
    "binning",
    "ircut",
    "IRCut",
    "count",
    "wait_after",
    "end_time",
    "doMosaic",
    "framingX",
    "framingY",
    "mosaic_count",
    "rotation",
)
BODIES = st.fixed_dictionaries(
    {"id_command": st.dictionaries(st.sampled_from(TIMES), VALUES, max_size=4) | JSON_VALUES},
    optional={
        "goto_manual": section("target", "ra_coord", "dec_coord", "trust_coordinates", "wait_after"),
        "goto_solar": section("target", "sun_filter"),
        "setup_camera": section(*CAMERA),
        "setup_wide_camera": section(*CAMERA),
        "calibration": section("wait_before"),
        "repeat": section("every", "days", "until_date", "times"),
        "mosaic": section("columns", "rows", "overlap", "rotation", "panes"),
        "dark_frames": section("when", "count", "cap_wait"),
        "refocus": section("every", "temperature_step"),
        "tonightplan": JSON_VALUES,
        "conditions": section("min_altitude", "max_altitude"),
    },
)


def json_writes_it(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


CLOCK = st.integers(0, 23).map("{:02d}:30".format)
SENSIBLE = st.builds(
    lambda id_command, setup, target: {
        "command": {
            "id_command": id_command,
            "goto_manual": {"do_action": True, "target": target},
            "setup_camera": {"do_action": "true", "exposure": "15", "gain": "80", "ircut": 1, **setup},
        }
    },
    st.fixed_dictionaries(
        {"uuid": st.text(max_size=5)}, optional={"time": CLOCK, "observer": st.text(max_size=5)}
    ),
    st.fixed_dictionaries(
        {"count": st.sampled_from([0, "0", 5, "999"]), "end_time": CLOCK},
        optional={"shots_taken": VALUES.filter(json_writes_it)},
    )
    | st.fixed_dictionaries(
        {
            "doMosaic": st.just(True),
            "framingX": st.integers(100, 1000) | st.sampled_from(["140", 133.3]),
            "framingY": st.integers(100, 400),
            "mosaic_count": st.integers(1, 249),
        },
        optional={"rotation": st.integers(-360, 360), "count": st.integers(0, 999)},
    ),
    st.sampled_from(["M 31", "M 42", "M 81", "Vega", "Omega Centauri"]),
)


def answered(data: bytes, folder: Path, model: str = "D3") -> CheckedFile:
    """Check a file and say all there is to say about it."""
    path = folder / "any.json"
    path.write_bytes(data)
    around = replace(AROUND, capabilities=capabilities_for(model))
    one = check_file(path, around)
    json.dumps(one.to_json(), allow_nan=False)
    assert all(line.strip() for line in (*problem_lines(one), *view_lines(one)))
    assert one.valid or errors_of(one.problems)
    if one.plan is not None and one.document is not None:
        assert plan_text(one.plan)
        json.dumps(one.plan.to_json(), allow_nan=False)
        start = start_instant(one.document, PARIS, NOW)
        candidate = Candidate("any", one.document, one.plan, start, one.closes)
        assert list(tonight(AROUND.site, [candidate], Requirements(), NOW, zone=PARIS).lines())  # type: ignore[arg-type]
    return one


@FOR_FILES
@given(
    st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
def test_any_bytes_are_answered(tmp_path: Path, data: bytes) -> None:
    answered(data, tmp_path)


@FOR_FILES
@given(BODIES, st.sampled_from(MODELS), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_any_session_is_answered(tmp_path: Path, body: dict[str, Any], model: str, encoding: str) -> None:
    try:
        data = json.dumps({"command": body}).encode(encoding)
    except UnicodeEncodeError:
        return
    answered(data, tmp_path, model)


@FOR_FILES
@given(SENSIBLE)
def test_what_is_written_back_reads_the_same(tmp_path: Path, session: dict[str, Any]) -> None:
    one = answered(json.dumps(session).encode(), tmp_path)
    assert one.document is not None, one.problems
    started = with_process(one.document.raw, Process.PENDING, NOW, PARIS)
    result = SessionResult(
        "scope", SessionBrief("any", "x"), Outcome.COMPLETED, NOW + timedelta(hours=1), NOW
    )
    ended = with_outcome(one.document.raw, replace(result, frames=Frames(5, 5, 4)), PARIS)
    for data in (started, ended):
        again = read_session(data, name="any").document
        assert again is not None
        assert again.setup_camera == one.document.setup_camera
        assert again.goto_manual == one.document.goto_manual
        assert again.id_command.time == one.document.id_command.time
        assert session["command"]["id_command"].items() <= again.raw["command"]["id_command"].items()


@pytest.mark.parametrize("model", MODELS)
def test_nothing_at_all_is_answered(tmp_path: Path, model: str) -> None:
    assert not answered(b"", tmp_path, model).valid
