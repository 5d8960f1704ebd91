"""The command `queue`: one of tonight's suggestions becomes a session that waits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection

from agent.app.suggestions import objects
from agent.errors import AgentError, errors_of
from agent.importing.model import ImportedFile
from agent.planner.suggestion_words import imported
from agent.planner.suggestions import Suggestion, Suggestions
from agent.requests import Code, Command, Reply, Submission
from agent.station.replies import done, refused, text_of
from agent.station.station import Station
from agent.station.submissions import Submissions
from agent.store.lists import template_of

Latest = Callable[[str], Suggestions | None]
"""Gives a telescope's suggestions; None while there are none."""

_WHAT = "tonight's best"
_AGAIN = "They are made anew at solar noon, and when what they are made from changes."


async def queue_suggestion(
    command: Command, station: Station, submissions: Submissions, found: Suggestions | None
) -> Reply:
    """Make a session as an import does: of the suggestion named by `target` or `number`, else of the best
    that does not wait yet.
    """
    if found is None or not found.best:
        why = (
            found.why_none
            if found is not None
            else "Nothing is suggested (yet, or switched off: suggestions)."
        )
        return refused(command, Code.NOT_ALLOWED, why, _AGAIN)
    waiting = await asyncio.to_thread(objects, targets_waiting(station))
    chosen = _chosen(command, found, waiting)
    if isinstance(chosen, Reply):
        return chosen
    if chosen.entry.name in waiting:
        return refused(command, Code.NOT_ALLOWED, f"{chosen.title} waits in the queue already.")
    body = await asyncio.to_thread(_body, chosen, station)
    told = await submissions.submit(Submission(body, request_id=command.request_id))
    if told.accepted:
        return done(command, told.message)
    return refused(command, told.code, told.message, next((one.hint for one in told.errors), ""))


def targets_waiting(station: Station) -> list[str]:
    """Return the targets of the sessions that wait, and of the one that runs."""
    running = station.running
    queue = [waiting.brief.target for waiting in station.dispatcher.queue]
    return [*queue, *([running.waiting.brief.target] if running is not None else [])]


def _chosen(command: Command, found: Suggestions, waiting: Collection[str]) -> Suggestion | Reply:
    target, number = text_of(command, "target"), command.arguments.get("number")
    if target:
        spelt = _spelt(target)
        for one in found.best:
            if spelt in map(_spelt, one.entry.names):
                return one
        names = ", ".join(one.entry.name for one in found.best)
        return refused(command, Code.INVALID, f"{target!r} is not suggested tonight.", f"One of: {names}.")
    if number is not None:
        most = len(found.best)
        if isinstance(number, int) and not isinstance(number, bool) and 0 < number <= most:
            return found.best[number - 1]
        return refused(command, Code.INVALID, f"number must be 1 to {most}, not {number!r}.")
    fresh = next((one for one in found.best if one.entry.name not in waiting), None)
    return fresh or refused(
        command, Code.NOT_ALLOWED, "All of tonight's suggestions wait in the queue already."
    )


def _body(chosen: Suggestion, station: Station) -> dict[str, object]:
    from agent.importing.sessions import prepare

    file = ImportedFile(_WHAT, (imported(chosen),))
    (made,) = prepare(file, chosen.entry.name, template_of(station.store.tree.root), lambda *_: ())
    if made.data is None:
        problems = errors_of(made.problems)
        raise AgentError(f"{chosen.title}: {problems[0]}", code=Code.FAILED.value)
    body: dict[str, object] = json.loads(made.data)
    return body


def _spelt(name: str) -> str:
    return name.casefold().replace(" ", "")
