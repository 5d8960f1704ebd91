"""The result of a run, put together from what its parts know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agent.capabilities import Camera
from agent.errors import Problem
from agent.events import Saved, SessionResult, StepReport, Waited
from agent.execute.context import Job, Surroundings
from agent.execute.defects import Defects
from agent.execute.frame_counter import FrameCounter
from agent.execute.orders import Ending
from agent.execute.outcome import outcome_of


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run went: when it began, what ended it or failed, the tries of its steps, and its waits."""

    started_at: datetime
    ending: Ending | None
    failure: Problem | None
    attempts: int
    waits: tuple[Waited, ...]


def result_of(
    around: Surroundings,
    job: Job,
    counter: FrameCounter,
    steps: Sequence[StepReport],
    ended: Ended,
    *,
    notes: Sequence[str],
    files: tuple[str, ...],
    saved: tuple[Saved, ...],
) -> SessionResult:
    """Return the result as it is told and written down; `files` and `saved` are the telescope's own word."""
    identity = None
    with Defects():
        identity = around.telescope.identity
    outcome, reason, message = outcome_of(counter.by_camera, ended.ending, ended.failure)
    return SessionResult(
        telescope=around.telescope_id,
        session=job.brief,
        outcome=outcome,
        ended_at=around.clock.now(),
        started_at=ended.started_at,
        frames=counter.frames,
        panes=counter.panes(Camera.TELE),
        integration_s=round(counter.integration_s, 3),
        error=ended.failure,
        reason=reason,
        message="; ".join([message, *notes, *counter.notes]),
        attempts=ended.attempts,
        waits=ended.waits,
        steps=tuple(steps),
        settings=counter.settings,
        files=files,
        saved=saved,
        device=(identity.name or identity.model) if identity else "",
        firmware=identity.firmware if identity else "",
        by_camera={camera.value: frames for camera, frames in counter.by_camera.items()},
    )
