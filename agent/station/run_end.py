"""What a run that is over means to its station."""

from __future__ import annotations

from typing import Any

from agent.errors import Problem
from agent.events import Outcome, SessionResult
from agent.schedule.waiting import Waiting
from agent.session.fields import OnError
from agent.session.plan import Plan, target_json
from agent.store.ends import is_part_of_a_goal


def on_error_of(waiting: Waiting) -> OnError:
    """Return what a failure of this session asks for."""
    return waiting.document.id_command.on_error or OnError.SKIP


def problem_of(result: SessionResult) -> Problem | None:
    """Return what is wrong after this result; None when nothing is."""
    if result.outcome is Outcome.COMPLETED:
        return None
    if result.error is not None:
        return result.error
    if result.outcome is Outcome.PARTIAL and not is_part_of_a_goal(
        result.session.source, result.outcome, result.reason
    ):
        return Problem("partial", result.message)
    return None


def target_of(plan: Plan) -> dict[str, Any] | None:
    """Return where the run pointed last, as it is written down."""
    targets = plan.goto_targets
    return target_json(targets[-1]) if targets else None
