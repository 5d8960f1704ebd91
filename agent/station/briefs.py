"""A session on disk in a few words."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from agent.events import SessionBrief, Source
from agent.session.times import start_instant
from agent.store.model import StoredSession


def brief_of(stored: StoredSession, zone: ZoneInfo) -> SessionBrief:
    """Return what people see of a stored session."""
    document = stored.document
    said = document.id_command.source
    return SessionBrief(
        session_id=stored.session_id,
        target=document.target,
        scheduled_for=start_instant(document, zone, stored.first_seen),
        priority=document.id_command.priority,
        source=Source(said) if said in set(Source) else Source.FILE,
        request_id=document.id_command.request_id,
        warnings=stored.problems,
    )
