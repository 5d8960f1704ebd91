"""The turns that a session which failed has had, beside the other facts in its journal.

Failures are counted, not starts: an agent that is restarted takes no turn away.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from agent.capabilities import Camera
from agent.store.journal import JournalFile, instant_in

REST = timedelta(minutes=10)  # a session that failed lets the others by, and the telescope settle, this long

_KEY = "failed"
_GAVE_BACK = "gave_back"


def note_failure(journal: JournalFile, rests_until: datetime) -> None:
    """Note one more turn that failed, and until when the session rests now; StoreError."""
    facts = journal.load() or {}
    journal.save({**facts, _KEY: {"turns": failures(facts) + 1, "rests_until": rests_until.isoformat()}})


def note_turn(journal: JournalFile) -> None:
    """Note that a session which rested, or gave its turn back, has its next turn; StoreError."""
    facts = journal.load() or {}
    rested, before = resting_until(facts) is not None, dict(facts)
    facts.pop(_GAVE_BACK, None)
    if rested:
        facts[_KEY] = {"turns": failures(facts)}
    if facts != before:
        journal.save(facts)


def note_given_back(journal: JournalFile, clock_set_by: timedelta = timedelta(0)) -> None:
    """Note that a session gave its turn back and waits with its frames; StoreError.

    `clock_set_by` is by how much the wall clock was set since the session began.
    """
    facts = {**(journal.load() or {}), _GAVE_BACK: True}
    if clock_set_by and (began := instant_in(facts, "started_at")) is not None:
        facts["started_at"] = (began + clock_set_by).isoformat()
    journal.save(facts)


def gave_back(facts: Mapping[str, Any] | None) -> bool:
    """Return whether a session gave its turn back and had none since."""
    return facts is not None and facts.get(_GAVE_BACK) is True


def frames_of(facts: Mapping[str, Any] | None) -> dict[Camera, int]:
    """Return the frames that a session has from its closed captures, by camera."""
    found = facts.get("frames") if facts else None
    counts = found if isinstance(found, dict) else {}
    taken = {camera: (counts.get(camera.value) or {}).get("taken") for camera in Camera}
    return {camera: count for camera, count in taken.items() if isinstance(count, int) and count > 0}


def failures(facts: Mapping[str, Any] | None) -> int:
    """Return how many turns failed."""
    turns = _failed(facts).get("turns")
    return turns if isinstance(turns, int) and turns > 0 else 0


def resting_until(facts: Mapping[str, Any] | None) -> datetime | None:
    """Return until when a session rests (or rested, and had no turn since); None when it does not."""
    return instant_in(_failed(facts), "rests_until")


def _failed(facts: Mapping[str, Any] | None) -> Mapping[str, Any]:
    failed = facts.get(_KEY) if facts else None
    return failed if isinstance(failed, dict) else {}
