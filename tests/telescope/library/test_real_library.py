"""The driver over the real library, against the simulator on the wire.

It runs where DWARF_LIBRARY_PYTHON names an interpreter that can import dwarf_python_api.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from agent.capabilities import Camera
from agent.targets import Site, SkyTarget
from agent.telescope.dwarf.telescope import DwarfAddress
from agent.telescope.errors import TransientError
from agent.telescope.interface import CameraSettings, CaptureEnd, CaptureProgress, ConnectionState
from agent.telescope.library.core import LibraryOptions
from agent.telescope.library.limits import Limits
from agent.telescope.library.telescope import LibraryTelescope
from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions, patient
from agent.telescope.simulator.history import Calibration, Focused, FrameTaken, ShutterClosed, Slew

PYTHON = os.environ.get("DWARF_LIBRARY_PYTHON", "")
BASEL = Site(47.5, 7.6, 280.0, "Europe/Zurich")
ORION = SkyTarget("M 42", 5.588, -5.39)
SPEED = 20.0  # times the simulator's; the library itself takes its own time
TEN_SECONDS = 150  # exposure index
REAL = Limits(calibrate_at_least=2.0, retry_first=0.5, retry_most=2.0)
LIMIT_S = 100

pytestmark = [
    pytest.mark.library,
    pytest.mark.timeout(LIMIT_S),
    pytest.mark.skipif(
        not PYTHON,
        reason="DWARF_LIBRARY_PYTHON does not name an interpreter that can import dwarf_python_api",
    ),
]


@dataclass(slots=True)
class Pair:
    """A telescope, and the driver that speaks to it through the library."""

    sim: SimulatedDwarf
    telescope: LibraryTelescope
    seen: list[CaptureProgress] = field(default_factory=list)

    async def capturing(self, frames: int) -> None:
        """Set up, calibrated, on target, shutter open."""
        settings = CameraSettings(exposure=TEN_SECONDS, gain=80, filter=1, count=frames)
        await self.telescope.apply(Camera.TELE, settings)
        await self.telescope.calibrate(BASEL)
        await self.telescope.goto(ORION, BASEL)
        await self.telescope.start_capture(Camera.TELE)

    async def connected(self) -> None:
        async with asyncio.timeout(30):
            await self.telescope.wait_connected()


# 9900 is the library's only port, so each telescope has a loopback address to itself
@asynccontextmanager
async def pair(host: str, *faults: str, model: str = "D3", generation: str = "v2") -> AsyncIterator[Pair]:
    wanted = {
        "model": model,
        "generation": generation,
        "host": host,
        "port": 9900,
        "http_port": 8082,
        "speed": SPEED,
        "site": BASEL,
        "horizon": False,
        "faults": list(faults),
    }
    async with AsyncExitStack() as stack:
        options = patient(SimulatorOptions.from_mapping(wanted))
        sim = await stack.enter_async_context(SimulatedDwarf(options))
        telescope = LibraryTelescope(
            DwarfAddress(host, 9900, 8082),
            options=LibraryOptions(python=PYTHON),
            limits=REAL,
            clock=sim.clock,
        )
        await telescope.open()
        stack.push_async_callback(telescope.close)
        made = Pair(sim, telescope)
        await made.connected()
        yield made


@pytest.mark.parametrize("model", ["D3", "mini"])
async def test_a_session_takes_every_frame_it_was_asked_for(model: str) -> None:
    async with pair("127.0.94.1", model=model) as one:
        telescope, begun = one.telescope, one.sim.clock.now() - timedelta(seconds=1)
        settings = CameraSettings(exposure=TEN_SECONDS, gain=80, filter=1, format="FITS", count=6)
        await telescope.take_control()
        await telescope.set_time(one.sim.clock.now(), BASEL.timezone, BASEL)
        await telescope.go_live()
        await telescope.infinite_focus()
        await telescope.apply(Camera.TELE, settings)
        read = await telescope.read(Camera.TELE)
        assert (read.exposure, read.gain, read.filter, read.format, read.count) == (150, 80, 1, "FITS", 6)
        await telescope.solve_eq(BASEL)
        await telescope.calibrate(BASEL)
        await telescope.goto(ORION, BASEL)
        await telescope.start_capture(Camera.TELE)
        report = await telescope.follow_capture(Camera.TELE, one.seen.append)

        assert (report.taken, report.stacked, report.end) == (6, 6, CaptureEnd.FINISHED)
        assert [now.taken for now in one.seen] == sorted(now.taken for now in one.seen)
        assert one.seen[-1].taken == 6
        picture = await telescope.latest_picture(begun)
        assert picture is not None
        assert picture.path.startswith(report.folder)
        await telescope.go_live()
        await telescope.park()
        journal = one.sim.history
        (closed,) = journal.of(ShutterClosed)
        assert (closed.taken, closed.reason) == (6, "finished")
        assert [taken.number for taken in journal.of(FrameTaken)] == [1, 2, 3, 4, 5, 6]
        assert [calibration.code for calibration in journal.of(Calibration)] == [0]
        (slew,) = journal.of(Slew)
        assert (slew.ra_hours, slew.dec_degrees) == pytest.approx((ORION.ra_hours, ORION.dec_degrees))
        assert journal.of(Focused)
        await telescope.shutdown()
        async with asyncio.timeout(10):
            while one.sim.power != "off":  # it says goodbye first
                await one.sim.clock.sleep(1)


async def test_a_capture_is_aborted_and_a_cancelled_calibration_is_stopped() -> None:
    async with pair("127.0.94.2") as one:
        await one.capturing(frames=999)
        follow = asyncio.create_task(one.telescope.follow_capture(Camera.TELE))
        await one.telescope.halt()
        report = await follow
        assert report.end is CaptureEnd.STOPPED
        (closed,) = one.sim.history.of(ShutterClosed)
        assert closed.reason != "finished"
        assert report.taken == closed.taken

        calibration = asyncio.create_task(one.telescope.calibrate(BASEL))
        async with asyncio.timeout(10):
            while [request.cmd for request in one.sim.received].count(11000) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        calibration.cancel()
        await one.telescope.halt()
        stops = [request.cmd for request in one.sim.received if request.cmd in (11001, 11004)]
        assert stops[-2:] == [11001, 11004]


async def test_a_killed_process_and_a_lost_link_do_not_end_a_capture() -> None:
    async with pair("127.0.94.3") as one:
        await one.capturing(frames=50)
        follow = asyncio.create_task(one.telescope.follow_capture(Camera.TELE, one.seen.append))
        pid = one.telescope._core.process.pid
        assert pid is not None
        os.kill(pid, 9)
        async with asyncio.timeout(10):
            while one.telescope.connection is ConnectionState.CONNECTED:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await one.connected()
        progress = await one.telescope.running_capture(Camera.TELE)
        assert progress is not None
        with pytest.raises(TransientError, match="already captures"):
            await one.telescope.start_capture(Camera.TELE)
        one.sim.clients.cut(refuse_s=2 * SPEED)
        async with asyncio.timeout(10):
            while one.telescope.connection is ConnectionState.CONNECTED:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert not follow.done()
        report = await follow
        assert (report.taken, report.end) == (50, CaptureEnd.FINISHED)
        assert len(one.sim.history.of(ShutterClosed)) == 1


async def test_two_telescopes_capture_at_once() -> None:
    async with pair("127.0.94.4") as one, pair("127.0.94.5", model="D2") as other:

        async def session(each: Pair, frames: int) -> int:
            await each.capturing(frames)
            return (await each.telescope.follow_capture(Camera.TELE)).taken

        assert await asyncio.gather(session(one, 5), session(other, 7)) == [5, 7]
        assert (one.telescope.capabilities.model, other.telescope.capabilities.model) == ("D3", "D2")
