"""What a telescope has collected in all: counted on with each session, never down."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date

from agent.afterwards import TotalsChanged
from agent.events import Event, Outcome, SessionEnded, SessionResult
from agent.sky.nights import night_of
from agent.station.ground import Ground
from agent.store.ended import ended_sessions
from agent.store.folders import Tree

_KEY = "totals"
_REMEMBERED = 20  # sessions counted last: one that is told twice counts once


class Totals:
    """Owner of one telescope's sums, in its state file; made anew from Done/ and Error/ when lost."""

    def __init__(self, ground: Ground, tree: Tree) -> None:
        self._ground = ground
        self._tree = tree
        self._waiting: list[SessionResult] = []
        self._light_s = 0.0
        self._sessions = self._completed = self._nights = 0
        self._night = ""
        self._counted: list[str] = []
        self._known = False
        ground.bus.subscribe(self._hear)

    async def run(self) -> None:
        """Read what is known, or make it; from then on, sessions are counted as they end."""
        if not self._restore(self._ground.state.get(_KEY)):
            await asyncio.to_thread(self._make)
        self._known = True
        waiting, self._waiting = self._waiting, []
        for result in waiting:
            self._count(result)
        self._keep()
        self._ground.bus.publish(self.event())

    def event(self) -> TotalsChanged:
        """The sums as they are now."""
        return TotalsChanged(
            telescope=self._ground.id,
            at=self._ground.clock.now(),
            light_s=self._light_s,
            sessions=self._sessions,
            completed=self._completed,
            nights=self._nights,
        )

    @property
    def known(self) -> bool:
        """Whether the sums are there."""
        return self._known

    def _hear(self, event: Event) -> None:
        if not isinstance(event, SessionEnded) or event.telescope != self._ground.id:
            return
        if not self._known:
            self._waiting.append(event.result)
            return
        self._count(event.result)
        self._keep()
        self._ground.bus.publish(self.event())

    def _count(self, result: SessionResult) -> None:
        began = result.started_at or result.ended_at
        night = night_of(began, self._ground.site, self._ground.zone)
        name, ended = result.session.session_id, result.ended_at.astimezone(UTC).isoformat(timespec="seconds")
        self._add(f"{name} {ended}", night, result.integration_s, result.frames.stacked, result.outcome.value)

    def _add(self, name: str, night: date, light_s: float, stacked: int, outcome: str) -> None:
        if name in self._counted:
            return
        self._counted = [*self._counted, name][-_REMEMBERED:]
        self._sessions += 1
        self._completed += outcome == Outcome.COMPLETED
        self._light_s += max(0.0, light_s)
        if stacked and night.isoformat() > self._night:
            self._nights, self._night = self._nights + 1, night.isoformat()

    def _make(self) -> None:
        found = [
            replace(session, details={}, row={}, document=None)  # thousands of them are held at once
            for session in ended_sessions(self._tree, self._ground.zone, self._ground.site)
        ]
        for session in sorted(found, key=lambda one: one.began_at):
            ended = (session.ended_at or session.began_at).astimezone(UTC).isoformat(timespec="seconds")
            name = f"{session.session_id} {ended}"
            self._add(name, session.night, session.integration_s, session.stacked, session.outcome)

    def _restore(self, known: object) -> bool:
        if not isinstance(known, dict):
            return False
        numbers = [known.get(key) for key in ("light_s", "sessions", "completed", "nights")]
        if not all(isinstance(one, int | float) and one >= 0 for one in numbers):
            return False
        self._light_s, counts = float(known["light_s"]), numbers[1:]
        self._sessions, self._completed, self._nights = (int(one) for one in counts)  # type: ignore[arg-type]
        self._night = str(known.get("night") or "")
        counted = known.get("counted")
        self._counted = [str(one) for one in counted] if isinstance(counted, list) else []
        return True

    def _keep(self) -> None:
        sums = {
            "light_s": round(self._light_s, 3),
            "sessions": self._sessions,
            "completed": self._completed,
            "nights": self._nights,
            "night": self._night,
            "counted": self._counted,
        }
        self._ground.state.set(**{_KEY: sums})
