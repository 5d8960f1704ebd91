"""Files that are dropped on the page, read as in ToDo/: a session, or the list of another program."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import PurePath
from typing import Any

from agent.errors import AgentError, Problem, errors_of
from agent.json_in import JsonError, read_json
from agent.session.document import read_session
from agent.sky.catalogue import resolve
from agent.station.station import Station
from agent.store.lists import template_of
from agent.text import printable

_MARKS = frozenset(
    {"command", "id_command", "setup_camera", "setup_wide_camera", "goto_manual", "goto_solar"}
)


def read_file(station: Station, name: str, data: bytes) -> dict[str, Any]:
    """Return what a file is and the sessions it makes, each with what is wrong with it. Blocks."""
    from agent.importing.horizon_file import setting_text  # all formats: once somebody drops such a file
    from agent.importing.reading import read_other
    from agent.importing.sessions import prepare

    stem = printable(PurePath(name).stem)[:80] or "session"
    document, broken = None, None
    try:
        document = read_json(data)
    except JsonError as error:
        broken = error
    if isinstance(document, dict) and _MARKS & document.keys():
        return _told("", [_session(stem, document, _judge(station, data, stem))])
    file = read_other(data, stem)
    if file.horizon is not None:
        hint = f"Set conditions.horizon to: {setting_text(file.horizon)}"
        return _told(file.what, [], [Problem("horizon", f"This is {file.what}, not a session.", hint)])
    if not file.what and broken is not None:
        return _told("", [], [Problem(broken.code, broken.message, broken.hint, broken.place)])
    try:
        template = template_of(station.store.tree.root)
    except AgentError as error:
        return _told(file.what, [], [error.problem()])
    made = prepare(file, stem, template, lambda body, session: _judge(station, body, session))
    sessions = [
        _session(
            one.name.removesuffix(".json"),
            read_json(one.data) if one.data is not None else None,
            one.problems,
            target=one.imported.target,
        )
        for one in made
    ]
    return _told(file.what, sessions, file.problems)


def _judge(station: Station, data: bytes, name: str) -> tuple[Problem, ...]:
    """Everything that is wrong with a session, as the folder would say."""
    reading = read_session(data, name=name, resolve=resolve)
    if reading.document is None:
        return reading.problems
    return (*reading.problems, *station.intake.examine(reading.document))


def _session(name: str, document: object, problems: Iterable[Problem], target: str = "") -> dict[str, Any]:
    found = tuple(problems)
    return {
        "name": name,
        "target": target,
        "problems": [asdict(one) for one in found],
        "session": None if errors_of(found) else document,
    }


def _told(what: str, sessions: list[dict[str, Any]], problems: Iterable[Problem] = ()) -> dict[str, Any]:
    return {"what": what, "sessions": sessions, "problems": [asdict(one) for one in problems]}
