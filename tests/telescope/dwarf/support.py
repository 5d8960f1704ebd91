"""A driver and a simulated telescope in one loop whose time jumps."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from agent.capabilities import Camera
from agent.clock import LoopClock
from agent.targets import Site, SkyTarget
from agent.telescope.dwarf.http import CARD_PORT
from agent.telescope.dwarf.limits import Limits
from agent.telescope.dwarf.media import MEDIA_PORT
from agent.telescope.dwarf.telescope import DwarfAddress, DwarfOptions, DwarfTelescope
from agent.telescope.interface import CameraSettings, TelescopeEvent
from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions
from tests.support.virtual_loop import run_virtual

BASEL = Site(47.5, 7.6, 280.0, "Europe/Zurich")
ORION = SkyTarget("M 42 Große Ω", 5.588, -5.39)
NIGHT = datetime(2026, 1, 15, 20, 0, tzinfo=UTC)
CONNECT_LIMIT_S = 120.0

T = TypeVar("T")


@dataclass(slots=True)
class Bench:
    """What a test works with."""

    sim: SimulatedDwarf
    telescope: DwarfTelescope
    clock: LoopClock
    events: list[TelescopeEvent] = field(default_factory=list)

    async def connected(self) -> None:
        async with self.clock.timeout(CONNECT_LIMIT_S):
            await self.telescope.wait_connected()

    async def aimed(self, frames: int = 3, exposure: int = 150) -> None:
        """Ten-second frames set up, calibrated, on Orion."""
        await self.telescope.apply(
            Camera.TELE, CameraSettings(exposure=exposure, gain=80, filter=1, count=frames)
        )
        await self.telescope.calibrate(BASEL)
        await self.telescope.goto(ORION, BASEL)

    def another(self, options: DwarfOptions | None = None, limits: Limits | None = None) -> DwarfTelescope:
        """A second driver for the same telescope, as after a restart of the agent."""
        return DwarfTelescope(
            address_of(self.sim), options=options, limits=limits, clock=self.clock, rng=random.Random(2)
        )


def address_of(sim: SimulatedDwarf) -> DwarfAddress:
    """Every port of a simulated telescope."""
    streams = sim.stream_port or MEDIA_PORT
    card = sim.card_port or CARD_PORT
    return DwarfAddress("127.0.0.1", sim.port, sim.http_port, card, stream_port=streams)


@asynccontextmanager
async def bench(
    *faults: str,
    generation: str = "v3",
    model: str = "D3",
    options: DwarfOptions | None = None,
    limits: Limits | None = None,
    connect: bool = True,
    **simulated: object,
) -> AsyncIterator[Bench]:
    """A telescope with these faults, and a driver connected to it."""
    clock = LoopClock(NIGHT)
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
    async with SimulatedDwarf(wanted, clock) as sim:
        telescope = DwarfTelescope(
            address_of(sim),
            options=options,
            limits=limits,
            clock=clock,
            rng=random.Random(1),
        )
        made = Bench(sim, telescope, clock)
        telescope.listen(made.events.append)
        await telescope.open()
        try:
            if connect:
                await made.connected()
            yield made
        finally:
            await telescope.close()


def on_bench(test: Callable[[Bench], Awaitable[T]], *faults: str, **settings: object) -> T:
    """Run a test on a bench, in simulated time."""

    async def run() -> T:
        async with bench(*faults, **settings) as made:  # type: ignore[arg-type]
            return await test(made)

    return run_virtual(run())
