"""Light collected over the months, from the sessions that ended: by target, filter and month."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from agent.events import Outcome
from agent.report.story import reason_words
from agent.session.text import duration_text
from agent.store.ended import EndedSession
from agent.text import printable

COLUMNS = (
    *("target", "filter", "month", "nights", "sessions", "completed"),
    *("frames_taken", "frames_stacked", "light_s"),
)
_FORMULA = ("=", "+", "-", "@")


@dataclass(slots=True)
class Line:
    """What one target got through one filter in one month."""

    target: str
    filter: str
    month: str
    nights: set[date] = field(default_factory=set)
    sessions: int = 0
    completed: int = 0
    taken: int = 0
    stacked: int = 0
    light_s: float = 0.0

    def cells(self) -> tuple[str, ...]:
        """Return the line as texts, in the order of `COLUMNS`."""
        counts = (len(self.nights), self.sessions, self.completed, self.taken, self.stacked)
        return (self.target, self.filter, self.month, *map(str, counts), f"{self.light_s:.0f}")


@dataclass(frozen=True, slots=True)
class History:
    """All lines, by target and month, and why sessions were lost (not completed), most frequent first."""

    lines: Sequence[Line]
    lost: Sequence[tuple[str, int]]

    @property
    def total(self) -> Line:
        """The sum of all lines."""
        total = Line("total", "", "")
        for line in self.lines:
            total.nights |= line.nights
            total.sessions += line.sessions
            total.completed += line.completed
            total.taken += line.taken
            total.stacked += line.stacked
            total.light_s += line.light_s
        return total


def history(sessions: Iterable[EndedSession], target: str = "") -> History:
    """Gather sessions; with a `target`, those whose target has that name, however it is written."""
    lines: dict[tuple[str, str, str], Line] = {}
    lost: Counter[str] = Counter()
    for session in sessions:
        if target and _plain(target) not in (_plain(session.target), _plain(session.session_id)):
            continue
        key = (_plain(session.target), session.filter, f"{session.night:%Y-%m}")
        line = lines.setdefault(key, Line(session.target, session.filter, key[2]))
        line.sessions += 1
        line.taken += session.taken
        line.stacked += session.stacked
        line.light_s += session.integration_s
        if session.stacked:
            line.nights.add(session.night)
        if session.outcome == Outcome.COMPLETED:
            line.completed += 1
        else:
            lost[reason_words(session)] += 1
    ordered = [lines[key] for key in sorted(lines, key=lambda key: (key[0], key[2], key[1]))]
    return History(ordered, lost.most_common())


def history_csv(told: History) -> str:
    """Return the lines as CSV; no cell is taken for a formula by a spreadsheet."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for line in told.lines:
        cells = (printable(cell) for cell in line.cells())
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return text.getvalue()


def history_lines(told: History) -> Iterator[str]:
    """Yield the table for people, and what it adds up to."""
    if not told.lines:
        yield "No session has ended."
        return
    total = told.total
    head = ("target", "filter", "month", "nights", "sessions", "completed", "stacked", "light")
    rows: list[tuple[str, ...]] = [head]
    rows += [_row(line) for line in (*told.lines, total)]
    widths = [min(30, max(len(row[column]) for row in rows)) for column in range(len(rows[0]))]
    for row in rows:
        left = [f"{cell[:30]:<{width}}" for cell, width in zip(row[:3], widths[:3], strict=True)]
        right = [f"{cell:>{width}}" for cell, width in zip(row[3:], widths[3:], strict=True)]
        yield "  ".join([*left, *right]).rstrip()
    yield ""
    share = f"{total.completed / total.sessions:.0%}"
    yield f"{total.completed} of {total.sessions} sessions completed ({share})."
    if told.lost:
        yield "Not completed: " + ", ".join(f"{reason} {count}" for reason, count in told.lost) + "."


def _row(line: Line) -> tuple[str, ...]:
    light = duration_text(line.light_s) if line.light_s else "-"
    counts = (len(line.nights), line.sessions, line.completed, line.stacked)
    return (printable(line.target), printable(line.filter), line.month, *map(str, counts), light)


def _plain(name: str) -> str:
    return "".join(name.casefold().split())
