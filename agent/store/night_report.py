"""The report of one night, for people: what was asked, what was taken, and why the rest was not."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from agent.reasons import Outcome
from agent.session.text import duration_text
from agent.text import printable

Row = Mapping[str, str]

_MARKUP = str.maketrans({sign: f"\\{sign}" for sign in "\\|`*_[]<>#~&"})


def night_report(night: date, telescope: str, rows: Iterable[Row]) -> str:
    """Return the report as Markdown, from the rows of the night's table."""
    ordered = sorted(rows, key=lambda row: (row.get("starting_date", ""), row.get("processed_date", "")))
    lines = [f"# Night of {night.isoformat()}: {_text(telescope)}", "", *_summary(ordered), ""]
    lines += [
        "| start | end | target | outcome | frames | integration |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [_line(row) for row in ordered]
    if troubles := [row for row in ordered if _outcome(row) != Outcome.COMPLETED]:
        lines += ["", "## Not completed", ""]
        lines += [
            f"- **{_name(row)}** ({_text(_outcome(row) + _why(row))}): {_text(row.get('message', ''))}"
            for row in troubles
        ]
    if waited := [row for row in ordered if row.get("waited")]:
        lines += ["", "## Waits", ""]
        lines += [f"- **{_name(row)}**: {_text(row['waited'])}" for row in waited]
    return "\n".join([*lines, ""])


def _summary(rows: list[Row]) -> list[str]:
    outcomes = Counter(_outcome(row) for row in rows)
    counts = ", ".join(f"{count} {_text(outcome)}" for outcome, count in sorted(outcomes.items()))
    taken, asked, stacked = (
        round(sum(_number(row, f"frames_{which}") for row in rows))
        for which in ("taken", "requested", "stacked")
    )
    integration = sum(_number(row, "integration_s") for row in rows)
    lines = [
        f"- sessions: {len(rows)} ({counts})",
        f"- frames: {taken} taken of {asked} asked for, {stacked} stacked",
        f"- integration: {duration_text(integration)}",
    ]
    running = sum(_seconds(row) for row in rows)
    light = sum(min(_number(row, "integration_s"), _seconds(row)) for row in rows)  # of two cameras at once
    if running > 0 and light > 0:
        share = f"{light / running:.0%} of {duration_text(running)} of session time"
        lines.append(f"- efficiency: {share} collected light that was kept")
    return lines


def _line(row: Row) -> str:
    times = (row.get(column, "")[11:16] for column in ("starting_date", "processed_date"))
    frames = f"{row.get('frames_taken') or '-'} / {row.get('frames_requested') or row.get('count') or '-'}"
    integration = duration_text(_number(row, "integration_s")) if row.get("integration_s") else "-"
    cells = (*map(_text, times), _name(row), _text(_outcome(row)), _text(frames), integration)
    return f"| {' | '.join(cells)} |"


def _name(row: Row) -> str:
    return _text(row.get("target") or row.get("description") or row.get("file") or "session")


def _outcome(row: Row) -> str:
    """Return the outcome; rows of older programs know only true or false."""
    if row.get("outcome"):
        return row["outcome"]
    return Outcome.COMPLETED if row.get("result") == "True" else Outcome.FAILED


def _why(row: Row) -> str:
    return f", {row['reason']}" if row.get("reason") else ""


def _number(row: Row, column: str) -> float:
    try:
        number = float(row.get(column) or 0)
    except ValueError:
        return 0.0
    return number if math.isfinite(number) else 0.0


def _seconds(row: Row) -> float:
    try:
        begin, end = (datetime.fromisoformat(row.get(column, "")) for column in ("started_at", "ended_at"))
        return max(0.0, (end - begin).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _text(text: str) -> str:
    return printable(" ".join(text.splitlines())).translate(_MARKUP)
