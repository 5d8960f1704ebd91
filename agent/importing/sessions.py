"""From imported targets to session documents: the template's values, the target, a name, and the verdict."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from agent.errors import AgentError, Problem, errors_of, warning
from agent.importing.model import Imported, ImportedFile, with_problems
from agent.importing.template import Template, is_true
from agent.session.coordinates import format_dec, format_ra
from agent.session.identity import safe_session_id
from agent.session.place import FAR_DEG, place_problem
from agent.session.sections import CAMERA_SECTIONS, GotoManual
from agent.session.writing import to_bytes
from agent.sky.catalogue import resolve
from agent.targets import SkyTarget, SolarBody, SolarTarget, Target, without_pane

Judge = Callable[[bytes, str], Iterable[Problem]]
"""Returns everything that is wrong with a session document of that name (without `.json`)."""

_NAME_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Prepared:
    """What becomes of a target: the session's file name and bytes, or None where its problems forbid it."""

    imported: Imported
    name: str
    data: bytes | None
    problems: tuple[Problem, ...]


def prepare(file: ImportedFile, stem: str, template: Template, judge: Judge) -> list[Prepared]:
    """Make a session of each target, in the order of the file.

    The same file, name and template give the same sessions. Where the exposure of the file is none that the
    telescope has, the template's is taken, and that is told.
    """
    width, of_a_pane = len(str(len(file.targets))), template.of_a_pane
    prepared = []
    for number, one in enumerate(file.targets, start=1):
        parts = [one.target] if len(file.targets) == 1 else [stem, f"{number:0{width}}", one.target]
        if len(file.targets) > 1 and one.target.startswith(stem):
            parts[2] = one.target[len(stem) :]
        name = safe_session_id(
            "-".join(word for part in parts if (word := _word(part))) or _word(stem) or "session"
        )
        group = one.group or (stem if len(file.targets) > 1 else "")
        target, values = replace(one, group=group), template
        if without_pane(one.target) != one.target and of_a_pane is not template:
            message = "The template orders a mosaic; a pane of one is taken as a single field."
            target, values = with_problems(target, warning("pane", message)), of_a_pane
        prepared.append(_prepare(target, name, values, judge))
    return prepared


def _prepare(one: Imported, name: str, template: Template, judge: Judge) -> Prepared:
    file_name = f"{name}.json"
    if one.rotation is not None and round(one.rotation) % 180:
        message = (
            f"The position angle of {one.rotation:g}° is not taken: the telescope does not turn its camera."
        )
        one = with_problems(one, warning("rotation", message))
    if not one.readable:
        return Prepared(one, file_name, None, one.problems)
    one, target = _looked_up(one)
    if not one.readable:
        return Prepared(one, file_name, None, one.problems)
    data = _document(one, target, name, template)
    problems = tuple(judge(data, name))
    if (one.exposure or one.count) and any(_about_exposures(problem) for problem in errors_of(problems)):
        asked = " of ".join(
            [
                *([f"{one.count} frames"] if one.count else []),
                *([f"{one.exposure:g} s"] if one.exposure else []),
            ]
        )
        message = f"{asked} are not possible; the values of the template are taken."
        one = with_problems(replace(one, exposure=None, count=None), warning("exposures", message))
        data = _document(one, target, name, template)
        problems = tuple(judge(data, name))
    told = (
        *one.problems,
        *(replace(each, path=f"{one.place}: {each.path}".rstrip(": ")) for each in problems),
    )
    return Prepared(one, file_name, None if errors_of(told) else data, told)


def _about_exposures(problem: Problem) -> bool:
    return problem.path.startswith(tuple(f"/{key}" for key in CAMERA_SECTIONS)) and problem.path.endswith(
        ("/exposure", "/count")
    )


def _looked_up(one: Imported) -> tuple[Imported, Target | None]:
    """Find the body of the solar system that is meant; what else moves has no place that could be kept."""
    try:
        found = resolve(one.target) if one.target else None
    except AgentError as error:
        if one.moves:
            message = f"{one.target} moves; the coordinates of a list are those of one day."
            return with_problems(one, Problem("moves", message, "Make a session for one night.")), None
        problem = error.problem() if one.ra_hours is None else None
        return (with_problems(one, problem) if problem else one), None
    if isinstance(found, SolarTarget) and found.body is SolarBody.SUN:
        message = "The Sun is not imported: its session has to say that a solar filter is mounted."
        return with_problems(one, Problem("sun_filter", message, "Write that session yourself.")), None
    if isinstance(found, SolarTarget):
        message = f"{one.target} is bright: the template's exposures are rarely right for it."
        return with_problems(one, warning("bright", message)), found
    if one.moves:
        one = replace(one, ra_hours=None, dec_deg=None)
    if isinstance(found, SkyTarget) and (wrong := _wrong_place(one)) is not None:
        one = with_problems(one, wrong)
    return one, found


def _wrong_place(one: Imported) -> Problem | None:
    """Return the error for coordinates that are not where the name stands, whatever the telescope."""
    goto = GotoManual.model_validate(
        {"target": one.target, "ra_coord": one.ra_hours, "dec_coord": one.dec_deg, "do_action": True}
    )
    wrong = place_problem(goto, resolve, FAR_DEG, "")
    return wrong if wrong is not None and errors_of([wrong]) else None


def _document(one: Imported, target: Target | None, name: str, template: Template) -> bytes:
    body: dict[str, Any] = deepcopy(template.body)
    common = {
        "uuid": name,
        "description": one.description or one.target or name,
        "process": "wait",
        **body.pop("id_command"),
        **{key: value for key, value in (("date", one.date), ("time", one.time)) if value},
        **({"group": one.group} if one.group and not template.body["id_command"].get("group") else {}),
    }
    goto: dict[str, Any] = {"do_action": True, "target": one.target or one.description}
    if isinstance(target, SolarTarget):
        gotos = {"goto_solar": goto | {"target": target.body.value.capitalize()} | template.waits}
    else:
        if one.ra_hours is not None and one.dec_deg is not None:
            goto |= {"ra_coord": format_ra(one.ra_hours), "dec_coord": format_dec(one.dec_deg)}
        gotos = {"goto_manual": goto | template.waits}
    cameras = {key: body.pop(key) for key in CAMERA_SECTIONS if key in body}
    limits = _conditions(one, body.pop("conditions", None))
    whole = {"id_command": common, **body, **gotos, **_with_exposures(one, cameras), **limits}
    return to_bytes({"command": whole})


def _with_exposures(one: Imported, cameras: dict[str, Any]) -> dict[str, Any]:
    """Put the exposures of the file into the camera section that is on, the tele camera's first."""
    for key, setup in cameras.items():
        if isinstance(setup, dict) and is_true(setup.get("do_action")):
            asked = {
                "exposure": f"{one.exposure:g}" if one.exposure else None,
                "count": one.count,
            }
            return cameras | {key: setup | {name: value for name, value in asked.items() if value}}
    return cameras


def _conditions(one: Imported, given: Any) -> dict[str, Any]:
    """Return the template's limits with those of the file."""
    limits = {
        key: value
        for key, value in (("min_altitude", one.min_altitude), ("moon_separation", one.moon_separation))
        if value
    }
    if not limits:
        return {} if given is None else {"conditions": given}
    on = isinstance(given, dict) and is_true(given.get("do_action"))
    return {"conditions": (given if on else {"do_action": True}) | limits}


def _word(text: str) -> str:
    """Return a text as part of a file's name."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:_NAME_LENGTH].rstrip("-")
