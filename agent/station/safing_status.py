"""What people see and read while a telescope is brought to rest: status, problem, log."""

from __future__ import annotations

import logging

from agent.errors import Problem
from agent.events import Status
from agent.goals import Goal, GoalKind
from agent.station.status import StationStatus
from agent.telescope.errors import TransientError

_LOGGER = logging.getLogger(__name__)

DOING = {GoalKind.STOPPED: "stopped", GoalKind.PARKED: "parked", GoalKind.OFF: "switched off"}
_PROBLEM, _LOOKING = "hands", "looking"
_LOOK = "Look after it if you can."


class StillCapturingError(TransientError):
    """The telescope was told to stop, and captures."""

    code = "still_capturing"


class SafingStatus:
    """Owner of what is told of a goal's attempts, and of what stands in their way."""

    def __init__(self, status: StationStatus) -> None:
        self._status = status
        self.attempts = 0
        self.trouble = ""

    def begins(self, goal: Goal, *, capturing: bool, parked: bool) -> None:
        """Another attempt begins; of a telescope that is at rest nothing is told."""
        if capturing or self.attempts > 1:
            self._stopping(goal)
        elif goal.off or (goal.park and not parked):
            doing = "switching off" if goal.off and (parked or not goal.park) else "parking"
            self._status.safing(Status.FINISHING, goal.reason, f"{doing} the telescope: {goal.message}")

    def fails(self, goal: Goal, why: str, hint: str, *, capturing: bool) -> None:
        """The goal is not reached yet."""
        self.trouble = why
        wanted = DOING[GoalKind.STOPPED if capturing else goal.kind]
        level = logging.WARNING if self.attempts <= 1 else logging.DEBUG
        _LOGGER.log(level, "The telescope is not %s yet: %s", wanted, why)
        message = f"The telescope is not {wanted} yet: {why.rstrip('.')}. The agent goes on trying."
        self._status.problem(_PROBLEM, Problem("not_safe", message, hint or _LOOK))
        if capturing:
            self._stopping(goal)

    def left(self) -> None:
        """The agent ends before the telescope was seen to stop."""
        message = "The telescope was not seen to stop before the agent ended."
        hint = f"{_LOOK} The agent goes on trying after its next start."
        self._status.problem(_PROBLEM, Problem("not_safe", message, hint))

    def unseen(self, why: str) -> None:
        """A telescope that came to rest cannot be looked at any more."""
        message = f"Whether the telescope still stands still is not seen: {why}. The agent looks again."
        hint = f"{_LOOK} Please report it with the log."
        self._status.problem(_LOOKING, Problem("not_seen", message, hint))

    def seen(self) -> None:
        """It was looked at, or cannot be because it is not there."""
        self._status.problem(_LOOKING, None)

    def over(self) -> None:
        """The goal is reached, or there is none any more."""
        self.attempts, self.trouble = 0, ""
        self._status.problem(_PROBLEM, None)
        self._status.safing(None)

    def _stopping(self, goal: Goal) -> None:
        self._status.safing(Status.STOPPING, goal.reason, f"stopping the telescope: {goal.message}")
