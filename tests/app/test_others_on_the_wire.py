"""The phone app captures while the agent is cut off: none of its frames is ours, and none of ours is lost."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from agent.capabilities import Camera
from agent.targets import SkyTarget
from agent.telescope.dwarf.telescope import DwarfAddress, DwarfTelescope
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.interface import CameraSettings
from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions
from agent.telescope.simulator.history import FrameTaken, ShutterClosed, ShutterOpened
from tests.app.conftest import Observatory, session
from tests.app.test_night import PARIS
from tests.contract.transports import PERFECT, Proxy, proxied
from tests.support.tables import every, sliced
from tests.support.virtual_loop import run_virtual

ANDROMEDA = SkyTarget("M 31", 0.712, 41.27)
ORION = SkyTarget("M 42", 5.59, -5.39)
TEN_SECONDS, FIFTEEN_SECONDS = 150, 156  # exposure indices


class Scene:
    """An agent behind a network that can be cut, and a telescope that others reach all the same."""

    def __init__(self, place: Observatory, sim: SimulatedDwarf, network: Proxy) -> None:
        self.place, self.sim, self.network = place, sim, network

    async def cut_off(self) -> None:
        self.network.refusing = True
        self.network.cut()
        await self.place.clock.sleep(5)

    async def phone_app_shoots(self, target: SkyTarget, frames: int, exposure: int) -> None:
        """Point and capture as another client does, and leave while the capture runs."""
        address = DwarfAddress("127.0.0.1", self.sim.port, self.sim.http_port)
        app = DwarfTelescope(address, clock=self.place.clock, rng=random.Random(2))
        await app.open()
        try:
            await app.wait_connected()
            await app.take_control()
            await app.go_live()
            await app.apply(Camera.TELE, CameraSettings(exposure=exposure, gain=60, filter=1, count=frames))
            await app.goto(target, PARIS)
            await app.start_capture(Camera.TELE)
        finally:
            await app.close()

    async def opened(self, count: int) -> None:
        await self.place.until(lambda: len(self.sim.history.of(ShutterOpened)) >= count)

    @property
    def shots(self) -> list[tuple[str, int]]:
        return [(one.target, one.frames) for one in self.sim.history.of(ShutterOpened)]

    @property
    def result(self) -> dict[str, Any]:
        return self.place.results[-1]


@asynccontextmanager
async def scene(place: Observatory, generation: str) -> AsyncIterator[Scene]:
    options = SimulatorOptions.from_mapping(
        {"model": "D3", "generation": generation, "site": PARIS, "calibrated": True, "strict": True}
    )
    async with (
        SimulatedDwarf(options, place.clock) as sim,
        proxied(("127.0.0.1", sim.port), PERFECT, 1) as network,
    ):
        address = DwarfAddress("127.0.0.1", network.port, sim.http_port)
        place.driver = DwarfTelescope(address, clock=place.clock, rng=random.Random(1))
        place.drop("a.json", session())
        async with place.open():
            yield Scene(place, sim, network)


@pytest.mark.parametrize(
    ("generation", "other"), sliced(["v2", "v3"], [(ANDROMEDA, FIFTEEN_SECONDS), (ORION, TEN_SECONDS)])
)
def test_a_start_lost_with_the_link_is_not_credited_with_another_clients_frames(
    observatory: Callable[..., Observatory], generation: str, other: tuple[SkyTarget, int]
) -> None:
    target, exposure = other

    async def night() -> None:
        async with scene(observatory(), generation) as here:
            here.sim.faults.add(f"deaf:command={int(Cmd.START_CAPTURE)},times=1")
            asked = lambda: any(one.cmd == Cmd.START_CAPTURE for one in here.sim.received)  # noqa: E731
            await here.place.until(asked)
            await here.cut_off()
            await here.phone_app_shoots(target, 60, exposure)
            here.network.refusing = False
            await here.place.sessions_ended(1)
            assert here.shots == [(target.name, 60), ("M 42", 12)]
            others, ours = here.sim.history.of(ShutterClosed)
            assert (others.taken, others.reason) == (60, "finished"), "it was not disturbed"
            assert (ours.taken, ours.reason) == (12, "finished")
            assert here.result["result"] == "completed"
            assert here.result["frames"]["taken"] == 12
            assert len(here.result["files"]) == 1
            assert "held_by_other" in [wait["reason"] for wait in here.result["waits"]]

    run_virtual(night())


@pytest.mark.parametrize("generation", every(2, ["v3", "v2"]))
def test_frames_taken_while_cut_off_are_ours_although_another_client_captures_since(
    observatory: Callable[..., Observatory], generation: str
) -> None:
    async def night() -> None:
        async with scene(observatory(), generation) as here:
            await here.opened(1)
            await here.place.clock.sleep(60)
            await here.cut_off()
            await here.place.until(lambda: len(here.sim.history.of(ShutterClosed)) == 1)
            await here.phone_app_shoots(ANDROMEDA, 60, FIFTEEN_SECONDS)
            await here.place.clock.sleep(60)
            here.network.refusing = False
            await here.place.sessions_ended(1)
            assert here.shots == [("M 42", 12), ("M 31", 60)]
            assert here.result["result"] == "completed"
            assert here.result["frames"]["taken"] == 12
            assert ["M 42" in folder for folder in here.result["files"]] == [True]

    run_virtual(night())


@pytest.mark.parametrize("generation", ["v2", "v3"])
def test_a_capture_found_running_says_its_target_before_its_first_frame(
    observatory: Callable[..., Observatory], generation: str
) -> None:
    async def night() -> None:
        async with scene(observatory(), generation) as here:
            await here.opened(1)
            await here.cut_off()
            await here.place.until(lambda: len(here.sim.history.of(ShutterClosed)) == 1)
            await here.phone_app_shoots(ANDROMEDA, 2, FIFTEEN_SECONDS)
            address = DwarfAddress("127.0.0.1", here.sim.port, here.sim.http_port)
            after = DwarfTelescope(address, clock=here.place.clock, rng=random.Random(3))
            await after.open()
            try:
                await after.wait_connected()
                running = await after.running_capture(Camera.TELE)
                assert running is not None
                assert (running.taken, running.target, running.began) == (0, "M 31", None)
            finally:
                await after.close()

    run_virtual(night())


def test_an_abort_while_another_client_holds_the_telescope_credits_what_was_taken(
    observatory: Callable[..., Observatory],
) -> None:
    """It cannot be stopped then, but its album can be read."""

    async def night() -> None:
        async with scene(observatory(), "v3") as here:
            await here.place.until(lambda: len(here.sim.history.of(FrameTaken)) == 3)
            here.sim.faults.add("occupied")
            here.sim.faults.add("drop-link")
            await here.place.clock.sleep(20)
            here.place.say("scope/command", {"command": "abort"})
            await here.place.sessions_ended(1)
            taken = len([one for one in here.sim.history.of(FrameTaken) if one.at <= here.place.clock.now()])
            assert here.result["result"] == "aborted"
            assert 3 < here.result["frames"]["taken"] <= taken
            assert ["M 42" in folder for folder in here.result["files"]] == [True]
            here.sim.faults.clear()

    run_virtual(night())


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("take-control:for_s=280", "held_by_other"), ("drop-link:refuse_s=120", "lost_connection")],
)
@pytest.mark.parametrize("generation", ["v2", "v3"])
def test_a_capture_that_is_out_of_sight_says_so_while_it_goes_on(
    observatory: Callable[..., Observatory], generation: str, fault: str, reason: str
) -> None:
    async def night() -> None:
        async with scene(observatory(), generation) as here:
            await here.place.until(lambda: len(here.sim.history.of(FrameTaken)) == 3)
            here.sim.faults.add(fault)
            await here.place.clock.sleep(20)
            status = here.place.said("status")[-1]
            assert (status["state"], status["reason"]) == ("imaging", reason)
            assert status["message"]
            await here.place.sessions_ended(1)
            assert here.result["result"] == "completed"
            assert here.result["frames"]["taken"] == 12

    run_virtual(night())
