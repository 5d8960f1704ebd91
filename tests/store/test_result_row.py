"""Rows of whatever stands in a folder: no file, and no table of another program, stops the results."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import Problem
from agent.session.document import read_session
from agent.store.folders import Folder
from agent.store.model import Rejected
from agent.store.night_report import night_report
from agent.store.result_row import OWN_COLUMNS, SEED_COLUMNS, instant_of, row_of, row_of_rejected
from agent.store.results import Results
from agent.store.store import SessionStore

from .support import PARIS, HandClock, drop, session
from .test_spoilt import json_values

STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
COLUMNS = (*SEED_COLUMNS, *OWN_COLUMNS)
texts = st.text(st.characters(exclude_categories=[]), max_size=20) | st.sampled_from(
    ["=1+1", "nan", "inf", "1e999", "a|b", "\x1b[2J", "x\ny", "<script>", "2026-11-22 21:00:00"]
)
outputs = st.dictionaries(
    st.sampled_from(
        ["description", "message", "starting_date", "processed_date", "dwarf", "result", "nb_try"]
    ),
    json_values | texts,
)
details = st.dictionaries(
    st.sampled_from(
        ["outcome", "reason", "error", "frames", "waits", "started_at", "ended_at", "target", "settings"]
    ),
    json_values | texts,
)


@settings(deadline=None)
@given(outputs, details | json_values)
def test_every_ended_file_has_a_row_of_harmless_cells(output: dict[str, Any], found: Any) -> None:
    raw = session(process="ended", **output)
    raw["command"]["result_details"] = found
    document = read_session(raw, name="m31").document
    if document is None:
        return
    row = row_of(document, "m31.json", None)
    assert tuple(row) == COLUMNS
    assert not any(STEERING.search(cell) for cell in row.values())
    assert not any(cell.startswith(("=", "@")) for cell in row.values())
    "".join(row.values()).encode()
    instant = instant_of(row, ZoneInfo("UTC"))
    assert instant is None or instant.tzinfo is not None
    night_report(date(2026, 11, 22), "balcony", [row])


@pytest.mark.parametrize(
    ("said", "camera", "expected"),
    [
        ({}, {}, ("0.71231", "41.2689", "Astro")),
        ({"ra_coord": 0.7, "dec_coord": 0}, {"IRCut": "Duo-Band"}, ("0.7", "0", "Duo-Band")),
    ],
    ids=["nothing", "all of it"],
)
def test_a_row_has_what_was_found_where_the_file_says_nothing(
    said: dict[str, Any], camera: dict[str, Any], expected: tuple[str, ...]
) -> None:
    found = {
        "target": {"name": "M 31", "ra_hours": 0.71231, "dec_degrees": 41.2689},
        "settings": {"tele": {"filter": "Astro"}, "wide": {"filter": None}},
    }
    body = {
        "id_command": {"process": "ended"},
        "goto_manual": {"do_action": True, "target": "M 31", **said},
        "setup_camera": {"do_action": True, "exposure": "10", "gain": 80, "count": 3, **camera},
        "result_details": found,
    }
    document = read_session({"command": body}, name="m31").document
    assert document is not None
    row = row_of(document, "m31.json", None)
    assert (row["ra_coord"], row["dec_coord"], row["filter"]) == expected


@settings(deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(COLUMNS), texts), max_size=4), texts)
def test_a_report_of_any_table_keeps_its_shape(rows: list[dict[str, str]], telescope: str) -> None:
    report = night_report(date(2026, 11, 22), telescope, rows)
    report.encode()
    lines = report.split("\n")
    assert not any(STEERING.search(line) for line in lines)
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 + len(rows)
    assert {len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in table} == {7}


def test_a_rejected_file_is_in_the_table_and_the_report_of_its_night(
    store: SessionStore, root: Path, clock: HandClock
) -> None:
    drop(root, "torn|\x1b.json", b'{"command"')
    drop(root, "list.json", b"[1]")
    clock.seconds = 60
    store.scan()
    clock.seconds = 120
    changes = store.scan()
    assert len(changes.broken) == 2
    results = Results(store.tree, telescope="balcony", zone=PARIS)
    results.record_rejected(changes.broken, clock.now())
    table = results.table(date(2026, 11, 22)).read_text(encoding="utf-8")
    rows = {row["file"]: row for row in csv.DictReader(io.StringIO(table))}
    assert set(rows) == {"torn|\\x1b.json", "list.json"}
    assert rows["list.json"]["reason"] == "invalid"
    assert rows["list.json"]["outcome"] == "failed"
    assert "not a JSON object" in rows["list.json"]["message"]
    report = results.report(date(2026, 11, 22)).read_text(encoding="utf-8")
    assert "**list.json** (failed, invalid)" in report
    assert "torn\\|\\\\x1b.json" in report
    assert results.catch_up() == 0  # the files themselves are not sessions that ended


def test_the_row_of_a_rejected_file_says_when_it_was_found_and_what_is_wrong() -> None:
    failure = Problem("not_json", "The JSON breaks.", hint="Mend it.")
    at = datetime(2026, 11, 22, 20, 0, 1, 500, tzinfo=UTC)
    row = row_of_rejected(Rejected("a", "A name", failure, (), Path("Error/a.json")), at, PARIS)
    assert tuple(row) == COLUMNS
    assert {column: cell for column, cell in row.items() if cell} == {
        "description": "A name",
        "starting_date": "2026-11-22 21:00:01",
        "processed_date": "2026-11-22 21:00:01",
        "result": "False",
        "message": "The JSON breaks. Mend it.",
        "session_id": "a",
        "file": "a.json",
        "outcome": "failed",
        "reason": "invalid",
        "error": "not_json",
        "ended_at": "2026-11-22T21:00:01+01:00",
    }


def test_of_a_rejected_file_for_which_there_is_no_hint_only_what_is_wrong_is_told() -> None:
    failure = Problem("not_json", "The JSON breaks.")
    at = datetime(2026, 11, 22, tzinfo=UTC)
    row = row_of_rejected(Rejected("a", "a", failure, (), Path("a.json")), at, PARIS)
    assert row["message"] == "The JSON breaks."


DETAILS = {
    "session_id": "m31-two",
    "outcome": "partial",
    "reason": "weather",
    "error": {"code": "clouds"},
    "started_at": "2026-11-22T21:00:00+01:00",
    "ended_at": "2026-11-22T22:00:00+01:00",
    "attempts": 2,
    "frames": {"requested": 20, "taken": 12, "stacked": 11},
    "integration_s": 180.0,
    "waits": [{"reason": "weather", "seconds": 60}, "odd", {"reason": "dark", "seconds": 5}],
    "firmware": "1.2.3",
}
OWN = {
    "session_id": "m31-two",
    "file": "m31.json",
    "outcome": "partial",
    "reason": "weather",
    "error": "clouds",
    "started_at": "2026-11-22T21:00:00+01:00",
    "ended_at": "2026-11-22T22:00:00+01:00",
    "attempts": "2",
    "frames_requested": "20",
    "frames_taken": "12",
    "frames_stacked": "11",
    "integration_s": "180.0",
    "waited": "weather 60 s; dark 5 s",
    "filter": "Astro",
    "wide_exposure": "1/100",
    "wide_gain": "70",
    "wide_count": "7",
    "firmware": "1.2.3",
}


@pytest.mark.parametrize(
    ("more", "differs"),
    [
        ({}, {}),
        (
            {"made_of": ["a", "b"]},  # each of them has a row of its own
            dict.fromkeys(
                ("started_at", "frames_requested", "frames_taken", "frames_stacked", "integration_s"), ""
            ),
        ),
        (
            {"error": "odd", "frames": "odd", "waits": "odd"},
            {"error": "", "waited": ""}
            | dict.fromkeys(("frames_requested", "frames_taken", "frames_stacked"), ""),
        ),
    ],
)
def test_the_columns_of_our_own_say_what_the_result_says(
    more: dict[str, Any], differs: dict[str, str]
) -> None:
    raw = session(process="ended", dwarf="D3", nb_try=5)
    raw["command"]["setup_wide_camera"] = {"do_action": True, "exposure": "1/100", "gain": 70, "count": 7}
    raw["command"]["result_details"] = {**DETAILS, **more}
    document = read_session(raw, name="m31").document
    assert document is not None
    row = row_of(document, "m31.json", None)
    assert {column: row[column] for column in OWN_COLUMNS} == {**OWN, **differs}


def test_a_file_of_another_program_is_told_by_its_older_keys() -> None:
    raw = session(process="ended", result="TRUE", nb_try=5, processed_date="2026-11-20 03:00:00")
    for section in ("calibration", "goto_manual", "setup_camera"):
        raw["command"][section]["do_action"] = False
    document = read_session(raw, name="old.name").document
    assert document is not None
    row = row_of(document, "old.name.json", None)
    assert {column: cell for column, cell in row.items() if cell} == {
        "id": "00001",
        "description": "M 31",
        "dwarf": "-",
        "starting_date": "2026-11-20 03:00:00",
        "processed_date": "2026-11-20 03:00:00",
        "result": "True",
        "calibration": "False",
        "goto_solar": "False",
        "goto_manual": "False",
        "target": document.target,
        "Tele Astro": "False",
        "Wide Angle": "False",
        "session_id": "old.name",
        "file": "old.name.json",
        "attempts": "5",
    }


@pytest.mark.parametrize(
    ("row", "instant"),
    [
        ({"started_at": "2026-11-22T21:00:00+00:00", "ended_at": "2026-11-22T22:00:00+00:00"}, 21),
        ({"started_at": "", "ended_at": "2026-11-22T22:00:00+00:00"}, 22),
        ({"started_at": "1999-11-22T21:00:00+00:00", "starting_date": "2026-11-22 21:00:00"}, 20),
        ({"starting_date": "soon", "processed_date": "2026-11-22 22:00:00"}, 21),
        ({"started_at": "2101-01-01 00:00:00"}, None),
        ({}, None),
    ],
)
def test_a_session_is_of_the_night_in_which_it_began_or_else_ended(
    row: dict[str, str], instant: int | None
) -> None:
    whole = dict.fromkeys(("started_at", "ended_at", "starting_date", "processed_date"), "") | row
    found = instant_of(whole, PARIS)
    assert found == (None if instant is None else datetime(2026, 11, 22, instant, tzinfo=UTC))


@pytest.mark.parametrize(("year", "counts"), [(1999, False), (2000, True), (2100, True), (2101, False)])
def test_no_session_ran_before_2000_or_after_2100(year: int, counts: bool) -> None:
    row = dict.fromkeys(("ended_at", "starting_date", "processed_date"), "")
    assert (instant_of({**row, "started_at": f"{year}-06-01T00:00:00+00:00"}, PARIS) is not None) is counts


def test_what_was_rejected_while_the_table_was_locked_comes_with_the_next(
    store: SessionStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = Results(store.tree, telescope="balcony", zone=PARIS)
    failure = Problem("not_json", "The JSON breaks.")
    with monkeypatch.context() as patch:
        patch.setattr("agent.store.disk.write", _locked)
        results.record_rejected(
            [Rejected("a", "a.json", failure, (), store.tree[Folder.ERROR] / "a.json")], clock.now()
        )
    results.record_rejected(
        [Rejected("b", "b.json", failure, (), store.tree[Folder.ERROR] / "b.json")], clock.now()
    )
    table = results.table(date(2026, 11, 22)).read_text(encoding="utf-8")
    assert [row["file"] for row in csv.DictReader(io.StringIO(table))] == ["a.json", "b.json"]


def _locked(path: Path, _data: bytes) -> None:
    raise PermissionError(13, "Open in a spreadsheet", str(path))
