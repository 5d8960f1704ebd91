"""The nightly table, `Results/results_session_night_<date>.csv`, as older programs read and write it.

A row is made from the file of a session that ended, so it can always be made again from Done/ and Error/.
The older columns keep their names, order and words; what was really taken follows in columns of our own.
`results_list.txt` names the files that have a row, which keeps older programs from adding them again.
"""

from __future__ import annotations

import contextlib
import csv
import io
import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.capabilities import Capabilities
from agent.reasons import Reason
from agent.session.document import read_session
from agent.session.jsontext import MAX_BYTES
from agent.session.writing import Process
from agent.sky.nights import night_of
from agent.store import disk
from agent.store.documents import process_of
from agent.store.errors import store_error
from agent.store.folders import Folder, Tree, is_session_name
from agent.store.model import Rejected
from agent.store.night_report import night_report
from agent.store.result_row import OWN_COLUMNS, SEED_COLUMNS, instant_of, row_of, row_of_rejected
from agent.targets import Site
from agent.text import printable

_LOGGER = logging.getLogger(__name__)

_LIST = "results_list.txt"
_TABLE = "results_session_night_"
_READ_LIMIT = 32 << 20  # bytes of one night's table or of the list


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row on its way into its night's table; `listed` is the name under which the list shall have it."""

    night: date
    row: dict[str, str]
    listed: str


class Results:
    """The tables and reports of one telescope. What cannot be written now is written with the next result.

    A night's table ends, and the next begins, at the solar noon of `site`; with none, at noon in `zone`.
    """

    def __init__(
        self,
        tree: Tree,
        *,
        telescope: str,
        zone: ZoneInfo,
        site: Site | None = None,
        capabilities: Callable[[], Capabilities | None] = lambda: None,
    ) -> None:
        self._tree = tree
        self._telescope = telescope
        self._zone = zone
        self._site = site
        self._capabilities = capabilities
        self._lock = threading.Lock()
        self._owed: list[_Entry] = []

    def record(self, path: Path) -> Path | None:
        """Add the ended session in `path` (as `finish` returned it) to its night's table and report.

        Returns the table, or None (with a warning in the log) when it could not be written yet.
        """
        with self._lock:
            self._add([entry] if (entry := self._entry(path)) else [])
            return self.table(entry.night) if entry is not None and entry not in self._owed else None

    def record_rejected(self, rejected: Iterable[Rejected], at: datetime) -> None:
        """Add files that could not be used to the night in which they were found."""
        night = night_of(at, self._site, self._zone)
        with self._lock:
            self._add([_Entry(night, row_of_rejected(one, at, self._zone), "") for one in rejected])

    def catch_up(self) -> int:
        """Record the ended sessions that `results_list.txt` does not name; return how many."""
        with self._lock:
            try:
                listed = self._listed()
                paths = [path for path in self._files() if printable(path.name) not in listed]
            except OSError as error:
                _LOGGER.warning("Results cannot be completed now: %s", error)
                return 0
            entries = [entry for path in paths if (entry := self._entry(path)) is not None]
            return self._add(entries)

    def nights(self) -> list[date]:
        """Return the nights that have a table, the newest first."""
        found = []
        for path in self._tree[Folder.RESULTS].glob(f"{_TABLE}*.csv"):
            with contextlib.suppress(ValueError):
                found.append(date.fromisoformat(path.stem.removeprefix(_TABLE)))
        return sorted(found, reverse=True)

    def rows(self, night: date) -> list[dict[str, str]]:
        """Return a night's table as it is."""
        with self._lock:
            return self._load(self.table(night))[1]

    def table(self, night: date) -> Path:
        """Return where the table of the night that begins on this local day is."""
        return self._tree[Folder.RESULTS] / f"{_TABLE}{night.isoformat()}.csv"

    def report(self, night: date) -> Path:
        """Return where the report of that night is."""
        return self._tree[Folder.RESULTS] / f"report_night_{night.isoformat()}.md"

    def refused(self, night: date) -> list[dict[str, str]]:
        """Return the rows of that night's files that could not be used."""
        with self._lock:
            try:
                rows = self._load(self.table(night))[1]
            except OSError:
                return []
        return [row for row in rows if row.get("reason") == Reason.INVALID and not row.get("started_at")]

    def _add(self, entries: list[_Entry]) -> int:
        """Write these entries and what is owed, each night's table once; return how many were written."""
        nights: dict[date, list[_Entry]] = {}
        for entry in (*self._owed, *entries):
            nights.setdefault(entry.night, []).append(entry)
        self._owed = []
        written = 0
        for night, added in nights.items():
            table = self.table(night)
            try:
                self._write(night, table, [entry.row for entry in added])
                self._list(entry.listed for entry in added)
            except OSError as error:
                reason = store_error(error, "write the results", table)
                _LOGGER.warning("The results of %s session(s) are not written yet: %s", len(added), reason)
                self._owed += added
            else:
                written += len(added)
        return written

    def _entry(self, path: Path) -> _Entry | None:
        row = self._row(path)
        if row is None:
            return None
        instant = instant_of(row, self._zone)
        if instant is None:
            _LOGGER.warning("%s says of no night when it ran: it has no row", printable(path.name))
            return None
        return _Entry(night_of(instant, self._site, self._zone), row, printable(path.name))

    def _row(self, path: Path) -> dict[str, str] | None:
        try:
            read = disk.read(path, MAX_BYTES)
        except OSError as error:
            _LOGGER.warning(
                "%s is left out of the results: %s", printable(path.name), error.strerror or error
            )
            return None
        document = read_session(read[0], name=printable(path.stem)).document if read else None
        if document is None or process_of(document) != Process.ENDED:
            return None
        return row_of(document, path.name, self._capabilities())

    def _write(self, night: date, table: Path, added: list[dict[str, str]]) -> None:
        columns, rows = self._load(table)
        runs = {_run(row) for row in added}
        rows = [*(row for row in rows if _run(row) not in runs), *added]
        disk.write(table, _csv(columns, rows))
        disk.write(self.report(night), night_report(night, self._telescope, rows).encode())

    def _load(self, table: Path) -> tuple[list[str], list[dict[str, str]]]:
        """Return a table as it is; columns and rows that are not ours are kept."""
        try:
            read = disk.read(table, _READ_LIMIT)
        except FileNotFoundError:
            return [], []
        try:
            text = read[0].decode("utf-8-sig") if read else ""
            reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", restval="", strict=True)
            rows = [{key: value for key, value in row.items() if key} for row in reader]
            return [name for name in reader.fieldnames or [] if name], rows
        except (csv.Error, UnicodeDecodeError) as error:
            kept = disk.move(table, table.parent, f"{table.stem}.broken{table.suffix}")
            _LOGGER.warning("%s cannot be read (%s) and is kept as %s", table.name, error, kept.name)
            return [], []

    def _files(self) -> Iterable[Path]:
        for folder in (Folder.DONE, Folder.ERROR):
            for path in sorted(self._tree[folder].iterdir()):
                if is_session_name(path.name):
                    yield path

    def _listed(self) -> set[str]:
        try:
            read = disk.read(self._tree[Folder.RESULTS] / _LIST, _READ_LIMIT)
        except FileNotFoundError:
            return set()
        return set(read[0].decode("utf-8", "replace").splitlines()) if read else set()

    def _list(self, names: Iterable[str]) -> None:
        listed = self._listed() - {""}
        wanted = listed | (set(names) - {""})
        if wanted != listed:
            disk.write(self._tree[Folder.RESULTS] / _LIST, "\n".join([*sorted(wanted), ""]).encode())


def _run(row: dict[str, str]) -> tuple[str, ...]:
    """Return what tells one run of a session from another, and is the same when it is recorded twice."""
    return tuple(row.get(column, "") for column in ("file", "starting_date", "processed_date"))


def _csv(columns: list[str], rows: list[dict[str, str]]) -> bytes:
    known = (*SEED_COLUMNS, *OWN_COLUMNS)
    text = io.StringIO(newline="")
    header = [*known, *(name for name in columns if name not in known)]
    writer = csv.DictWriter(text, header, restval="", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
