"""A session as a night is planned with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from agent.capabilities import Camera
from agent.session.document import SessionDocument
from agent.session.plan import Plan

GOES_ON = 2  # the rank of a session that runs, or goes on after a restart


@dataclass(frozen=True, slots=True)
class Candidate:
    """A session that may run: its plan and its times (aware UTC; a start of None is as soon as possible).

    `seen`, `taken` and `rank` are those of a session that waits in a queue.
    """

    session_id: str
    document: SessionDocument
    plan: Plan
    start: datetime | None
    end: datetime | None
    seen: datetime | None = None
    taken: Mapping[Camera, int] | None = None
    rank: int = 0
