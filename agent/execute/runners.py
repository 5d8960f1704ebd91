"""Which step is run by which function, and what the status says meanwhile."""

from __future__ import annotations

from agent.events import Status
from agent.execute.context import StepRunner
from agent.execute.steps import capture, darks, focus, pointing, prepare
from agent.session.plan import StepKind

RUNNERS: dict[StepKind, StepRunner] = {
    StepKind.SET_TIME: prepare.set_time,
    StepKind.GO_LIVE: prepare.make_ready,
    StepKind.AUTO_FOCUS: focus.auto_focus,
    StepKind.INFINITE_FOCUS: focus.infinite_focus,
    StepKind.EQ_SOLVING: pointing.solve_eq,
    StepKind.CALIBRATION: pointing.calibrate,
    StepKind.GOTO_SOLAR: pointing.goto,
    StepKind.GOTO_MANUAL: pointing.goto,
    StepKind.CAPTURE: capture.capture,
    StepKind.DARK_FRAMES: darks.dark_frames,
    StepKind.FINISH: prepare.go_live,
}

STATUS: dict[StepKind, Status] = {
    StepKind.SET_TIME: Status.PREPARING,
    StepKind.GO_LIVE: Status.PREPARING,
    StepKind.AUTO_FOCUS: Status.FOCUSING,
    StepKind.INFINITE_FOCUS: Status.FOCUSING,
    StepKind.EQ_SOLVING: Status.CALIBRATING,
    StepKind.CALIBRATION: Status.CALIBRATING,
    StepKind.GOTO_SOLAR: Status.SLEWING,
    StepKind.GOTO_MANUAL: Status.SLEWING,
    StepKind.CAPTURE: Status.IMAGING,
    StepKind.DARK_FRAMES: Status.PREPARING,
    StepKind.FINISH: Status.FINISHING,
    StepKind.PARK: Status.FINISHING,
    StepKind.POWER_DOWN: Status.FINISHING,
}

POINTING = frozenset({StepKind.GOTO_SOLAR, StepKind.GOTO_MANUAL})
CLOSING = frozenset({StepKind.FINISH, StepKind.PARK, StepKind.POWER_DOWN})
AFTER_FRAMES = CLOSING | {StepKind.DARK_FRAMES}  # that a session with all its frames has yet to do
SAFING = frozenset({StepKind.PARK, StepKind.POWER_DOWN})  # wishes to the hands, no work on the telescope
