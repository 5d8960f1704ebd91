"""A session and its plan in words, for terminals and notifications."""

from __future__ import annotations

from collections.abc import Iterator

from agent.capabilities import Learned
from agent.mosaics import grid_text
from agent.session.plan import Plan, PlannedStep
from agent.targets import MovingTarget


def duration_text(seconds: float) -> str:
    """Return a duration for people: "45 s", "12 min", "3 h 05 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def plan_text(plan: Plan) -> str:
    """Return a plan as a table of its steps with estimates, and its sums."""
    title = f"{plan.target or plan.name}: {len(plan.steps)} steps, about {duration_text(plan.estimate_s)}"
    width = max((len(step.label) for step in plan.steps), default=0)
    rows = [
        f"  {index:>2}  {step.label:<{width}}  {duration_text(step.total_s):>10}{_more(step)}"
        for index, step in enumerate(plan.steps, start=1)
    ]
    frames = f"  {frames_text(plan)}, {duration_text(plan.integration_s)} of exposure"
    sums = [frames] if plan.frames_requested else []
    notes = (f"  note: {note}" for note in plan.notes)
    return "\n".join([title, *rows, *_mosaic(plan), *sums, *_motion(plan), *notes])


def _motion(plan: Plan) -> Iterator[str]:
    target = plan.goto_targets[-1] if plan.goto_targets else None
    every_s = next((step.recentre_s for step in plan.steps if step.recentre_s is not None), None)
    if isinstance(target, MovingTarget) and every_s is not None:
        again = f"pointed again every {duration_text(every_s)}"
        yield f"  {target.name} moves {target.arcsec_per_min:.1f} arcseconds a minute: {again}"


def _mosaic(plan: Plan) -> list[str]:
    if plan.grid is None:
        return []
    maker = "the telescope itself (with older firmware by the agent, a session for each pane)"
    if plan.panes:
        maker = f"the agent: {len(plan.panes)} sessions, the pane that sets first at the beginning"
    drawn = [f"  {line}" for line in grid_text(plan.grid, plan.panes).splitlines()]
    return [*drawn, f"  made by {maker}"]


def frames_text(plan: Plan) -> str:
    """Return the frames asked for: "60 frames", or "up to 999 frames" when an end time ends a capture."""
    most = "up to " if any(step.until for step in plan.steps) else ""
    return f"{most}{plan.frames_requested} frames"


def _learned(learned: Learned | None) -> str:
    return f" ± {duration_text(learned.error_s)}, from {learned.sessions} sessions" if learned else ""


def _more(step: PlannedStep) -> str:
    parts = [
        f"{duration_text(seconds)} {word}"
        for seconds, word in ((step.wait_before_s, "before"), (step.wait_after_s, "after"))
        if seconds
    ]
    waits = f"  (waits {', '.join(parts)})" if parts else ""
    return _learned(step.learned) + waits
