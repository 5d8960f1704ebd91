"""What the events of a session's frames and files say beside their kind."""

from __future__ import annotations

from typing import Any

from agent.afterwards import SessionArchived, SkyChanged
from agent.mqtt.payloads import short


def archived(event: SessionArchived) -> dict[str, Any]:
    """Return the details of `session_archived`."""
    return {
        "session_id": event.session_id,
        "target": short(event.target),
        "complete": event.complete,
        "files": event.files,
        "size": event.size,
        "folder": short(event.folder),
        "deleted": event.deleted,
        "message": short(event.message),
    }


def sky(event: SkyChanged) -> dict[str, Any]:
    """Return the details of `sky_degraded` and `sky_recovered`."""
    return {
        "target": short(event.session.target),
        "kept": round(event.kept, 2),
        "usual": round(event.usual, 2),
        "sudden": event.sudden,
        "reasons": list(event.reasons),
        "message": short(event.message),
    }
