"""Ekos (KStars): the jobs of a scheduler list (.esl), with their start and the limits that sessions have."""

from __future__ import annotations

import re
from dataclasses import replace

from agent.errors import Problem, warning
from agent.importing.decoding import Element, as_xml
from agent.importing.model import (
    Imported,
    ImportedFile,
    UnreadableError,
    bounded,
    number_or_none,
    with_coordinates,
    with_problems,
)

_START = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?")


def read_jobs(data: bytes, what: str) -> ImportedFile:
    """Read the jobs. Coordinates are J2000, hours and degrees; the start is local time."""
    root = as_xml(data)
    if root.tag != "SchedulerList":
        raise UnreadableError(f"It is a {root.tag}, no SchedulerList.", hint="Save the list in Ekos again.")
    jobs = root.all("Job")
    leading = [job for job in jobs if _leads(job)]
    problems = (
        [warning("followers", f"{len(jobs) - len(leading)} jobs of further cameras are left out.")]
        if len(leading) < len(jobs)
        else []
    )
    return ImportedFile(what, bounded([_job(job) for job in leading]), problems=tuple(problems))


def _leads(job: Element) -> bool:
    kind = job.first("JobType")
    return kind is None or kind.attributes.get("lead", "true") == "true"


def _job(job: Element) -> Imported:
    name = job.said("Name")
    one = Imported(
        f"line {job.line}",
        name,
        rotation=number_or_none(job.said("PositionAngle") or job.said("Rotation")),
        group=job.said("Group"),
        description=name,
        min_altitude=_limit(job, "MinimumAltitude"),
        moon_separation=_limit(job, "MoonSeparation"),
    )
    one = with_coordinates(
        one, job.said("Coordinates", "J2000RA"), job.said("Coordinates", "J2000DE"), needed=True
    )
    return _with_times(_with_sequence(one, job), job)


def _limit(job: Element, name: str) -> float | None:
    constraints = job.first("Constraints")
    for one in constraints.all("Constraint") if constraints is not None else ():
        if one.text.strip() == name:
            return number_or_none(one.attributes.get("value"))
    return None


def _with_sequence(one: Imported, job: Element) -> Imported:
    sequence = re.split(r"[/\\]", job.said("Sequence"))[-1]
    if not sequence:
        return one
    message = f"The exposures of {sequence} are not taken; those of the template are."
    return with_problems(one, warning("exposures", message))


def _with_times(one: Imported, job: Element) -> Imported:
    for condition in (job.first("StartupCondition") or job).all("Condition"):
        kind, value = condition.text.strip(), condition.attributes.get("value", "")
        if kind == "At":
            found = _START.match(value)
            if found is None:
                message = f"Its start {value!r} is no date and time."
                return with_problems(one, Problem("invalid_value", message, "Change it in Ekos."))
            one = replace(one, date=found[1], time=found[2])
        elif kind == "Culmination":
            message = "It is to start at its culmination; here it starts as soon as possible."
            one = with_problems(one, warning("start", message))
    for condition in (job.first("CompletionCondition") or job).all("Condition"):
        if (kind := condition.text.strip()) in {"Repeat", "Loop", "At"}:
            message = f"Its end ({kind}) is not taken; the count of the template is."
            one = with_problems(one, warning("end", message))
    return one
