"""A list of another program that lies in ToDo/: sessions are made of it beside it, and it leaves.

The sessions are written first. A crash in between leaves the list in ToDo/; it is taken again, and the
sessions that wait or run already are not made a second time.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.errors import AgentError, Problem, errors_of, warning, warnings_of
from agent.importing.model import MAX_BYTES
from agent.importing.template import FILE_NAME, Template
from agent.session.document import body_of
from agent.session.jsontext import MAX_BYTES as SESSION_BYTES
from agent.store import disk
from agent.store.documents import ContentReader
from agent.store.errors import store_error
from agent.store.folders import Folder, Tree
from agent.text import printable

_LOGGER = logging.getLogger(__name__)

NOTE_SUFFIX = ".imported.txt"

_WRITTEN_BACK = {"process", "result", "message", "nb_try", "starting_date", "processed_date", "dwarf"}


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a list: the files of its sessions, those that waited or ran already among them."""

    what: str
    names: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing of the list was left out."""
        return not errors_of(self.problems)


def make_sessions(path: Path, tree: Tree, reader: ContentReader) -> Made | None:
    """Write the sessions of a list into ToDo/; None when it changes meanwhile, StoreError for the disk."""
    from agent.importing.horizon_file import setting_text  # all formats: once somebody has such a file
    from agent.importing.reading import read_other
    from agent.importing.sessions import prepare

    try:
        read = disk.read(path, MAX_BYTES)
    except OSError as error:
        raise store_error(error, "read the list", path) from error
    if read is None:
        return None
    file = read_other(read[0], printable(path.stem))
    if file.horizon is not None:
        hint = f"Set conditions.horizon to: {setting_text(file.horizon)}"
        return Made(file.what, (), (Problem("horizon", f"This is {file.what}, not a session.", hint),))
    try:
        template = template_of(tree.root)
    except AgentError as error:
        return Made(file.what, (), (error.problem(), *file.problems))
    names: list[str] = []
    problems = list(file.problems)

    def judge(data: bytes, name: str) -> tuple[Problem, ...]:
        return reader.judge(data, name).problems

    for one in prepare(file, printable(path.stem), template, judge):
        problems += one.problems
        if one.data is not None:
            names.append(write_session(tree[Folder.TO_DO], one.name, one.data))
    if names and errors_of(problems):
        message = f"Of the rest {_counted(len(names))} made: {', '.join(names)}."
        problems.append(warning("partly", message, "Take those out before you move this back."))
    return Made(file.what, tuple(names), tuple(dict.fromkeys(problems)))


def template_of(folder: Path) -> Template:
    """Return the template of a session folder, else the built-in one; TemplateError when it is unusable."""
    path = folder / FILE_NAME
    try:
        read = disk.read(path, SESSION_BYTES)
    except FileNotFoundError:
        return Template.built_in()
    except OSError as error:
        raise store_error(error, "read the template", path) from error
    return Template.read(read[0] if read else b"", FILE_NAME)


def move_to_done(path: Path, tree: Tree, made: Made) -> Path:
    """Move a list of which everything became a session to Done/, with a note beside it; OSError."""
    target = disk.move(path, tree[Folder.DONE], path.name)
    lines = [f"{printable(path.name)} is {made.what}; {_counted(len(made.names))} made of it:", ""]
    lines += [f"  - {name}" for name in made.names]
    if notes := warnings_of(made.problems):
        lines += ["", "Also worth knowing:", "", *(f"  - {printable(str(note))}" for note in notes)]
    try:
        disk.write(target.with_name(target.name + NOTE_SUFFIX), "\n".join([*lines, ""]).encode())
    except OSError as error:
        _LOGGER.warning("No note could be written beside %s: %s", printable(target.name), error)
    return target


def write_session(to_do: Path, name: str, data: bytes) -> str:
    """Write a session under the first free name and return that; one that waits or runs already is left."""
    if is_there(to_do, name, data):
        return name
    try:
        return disk.create(to_do, name, data).name
    except OSError as error:
        raise store_error(error, "store the session", to_do / name) from error


def is_there(to_do: Path, name: str, data: bytes) -> bool:
    """Whether this session waits or runs under this name, apart from what the agent wrote into it."""
    wanted = _asked(data)
    for folder in (to_do, to_do.parent / Folder.CURRENT.value):
        try:
            read = disk.read(folder / name, SESSION_BYTES)
        except OSError:
            continue
        if read is not None and wanted is not None and _asked(read[0]) == wanted:
            return True
    return False


def _asked(data: bytes) -> Any:
    """Return what a session asks for, without what the agent writes into it."""
    try:
        body = body_of(json.loads(data))
        common = {key: value for key, value in body["id_command"].items() if key not in _WRITTEN_BACK}
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return None
    return {**body, "id_command": common}


def _counted(number: int) -> str:
    return "1 session was" if number == 1 else f"{number} sessions were"
