"""A session and its plan in words, for terminals and notifications."""

from __future__ import annotations

from agent.capabilities import Camera
from agent.session.coordinates import format_dec, format_ra
from agent.session.document import SessionDocument
from agent.session.plan import Plan, PlannedStep
from agent.session.sections import CameraSetup


def duration_text(seconds: float) -> str:
    """Return a duration for people: "45 s", "12 min", "3 h 05 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def session_text(document: SessionDocument) -> str:
    """Return a session as a few lines: what, where, with which settings, when."""
    command = document.id_command
    lines = [document.target or "Session"]
    if command.description and command.description != document.target:
        lines.append(f"  {command.description}")
    lines += [f"  {line}" for line in (*_when(document), *_where(document), *_cameras(document))]
    steps = [
        key for key in ("auto_focus", "infinite_focus", "eq_solving", "calibration") if getattr(document, key)
    ]
    if steps:
        lines.append(f"  before: {', '.join(step.replace('_', ' ') for step in steps)}")
    return "\n".join(lines)


def plan_text(plan: Plan) -> str:
    """Return a plan as a table of its steps with estimates, and its sums."""
    title = f"{plan.target or plan.name}: {len(plan.steps)} steps, about {duration_text(plan.estimate_s)}"
    width = max((len(step.label) for step in plan.steps), default=0)
    rows = [
        f"  {index:>2}  {step.label:<{width}}  {duration_text(step.total_s):>10}{_waits(step)}"
        for index, step in enumerate(plan.steps, start=1)
    ]
    frames = f"  {plan.frames_requested} frames, {duration_text(plan.integration_s)} of exposure"
    return "\n".join(
        [title, *rows, *([frames] if plan.frames_requested else []), *(f"  note: {n}" for n in plan.notes)]
    )


def _waits(step: PlannedStep) -> str:
    parts = [
        f"{duration_text(seconds)} {word}"
        for seconds, word in ((step.wait_before_s, "before"), (step.wait_after_s, "after"))
        if seconds
    ]
    return f"  (waits {', '.join(parts)})" if parts else ""


def _when(document: SessionDocument) -> list[str]:
    command = document.id_command
    start = " ".join(part.isoformat() for part in (command.date, command.time) if part is not None)
    end = " ".join(part.isoformat() for part in (command.end_date, command.end_time) if part is not None)
    lines = [f"starts: {start or 'as soon as possible'}"]
    return [*lines, f"ends by: {end}"] if end else lines


def _where(document: SessionDocument) -> list[str]:
    lines = []
    if document.goto_solar:
        lines.append(f"goto: {document.goto_solar.target.value.capitalize()}")
    manual = document.goto_manual
    if manual and manual.ra_coord is not None and manual.dec_coord is not None:
        place = f"RA {format_ra(manual.ra_coord)}, Dec {format_dec(manual.dec_coord)}"
        lines.append(f"goto: {manual.target or 'coordinates'} ({place})")
    elif manual:
        lines.append(f"goto: {manual.target}")
    return lines or ["goto: none"]


def _cameras(document: SessionDocument) -> list[str]:
    sections = ((Camera.TELE, document.setup_camera), (Camera.WIDE, document.setup_wide_camera))
    return [f"{camera.value}: {_settings(setup)}" for camera, setup in sections if setup]


def _settings(setup: CameraSetup) -> str:
    count = "?" if setup.count is None else setup.count
    wish = setup.exposure
    exposure = "exposure as it is" if wish is None else f"{wish if isinstance(wish, str) else f'{wish:g}'} s"
    rest = [
        f"{name} {value}"
        for name, value in (("gain", setup.gain), ("filter", setup.filter), ("binning", setup.binning))
        if value is not None
    ]
    return ", ".join([f"{count} × {exposure}", *rest])
