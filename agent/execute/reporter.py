"""What a run tells while it runs: status, steps, progress."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from agent.capabilities import Camera
from agent.clock import Clock
from agent.events import (
    Event,
    Frames,
    Reason,
    SessionBrief,
    SessionProgress,
    SessionStarted,
    StepReport,
    StepStarted,
)
from agent.execute.frame_counter import FrameCounter
from agent.execute.pace import FramePace, Pace
from agent.execute.runners import STATUS
from agent.execute.status import StatusSink
from agent.session.plan import Plan, PlannedStep, StepKind
from agent.telescope.interface import CaptureProgress

_LOGGER = logging.getLogger(__name__)


class Reporter:
    """Turns what happens in a run into events, and keeps the reports of its steps."""

    def __init__(
        self,
        telescope_id: str,
        session: SessionBrief,
        plan: Plan,
        counter: FrameCounter,
        clock: Clock,
        status: StatusSink,
        publish: Callable[[Event], None],
    ) -> None:
        self._telescope_id = telescope_id
        self._session = session
        self._plan = plan
        self._counter = counter
        self._clock = clock
        self._status = status
        self._publish = publish
        self._index = 0
        self._began: float | None = None  # the attempt under way
        self.pace = Pace(plan, clock)
        self._shots = FramePace(clock)
        self.reports: list[StepReport] = []

    def started(self, *, resumed: bool) -> None:
        """The session begins, or goes on."""
        self._publish(
            SessionStarted(
                telescope=self._telescope_id, at=self._clock.now(), session=self._session, resumed=resumed
            )
        )

    def enter(self, index: int) -> None:
        """The step with this index (from 0) is next."""
        self._index = index
        self.pace.enter(index)
        self._shots = FramePace(self._clock)

    def all_done(self) -> None:
        """Every step of the plan is done."""
        self.pace.enter(len(self._plan.steps))
        self.progress(Frames())

    def attempt(self, step: PlannedStep, attempt: int) -> None:
        """A step is tried."""
        self.pace.again()
        self._began = self._clock.monotonic()
        _LOGGER.info("Step %d of %d: %s", self._index + 1, len(self._plan.steps), step.label)
        self.say(step, step.why)
        self._publish(
            StepStarted(
                telescope=self._telescope_id,
                at=self._clock.now(),
                session=self._session,
                step=step.label,
                index=self._index + 1,
                count=len(self._plan.steps),
                why=step.why,
                attempt=attempt,
            )
        )
        self.progress(Frames())

    def skipped(self, step: PlannedStep, why: str) -> None:
        """A step is not needed."""
        _LOGGER.info("%s: %s", step.label, why)
        self.say(step, why)
        self.report(step, self._clock.now(), 0, "skipped", why)

    def say(self, step: PlannedStep, message: str, reason: Reason | None = None) -> None:
        """What a step is doing."""
        self._status.say(STATUS[step.kind], step=step.label, reason=reason, message=message)

    def frames(self, progress: CaptureProgress) -> None:
        """The running capture has new frames."""
        self._counter.progress(progress)
        frames = self._counter.of(progress.camera)
        self._shots.frames(frames.taken)
        self.pace.frames(frames.taken, frames.requested)
        self.progress(frames, pane=progress.pane)

    def progress(self, camera_frames: Frames, *, pane: int = 0) -> None:
        """Publish how far the session is; `camera_frames` are those of the running capture."""
        remaining = self.pace.remaining_s(camera_frames.taken, camera_frames.requested)
        now = self._clock.now()
        self._publish(
            SessionProgress(
                telescope=self._telescope_id,
                at=now,
                session=self._session,
                percent=self.pace.percent(),
                frames=self._counter.frames,
                integration_s=round(self._counter.integration_s, 3),
                remaining_s=round(remaining, 1),
                estimated_end=now + timedelta(seconds=remaining),
                step=self._plan.steps[self._index].label,
                index=self._index + 1,
                count=len(self._plan.steps),
                panes=self._counter.panes(Camera.TELE),
                pane=pane,
            )
        )

    def report(
        self,
        step: PlannedStep,
        started: datetime,
        attempts: int,
        result: str,
        message: str = "",
    ) -> None:
        """Keep how a step went, and what its last attempt took."""
        took_s, began = None, self._began
        if began is not None and result == "done":
            took_s = max(0.0, self._clock.monotonic() - began - step.wait_after_s)
        self._began = None
        shoots = step.kind is StepKind.CAPTURE and step.mosaic is None and step.refocus is None
        self.reports.append(
            StepReport(
                step.label,
                started,
                self._clock.now(),
                result,
                attempts,
                message,
                kind=step.kind.value,
                took_s=took_s,
                camera=step.camera.value if shoots and step.camera is not None else "",
                exposure_s=step.exposure_s if shoots else None,
                frame_s=self._shots.frame_s if shoots else None,
                setup_s=self._shots.setup_s if shoots and attempts == 1 else None,
            )
        )
