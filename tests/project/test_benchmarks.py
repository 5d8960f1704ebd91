"""The table of the measurements: what is read back is what was saved, and ratios are to the earlier run."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.table import read, table


def test_a_run_is_compared_with_what_an_earlier_one_printed(tmp_path: Path) -> None:
    before = tmp_path / "before.jsonl"
    lines = [
        {"benchmark": "scan_start", "python": "3.11.7", "ms": {"p50": 4, "p99": 10}},
        {"benchmark": "gone", "n": 1},
    ]
    before.write_text("a line of a log\n" + "".join(f"{json.dumps(line)}\n" for line in lines))
    now = [{"benchmark": "scan_start", "ms": {"p50": 6, "p99": 5}, "good": True, "new_one": 3}]
    assert table(now, read(before)).splitlines() == [
        "| What | Now | Before | Ratio |",
        "| --- | --- | --- | --- |",
        "| scan start, ms, p50 | 6 | 4 | 1.50 |",
        "| scan start, ms, p99 | 5 | 10 | 0.50 |",
        "| scan start, new one | 3 |  |  |",
    ]
    assert table(now).splitlines()[2] == "| scan start, ms, p50 | 6 |"


def test_what_is_measured_several_times_has_a_row_each() -> None:
    views = [{"benchmark": "page", "view": view, "unit": "ms", "first": 1} for view in ("now", "new")]
    scans = [{"benchmark": "scan", "files": files, "first": 2} for files in (10, 1000)]
    assert [row.split("|")[1].strip() for row in table([*views, *scans]).splitlines()[2:]] == [
        "page (now, ms), first",
        "page (new, ms), first",
        "scan, files 10, files",
        "scan, files 10, first",
        "scan, files 1000, files",
        "scan, files 1000, first",
    ]
