"""The Target Scheduler of N.I.N.A.: the projects.json of an exported profile (its tables are table.py's)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agent.errors import Problem, warning
from agent.importing.decoding import as_json
from agent.importing.model import (
    Imported,
    ImportedFile,
    UnreadableError,
    bounded,
    number_or_none,
    text_of,
    with_coordinates,
    with_problems,
)

_J2000 = (None, 2, "J2000")  # as it counts the equinoxes
_AT_REST = {"draft", "inactive", "closed"}


def read_projects(data: bytes, what: str) -> ImportedFile:
    """Read the targets of every project that is active; RA is in hours. Each project is a group."""
    root = as_json(data)
    projects = root if isinstance(root, list) else [root]
    targets: list[Imported] = []
    problems: list[Problem] = []
    for project in projects:
        if not isinstance(project, dict) or not isinstance(project.get("Targets"), list):
            raise UnreadableError(
                "It has no projects with targets.", hint="Take projects.json of the export."
            )
        name = text_of(project.get("Name"))
        if (state := text_of(project.get("State")).casefold()) in _AT_REST:
            problems.append(warning("project_at_rest", f"The project {name!r} is {state}: it is left out."))
            continue
        for entry in project["Targets"]:
            targets.append(_target(entry, name, f"target {len(targets) + 1}"))
    enabled = [one for one in targets if one.target or one.problems]
    if not enabled and problems:
        return ImportedFile(what, (), problems=(*problems, Problem("empty", "No project is active.")))
    return ImportedFile(what, bounded(enabled), problems=tuple(problems))


def _target(entry: Any, group: str, place: str) -> Imported:
    if not isinstance(entry, dict):
        return with_problems(Imported(place, ""), Problem("not_an_object", "This is no target."))
    name = text_of(entry.get("Name"))
    if entry.get("Enabled", entry.get("enabled")) is False:
        return Imported(place, "")
    one = Imported(place, name, rotation=number_or_none(entry.get("Rotation")), group=group, description=name)
    if entry.get("Epoch") not in _J2000:
        return with_problems(
            one, Problem("equinox", "Its coordinates are not those of J2000.", "Change it there.")
        )
    one = with_coordinates(one, entry.get("RA"), entry.get("Dec"), needed=True)
    return _with_plans(one, entry.get("ExposurePlans"))


def _with_plans(one: Imported, plans: Any) -> Imported:
    """Take what is still to be accepted, where there is one exposure; else the template's are taken."""
    asked = []
    for plan in plans if isinstance(plans, list) else ():
        if not isinstance(plan, dict) or plan.get("IsEnabled") is False:
            continue
        desired, accepted = number_or_none(plan.get("Desired")), number_or_none(plan.get("Accepted"))
        if desired is not None and (left := desired - (accepted or 0)) > 0:
            asked.append((number_or_none(plan.get("Exposure")), left))
    lengths = {seconds for seconds, _ in asked}
    if len(lengths) != 1:
        if lengths:
            one = with_problems(
                one, warning("exposures", "It has several exposures; the template's are taken.")
            )
        return one
    (seconds,) = lengths
    left = float(sum(count for _, count in asked))
    if seconds is None or seconds <= 0 or not left.is_integer() or left > 100_000:
        return one  # the length is that of an exposure template, which stands in another file
    return replace(one, exposure=seconds, count=int(left))
