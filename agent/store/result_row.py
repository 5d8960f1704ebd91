"""One row of the nightly table: an ended session, or a file that could not be one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent.capabilities import Camera, Capabilities
from agent.reasons import Outcome, Reason
from agent.session.choices import find_position
from agent.session.document import SessionDocument, body_of
from agent.session.problems import BadValueError
from agent.session.sections import CameraSetup
from agent.session.times import to_local
from agent.store.model import Rejected
from agent.telescope.dwarf.models import MODELS, capabilities_for, model_from_name
from agent.text import printable

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

_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_FORMULA = ("=", "+", "-", "@")
_HARMLESS = re.compile(r"[+-]?\d[\d:.\s]*|-")  # numbers and coordinates may begin with a sign


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
    if details.get("made_of"):  # each of them has a row of its own
        frames, details = {}, {**details, "integration_s": None, "started_at": None}
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
        "ra_coord": _coordinate(document, details, "ra_coord", "ra_hours") if manual else "",
        "dec_coord": _coordinate(document, details, "dec_coord", "dec_degrees") if manual else "",
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
        "filter": filter_name(tele, str(id_command.dwarf), capabilities) or _filter_used(details),
        "wide_exposure": wide.exposure if wide else "",
        "wide_gain": wide.gain if wide else "",
        "wide_count": wide.count if wide else "",
        "firmware": details.get("firmware"),
    }
    return {column: _cell(row[column]) for column in (*SEED_COLUMNS, *OWN_COLUMNS)}


def row_of_rejected(rejected: Rejected, at: datetime, zone: ZoneInfo) -> dict[str, str]:
    """Return the row of a file that was no session: when it was found, and what is wrong with it."""
    row = {
        "description": rejected.name,
        "starting_date": to_local(at, zone),
        "processed_date": to_local(at, zone),
        "result": False,
        "message": f"{rejected.failure.message} {rejected.failure.hint}".rstrip(),
        "session_id": rejected.session_id,
        "file": rejected.path.name,
        "outcome": Outcome.FAILED.value,
        "reason": Reason.INVALID.value,
        "error": rejected.failure.code,
        "ended_at": at.astimezone(zone).isoformat(timespec="seconds"),
    }
    return {column: _cell(row.get(column)) for column in (*SEED_COLUMNS, *OWN_COLUMNS)}


def _coordinate(document: SessionDocument, details: Mapping[str, Any], key: str, found: str) -> Any:
    """What the file says, else what was found under the target's name."""
    said, place = _raw(document, "goto_manual", key), details.get("target")
    if said not in ("", None):
        return said
    return place.get(found) if isinstance(place, dict) else ""


def _filter_used(details: Mapping[str, Any]) -> str:
    """What the telescope had in its tele camera, where the session asked for none."""
    settings = details.get("settings")
    tele = settings.get("tele") if isinstance(settings, dict) else None
    used = tele.get("filter") if isinstance(tele, dict) else None
    return used if isinstance(used, str) else ""


def _raw(document: SessionDocument, section: str, key: str) -> Any:
    value = body_of(document.raw).get(section)
    return value.get(key, "") if isinstance(value, dict) else ""


def _waited(waits: object) -> str:
    if not isinstance(waits, list):
        return ""
    known = [wait for wait in waits if isinstance(wait, dict)]
    return "; ".join(f"{wait.get('reason')} {wait.get('seconds')} s" for wait in known)


def filter_name(tele: CameraSetup | None, dwarf: str, known: Capabilities | None) -> str:
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


def instant_of(row: dict[str, str], zone: ZoneInfo) -> datetime | None:
    """When the session began, or ended without having begun; rows of older programs only have local times."""
    for column in ("started_at", "ended_at", "starting_date", "processed_date"):
        try:
            instant = datetime.fromisoformat(row.get(column, ""))
        except ValueError:
            continue
        if _FIRST_YEAR <= instant.year <= _LAST_YEAR:
            return instant if instant.tzinfo is not None else instant.replace(tzinfo=zone)
    return None
