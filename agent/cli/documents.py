"""Session files named on the command line: read, checked and planned with everything worth saying."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.app.candidate import Candidate
from agent.app.instrument import View, views_of
from agent.app.precheck import condition_problems, sun_problems
from agent.app.sky_warnings import sky_problems
from agent.capabilities import Capabilities
from agent.conditions import Requirements
from agent.conditions.unasked import unasked_problems
from agent.errors import AgentError, Problem, errors_of
from agent.session.check import check, download_problems
from agent.session.document import PROCESS_NOT_WAIT, SessionDocument, read_session
from agent.session.plan import Plan, make_plan
from agent.session.times import start_instant, time_problems, window_end, zone_problems
from agent.settings import Settings
from agent.sky.catalogue import resolve
from agent.sky.catalogue.small_bodies import ELEMENTS
from agent.store.durations import Durations
from agent.store.folders import Tree, is_session_name
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
    """One file: every problem, and when there is no error its plan and what the cameras make of it.

    Instants are aware UTC.
    """

    path: Path
    problems: tuple[Problem, ...]
    document: SessionDocument | None = None
    plan: Plan | None = None
    start: datetime | None = None
    closes: datetime | None = None
    views: tuple[View, ...] = ()

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
            "views": [view.to_json() for view in self.views],
        }


def surroundings(settings: Settings, model: str | None) -> Surroundings:
    """Return what the configuration and `--model` say a session must fit."""
    ELEMENTS.look_in(settings.sessions_dir)
    configured = settings.telescopes[0].model
    known = model or (configured if configured != "auto" else None)
    durations = Durations(Tree(settings.sessions_dir_of(settings.telescopes[0])))
    durations.load()
    return Surroundings(
        capabilities=durations.applied(capabilities_for(known or DEFAULT_MODEL)),
        assumed=known is None,
        zone=ZoneInfo(settings.site.zone_name),
        site=settings.site.site(),
        now=datetime.now(UTC),
        requirements=settings.requirements,
        archives=settings.archive.dir is not None,
    )


def session_files(named: Iterable[Path], *, none_is_fine: bool = False) -> list[Path]:
    """Return the files, a folder standing for the sessions in it. AgentError for what is not there."""
    found: list[Path] = []
    for path in named:
        if path.is_dir():
            inside = sorted(file for file in path.glob("*") if file.is_file() and is_session_name(file.name))
            if not inside and not none_is_fine:
                below = sorted({file.parent.name for file in path.glob("*/*") if is_session_name(file.name)})
                hint = f"There are some in {', '.join(below)}: name one of them." if below else ""
                raise AgentError(f"There is no session file (*.json) in {path}.", hint=hint)
            found += inside
        elif path.exists():
            found.append(path)
        else:
            hint = (
                "Session files belong there: `dwarf-agent samples` has some." if path.name == "ToDo" else ""
            )
            raise AgentError(f"{path} does not exist.", hint=hint)
    return found


def check_file(path: Path, around: Surroundings) -> CheckedFile:
    """Read, check and plan one file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return CheckedFile(path, (Problem("unreadable", f"{error.strerror or error}."),))
    return check_data(data, path, around)


def check_data(data: bytes, path: Path, around: Surroundings) -> CheckedFile:
    """Check and plan the bytes of a session file, whether it is there yet or not."""
    reading = read_session(data, name=path.stem, resolve=resolve)
    if reading.document is None:
        return CheckedFile(path, reading.problems)
    document = reading.document
    problems = (
        *reading.problems,
        *check(document, around.capabilities, resolve=resolve),
        *(_surrounding_problems(document, around) if document.runnable else ()),
    )
    if not document.runnable:  # what might surprise cannot any more
        problems = errors_of(problems)
    if any(problem.code != PROCESS_NOT_WAIT for problem in errors_of(problems)):
        return CheckedFile(path, problems, document)
    start = start_instant(document, around.zone, around.now)
    plan = make_plan(
        document, around.capabilities, resolve=resolve, begin=start or around.now, zone=around.zone
    )
    if not document.runnable:  # when it would run, and what the sky is then, is nothing to it
        return CheckedFile(path, problems, document, plan)
    ends = (window_end(document, around.zone, around.now), plan.ends_at)
    closes = min((end for end in ends if end is not None), default=None)
    candidate = Candidate(path.stem, document, plan, start, closes)
    views = views_of(candidate, around.capabilities, around.requirements, around.site, around.now)
    begin = max(start or around.now, around.now)
    seen = (
        *sky_problems(plan, around.site, start, around.now, closes),
        *sun_problems(document, plan, around.site, around.requirements, begin),
        *(problem for view in views for problem in view.problems()),
    )
    return CheckedFile(path, (*problems, *seen), document, plan, begin, closes, views)


def _surrounding_problems(document: SessionDocument, around: Surroundings) -> Iterator[Problem]:
    """Tell what is wrong with a session's times and conditions here."""
    yield from time_problems(document, around.zone, around.now)
    yield from download_problems(document, archives=around.archives)
    yield from unasked_problems(document, around.site)
    if around.site is not None:
        yield from zone_problems(document, around.zone, around.site.longitude, around.now)
    yield from condition_problems(document, around.requirements)


def problem_lines(checked: CheckedFile, told: Iterable[Problem] = ()) -> list[str]:
    """Return the problems as indented lines, errors first, without those `told` before."""
    left = [problem for problem in checked.problems if problem not in set(told)]
    ordered = sorted(left, key=lambda problem: problem.severity != "error")
    return [f"  {problem.severity:<7} {problem}" for problem in ordered]


def view_lines(checked: CheckedFile) -> list[str]:
    """Return what the cameras make of the session as indented lines."""
    return [f"  {words}" for view in checked.views if (words := view.words)]


def assumption(around: Surroundings) -> str:
    """Return a sentence about the model when nobody named it, else ""."""
    if not around.assumed:
        return ""
    model = around.capabilities.model
    return f"Checked against a {model}, as no model is configured: add --model for another."
