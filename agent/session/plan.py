"""The plan: a session document turned into the ordered steps that run. What is printed is what runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from agent.capabilities import Binning, Camera, Capabilities, Exposure, Filter
from agent.errors import Problem, errors_of
from agent.session.check import Resolve, check, resolve_target
from agent.session.choices import CameraChoice, choose
from agent.session.coordinates import format_dec, format_ra
from agent.session.document import SessionDocument
from agent.session.problems import InvalidSessionError
from agent.session.recipe import CalibrationRecipe
from agent.session.sections import CameraSetup, Step
from agent.session.times import capture_ends
from agent.targets import SolarTarget, Target

PARK_ESTIMATE_S = 20.0  # folding the arm, for estimates only
POWER_DOWN_ESTIMATE_S = 10.0  # for estimates only


class StepKind(StrEnum):
    """What a step does; the executor has one runner for each."""

    SET_TIME = "set_time"
    GO_LIVE = "go_live"
    AUTO_FOCUS = "auto_focus"
    INFINITE_FOCUS = "infinite_focus"
    EQ_SOLVING = "eq_solving"
    CALIBRATION = "calibration"
    GOTO_SOLAR = "goto_solar"
    GOTO_MANUAL = "goto_manual"
    CAPTURE = "capture"
    FINISH = "finish"
    PARK = "park"
    POWER_DOWN = "power_down"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One step. Durations are seconds; `timeout_s` None leaves the limit to the telescope's driver.

    `section` is the key of the document it comes from ("" for steps every session has); `label` names the
    step for people and `why` says what is being waited for. Camera settings are set for calibration and
    capture; None leaves a setting alone. `count` is the number of frames of a capture, of `exposure_s` each
    (0: not known); with `until` it is the most that fits, and the capture ends at that instant (aware UTC).
    `without_goto` lets it image wherever the telescope points.
    """

    kind: StepKind
    label: str
    why: str
    section: str = ""
    wait_before_s: float = 0.0
    wait_after_s: float = 0.0
    estimate_s: float = 0.0
    timeout_s: float | None = None
    target: Target | None = None
    camera: Camera | None = None
    exposure: Exposure | None = None
    gain: int | None = None
    filter: Filter | None = None
    binning: Binning | None = None
    format: str | None = None
    count: int = 0
    exposure_s: float = 0.0
    integration_s: float = 0.0
    until: datetime | None = None
    without_goto: bool = False

    @property
    def total_s(self) -> float:
        """The estimate with the waits around the step."""
        return self.wait_before_s + self.estimate_s + self.wait_after_s

    def to_json(self) -> dict[str, Any]:
        """Return the step as plain JSON values, without what it does not use."""
        values: dict[str, Any] = {
            "step": self.kind.value,
            "label": self.label,
            "section": self.section or None,
            "estimate_s": round(self.estimate_s, 1),
            "wait_before_s": self.wait_before_s or None,
            "wait_after_s": self.wait_after_s or None,
            "timeout_s": self.timeout_s,
            "target": None if self.target is None else target_json(self.target),
            "camera": self.camera and self.camera.value,
            "exposure": self.exposure and self.exposure.name,
            "gain": self.gain,
            "filter": self.filter and self.filter.name,
            "binning": self.binning and self.binning.name,
            "format": self.format,
            "count": self.count or None,
            "until": self.until and self.until.isoformat(),
            "without_goto": self.without_goto or None,
        }
        return {key: value for key, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The steps of one session in order, and their sums. `target` is for people.

    `warnings` are what the model makes of the session; they stand in `notes` as well, as sentences.
    """

    name: str
    target: str
    model: str
    steps: tuple[PlannedStep, ...]
    max_attempts: int = 3
    notes: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()

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
        }


def make_plan(
    document: SessionDocument,
    capabilities: Capabilities,
    *,
    resolve: Resolve | None = None,
    calibration: CalibrationRecipe | None = None,
    begin: datetime | None = None,
    zone: ZoneInfo | None = None,
) -> Plan:
    """Return the steps in the order they run: clock, live view, focus, alignment, gotos, captures, closing.

    Raises InvalidSessionError with every problem when the document does not pass `check`. `resolve` finds a
    target by name (AgentError when it cannot); `calibration` replaces the usual recipe. End times of captures
    are the next ones after `begin` (aware UTC) in the session's zone, else `zone`; without them, ValueError.
    """
    problems = check(document, capabilities, resolve=resolve)
    if errors_of(problems):
        raise InvalidSessionError(problems)
    recipe, notes = (calibration or CalibrationRecipe()).adapted(capabilities)
    before = (
        *_opening(document, capabilities),
        *_alignment(document, capabilities, recipe),
        *_gotos(document, capabilities, resolve),
    )
    shutter = None if begin is None else begin + timedelta(seconds=sum(step.total_s for step in before))
    steps = (
        *before,
        *_captures(document, capabilities, recipe, _ends(document, begin, zone), shutter),
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
    )


def target_json(target: Target) -> dict[str, Any]:
    """Return a target as plain JSON values."""
    if isinstance(target, SolarTarget):
        return {"name": target.name, "body": target.body.value}
    return {
        "name": target.name,
        "ra_hours": target.ra_hours,
        "dec_degrees": target.dec_degrees,
        "ra": format_ra(target.ra_hours),
        "dec": format_dec(target.dec_degrees),
    }


def _step(kind: StepKind, step: Step | None, section: str, **values: Any) -> PlannedStep:
    if step is None:
        return PlannedStep(kind=kind, section=section, **values)
    return PlannedStep(
        kind=kind,
        section=section,
        wait_before_s=step.wait_before,
        wait_after_s=step.wait_after,
        timeout_s=step.timeout,
        **values,
    )


def _opening(document: SessionDocument, capabilities: Capabilities) -> Iterator[PlannedStep]:
    durations = capabilities.durations
    yield PlannedStep(
        kind=StepKind.SET_TIME,
        label="Set the clock",
        why="waiting for the telescope to take the time and the place",
        estimate_s=durations.set_time,
    )
    yield PlannedStep(
        kind=StepKind.GO_LIVE,
        label="Live view",
        why="waiting for the telescope to leave its previous imaging",
        estimate_s=durations.go_live,
    )
    if document.auto_focus:
        yield _step(
            StepKind.AUTO_FOCUS,
            document.auto_focus,
            "auto_focus",
            label="Autofocus",
            why="waiting for the telescope to find the focus on stars",
            estimate_s=durations.auto_focus,
        )
    if document.infinite_focus or _focus_for_alignment(document, capabilities):
        yield _step(
            StepKind.INFINITE_FOCUS,
            document.infinite_focus,
            "infinite_focus" if document.infinite_focus else "eq_solving",
            label="Infinity focus",
            why="waiting for the focus to reach its infinity position",
            estimate_s=durations.infinite_focus,
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
        yield _step(
            StepKind.EQ_SOLVING,
            document.eq_solving,
            "eq_solving",
            label="Polar alignment check",
            why="waiting for the telescope to measure its polar alignment",
            estimate_s=durations.eq_solving,
        )
    if document.calibration:
        yield _step(
            StepKind.CALIBRATION,
            document.calibration,
            "calibration",
            label="Calibration",
            why="waiting for the telescope to calibrate its pointing by plate solving",
            estimate_s=durations.calibration,
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
        yield _step(
            kind,
            section,
            kind.value,
            label=f"Go to {target.name}",
            why=f"waiting for the telescope to point at {target.name} and track it",
            estimate_s=capabilities.durations.goto,
            target=target,
        )


def _ends(document: SessionDocument, begin: datetime | None, zone: ZoneInfo | None) -> Mapping[str, datetime]:
    if begin is not None and zone is not None:
        return capture_ends(document, zone, begin)
    if any(setup and setup.end_time for setup in (document.setup_camera, document.setup_wide_camera)):
        raise ValueError("an end_time has no instant without a begin and a zone")
    return {}


def _captures(
    document: SessionDocument,
    capabilities: Capabilities,
    recipe: CameraChoice,
    ends: Mapping[str, datetime],
    shutter: datetime | None,
) -> Iterator[PlannedStep]:
    """Return the captures, the first expected at `shutter`; all that a camera waits, it waits before it."""
    for key, camera in (("setup_camera", Camera.TELE), ("setup_wide_camera", Camera.WIDE)):
        setup: CameraSetup | None = getattr(document, key)
        if setup is None:
            continue
        choice, _ = choose(setup, camera, capabilities)
        kept = recipe.exposure if document.calibration and camera is recipe.camera else None
        exposure = choice.exposure or kept
        seconds = exposure.seconds if exposure else 0.0
        durations = capabilities.durations
        frame_s = seconds + durations.frame_overhead
        wait_s = setup.wait_before + setup.wait_after
        until, left_s = ends.get(key), math.inf
        if until is not None and shutter is not None:
            left_s = max(0.0, (until - shutter).total_seconds() - wait_s)
        count = choice.count or max(1, math.ceil(left_s / seconds))
        needed_s = durations.camera_setup + count * frame_s
        fits = (
            count if until is None else min(count, int(max(0.0, left_s - durations.camera_setup) / frame_s))
        )
        shown_exposure = f"{exposure.name} s" if exposure else "the telescope's exposure"
        shown_count, closing = f"{count}", ""
        if setup.end_time is not None:
            shown_count, closing = f"up to {count}", f" until {setup.end_time.isoformat('minutes')}"
        step = PlannedStep(
            kind=StepKind.CAPTURE,
            section=key,
            wait_before_s=wait_s,
            timeout_s=setup.timeout,
            label=f"Capture {shown_count} × {shown_exposure}{closing}, {camera.value} camera",
            why=f"waiting for {shown_count} frames of the {camera.value} camera{closing}",
            estimate_s=min(needed_s, left_s),
            camera=camera,
            exposure=choice.exposure,
            gain=choice.gain,
            filter=choice.filter,
            binning=choice.binning,
            format=choice.format,
            count=count,
            exposure_s=seconds,
            integration_s=fits * seconds,
            until=until,
            without_goto=setup.without_goto,
        )
        shutter = None if shutter is None else shutter + timedelta(seconds=step.total_s)
        yield step


def _closing(document: SessionDocument, capabilities: Capabilities) -> Iterator[PlannedStep]:
    if document.setup_camera or document.setup_wide_camera:
        yield PlannedStep(
            kind=StepKind.FINISH,
            label="Finish imaging",
            why="waiting for the telescope to close the imaging session",
            estimate_s=capabilities.durations.go_live,
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
