"""A telescope, a network, and the driver under test: what every story of the contract is played on."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from agent.capabilities import Camera
from agent.clock import Clock, LoopClock
from agent.targets import Site, SkyTarget
from agent.telescope.dwarf.http import CARD_PORT
from agent.telescope.dwarf.telescope import DwarfAddress, DwarfOptions, DwarfTelescope
from agent.telescope.errors import TransientError, UnreachableError
from agent.telescope.interface import CameraSettings, CaptureReport, Telescope, TelescopeEvent
from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions
from tests.contract.transports import PERFECT, Proxy, Transport, for_http, proxied
from tests.support.virtual_loop import run_virtual

BASEL = Site(47.5, 7.6, 280.0, "Europe/Zurich")
ORION = SkyTarget("M 42 Große Ω", 5.588, -5.39)
NIGHT = datetime(2026, 1, 15, 20, 0, tzinfo=UTC)
ONE_SECOND, TEN_SECONDS = 120, 150  # exposure indices
CONNECT_LIMIT_S = 180.0
_TRIES = 12  # of one step on a network that breaks
_PAUSE_S = 15.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a driver finds its telescope."""

    host: str
    port: int
    http_port: int
    card_port: int = CARD_PORT


class Kind(Protocol):
    """A kind of driver: how it is made, and in which time its stories run."""

    name: str

    def finds(self) -> tuple[str, int]:
        """Host and port (0: any) at which it can find a telescope; another one each time."""

    def make(self, place: Place, clock: Clock, *, record: Path | None = None) -> Telescope:
        """A driver for the telescope there, not opened yet."""

    def clock(self) -> Clock:
        """The time of one story."""

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        """Play a story to its end."""


class Native:
    """The driver that speaks to the telescope itself, in simulated time."""

    name = "native"

    def finds(self) -> tuple[str, int]:
        return "127.0.0.1", 0

    def make(self, place: Place, clock: Clock, *, record: Path | None = None) -> Telescope:
        return DwarfTelescope(
            DwarfAddress(place.host, place.port, place.http_port, place.card_port),
            options=DwarfOptions(record=record),
            clock=clock,
            rng=random.Random(1),
        )

    def clock(self) -> Clock:
        return LoopClock(NIGHT)

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        return run_virtual(story)


KINDS: tuple[Kind, ...] = (Native(),)


@dataclass(slots=True)
class Stage:
    """What a story works with: the driver, the telescope as it truly is, and the network between them."""

    sim: SimulatedDwarf
    telescope: Telescope
    clock: Clock
    network: Proxy
    events: list[TelescopeEvent]
    http: Proxy
    _kind: Kind
    _stack: AsyncExitStack

    async def connected(self, telescope: Telescope | None = None) -> None:
        """Wait until the driver is connected."""
        async with self.clock.timeout(CONNECT_LIMIT_S):
            await (telescope or self.telescope).wait_connected()

    async def another(self, transport: Transport = PERFECT, record: Path | None = None) -> Telescope:
        """A new driver for the same telescope, opened and connected, over a network of its own."""
        at = self._kind.finds()
        network = await self._stack.enter_async_context(
            proxied(("127.0.0.1", self.sim.port), transport, 9, at)
        )
        http = await self._stack.enter_async_context(
            proxied(("127.0.0.1", self.sim.http_port), for_http(transport), 9, (at[0], 0))
        )
        place = Place(at[0], network.port, http.port, self.sim.card_port or CARD_PORT)
        telescope = self._kind.make(place, self.clock, record=record)
        await telescope.open()
        self._stack.push_async_callback(telescope.close)
        await self.connected(telescope)
        return telescope

    async def killed(self) -> None:
        """The agent dies: its connection breaks without a word, and nothing of it is left."""
        self.network.refusing = True
        self.network.cut()
        await self.clock.sleep(0.1)
        await self.telescope.close()

    async def step(self, step: Callable[[], Awaitable[T]]) -> T:
        """Take a step as the agent does: again after a pause when the network or the telescope was weak."""
        if not self.network.transport.lasts:
            return await step()
        for _ in range(_TRIES):
            try:
                return await step()
            except (UnreachableError, TransientError):
                await self.clock.sleep(_PAUSE_S)
                await self.connected()
        return await step()

    async def aimed(self, frames: int, exposure: int = TEN_SECONDS) -> None:
        """Camera set up, calibrated, tracking Orion."""
        settings = CameraSettings(exposure=exposure, gain=80, filter=1, count=frames)
        await self.telescope.apply(Camera.TELE, settings)
        await self.telescope.calibrate(BASEL)
        await self.telescope.goto(ORION, BASEL)

    async def captured(self, frames: int = 12, exposure: int = TEN_SECONDS) -> CaptureReport:
        """A whole capture, from a telescope fresh from its box."""
        await self.aimed(frames, exposure)
        await self.telescope.start_capture(Camera.TELE)
        return await self.telescope.follow_capture(Camera.TELE)

    def received(self, *commands: int) -> list[int]:
        """The commands among these that the telescope got, oldest first."""
        return [one.cmd for one in self.sim.received if one.cmd in commands]


@asynccontextmanager
async def staged(
    kind: Kind,
    *faults: str,
    generation: str = "v3",
    model: str = "D3",
    transport: Transport = PERFECT,
    record: Path | None = None,
    connect: bool = True,
    seed: int = 1,
    clock: Clock | None = None,
    **simulated: object,
) -> AsyncIterator[Stage]:
    """A telescope with these faults, and a driver connected to it over that network."""
    clock = clock or kind.clock()
    wanted = SimulatorOptions.from_mapping(
        {
            "model": model,
            "generation": generation,
            "site": BASEL,
            "faults": list(faults),
            "strict": True,
            "card_port": 0,
            **simulated,
        }
    )
    async with AsyncExitStack() as stack:
        sim = await stack.enter_async_context(SimulatedDwarf(wanted, clock))
        at = kind.finds()
        network = await stack.enter_async_context(proxied(("127.0.0.1", sim.port), transport, seed, at))
        http = await stack.enter_async_context(
            proxied(("127.0.0.1", sim.http_port), for_http(transport), seed, (at[0], 0))
        )
        place = Place(at[0], network.port, http.port, sim.card_port or CARD_PORT)
        telescope = kind.make(place, clock, record=record)
        events: list[TelescopeEvent] = []
        telescope.listen(events.append)
        await telescope.open()
        stack.push_async_callback(telescope.close)
        stage = Stage(sim, telescope, clock, network, events, http, kind, stack)
        if connect:
            await stage.connected()
        yield stage


@dataclass(frozen=True, slots=True)
class Contract:
    """Plays stories with one kind of driver."""

    kind: Kind

    def play(self, story: Callable[[Stage], Awaitable[T]], *faults: str, **settings: Any) -> T:
        """Play a story on a fresh stage, and return what it returns."""

        async def run() -> T:
            async with staged(self.kind, *faults, **settings) as stage:
                return await story(stage)

        return self.kind.run(run())
