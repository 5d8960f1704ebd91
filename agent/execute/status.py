"""Where a run says what it is doing."""

from __future__ import annotations

from typing import Protocol

from agent.errors import Problem
from agent.events import Reason, Status


class StatusSink(Protocol):
    """Takes the status of the run; the station merges it with what else it knows."""

    def say(self, status: Status, *, step: str = "", reason: Reason | None = None, message: str = "") -> None:
        """Tell the new status."""

    def problem(self, part: str, problem: Problem | None) -> None:
        """Something of one part needs a person's attention, or no longer does."""
