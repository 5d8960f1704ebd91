"""Reading a session document: every dialect in, one immutable value out, with every problem at once."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from pydantic import PrivateAttr, ValidationError
from pydantic_core import ErrorDetails

from agent.errors import Problem, errors_of, warning
from agent.session.coordinates import OutOfRangeError
from agent.session.foreign import ORIGINAL, told, translated
from agent.session.jsontext import decode_object
from agent.session.numbers import read_boolean, shown
from agent.session.other_files import other_file
from agent.session.place import Resolve, corrected
from agent.session.problems import BadValueError
from agent.session.sections import MAY_BE_FALSE, SECTIONS, WAIT_TYPO, IdCommand, SessionBody
from agent.session.unknown import (
    escape,
    near,
    spelt_otherwise,
    unknown_around,
    unknown_keys,
    unknown_sections,
)

PROCESS_NOT_WAIT = "process_not_wait"
"""Code of the problem of a session whose `process` says it is not to be started."""


class SessionDocument(SessionBody):
    """One session as read: the typed sections, and what is needed to write the file back without loss."""

    _raw: dict[str, Any] = PrivateAttr(default_factory=dict)
    _name: str = PrivateAttr(default="")

    @property
    def name(self) -> str:
        """The session's name as given to `read_session` (its file name without `.json`)."""
        return self._name

    @property
    def raw(self) -> dict[str, Any]:
        """A copy of the document as it was read, wrapper included; yours to change."""
        return deepcopy(self._raw)

    def beside(self, key: str) -> object:
        """Return what stands beside the session in its file, around the `command` wrapper."""
        return self._raw.get(key) if body_of(self._raw) is not self._raw else None

    @property
    def target(self) -> str:
        """What the session images, for people: the goto's target, else the description, else the name."""
        if self.goto_manual is not None and self.goto_manual.target:
            return self.goto_manual.target
        if self.goto_manual is None and self.goto_solar is not None:
            return self.goto_solar.target.value.capitalize()
        return self.id_command.description or self._name

    @property
    def runnable(self) -> bool:
        """Whether `process` says the session is waiting to run."""
        return self.id_command.process.lower() == "wait"

    def pointer(self, section: str, key: str) -> str:
        """Return the JSON pointer of a key as the file spells it."""
        return _pointer((section, key), body_of(self._raw))


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading gave. `document` is None when an error (other than `process_not_wait`) was found.

    `raw` is the decoded object, also for documents with errors; None when it could not even be decoded.
    """

    document: SessionDocument | None
    problems: tuple[Problem, ...] = ()
    raw: dict[str, Any] | None = None

    @property
    def ok(self) -> bool:
        """Whether the session may go on to be checked and run."""
        return self.document is not None and not self.errors

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep it from running."""
        return errors_of(self.problems)


def read_session(
    data: bytes | str | Mapping[str, Any], *, name: str = "", resolve: Resolve | None = None
) -> Reading:
    """Read a session from JSON text or a decoded object. Never raises: what is wrong is in `problems`.

    With `resolve`, hints about coordinates are checked against where the name of the target stands.
    """
    try:
        raw = decode_object(data)
    except BadValueError as error:
        known = other_file(data) if isinstance(data, bytes | str) else None
        return Reading(None, (known or Problem(error.code, error.message, error.hint),))
    if not {"command", "id_command"} & raw.keys() and isinstance(data, bytes | str):
        known = other_file(data)
        if known is not None:
            return Reading(None, (known,), raw)
    ours = translated(raw)
    raw = ours or raw
    body = body_of(raw)
    if not isinstance(body, dict):
        problem = Problem(
            "not_an_object", f"command is {shown(body)}, not an object.", 'Write {"command": {...}}.'
        )
        return Reading(None, (problem,), raw)
    problems = [*(told(ours[ORIGINAL]) if ours else ()), *unknown_around(raw), *unknown_sections(body)]
    on, section_problems = _sections_that_are_on(body)
    problems += section_problems
    document: SessionDocument | None = None
    try:
        document = SessionDocument.model_validate(on)
    except ValidationError as error:
        problems += [_problem(detail, body, resolve) for detail in error.errors(include_url=False)]
    if errors_of(problems) or document is None:
        return Reading(None, tuple(problems), raw)
    document._raw, document._name = raw, name
    if not document.runnable:
        process = document.id_command.process
        problems.append(
            Problem(
                PROCESS_NOT_WAIT,
                f"process is {shown(process)}: this session is not waiting to run.",
                'Set it to "wait" to run it.',
                path="/id_command/process",
            )
        )
    return Reading(document, tuple(problems), raw)


def with_id_command(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a session from a message, where `id_command` may be left out, with an empty one in its place."""
    body = raw.get("command", raw)
    if not isinstance(body, dict) or "id_command" in body or not SECTIONS.keys() & body:
        return dict(raw)
    whole = {"id_command": {}, **body}
    return {**raw, "command": whole} if "command" in raw else whole


def body_of(raw: Mapping[str, Any]) -> Any:
    """Return the session inside its `command` wrapper, or the object itself when there is none."""
    return raw.get("command", raw)


def _sections_that_are_on(body: dict[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Keep id_command and every section that is on; a section that is off is not read at all."""
    on: dict[str, Any] = {}
    problems: list[Problem] = []
    id_command = body.get("id_command")
    if isinstance(id_command, dict):
        on["id_command"] = id_command
        problems += unknown_keys("id_command", id_command, IdCommand, on=True)
    else:
        message = "There is no id_command section."
        if id_command is not None:
            message = f"id_command is {shown(id_command)}, not an object."
        problems.append(
            Problem("missing", message, 'At least "id_command": {} must be there.', path="/id_command")
        )
        on["id_command"] = {}
    for key, model in SECTIONS.items():
        section = body.get(key)
        if section is None or section in ({}, "") or (not section and key in MAY_BE_FALSE):
            continue
        if not isinstance(section, dict):
            problems.append(
                Problem("not_an_object", f"{key} is {shown(section)}, not an object.", path=f"/{key}")
            )
            continue
        is_on, problem = _is_on(key, section)
        problems += unknown_keys(key, section, model, on=is_on)
        if problem is not None:
            problems.append(problem)
        if is_on:
            on[key] = section
    return on, problems


def _is_on(key: str, section: dict[str, Any]) -> tuple[bool, Problem | None]:
    value = section.get("do_action")
    if value is None or value == "":
        if other := spelt_otherwise(section):
            message = f"{key} says {shown(other)}; what switches a section on is do_action."
            return False, Problem("misspelt", message, "Write do_action.", path=f"/{key}/{escape(other)}")
        hint = 'Add "do_action": true to switch it on, false to keep it off.'
        if key == "conditions":  # a limit somebody relies on must not vanish silently
            return False, Problem(
                "missing", "conditions does not say do_action.", hint, path=f"/{key}/do_action"
            )
        return False, warning("off", f"{key} does not say do_action, so it is off.", hint, path=f"/{key}")
    try:
        return read_boolean(value), None
    except BadValueError as error:
        return False, Problem(error.code, f"do_action: {error.message}", error.hint, path=f"/{key}/do_action")


def _problem(detail: ErrorDetails, body: dict[str, Any], resolve: Resolve | None) -> Problem:
    """Say one of the model's errors in our words."""
    location = tuple(str(part) for part in detail["loc"])
    error = detail.get("ctx", {}).get("error")
    key = location[-1] if location else "session"
    if isinstance(error, BadValueError):
        if error.at:
            location, key = (*location, error.at), error.at
        hint = error.hint
        if isinstance(error, OutOfRangeError) and location[-2:] == ("goto_manual", "ra_coord"):
            hint = corrected(error.number, body["goto_manual"], resolve) or hint
        return Problem(error.code, f"{key}: {error.message}", hint, path=_pointer(location, body))
    if detail["type"] == "missing":
        return Problem("missing", f"{key} is missing.", path=_pointer(location, body))
    if detail["type"] == "extra_forbidden":
        known = set(SECTIONS[location[0]].model_fields)
        message = f"{location[0]} has no key {shown(key)}; a limit that is not understood is never ignored."
        return Problem("unknown_key", message, near(key, known, 0.7), path=_pointer(location, body))
    return Problem("invalid_value", f"{key}: {detail['msg']}.", path=_pointer(location, body))


def _pointer(location: tuple[str, ...], body: Any) -> str:
    """Build a JSON pointer, with each key as the file spells it (IRCut or ircut)."""
    parts = []
    here = body
    for part in location:
        keys = here if isinstance(here, dict) else {}
        spelt = part
        if part not in keys:
            alike = [key for key in keys if key.lower() == part.lower()]
            spelt = alike[0] if alike else WAIT_TYPO if part == "wait_after" and WAIT_TYPO in keys else part
        parts.append(escape(spelt))
        here = keys.get(spelt)
    return "".join(f"/{part}" for part in parts)
