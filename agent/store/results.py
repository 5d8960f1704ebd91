"""The nightly table, `Results/results_session_night_<date>.csv`, as older programs read and write it.

A row is made from the file of a session that ended, so it can always be made again from Done/ and Error/.
The older columns keep their names, order and words; what was really taken follows in columns of our own.
`results_list.txt` names the files that have a row, which keeps older programs from adding them again.
"""

from __future__ import annotations

import csv
import io
import logging
import re
import threading
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.capabilities import Camera, Capabilities
from agent.session.choices import find_position
from agent.session.document import SessionDocument, body_of, read_session
from agent.session.jsontext import MAX_BYTES
from agent.session.problems import BadValueError
from agent.session.sections import CameraSetup
from agent.session.writing import Process
from agent.sky.nights import night_of
from agent.store import disk
from agent.store.documents import process_of
from agent.store.errors import printable, store_error
from agent.store.folders import Folder, Tree, is_session_name
from agent.store.night_report import night_report
from agent.targets import Site
from agent.telescope.dwarf.models import MODELS, capabilities_for, model_from_name

_LOGGER = logging.getLogger(__name__)

SEED_COLUMNS = (
    *("id", "description", "dwarf", "starting_date", "processed_date", "result", "message", "calibration"),
    *("goto_solar", "goto_manual", "target", "ra_coord", "dec_coord", "Tele Astro", "Wide Angle"),
    *("exposure", "gain", "IR", "count"),
)
OWN_COLUMNS = (
    *("session_id", "file", "outcome", "reason", "error", "started_at", "ended_at", "attempts"),
    *("frames_requested", "frames_taken", "frames_stacked", "integration_s", "waited", "filter"),
    *("wide_exposure", "wide_gain", "wide_count", "firmware"),
)

_LIST = "results_list.txt"
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_READ_LIMIT = 32 << 20  # bytes of one night's table or of the list
_FORMULA = ("=", "+", "-", "@")
_HARMLESS = re.compile(r"[+-]?\d[\d:.\s]*")  # numbers and coordinates may begin with a sign


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
        self._owed: list[Path] = []

    def record(self, path: Path) -> Path | None:
        """Add the ended session in `path` (as `finish` returned it) to its night's table and report.

        Returns the table, or None (with a warning in the log) when it could not be written yet.
        """
        with self._lock:
            tables = self._record([*self._owed, path])
            return tables.get(path)

    def catch_up(self) -> int:
        """Record the ended sessions that `results_list.txt` does not name; return how many."""
        with self._lock:
            try:
                listed = self._listed()
                paths = [path for path in self._files() if printable(path.name) not in listed]
            except OSError as error:
                _LOGGER.warning("Results cannot be completed now: %s", error)
                return 0
            return len(self._record(paths))

    def table(self, night: date) -> Path:
        """Return where the table of the night that begins on this local day is."""
        return self._tree[Folder.RESULTS] / f"results_session_night_{night.isoformat()}.csv"

    def report(self, night: date) -> Path:
        """Return where the report of that night is."""
        return self._tree[Folder.RESULTS] / f"report_night_{night.isoformat()}.md"

    def _record(self, paths: list[Path]) -> dict[Path, Path]:
        """Write the rows of these files, each night's table once; return the table of each file."""
        nights: dict[date, dict[Path, dict[str, str]]] = {}
        self._owed = []
        for path in paths:
            row = self._row(path)
            if row is None:
                continue
            instant = _instant_of(row, self._zone)
            if instant is None:
                _LOGGER.warning("%s says of no night when it ran: it has no row", printable(path.name))
                continue
            nights.setdefault(night_of(instant, self._site, self._zone), {})[path] = row
        written: dict[Path, Path] = {}
        for night, rows in nights.items():
            table = self.table(night)
            try:
                self._write(night, table, list(rows.values()))
                self._list(path.name for path in rows)
            except OSError as error:
                reason = store_error(error, "write the results", table)
                _LOGGER.warning("The results of %s session(s) are not written yet: %s", len(rows), reason)
                self._owed += rows
            else:
                written.update(dict.fromkeys(rows, table))
        return written

    def _row(self, path: Path) -> dict[str, str] | None:
        try:
            read = disk.read(path, MAX_BYTES)
        except OSError as error:
            _LOGGER.warning("%s is left out of the results: %s", printable(path.name), error)
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
        wanted = listed | {printable(name) for name in names}
        if wanted != listed:
            disk.write(self._tree[Folder.RESULTS] / _LIST, "\n".join([*sorted(wanted), ""]).encode())


def row_of(document: SessionDocument, name: str, capabilities: Capabilities | None) -> dict[str, str]:
    """Return the row of an ended session, every cell a text that no spreadsheet takes for a formula.

    The older columns show the tele camera, or the wide one when only that was used; the `wide_` columns
    always show the wide one.
    """
    id_command = document.id_command
    details = body_of(document.raw).get("result_details")
    details = details if isinstance(details, dict) else {}
    frames = details.get("frames")
    frames = frames if isinstance(frames, dict) else {}
    tele, wide = document.setup_camera, document.setup_wide_camera
    shown = tele or wide
    manual, solar = document.goto_manual, document.goto_solar
    target = manual.target if manual else solar.target.value.capitalize() if solar else document.target
    error = details.get("error")
    row: dict[str, Any] = {
        "id": id_command.uuid,
        "description": id_command.description,
        "dwarf": id_command.dwarf or "-",
        "starting_date": id_command.starting_date or id_command.processed_date,
        "processed_date": id_command.processed_date,
        "result": id_command.result is True or str(id_command.result).lower() == "true",
        "message": id_command.message,
        "calibration": document.calibration is not None,
        "goto_solar": solar is not None,
        "goto_manual": manual is not None,
        "target": target,
        "ra_coord": _raw(document, "goto_manual", "ra_coord") if manual else "",
        "dec_coord": _raw(document, "goto_manual", "dec_coord") if manual else "",
        "Tele Astro": tele is not None,
        "Wide Angle": wide is not None,
        "exposure": shown.exposure if shown else "",
        "gain": shown.gain if shown else "",
        "IR": tele.filter if tele else "",
        "count": shown.count if shown else "",
        "session_id": details.get("session_id", name.rpartition(".")[0]),
        "file": name,
        "outcome": details.get("outcome", ""),
        "reason": details.get("reason"),
        "error": error.get("code") if isinstance(error, dict) else "",
        "started_at": details.get("started_at"),
        "ended_at": details.get("ended_at"),
        "attempts": details.get("attempts", id_command.nb_try),
        "frames_requested": frames.get("requested"),
        "frames_taken": frames.get("taken"),
        "frames_stacked": frames.get("stacked"),
        "integration_s": details.get("integration_s"),
        "waited": _waited(details.get("waits")),
        "filter": _filter_name(tele, str(id_command.dwarf), capabilities),
        "wide_exposure": wide.exposure if wide else "",
        "wide_gain": wide.gain if wide else "",
        "wide_count": wide.count if wide else "",
        "firmware": details.get("firmware"),
    }
    return {column: _cell(row[column]) for column in (*SEED_COLUMNS, *OWN_COLUMNS)}


def _raw(document: SessionDocument, section: str, key: str) -> Any:
    value = body_of(document.raw).get(section)
    return value.get(key, "") if isinstance(value, dict) else ""


def _waited(waits: object) -> str:
    if not isinstance(waits, list):
        return ""
    known = [wait for wait in waits if isinstance(wait, dict)]
    return "; ".join(f"{wait.get('reason')} {wait.get('seconds')} s" for wait in known)


def _filter_name(tele: CameraSetup | None, dwarf: str, known: Capabilities | None) -> str:
    """Return the filter's name on the model that took the session: as its file says, else as known."""
    if tele is None or tele.filter is None:
        return ""
    said = dwarf if dwarf in MODELS else model_from_name(dwarf)
    capabilities = known if known is not None and said in (None, known.model) else None
    if capabilities is None and said is not None:
        capabilities = capabilities_for(said)
    camera = capabilities.cameras.get(Camera.TELE) if capabilities else None
    try:
        return find_position(camera.filters if camera else (), tele.filter, "filter").name
    except BadValueError:  # another model's number says nothing; a name is one wherever it comes from
        return tele.filter if isinstance(tele.filter, str) else ""


def _cell(value: object) -> str:
    text = value if isinstance(value, str) else "" if value is None else str(value)
    text = printable(" ".join(text.splitlines()))
    return f"'{text}" if text.startswith(_FORMULA) and not _HARMLESS.fullmatch(text) else text


def _instant_of(row: dict[str, str], zone: ZoneInfo) -> datetime | None:
    """When the session began, or ended without having begun; rows of older programs only have local times."""
    for column in ("started_at", "ended_at", "starting_date", "processed_date"):
        try:
            instant = datetime.fromisoformat(row[column])
        except ValueError:
            continue
        if _FIRST_YEAR <= instant.year <= _LAST_YEAR:
            return instant if instant.tzinfo is not None else instant.replace(tzinfo=zone)
    return None


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
