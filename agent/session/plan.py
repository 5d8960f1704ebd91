"""The plan: a session document turned into the ordered steps that run. What is printed is what runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from agent.capabilities import Capabilities
from agent.errors import Problem, errors_of
from agent.mosaics import Grid, Pane
from agent.session.capture_steps import captures, darks
from agent.session.check import Resolve, check, in_deep_sky, resolve_target
from agent.session.choices import CameraChoice
from agent.session.document import SessionDocument
from agent.session.fields import DarksWhen
from agent.session.pane_grid import agents_grid, telescopes_grid, wanted_panes
from agent.session.problems import InvalidSessionError
from agent.session.recipe import calibration_recipe
from agent.session.sections import Step
from agent.session.steps import PlannedStep, Refocus, StepKind, estimated, step_of, target_json
from agent.session.times import capture_ends
from agent.targets import SkyTarget, SolarTarget, Target

__all__ = ["Plan", "PlannedStep", "Refocus", "StepKind", "make_plan", "target_json"]

PARK_ESTIMATE_S = 20.0  # folding the arm, for estimates only
POWER_DOWN_ESTIMATE_S = 10.0  # for estimates only


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The steps of one session in order, and their sums. `target` is for people.

    `warnings` are what the model makes of the session; they stand in `notes` as well, as sentences. `grid` is
    that of a mosaic; with `panes` the agent makes it, as a session for each of them, and no step runs as it
    stands here. `in_the_clouds` is done while the weather holds the session up.
    """

    name: str
    target: str
    model: str
    steps: tuple[PlannedStep, ...]
    max_attempts: int = 3
    notes: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()
    grid: Grid | None = None
    panes: tuple[Pane, ...] = ()
    in_the_clouds: tuple[PlannedStep, ...] = ()

    @property
    def estimate_s(self) -> float:
        """Seconds the whole session will take, waits included."""
        return sum(step.total_s for step in self.steps)

    @property
    def frames_requested(self) -> int:
        """Frames asked for, both cameras together."""
        return sum(step.count for step in self.steps)

    @property
    def integration_s(self) -> float:
        """Seconds of exposure asked for; captures with an unknown exposure count 0."""
        return sum(step.integration_s for step in self.steps)

    @property
    def ends_at(self) -> datetime | None:
        """When its last capture ends by its own end time; None when one of them has none."""
        ends = [step.until for step in self.steps if step.kind is StepKind.CAPTURE]
        known = [end for end in ends if end is not None]
        return max(known) if known and len(known) == len(ends) else None

    @property
    def goto_targets(self) -> tuple[Target, ...]:
        """Where the telescope will point, in order."""
        return tuple(step.target for step in self.steps if step.target is not None)

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain JSON values."""
        return {
            "session": self.name,
            "target": self.target,
            "model": self.model,
            "estimate_s": round(self.estimate_s, 1),
            "frames_requested": self.frames_requested,
            "integration_s": round(self.integration_s, 3),
            "max_attempts": self.max_attempts,
            "steps": [step.to_json() for step in self.steps],
            "notes": list(self.notes),
            "mosaic": self.grid and self.grid.to_json(self.panes),
        }


def make_plan(
    document: SessionDocument,
    capabilities: Capabilities,
    *,
    resolve: Resolve | None = None,
    begin: datetime | None = None,
    zone: ZoneInfo | None = None,
) -> Plan:
    """Return the steps in the order they run: clock, live view, focus, alignment, gotos, captures, closing.

    Raises InvalidSessionError with every problem when the document does not pass `check`. `resolve` finds a
    target by name (AgentError when it cannot). End times of captures are the next ones after `begin` (aware
    UTC) in the session's zone, else `zone`; without them, ValueError.
    """
    problems = check(document, capabilities, resolve=resolve)
    if errors_of(problems):
        raise InvalidSessionError(problems)
    gotos = tuple(_gotos(document, capabilities, resolve))
    target = gotos[-1].target if gotos else None
    capabilities = capabilities.for_mode(deep_sky=in_deep_sky(document, target))
    recipe, notes = calibration_recipe(capabilities)
    dark_steps = tuple(darks(document, capabilities))
    when = document.dark_frames.when if document.dark_frames is not None else None
    before = (
        *_clock_and_view(capabilities),
        *(dark_steps if when is DarksWhen.BEFORE else ()),
        *_focus(document, capabilities),
        *_alignment(document, capabilities, recipe),
        *gotos,
    )
    grid, panes = _mosaic(document, capabilities, resolve)
    shutter = None if begin is None else begin + timedelta(seconds=sum(step.total_s for step in before))
    ends = _ends(document, begin, zone)
    steps = (
        *before,
        *captures(document, capabilities, recipe, ends, shutter, len(panes), target),
        *(dark_steps if when is DarksWhen.AFTER else ()),
        *_closing(document, capabilities),
    )
    names = [step.target.name for step in steps if step.target is not None]
    return Plan(
        name=document.name,
        target=names[-1] if names else document.target,
        model=capabilities.model,
        steps=steps,
        max_attempts=document.id_command.max_attempts,
        notes=(*(str(problem) for problem in problems), *(notes if document.calibration else ())),
        warnings=tuple(problems),
        grid=grid,
        panes=panes,
        in_the_clouds=dark_steps if when is DarksWhen.CLOUDS else (),
    )


def _mosaic(
    document: SessionDocument, capabilities: Capabilities, resolve: Resolve | None
) -> tuple[Grid | None, tuple[Pane, ...]]:
    """The grid of a mosaic, and its panes where the agent makes it."""
    grid = agents_grid(document, capabilities)
    if grid is None or document.goto_manual is None:
        return telescopes_grid(document, capabilities), ()
    middle = resolve_target(document.goto_manual, resolve)
    return grid, wanted_panes(document, grid, middle) if isinstance(middle, SkyTarget) else ()


def _clock_and_view(capabilities: Capabilities) -> Iterator[PlannedStep]:
    durations = capabilities.durations
    yield PlannedStep(
        kind=StepKind.SET_TIME,
        label="Set the clock",
        why="waiting for the telescope to take the time and the place",
        **estimated(durations, "set_time"),
    )
    yield PlannedStep(
        kind=StepKind.GO_LIVE,
        label="Live view",
        why="waiting for the telescope to leave its previous imaging",
        **estimated(durations, "go_live"),
    )


def _focus(document: SessionDocument, capabilities: Capabilities) -> Iterator[PlannedStep]:
    durations = capabilities.durations
    if document.auto_focus:
        yield step_of(
            StepKind.AUTO_FOCUS,
            document.auto_focus,
            "auto_focus",
            label="Autofocus",
            why="waiting for the telescope to find the focus on stars",
            **estimated(durations, "auto_focus"),
            reuse=document.auto_focus.reuse_focus,
        )
    if document.infinite_focus or _focus_for_alignment(document, capabilities):
        yield step_of(
            StepKind.INFINITE_FOCUS,
            document.infinite_focus,
            "infinite_focus" if document.infinite_focus else "eq_solving",
            label="Infinity focus",
            why="waiting for the focus to reach its infinity position",
            **estimated(durations, "infinite_focus"),
            reuse=document.infinite_focus.reuse_focus if document.infinite_focus else None,
        )


def _focus_for_alignment(document: SessionDocument, capabilities: Capabilities) -> bool:
    """Whether a polar alignment stands alone: out of focus it fails, so an infinity focus comes first."""
    able = "infinite_focus" not in capabilities.lacks
    return able and document.eq_solving is not None and document.auto_focus is None


def _alignment(
    document: SessionDocument, capabilities: Capabilities, recipe: CameraChoice
) -> Iterator[PlannedStep]:
    durations = capabilities.durations
    if document.eq_solving:
        yield step_of(
            StepKind.EQ_SOLVING,
            document.eq_solving,
            "eq_solving",
            label="Polar alignment check",
            why="waiting for the telescope to measure its polar alignment",
            **estimated(durations, "eq_solving"),
        )
    if document.calibration:
        yield step_of(
            StepKind.CALIBRATION,
            document.calibration,
            "calibration",
            label="Calibration",
            why="waiting for the telescope to calibrate its pointing by plate solving",
            **estimated(durations, "calibration"),
            reuse=document.calibration.reuse_calibration,
            camera=recipe.camera,
            exposure=recipe.exposure,
            gain=recipe.gain,
            filter=recipe.filter,
            binning=recipe.binning,
        )


def _gotos(
    document: SessionDocument, capabilities: Capabilities, resolve: Resolve | None
) -> Iterator[PlannedStep]:
    targets: list[tuple[Step, StepKind, Target]] = []
    if document.goto_solar:
        body = document.goto_solar.target
        solar = SolarTarget(body.value.capitalize(), body)
        targets.append((document.goto_solar, StepKind.GOTO_SOLAR, solar))
    if document.goto_manual:
        manual = resolve_target(document.goto_manual, resolve)
        targets.append((document.goto_manual, StepKind.GOTO_MANUAL, manual))
    for section, kind, target in targets:
        yield step_of(
            kind,
            section,
            kind.value,
            label=f"Go to {target.name}",
            why=f"waiting for the telescope to point at {target.name} and track it",
            **estimated(capabilities.durations, "goto"),
            target=target,
        )


def _ends(document: SessionDocument, begin: datetime | None, zone: ZoneInfo | None) -> Mapping[str, datetime]:
    if begin is not None and zone is not None:
        return capture_ends(document, zone, begin)
    if any(setup and setup.end_time for setup in (document.setup_camera, document.setup_wide_camera)):
        raise ValueError("an end_time has no instant without a begin and a zone")
    return {}


def _closing(document: SessionDocument, capabilities: Capabilities) -> Iterator[PlannedStep]:
    if document.setup_camera or document.setup_wide_camera:
        yield PlannedStep(
            kind=StepKind.FINISH,
            label="Finish imaging",
            why="waiting for the telescope to close the imaging session",
            estimate_s=capabilities.durations.of("go_live"),
        )
    if document.shutdown and document.shutdown.park:
        yield PlannedStep(
            kind=StepKind.PARK,
            section="shutdown",
            label="Park",
            why="waiting for the telescope to fold",
            estimate_s=PARK_ESTIMATE_S,
        )
    if document.shutdown and document.shutdown.power_down:
        yield PlannedStep(
            kind=StepKind.POWER_DOWN,
            section="shutdown",
            label="Power down",
            why="waiting for the telescope to switch itself off",
            estimate_s=POWER_DOWN_ESTIMATE_S,
        )
