"""From the bytes of a file to its targets: recognise it, read it, and say what it is even when that fails."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import replace

from agent.errors import AgentError, Problem, errors_of
from agent.importing import ekos, horizon_file, nina, stellarium, target_scheduler, uptonight
from agent.importing.model import ImportedFile
from agent.importing.table import read_table
from agent.session.document import read_session
from agent.session.other_files import HEAD_BYTES, ListFormat, recognised

_LOGGER = logging.getLogger(__name__)

_SESSION = re.compile(rb"\b(?:id_command|goto_manual|goto_solar|setup_camera|setup_wide_camera)\b")
_AGAIN = "Export it again."

_READERS: dict[ListFormat, Callable[[bytes, str], ImportedFile]] = {
    ListFormat.STELLARIUM_LIST: stellarium.read_list,
    ListFormat.STELLARIUM_BOOKMARKS: stellarium.read_bookmarks,
    ListFormat.NINA_JSON: nina.read_json_targets,
    ListFormat.NINA_XML: nina.read_xml_targets,
    ListFormat.TARGET_SCHEDULER: target_scheduler.read_projects,
    ListFormat.EKOS: ekos.read_jobs,
    ListFormat.UPTONIGHT: uptonight.read_report,
    ListFormat.HORIZON: horizon_file.read_horizon,
}


def _no_list(data: bytes) -> ImportedFile:
    """Say what is no list of another program: a session, what should be one, or nothing that is known."""
    reading = read_session(data)
    if isinstance(reading.raw, dict) and {"command", "id_command"} & reading.raw.keys():
        problem = Problem("session", "This is a session already.", "Put it into ToDo as it is.")
        return ImportedFile("a session", problems=(problem,))
    if not data.strip():
        return ImportedFile("", problems=errors_of(reading.problems))
    if _SESSION.search(data[:HEAD_BYTES]) and (errors := errors_of(reading.problems)):
        message = f"This is a session, and it cannot be read: {errors[0].message}"
        return ImportedFile("a session", problems=(replace(errors[0], message=message),))
    message = "This is neither a session nor a list that is known."
    hint = "docs/importing.md has the formats; a session goes into ToDo as it is."
    return ImportedFile("", problems=(Problem("unknown_format", message, hint),))


def read_other(data: bytes, stem: str) -> ImportedFile:
    """Return what a file holds; never raises. The panes of a mosaic are called after `stem`, its name."""
    known = recognised(data)
    if known is None:
        return _no_list(data)
    if known.format is None:
        return ImportedFile(known.what, problems=(known.problem(),))
    try:
        if known.format is ListFormat.TABLE:
            return read_table(data, known.what, stem)
        return _READERS[known.format](data, known.what)
    except AgentError as error:
        message = f"This is {known.what}, and it cannot be read: {error.message}"
        return ImportedFile(known.what, problems=(Problem(error.code, message, error.hint or _AGAIN),))
    except Exception as error:
        _LOGGER.exception("A file could not be imported")
        message = f"This is {known.what}, and reading it failed ({type(error).__name__})."
        hint = "Please report this with the file."
        return ImportedFile(known.what, problems=(Problem("internal", message, hint),))
