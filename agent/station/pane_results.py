"""What became of the panes of a mosaic, and of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.clock import aware_instant
from agent.events import Frames, Outcome, SessionBrief, SessionResult, StepReport
from agent.session.document import SessionDocument, body_of


@dataclass(frozen=True, slots=True)
class PaneEnd:
    """How the session of one pane ended; `outcome` None is one that left nothing."""

    outcome: Outcome | None = None
    frames: Frames = field(default_factory=Frames)
    integration_s: float = 0.0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    message: str = "taken out before it ran"
    files: tuple[str, ...] = ()

    def of(self, asked: int) -> PaneEnd:
        """Return it with the frames that it was asked for, if nothing tells of them."""
        return self if self.frames.requested else replace(self, frames=replace(self.frames, requested=asked))


def end_of(ended: tuple[Path, SessionDocument] | None, *, since: datetime) -> PaneEnd:
    """Read it from the file of an ended session; one that ended before `since` is another's."""
    if ended is None:
        return PaneEnd()
    _, document = ended
    details = body_of(document.raw).get("result_details")
    if not isinstance(details, dict):
        return PaneEnd()
    ended_at = aware_instant(details.get("ended_at"))
    if ended_at is None or ended_at < since.replace(microsecond=0):
        return PaneEnd()
    frames = details.get("frames")
    counts = frames if isinstance(frames, dict) else {}
    outcome, files = details.get("outcome"), details.get("files")
    return PaneEnd(
        outcome=Outcome(outcome) if outcome in set(Outcome) else None,
        frames=Frames(*(_count(counts.get(name)) for name in ("requested", "taken", "stacked"))),
        integration_s=_amount(details.get("integration_s")),
        started_at=aware_instant(details.get("started_at")),
        ended_at=ended_at,
        message=str(document.id_command.message or ""),
        files=tuple(map(str, files)) if isinstance(files, list) else (),
    )


def last_of(ends: Mapping[int, PaneEnd]) -> int | None:
    """The number of the pane that ran last; None when none did."""
    ran = {number: one.ended_at for number, one in ends.items() if one.started_at and one.ended_at}
    return max(ran, key=lambda number: ran[number], default=None)


def whole(
    telescope: str,
    brief: SessionBrief,
    ends: Mapping[int, PaneEnd],
    sessions: Mapping[int, str],
    *,
    asked: int,
    began: datetime,
    now: datetime,
) -> SessionResult:
    """Return the result of a mosaic from those of its panes, in the order of their numbers.

    A pane that never began was `asked` for that many frames.
    """
    ends = {number: one.of(asked) for number, one in ends.items()}
    panes = [ends[number] for number in sorted(ends)]
    done = sum(one.outcome is Outcome.COMPLETED for one in panes)
    frames = sum((one.frames for one in panes), Frames())
    told = f"{done} of {len(panes)} panes completed: {frames.taken} of {frames.requested} frames taken"
    missing = [number for number in sorted(ends) if ends[number].outcome is not Outcome.COMPLETED]
    if missing:
        told += f"; not completed: {', '.join(f'pane {number}' for number in missing)}"
    return SessionResult(
        telescope=telescope,
        session=brief,
        outcome=_outcome(panes, frames),
        started_at=min((one.started_at for one in panes if one.started_at), default=None),
        ended_at=now,
        frames=frames,
        panes=tuple(one.frames for one in panes),
        integration_s=sum(one.integration_s for one in panes),
        message=f"{told}, {frames.stacked} stacked",
        attempts=1,
        steps=tuple(
            StepReport(
                f"Pane {number}: {sessions[number]}",
                ends[number].started_at or began,
                ends[number].ended_at or now,
                ends[number].outcome or Outcome.SKIPPED,
                1,
                ends[number].message,
            )
            for number in sorted(ends)
        ),
        files=tuple(dict.fromkeys(name for one in panes for name in one.files)),
        made_of=tuple(sessions[number] for number in sorted(ends)),
    )


def _outcome(panes: list[PaneEnd], frames: Frames) -> Outcome:
    outcomes = {one.outcome for one in panes}
    if outcomes == {Outcome.COMPLETED}:
        return Outcome.COMPLETED
    if frames.taken:
        return Outcome.PARTIAL
    for outcome in (Outcome.ABORTED, Outcome.FAILED):
        if outcome in outcomes:
            return outcome
    return Outcome.SKIPPED


def _count(value: Any) -> int:
    return round(_amount(value))


def _amount(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and 0 <= value < 1e9 else 0.0
