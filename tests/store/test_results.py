from __future__ import annotations

import csv
import errno
import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.capabilities import Camera, CameraCapabilities, Capabilities, Filter
from agent.errors import Problem
from agent.events import Frames, Outcome, Reason, Waited
from agent.store import disk
from agent.store.folders import Folder
from agent.store.model import Rejected
from agent.store.result_row import OWN_COLUMNS, SEED_COLUMNS
from agent.store.results import Results
from agent.store.store import SessionStore
from agent.targets import Site

from .support import PARIS, START, HandClock, drop, result, session

D3 = Capabilities(
    "D3",
    {Camera.TELE: CameraCapabilities((), (), (Filter(0, "VIS"), Filter(1, "Astro"), Filter(2, "Duo-Band")))},
)
NIGHT = date(2026, 11, 22)


@pytest.fixture
def results(store: SessionStore) -> Results:
    return Results(store.tree, telescope="balcony", zone=PARIS, capabilities=lambda: D3)


def run(
    store: SessionStore,
    raw: dict[str, Any],
    outcome: Outcome = Outcome.COMPLETED,
    name: str = "m31",
    **values: Any,
) -> Path:
    """Let a session run to its end; return its file."""
    store.add(name, raw)
    store.claim(name)
    return store.finish(name, result(name, outcome, **values))


def rows(path: Path | None) -> list[dict[str, str]]:
    assert path is not None
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_row_has_the_older_columns_first_and_what_was_really_taken_after(
    store: SessionStore, results: Results, root: Path
) -> None:
    table = results.record(run(store, session()))
    assert table == root / "Results/results_session_night_2026-11-22.csv"
    assert table.read_text().splitlines()[0] == ",".join((*SEED_COLUMNS, *OWN_COLUMNS))
    (row,) = rows(table)
    assert {key: row[key] for key in SEED_COLUMNS} == {
        "id": "00001",
        "description": "M 31",
        "dwarf": "D3",
        "starting_date": "2026-11-22 21:00:00",
        "processed_date": "2026-11-22 21:10:00",
        "result": "True",
        "message": "Action completed successfully.",
        "calibration": "True",
        "goto_solar": "False",
        "goto_manual": "True",
        "target": "M 31",
        "ra_coord": "00:42:44",
        "dec_coord": "-12:30:00",
        "Tele Astro": "True",
        "Wide Angle": "False",
        "exposure": "15",
        "gain": "60",
        "IR": "1",
        "count": "20",
    }
    assert (row["frames_requested"], row["frames_taken"], row["frames_stacked"]) == ("20", "20", "19")
    assert (row["integration_s"], row["outcome"], row["filter"]) == ("285.0", "completed", "Astro")


def test_wide_sessions_show_the_wide_camera_and_solar_ones_the_body(
    store: SessionStore, results: Results
) -> None:
    raw = session()
    command = raw["command"]
    command["setup_camera"]["do_action"] = False
    command["goto_manual"]["do_action"] = False
    command["goto_solar"] = {"do_action": True, "target": "moon"}
    command["setup_wide_camera"] = {"do_action": True, "exposure": "1/100", "gain": 80, "count": 7}
    (row,) = rows(results.record(run(store, raw)))
    assert (row["exposure"], row["gain"], row["count"], row["IR"]) == ("1/100", "80", "7", "")
    assert (row["target"], row["ra_coord"]) == ("Moon", "")
    assert (row["goto_solar"], row["goto_manual"]) == ("True", "False")


def test_a_session_that_names_no_target_is_told_by_its_files_name(
    store: SessionStore, results: Results
) -> None:
    raw = session("")
    raw["command"]["goto_manual"]["do_action"] = False
    (row,) = rows(results.record(run(store, raw, name="by_hand")))
    assert row["target"] == "by_hand"


def test_failures_carry_reason_message_and_waits_into_table_and_report(
    store: SessionStore, results: Results
) -> None:
    values: dict[str, Any] = {
        "frames": Frames(20, 3, 2),
        "integration_s": 30.0,
        "reason": Reason.WEATHER,
        "error": Problem("clouds", "Clouds | came"),
        "message": "Clouds | came.\n3 of 20 frames",
        "waits": (Waited(Reason.WEATHER, 600.0),),
    }
    (row,) = rows(results.record(run(store, session(), Outcome.PARTIAL, **values)))
    assert (row["result"], row["outcome"]) == ("False", "partial")
    assert (row["reason"], row["error"]) == ("weather", "clouds")
    report = results.report(NIGHT).read_text()
    assert "3 taken of 20 asked for, 2 stacked" in report
    assert "## Not completed" in report
    assert "partial, weather): Clouds \\| came. 3 of 20 frames" in report
    assert "weather 600.0 s" in report
    assert "efficiency: 5% of 10 min" in report


def test_the_same_name_on_the_same_night_is_another_row_but_recording_twice_is_not(
    store: SessionStore, results: Results
) -> None:
    first = run(store, session())
    results.record(first)
    assert len(rows(results.record(first))) == 1
    second = run(store, session(), started_at=START + timedelta(hours=1), ended_at=START + timedelta(hours=2))
    table = rows(results.record(second))
    assert [row["file"] for row in table] == ["m31.json", "m31--2.json"]


def test_foreign_rows_and_columns_stay(store: SessionStore, results: Results, root: Path) -> None:
    table = results.table(NIGHT)
    table.write_text("\ufeffid,description,seeing,result\r\n7,By hand,good,True\r\n", encoding="utf-8")
    found = rows(results.record(run(store, session())))
    assert [(row["id"], row["seeing"]) for row in found] == [("7", "good"), ("00001", "")]
    assert table.read_text().count("description") == 1


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b'id,description\r\n"never closed'])
def test_a_table_nobody_can_read_is_kept_aside(
    store: SessionStore, results: Results, root: Path, content: bytes
) -> None:
    results.table(NIGHT).write_bytes(content)
    assert len(rows(results.record(run(store, session())))) == 1
    assert (root / "Results/results_session_night_2026-11-22.broken.csv").read_bytes() == content


@pytest.mark.parametrize(
    ("wish", "dwarf", "known", "name"),
    [
        (1, "DWARF3_1A2B3C", D3, "Astro"),  # as files of version 0.1 say it
        (1, "balcony", D3, "Astro"),
        (1, "D3", None, "Astro"),
        (1, "DWARF II", D3, "Pass"),
        (1, "D2", D3, "Pass"),
        ("duo-band", "D3", D3, "Duo-Band"),
        ("Duo-Band", "balcony", None, "Duo-Band"),
        (1, "balcony", None, ""),
        (None, "D3", D3, ""),
    ],
)
def test_the_filter_has_its_name_however_the_telescope_is_called(
    store: SessionStore, root: Path, wish: object, dwarf: str, known: Capabilities | None, name: str
) -> None:
    raw = session(process="ended", result=True, processed_date="2026-11-22 23:00:00", dwarf=dwarf)
    raw["command"]["setup_camera"]["IRCut"] = wish
    drop(root, "m31.json", raw, Folder.DONE)
    results = Results(store.tree, telescope="balcony", zone=PARIS, capabilities=lambda: known)
    assert results.catch_up() == 1
    (row,) = rows(results.table(NIGHT))
    assert row["filter"] == name


WICKED = "=1+1|x\x1b[31m\nnext\r\x00\u202e\ud800 <b>"


def test_nothing_that_steers_a_terminal_or_a_page_reaches_table_report_or_list(
    store: SessionStore, results: Results, root: Path
) -> None:
    raw = session(WICKED.replace("\ud800", ""))
    values: dict[str, Any] = {"message": WICKED, "error": Problem(WICKED, WICKED), "files": (WICKED,)}
    path = run(store, raw, Outcome.PARTIAL, **values)
    results.record(path)
    odd = drop(root, "odd\n\x1bname.json", path.read_bytes(), Folder.DONE)
    assert results.catch_up() == 1
    assert results.catch_up() == 0
    odd.unlink()
    for text in (results.table(NIGHT), results.report(NIGHT), root / "Results/results_list.txt"):
        written = text.read_text(encoding="utf-8")
        assert not re.search("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f\u202e]", written), text
    assert not any(cell.startswith("=") for row in rows(results.table(NIGHT)) for cell in row.values())
    lines = results.report(NIGHT).read_text().splitlines()
    (table,) = {line.count("|") - line.count("\\|") for line in lines if line.startswith("|")}
    assert table == 7
    assert not any(line.startswith("next") for line in lines)
    assert "<b>" not in results.report(NIGHT).read_text().replace("\\<", "")


@pytest.mark.parametrize("evil", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd", "\t=1"])
def test_no_cell_is_a_formula(store: SessionStore, results: Results, evil: str) -> None:
    raw = session()
    raw["command"]["id_command"]["description"] = evil
    raw["command"]["goto_manual"]["target"] = evil
    (row,) = rows(results.record(run(store, raw)))
    assert not row["description"].startswith(("=", "+", "-", "@", "\t"))
    assert not row["target"].startswith(("=", "+", "-", "@", "\t"))
    assert row["dec_coord"] == "-12:30:00"


def test_results_that_cannot_be_written_come_with_the_next(
    store: SessionStore, results: Results, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first = run(store, session())
    with monkeypatch.context() as patch:
        patch.setattr(disk, "write", _busy)
        assert results.record(first) is None
    assert "not written yet" in caplog.text
    second = run(store, session("M 33"), name="m33")
    assert {row["target"] for row in rows(results.record(second))} == {"M 31", "M 33"}


def test_ended_files_without_a_row_are_caught_up_and_others_are_not(
    store: SessionStore, results: Results, root: Path
) -> None:
    run(store, session())
    older = session("Older", process="ended", result=True, message="ok", processed_date="2026-11-20 03:00:00")
    drop(root, "older.json", older, Folder.DONE)
    drop(root, "rejected.json", session(), Folder.ERROR)
    drop(root, "torn.json", b"{", Folder.ERROR)
    drop(root, "no_id.json", {"command": {}}, Folder.ERROR)
    assert results.catch_up() == 2
    assert results.catch_up() == 0
    assert (root / "Results/results_list.txt").read_text().split() == ["m31.json", "older.json"]
    assert [row["description"] for row in rows(results.table(date(2026, 11, 19)))] == ["Older"]
    assert "1 completed" in results.report(date(2026, 11, 19)).read_text()


def test_the_noon_between_two_nights_is_the_suns_over_the_site(store: SessionStore) -> None:
    far = Results(
        store.tree, telescope="balcony", zone=PARIS, site=Site(48.0, -60.0, timezone="Europe/Paris")
    )
    began = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
    path = run(store, session(), started_at=began, ended_at=began + timedelta(hours=1))
    assert far.record(path) == far.table(NIGHT - timedelta(days=1))
    failure = Problem("not_json", "The JSON breaks.")
    far.record_rejected([Rejected("a", "a.json", failure, (), Path("a.json"))], began)
    assert [row["file"] for row in far.refused(NIGHT - timedelta(days=1))] == ["a.json"]


def test_the_nights_with_a_table_are_told_newest_first_and_their_rows_as_they_are(
    store: SessionStore, results: Results, root: Path
) -> None:
    assert results.nights() == []
    for name in ("2026-11-20", "2026-11-22", "2026-11-21", "of_love"):
        (root / f"Results/results_session_night_{name}.csv").write_text("id\n7\n")
    assert results.nights() == [date(2026, 11, 22), date(2026, 11, 21), date(2026, 11, 20)]
    assert results.rows(NIGHT) == [{"id": "7"}]
    assert results.report(NIGHT) == root / "Results/report_night_2026-11-22.md"


def test_what_could_not_be_used_is_told_of_a_night_that_can_be_read(
    store: SessionStore, results: Results
) -> None:
    assert results.refused(NIGHT) == []
    table = results.table(NIGHT)
    table.write_text("file,reason,started_at\na,invalid,\nb,invalid,2026-11-22 21:00:00\nc,weather,\n")
    assert [row["file"] for row in results.refused(NIGHT)] == ["a"]
    table.unlink()
    table.mkdir()
    assert results.refused(NIGHT) == []


def test_a_list_of_another_program_keeps_its_names_whatever_else_is_in_it(
    store: SessionStore, results: Results, root: Path
) -> None:
    for name in ("m31", "m33"):
        run(store, session(), name=name)
    listed = root / "Results/results_list.txt"
    listed.write_bytes(b"\xff\n\nm31.json\nby_hand.json\n")
    assert results.catch_up() == 1
    assert listed.read_text(encoding="utf-8") == "by_hand.json\nm31.json\nm33.json\n\ufffd\n"
    before = listed.stat().st_mtime_ns
    results.record(root / "Done/m33.json")
    assert listed.stat().st_mtime_ns == before


def test_folders_that_cannot_be_read_are_caught_up_later(
    results: Results, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (root / "Error").rmdir()
    assert results.catch_up() == 0
    assert "cannot be completed now" in caplog.text


@pytest.mark.parametrize("site", [None, Site(60.17, 2.35, timezone="Europe/Paris")])
def test_a_northern_winter_night_has_one_table_from_noon_to_noon(
    store: SessionStore, site: Site | None
) -> None:
    results = Results(store.tree, telescope="balcony", zone=PARIS, site=site)
    tables = []
    for name, hour in (("dusk", 16), ("midnight", 23), ("dawn", 8 + 24), ("evening", 15 + 24)):
        began = datetime(2026, 11, 22, tzinfo=UTC) + timedelta(hours=hour - 1)
        path = run(store, session(), name=name, started_at=began, ended_at=began + timedelta(hours=1))
        tables.append(results.record(path))
    assert tables[:3] == [results.table(NIGHT)] * 3
    assert tables[3] == results.table(NIGHT + timedelta(days=1))


def test_a_session_that_ran_last_month_and_is_skipped_tonight_belongs_to_tonight(
    store: SessionStore, results: Results
) -> None:
    store.add("m31", session(starting_date="2026-10-20 21:00:00", processed_date="2026-10-20 22:00:00"))
    skipped = result("m31", Outcome.SKIPPED, started_at=None, frames=Frames(20, 0, 0))
    assert results.record(store.finish("m31", skipped)) == results.table(NIGHT)


@pytest.mark.parametrize("when", ["0001-01-01 00:00:00", "9999-12-31 23:59:59", "yesterday"])
def test_a_file_with_an_impossible_date_stops_no_start(
    results: Results, root: Path, caplog: pytest.LogCaptureFixture, when: str
) -> None:
    drop(root, "odd.json", session(process="ended", result=True, processed_date=when), Folder.DONE)
    assert results.catch_up() == 0
    assert "odd.json" in caplog.text


def test_a_skipped_session_is_in_the_night_it_was_skipped(
    store: SessionStore, results: Results, clock: HandClock
) -> None:
    store.add("m31", session())
    ended = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
    skipped = result("m31", Outcome.SKIPPED, started_at=None, ended_at=ended, frames=Frames(20, 0, 0))
    assert results.record(store.finish("m31", skipped)) == results.table(NIGHT)


def test_the_file_tells_the_same_as_the_row(store: SessionStore, results: Results) -> None:
    path = run(store, session())
    (row,) = rows(results.record(path))
    details = json.loads(path.read_bytes())["command"]["result_details"]
    assert row["session_id"] == details["session_id"]
    assert row["ended_at"] == details["ended_at"]


def _busy(path: Path, _data: bytes) -> None:
    raise OSError(errno.EBUSY, "Open in a spreadsheet", str(path))
