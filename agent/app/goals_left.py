"""Sessions with a goal as one night plans them: with what is left, by what is noted beside the folders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from agent.app.candidate import Candidate
from agent.capabilities import Capabilities
from agent.errors import AgentError
from agent.planner.goal_progress import Light, frames_to_ask, gathered, group_of, progress_of, wanted_of
from agent.session.document import read_session
from agent.session.goal_nights import CHILD, night_session
from agent.session.plan import make_plan
from agent.sky.catalogue import resolve


def with_what_is_left(
    candidates: Sequence[Candidate],
    lights: Sequence[Light],
    capabilities: Capabilities,
    evening: date,
    begin: datetime,
    zone: ZoneInfo,
) -> list[Candidate]:
    """Return the candidates with each goal as the session of a night; none for what is reached.

    A goal whose child is a candidate itself is left to that.
    """
    names = {one.session_id for one in candidates}
    found = []
    for one in candidates:
        if one.document.goal is None:
            found.append(one)
        elif not any(name.startswith(f"{one.session_id}{CHILD}") for name in names):
            night = _night(one, lights, capabilities, evening, begin, zone)
            found += [night] if night is not None else []
    return found


def goal_lines(
    candidates: Iterable[Candidate], lights: Sequence[Light], capabilities: Capabilities
) -> list[str]:
    """Return how far the groups of these sessions are, a line each."""
    wishes = []
    for one in candidates:
        try:
            wanted = wanted_of(one.document, one.session_id, capabilities, resolve)
        except AgentError:
            continue  # its file says what is wrong
        wishes += [(one.session_id, wish) for wish in wanted.values()]
    return [f"  Goal {group.words()}" for group in progress_of(wishes, lights)]


def _night(
    one: Candidate,
    lights: Sequence[Light],
    capabilities: Capabilities,
    evening: date,
    begin: datetime,
    zone: ZoneInfo,
) -> Candidate | None:
    wanted = wanted_of(one.document, one.session_id, capabilities, resolve)
    ask = {key: frames_to_ask(wish, gathered(wish, lights)) for key, wish in wanted.items()}
    if not any(ask.values()):
        return None
    body = night_session(one.document, group_of(one.document, one.session_id), ask, evening)
    document = read_session(body, name=one.session_id).document
    if document is None:
        return one
    plan = make_plan(document, capabilities, resolve=resolve, begin=one.start or begin, zone=zone)
    return replace(one, document=document, plan=plan)
