"""The turns that a session which failed has had, beside the other facts in its journal.

Failures are counted, not starts: an agent that is restarted takes no turn away.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agent.store.journal import JournalFile, instant_in

_KEY = "failed"


def note_failure(journal: JournalFile, rests_until: datetime) -> None:
    """Note one more turn that failed, and until when the session rests now; StoreError."""
    facts = journal.load() or {}
    journal.save({**facts, _KEY: {"turns": failures(facts) + 1, "rests_until": rests_until.isoformat()}})


def note_turn(journal: JournalFile) -> None:
    """Note that a session which rested has its next turn; StoreError."""
    facts = journal.load() or {}
    if resting_until(facts) is not None:
        journal.save({**facts, _KEY: {"turns": failures(facts)}})


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
