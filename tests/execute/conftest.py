"""What the executor's tests share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.capabilities import Camera
from agent.clock import LoopClock
from agent.errors import AgentError, Problem
from agent.events import (
    Event,
    EventBus,
    Reason,
    SessionBrief,
    SessionProgress,
    SessionResult,
    Status,
    StatusChanged,
)
from agent.execute.cap import Cap
from agent.execute.context import ExecutorOptions, Job, Surroundings
from agent.execute.orders import Orders
from agent.execute.run import SessionRun
from agent.session.document import read_session
from agent.session.plan import make_plan
from agent.station.ground import Ground
from agent.station.hands import Hands
from agent.station.state_file import StateFile
from agent.station.status import StationStatus
from agent.targets import Site, Target
from tests.support.fake_telescope import CAPABILITIES, FakeTelescope
from tests.support.virtual_loop import run_virtual

DUSK = datetime(2026, 3, 12, 18, 0, tzinfo=UTC)
SITE = Site(48.85, 2.35, 35, "Europe/Paris")


class MemoryJournal:
    """A journal file in memory; it outlives the run, as a disk would."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] | None = None

    def load(self) -> dict[str, Any] | None:
        return self.facts

    def save(self, facts: dict[str, Any]) -> None:
        self.facts = facts


class Guard:
    """Allows every goto, or none."""

    def __init__(self, forbid: str = "") -> None:
        self.forbid = forbid
        self.asked: list[tuple[Target, float]] = []

    def permit(self, target: Target, *, seconds: float) -> None:
        self.asked.append((target, seconds))
        if self.forbid:
            raise AgentError(self.forbid, code="sun_limit")


@dataclass
class Said:
    """What the status said."""

    lines: list[tuple[Status, Reason | None, str]] = field(default_factory=list)
    problems: dict[str, Problem | None] = field(default_factory=dict)

    def say(self, status: Status, *, step: str = "", reason: Reason | None = None, message: str = "") -> None:
        self.lines.append((status, reason, message))

    def problem(self, part: str, problem: Problem | None) -> None:
        self.problems[part] = problem

    @property
    def statuses(self) -> list[Status]:
        return [status for status, _, _ in self.lines]


def session(**sections: Any) -> dict[str, Any]:
    """A session document: goto and 12 frames of 15 s, changed by the given sections."""
    body: dict[str, Any] = {
        "id_command": {"max_retries": 2},
        "goto_manual": {"do_action": True, "target": "M 42", "ra_coord": 5.59, "dec_coord": -5.39},
        "setup_camera": {"do_action": True, "exposure": "15", "gain": 80, "count": 12},
    }
    body.update(sections)
    return {"command": {key: value for key, value in body.items() if value is not None}}


class Bench:
    """One session on the fake telescope, in simulated time."""

    def __init__(self) -> None:
        self.clock = LoopClock(DUSK)
        self.telescope = FakeTelescope(self.clock)
        self.orders = Orders()
        self.journal = MemoryJournal()
        self.guard = Guard()
        self.said = Said()
        self.events: list[Event] = []
        self.options = ExecutorOptions()
        self.cap = Cap()
        self.capabilities = CAPABILITIES
        self.bus = EventBus()
        self.bus.subscribe(self.events.append)
        self.state = StateFile(Path("state.json"))
        self.state.set = lambda **_: None  # type: ignore[method-assign]
        self._hands: Hands | None = None
        self.serving: asyncio.Task[None] | None = None
        self.shown: list[StatusChanged] = []  # what the station's status said of its hands
        self.problems: list[Problem] = []

    @property
    def hands(self) -> Hands:
        """A station's hands on the telescope, at work from their first use on."""
        if self._hands is None:
            zone = ZoneInfo(SITE.timezone)
            ground = Ground("scope", self.telescope, self.clock, zone, SITE, self.bus, self.state)
            status = StationStatus("scope", self.clock, self._told)
            self._hands = Hands(ground, self.telescope, status)
            self.serving = asyncio.ensure_future(self._hands.serve())
        return self._hands

    def _told(self, status: StatusChanged) -> None:
        self.shown.append(status)
        if status.problem is not None:
            self.problems.append(status.problem)

    @property
    def progress(self) -> list[SessionProgress]:
        return [event for event in self.events if isinstance(event, SessionProgress)]

    def run_of(self, document: dict[str, Any]) -> SessionRun:
        reading = read_session(document, name="m42")
        assert reading.document is not None, reading.problems
        plan = make_plan(reading.document, self.capabilities)
        around = Surroundings(
            self.telescope,
            self.hands,
            "scope",
            SITE,
            SITE.timezone,
            self.clock,
            self.events.append,
            self.said,
            self.options,
            self.cap,
        )
        job = Job(SessionBrief("m42", plan.target), plan, self.journal, self.guard)
        return SessionRun(around, job, self.orders)

    def run(
        self, document: dict[str, Any], *meanwhile: Callable[[], Awaitable[None]]
    ) -> SessionResult | None:
        """Run a session while other things happen; those may be cut off by its end."""

        async def main() -> SessionResult | None:
            tasks = [asyncio.ensure_future(action()) for action in meanwhile]
            result = await self.run_of(document).execute()
            for task in tasks:
                task.cancel()
            for task in tasks:
                if task.done() and not task.cancelled():
                    task.result()
            return result

        return run_virtual(main())

    def result_of(self, document: dict[str, Any], *meanwhile: Callable[[], Awaitable[None]]) -> SessionResult:
        """Run a session that comes to its end."""
        result = self.run(document, *meanwhile)
        assert result is not None
        return result

    async def after_frames(self, frames: int) -> None:
        """Return when the telescope took that many frames in all."""
        while sum(capture.taken for capture in self.telescope.captures) < frames:
            await self.clock.sleep(0.1)

    def frames_on_telescope(self, camera: Camera = Camera.TELE) -> int:
        return sum(c.taken for c in self.telescope.captures if c.camera is camera)


@pytest.fixture
def bench() -> Bench:
    return Bench()
