"""Watches a simulated telescope beside any test: what should be at rest is at rest, or a problem says why.

Unsafe weather, or nothing running: within a minute the telescope exposes no more, or the published status has
a `problem` that was not there before. As soon as it has been in reach, ten seconds are enough.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from agent.clock import Clock
from agent.mqtt.memory import MemoryBroker
from agent.telescope.simulator import SimulatedDwarf
from agent.telescope.simulator.faults import Deaf, NoAnswer, SlowAnswers
from agent.telescope.simulator.state import Operation

LIMIT_S = 60.0
IN_REACH_LIMIT_S = 10.0
UNHEARD_S = 180.0  # for so long after a start nothing may be known of the weather yet
LATE_S = 1.5  # a stop is on its way, and looks are a second apart
_LOOK_S, _CALM_LOOK_S, _SHUT_LOOK_S = 1.0, 3.0, 8.0
_AT_REST = frozenset({"paused", "stopping", "aborting"})  # a session is there, and must not expose
_WAITS_FOR_TELESCOPE = frozenset({"lost_connection", "held_by_other"})


@dataclass
class Guard:
    """Looks again and again; `broken` is what it saw first that must not be."""

    sim: SimulatedDwarf
    broker: MemoryBroker
    clock: Clock
    telescope: str
    nobody: Callable[[], bool]
    late_s: float
    broken: str = ""
    _since: float | None = None
    _reached: float | None = None
    _unheard: float | None = None
    _before: Any = None
    _known: Any = None
    _heard: dict[str, tuple[bytes, dict[str, Any]]] = field(default_factory=dict)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self.look()
            calm_s = _CALM_LOOK_S if exposes(self.sim) else _SHUT_LOOK_S
            await self.clock.sleep(calm_s if self._since is None else _LOOK_S)

    def look(self) -> None:
        """Judge this instant."""
        now = self.clock.monotonic()
        why = "" if self.nobody() or not exposes(self.sim) else self._must_rest(now)
        problem = self._said("status").get("problem")
        if not why:
            self._since = self._reached = None
            self._known = problem
            return
        if self._since is None:
            self._since, self._before = now, self._known
        self._reached = (self._reached or now) if self._in_reach() else None
        if problem is not None and problem != self._before:
            return
        late = now - self._since > LIMIT_S + self.late_s
        reached = self._reached is not None and now - self._reached > IN_REACH_LIMIT_S + self.late_s
        if (late or reached) and not self.broken:
            began = self.clock.now() - timedelta(seconds=now - self._since)
            self.broken = (
                f"{self.telescope} exposes at {self.clock.now():%H:%M:%S} although {why} since "
                f"{began:%H:%M:%S}, and no problem is published: status {self._said('status')}, "
                f"in reach: {self._in_reach()}, faults: {list(self.sim.faults.active.values())}"
            )

    def _must_rest(self, now: float) -> str:
        """Why it has to be at rest; "" when it may expose."""
        safety, status = self._said("safety"), self._said("status")
        self._unheard = (self._unheard or now) if safety.get("state") == "unknown" else None
        unheard = self._unheard is not None and now - self._unheard < UNHEARD_S
        judged = bool(safety) and safety["policy"] != "ignore" and not unheard
        if judged and not safety["safe"]:
            return f"it is unsafe ({'; '.join(safety['reasons'])})"
        if not status or unheard:
            return ""
        by_itself = self._by_itself()
        if status["state"] in _AT_REST:
            return "" if by_itself else f"its session is {status['state']}"
        if not status["running"]:
            waits = status["session_id"] is not None and status["reason"] in _WAITS_FOR_TELESCOPE
            return "" if waits or by_itself else "nothing runs"
        return ""

    def _by_itself(self) -> bool:
        """Whether it carries out its own schedule, as was told, or may have begun one that was."""
        told = self._said("own_schedule")
        due = told.get("next_at") and datetime.fromisoformat(told["next_at"]) <= self.clock.now()
        return told.get("state") == "imaging" or (told.get("state") == "waiting" and bool(due))

    def _in_reach(self) -> bool:
        faults = self.sim.faults
        hears = not any(faults.holds(kind) for kind in (Deaf, NoAnswer, SlowAnswers))
        return hears and any(one.client_id and not one.frozen for one in self.sim.clients.clients)

    def _said(self, topic: str) -> dict[str, Any]:
        retained = self.broker.retained.get(f"dwarf/{self.telescope}/{topic}")
        if retained is None:
            return {}
        payload, told = self._heard.get(topic, (b"", {}))
        if payload is not retained.payload:  # it is looked at each second, and seldom new
            body = json.loads(retained.payload)
            told = body if isinstance(body, dict) else {}
            self._heard[topic] = retained.payload, told
        return told


def exposes(sim: SimulatedDwarf) -> bool:
    """Whether a shutter is open, in truth; one that was told to stop closes its stack."""
    running = (camera.operation is Operation.RUNNING for camera in sim.state.cameras.values())
    return sim.power == "on" and any(running)


@contextlib.asynccontextmanager
async def at_rest_or_told(
    sim: SimulatedDwarf,
    broker: MemoryBroker,
    clock: Clock,
    telescope: str = "scope",
    nobody: Callable[[], bool] = lambda: False,
    late_s: float = LATE_S,
) -> AsyncIterator[Guard]:
    """Watch this telescope while the context is open; AssertionError at its end for what must not be.

    `nobody` tells when no agent lives that could do anything about it; `late_s` is forgiven a busy machine.
    """
    guard = Guard(sim, broker, clock, telescope, nobody, late_s)
    watching = asyncio.create_task(guard.run(), name="invariant")
    try:
        yield guard
    except BaseException as error:
        if guard.broken:
            error.add_note(guard.broken)
        raise
    finally:
        watching.cancel()
        await asyncio.wait({watching})
    if not watching.cancelled():
        watching.result()
    assert not guard.broken, guard.broken
