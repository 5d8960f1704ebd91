"""Session files named on the command line: read, checked and planned with everything worth saying."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.app.tonight import sky_problems
from agent.capabilities import Capabilities
from agent.conditions import Requirements
from agent.errors import AgentError, Problem, errors_of
from agent.session.check import check, download_problems
from agent.session.document import PROCESS_NOT_WAIT, SessionDocument, read_session
from agent.session.plan import Plan, make_plan
from agent.session.times import start_instant, time_problems, window_end, zone_problems
from agent.settings import Settings
from agent.sky.catalogue import resolve
from agent.store.folders import is_session_name
from agent.targets import Site
from agent.telescope.dwarf.models import capabilities_for

DEFAULT_MODEL = "D3"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a session is checked against. `assumed` says that nobody named the model."""

    capabilities: Capabilities
    assumed: bool
    zone: ZoneInfo
    site: Site | None
    now: datetime
    requirements: Requirements
    archives: bool = True


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """One file: every problem, and its plan when there is no error. Instants are aware UTC."""

    path: Path
    problems: tuple[Problem, ...]
    document: SessionDocument | None = None
    plan: Plan | None = None
    start: datetime | None = None
    closes: datetime | None = None

    @property
    def valid(self) -> bool:
        """Whether the session can run as it is."""
        return not errors_of(self.problems) and self.plan is not None

    @property
    def end(self) -> datetime | None:
        """When it will probably be done, started in time."""
        return self.start + timedelta(seconds=self.plan.estimate_s) if self.start and self.plan else None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values for `validate --json`."""
        return {
            "file": str(self.path),
            "valid": self.valid,
            "problems": [
                {
                    "severity": str(problem.severity),
                    "path": problem.path,
                    "code": problem.code,
                    "message": problem.message,
                    "hint": problem.hint,
                }
                for problem in self.problems
            ],
        }


def surroundings(settings: Settings, model: str | None) -> Surroundings:
    """Return what the configuration and `--model` say a session must fit."""
    configured = settings.telescopes[0].model
    known = model or (configured if configured != "auto" else None)
    return Surroundings(
        capabilities=capabilities_for(known or DEFAULT_MODEL),
        assumed=known is None,
        zone=ZoneInfo(settings.site.zone_name),
        site=settings.site.site(),
        now=datetime.now(UTC),
        requirements=settings.requirements,
        archives=settings.archive.dir is not None,
    )


def session_files(named: Iterable[Path]) -> list[Path]:
    """Return the files, a folder standing for the sessions in it. AgentError for what is not there."""
    found: list[Path] = []
    for path in named:
        if path.is_dir():
            inside = sorted(file for file in path.glob("*") if file.is_file() and is_session_name(file.name))
            if not inside:
                raise AgentError(f"There is no session file (*.json) in {path}.")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise AgentError(f"{path} does not exist.")
    return found


def check_file(path: Path, around: Surroundings) -> CheckedFile:
    """Read, check and plan one file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return CheckedFile(path, (Problem("unreadable", f"{error.strerror or error}."),))
    reading = read_session(data, name=path.stem, resolve=resolve)
    if reading.document is None:
        return CheckedFile(path, reading.problems)
    document = reading.document
    problems = (
        *reading.problems,
        *check(document, around.capabilities, resolve=resolve),
        *time_problems(document, around.zone, around.now),
        *download_problems(document, archives=around.archives),
        *(zone_problems(document, around.zone, around.site.longitude, around.now) if around.site else ()),
    )
    if any(problem.code != PROCESS_NOT_WAIT for problem in errors_of(problems)):
        return CheckedFile(path, problems, document)
    start = start_instant(document, around.zone, around.now)
    plan = make_plan(
        document, around.capabilities, resolve=resolve, begin=start or around.now, zone=around.zone
    )
    ends = (window_end(document, around.zone, around.now), plan.ends_at)
    return CheckedFile(
        path,
        (*problems, *sky_problems(plan, around.site, start, around.now)),
        document,
        plan,
        max(start or around.now, around.now),
        min((end for end in ends if end is not None), default=None),
    )


def problem_lines(checked: CheckedFile) -> list[str]:
    """Return the problems as indented lines, errors first."""
    ordered = sorted(checked.problems, key=lambda problem: problem.severity != "error")
    return [f"  {problem.severity:<7} {problem}" for problem in ordered]


def assumption(around: Surroundings) -> str:
    """Return a sentence about the model when nobody named it, else ""."""
    if not around.assumed:
        return ""
    model = around.capabilities.model
    return f"Checked against a {model}, as no model is configured: add --model for another."
