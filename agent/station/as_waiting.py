"""A stored session as it waits in a queue: with what its journal and its place before say of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent.schedule.waiting import Waiting
from agent.session.document import SessionDocument
from agent.session.times import window_end
from agent.station.briefs import brief_of
from agent.store.folders import Folder
from agent.store.journal import instant_in
from agent.store.model import StoredSession
from agent.store.turns import REST, frames_of, gave_back, resting_until


def as_waiting(
    stored: StoredSession,
    facts: Mapping[str, Any] | None,
    zone: ZoneInfo,
    now: datetime,
    *,
    before: Waiting | None = None,
    forced: bool = False,
) -> Waiting:
    """Return it without its plan; one that rests, or was wanted at once, still is. `facts`: its journal's."""
    document, brief = stored.document, brief_of(stored, zone)
    start = brief.scheduled_for
    began, rests = instant_in(facts, "started_at"), resting_until(facts)
    seen = min(stored.first_seen, began or stored.first_seen)  # in a later life it is seen anew
    given = gave_back(facts)
    if before is not None:
        began, rests, given = began and before.began, before.rests_until, before.gave_back
    elif rests is not None and not given:
        rests, began = min(rests, now + REST), None  # by a clock that was set back meanwhile
    return Waiting(
        brief,
        document,
        None,
        start,
        window_end(document, zone, seen, start=start),
        stored.first_seen,
        resume=began is not None and not given,
        began=began,
        forced=forced or (before is not None and before.forced),
        rests_until=rests,
        gave_back=given,
        taken=frames_of(facts),
    )


def imagined(session_id: str, document: SessionDocument, zone: ZoneInfo, now: datetime) -> Waiting:
    """Return a session as it would wait if it were put into ToDo/ now."""
    stored = StoredSession(session_id, f"{session_id}.json", Folder.TO_DO, document, (), now)
    return as_waiting(stored, None, zone, now)
