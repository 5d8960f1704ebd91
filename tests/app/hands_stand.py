"""The hands alone on a scripted telescope: for the rules that a whole night reaches only by chance."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent.capabilities import Camera
from agent.clock import LoopClock
from agent.errors import Problem
from agent.events import EventBus, Reason, Status, StatusChanged
from agent.goals import Level, Wish
from agent.own_schedule import OwnSchedule
from agent.station.ground import Ground
from agent.station.hands import Hands
from agent.station.status import StationStatus
from agent.targets import Site
from agent.telescope.interface import (
    CaptureEnd,
    CaptureProgress,
    CaptureReport,
    ConnectionChanged,
    ConnectionState,
    Identity,
    TelescopeEvent,
)
from tests.support.fake_telescope import FakeTelescope
from tests.support.virtual_loop import run_virtual

DUSK = datetime(2026, 3, 12, 18, 0, tzinfo=UTC)
SITE = Site(48.85, 2.35, 35.0, "Europe/Paris")
TELE, WIDE = Camera.TELE, Camera.WIDE


class Memory:
    """A state file without a file."""

    def __init__(self, **facts: Any) -> None:
        self.facts = facts

    def get(self, key: str) -> Any:
        return self.facts.get(key)

    def set(self, **facts: Any) -> None:
        self.facts.update(facts)


class Scripted(FakeTelescope):
    """Writes down when it is asked for what; `link`, `shutters` and `takes` are what it is told to be."""

    def __init__(self, clock: LoopClock) -> None:
        super().__init__(clock)
        self.link = ConnectionState.CONNECTED
        self.shutters: set[Camera] = set()  # those that are open, whatever we think
        self.deaf = 0  # stops it does not hear
        self.takes: dict[str, float] = {}  # seconds a command takes; none without
        self.known = True
        self.own: tuple[OwnSchedule, ...] = ()  # its own schedules, once it `own_told` of them
        self.own_told = True
        self.ends: dict[Camera, CaptureReport] = {}  # what a stop of that camera brings
        self.facts: dict[str, Any] = {}  # what it tells of a running capture besides its frames
        self.errors: dict[str, list[Exception]] = {}
        self.asked: list[tuple[float, str]] = []

    @property
    def connection(self) -> ConnectionState:
        return self.link

    @property
    def identity(self) -> Identity | None:
        return super().identity if self.known else None

    @property
    def schedules(self) -> tuple[OwnSchedule, ...]:
        return self.own

    @property
    def schedules_told(self) -> bool:
        return self.own_told

    def names(self) -> list[str]:
        """What it was asked for since the last look, questions left out."""
        found = [name for _, name in self.asked if not name.startswith("running")]
        self.asked.clear()
        return found

    def times(self, name: str) -> list[float]:
        return [at for at, asked in self.asked if asked == name]

    def tell(self, event: TelescopeEvent) -> None:
        if isinstance(event, ConnectionChanged):
            self.link = event.state
        for listener in tuple(self._listeners):
            listener(event)

    async def _do(self, name: str, seconds: float | None = None) -> None:
        self.asked.append((self.clock.monotonic(), name))
        await self.clock.sleep(self.takes.get(name, 0.0))
        if self.errors.get(name):
            raise self.errors[name].pop(0)

    async def take_control(self) -> None:
        await self._do("take_control")
        if self.link is ConnectionState.RESTING:
            self.tell(ConnectionChanged(ConnectionState.CONNECTED))

    async def halt(self) -> None:
        await self._do("halt")
        if self.deaf:
            self.deaf -= 1
        else:
            self.shutters.clear()

    async def stop_capture(self, camera: Camera) -> CaptureReport:
        await self._do(f"stop {camera.value}")
        return self.ends.get(camera) or CaptureReport(camera, 7, 6, CaptureEnd.STOPPED, "/there", 12)

    async def running_capture(self, camera: Camera) -> CaptureProgress | None:
        await self._do(f"running {camera.value}")
        seen = CaptureProgress(camera, 1, 1, 12, **self.facts)
        return seen if camera in self.shutters else None


class Stand:
    """Hands with their telescope, and what they say."""

    def __init__(self, **kept: Any) -> None:
        self.clock = LoopClock(DUSK)
        self.telescope = Scripted(self.clock)
        self.said: list[StatusChanged] = []
        self.status = StationStatus("scope", self.clock, self.said.append)
        self.status.link(ConnectionState.CONNECTED)
        self.memory = Memory(**kept)
        zone = ZoneInfo(SITE.timezone)
        ground = Ground(
            "scope",
            self.telescope,
            self.clock,
            zone,
            SITE,
            EventBus(),
            self.memory,  # type: ignore[arg-type]
        )
        self.ground = ground
        self.hands = Hands(ground, self.telescope, self.status)
        self.serving: asyncio.Task[None] | None = None

    def serve(self) -> None:
        self.serving = asyncio.create_task(self.hands.serve())

    @property
    def problem(self) -> Problem | None:
        return self.said[-1].problem if self.said else None

    @property
    def shown(self) -> tuple[Status, Reason | None, str]:
        last = self.said[-1]
        return last.status, last.reason, last.message

    async def moved(self) -> None:
        """The telescope was moved, and its tele shutter is open."""
        await self.hands.perform(Level.SESSION, lambda telescope: telescope.auto_focus())
        self.opened(TELE)
        self.telescope.asked.clear()

    def opened(self, camera: Camera) -> None:
        self.hands.capture_opened(camera)
        self.telescope.shutters.add(camera)

    async def soon(self) -> None:
        """Let everything happen that needs no time."""
        await self.clock.sleep(0.001)


def stood(story: Callable[[Stand], Awaitable[Any]], **kept: Any) -> Any:
    async def main() -> Any:
        stand = Stand(**kept)
        try:
            return await story(stand)
        finally:
            if stand.serving is not None:
                if stand.serving.done():
                    stand.serving.result()
                stand.serving.cancel()

    return run_virtual(main())


def wish(level: Level = Level.SAFETY, message: str = "rain", **more: bool) -> Wish:
    return Wish(level, Reason.WEATHER, message, **more)
