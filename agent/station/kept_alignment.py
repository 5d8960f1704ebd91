"""Calibration and focus as they outlive the agent, with when the telescope was seen to have them last."""

from __future__ import annotations

from datetime import datetime, timedelta

from agent.clock import Clock, aware_instant
from agent.execute.alignment import Alignment
from agent.station.state_file import StateFile

_KEY = "alignment"
_SEEN = "seen_at"
SEEN_EVERY = timedelta(minutes=2)  # it is written down that often that the telescope is still there


class KeptAlignment:
    """Owner of what the state file says of one telescope's alignment; `now` is what it was made of."""

    def __init__(self, state: StateFile, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._written: datetime | None = None
        kept = state.get(_KEY)
        facts = kept if isinstance(kept, dict) else {}
        seen = aware_instant(facts.get(_SEEN))
        self.alignment = Alignment(self._write)
        self._unseen_s: float | None = None
        if seen is not None and seen <= clock.now():
            self._unseen_s = (clock.now() - seen).total_seconds()
            self._restored_at = clock.monotonic()
            self.alignment.restore(facts)

    @property
    def unseen_s(self) -> float:
        """Seconds from the last sight of the telescope in the agent's last life until now; 0 in this one."""
        if self._unseen_s is None:
            return 0.0
        return self._unseen_s + self._clock.monotonic() - self._restored_at

    def seen(self) -> None:
        """The telescope is there, and nobody else has it."""
        self._unseen_s = None
        due = self._written is None or self._clock.now() - self._written >= SEEN_EVERY
        if due and self.alignment.holds:
            self._write()

    def left(self, *, alone: bool) -> None:
        """The telescope goes out of sight; left `alone`, others may have it."""
        if alone:
            self._state.set(**{_KEY: None})
        elif self._unseen_s is None and self.alignment.holds:
            self._write()

    def _write(self) -> None:
        self._written = self._clock.now()
        kept = {**self.alignment.kept(), _SEEN: self._written.isoformat()} if self.alignment.holds else None
        self._state.set(**{_KEY: kept})
