"""Into which folder an ended session goes."""

from __future__ import annotations

from agent.reasons import Outcome, Reason, Source
from agent.store.folders import Folder

_FORESEEN = frozenset(
    {
        *(Reason.WEATHER, Reason.TWILIGHT, Reason.SUN, Reason.ALTITUDE, Reason.HORIZON, Reason.MOON),
        *(Reason.WINDOW, Reason.SCHEDULE, Reason.QUEUE, Reason.MISSED),
    }
)


def is_part_of_a_goal(source: str, outcome: str, reason: str | None) -> bool:
    """Whether a session ended for the sky or the hour, and another night goes on with its goal."""
    unfinished = outcome in (Outcome.PARTIAL, Outcome.SKIPPED, Outcome.ABORTED)
    return source == Source.GOAL and unfinished and reason in _FORESEEN


def folder_of_end(source: str, outcome: str, reason: str | None) -> Folder:
    """Return Done/ for what is completed, or a night's part of a goal; Error/ for all else."""
    done = outcome == Outcome.COMPLETED or is_part_of_a_goal(source, outcome, reason)
    return Folder.DONE if done else Folder.ERROR
