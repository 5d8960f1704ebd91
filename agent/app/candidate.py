"""A session as a night is planned with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from agent.capabilities import Camera
from agent.session.document import SessionDocument
from agent.session.plan import Plan

GOES_ON, FORCED = 2, 1  # the ranks of what runs or goes on after a restart, and of what a person wants now


@dataclass(frozen=True, slots=True)
class Candidate:
    """A session that may run: its plan and its times (aware UTC; a start of None is as soon as possible).

    `seen`, `taken`, `rank` and until when it `rests` are those of a session that waits in a queue.
    """

    session_id: str
    document: SessionDocument
    plan: Plan
    start: datetime | None
    end: datetime | None
    seen: datetime | None = None
    taken: Mapping[Camera, int] | None = None
    rank: int = 0
    rests_until: datetime | None = None
