"""Newer clients that are not ours, by their habits: each comes to the end of a capture and to its file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from google.protobuf.message import Message

from agent.telescope.dwarf.proto import astro_pb2 as astro
from agent.telescope.dwarf.proto import camera_pb2 as camera
from agent.telescope.dwarf.proto import common_pb2 as common
from agent.telescope.dwarf.proto import param_pb2 as param
from agent.telescope.dwarf.proto import task_pb2 as task
from agent.telescope.simulator import SimulatedDwarf
from agent.telescope.simulator.history import FrameTaken, ShutterOpened
from tests.support.virtual_loop import run_virtual
from tests.telescope.simulator.client import Frame, WireClient, client_of, telescope
from tests.telescope.simulator.test_newer_captures import STOPPED, asked
from tests.telescope.simulator.test_newer_firmware import COUNT, EXPOSURE

VEGA_HOURS, VEGA_DEGREES = 18.6156, 279.234


class Picky(WireClient):
    """Takes answers of one packet type alone, and gives up on any other."""

    takes = 1

    async def ask(self, cmd: int, message: Message | None = None, *, module: int | None = None) -> Frame:
        await self.send(cmd, message, module=module)
        frame = await self.until(lambda one: one.cmd == cmd and one.type != 2)
        assert frame.type == self.takes, f"{cmd} is answered by a packet of type {frame.type}"
        return frame


@asynccontextmanager
async def picky(sim: SimulatedDwarf, takes: int) -> AsyncIterator[Picky]:
    async with client_of(sim, minor=20, client_id="another") as client:
        own = Picky(client.socket, minor=20, client_id="another")
        own.takes = takes
        yield own


@pytest.mark.parametrize("model", ["D3", "mini"])
@pytest.mark.parametrize("answer_type", [1, 3])
@pytest.mark.parametrize("ra", [VEGA_HOURS, VEGA_DEGREES], ids=["hours", "degrees"])
def test_a_newer_client_comes_to_its_picture(model: str, answer_type: int, ra: float) -> None:
    async def run() -> None:
        options = {"model": model, "generation": "v3", "answer_type": answer_type, "card_port": 0}
        async with (
            telescope(**options, calibrated=True, horizon=False, strict=True) as sim,
            picky(sim, answer_type) as client,
        ):
            for cmd, message in (
                (11010, None),
                (16402, task.SwitchShootingMode(mode=2)),
                (16404, task.EnterCamera(stream=task.EnterCamera.Stream(encode_type=1))),
                (16403, task.SwitchTechnique(tech=2)),
                (10050, camera.PreviewQuality(level=1)),
                (16700, param.SetModeParam(param_id=EXPOSURE, mode=1, value=150)),
                (16703, param.SetIntParam(param_id=COUNT, value=2)),
            ):
                assert (await client.ask(cmd, message)).read(common.ComResponse).code == 0, cmd
            await client.send(11002, astro.GotoDeepSky(ra=ra, dec=38.78, target_name="Vega"))
            await client.notice(15212)
            started = await client.ask(11005, astro.StartCapture(ir_index=1))
            assert started.read(common.ComResponse).code == 0
            await client.notice(15208, STOPPED)
            [item] = await asked(sim, {"mediaType": 6})
            async with (
                aiohttp.ClientSession(f"http://127.0.0.1:{sim.card_port}") as session,
                session.get(str(item["filePath"])) as response,
            ):
                assert (await response.read()).startswith(b"\xff\xd8\xff")
            (opened,) = sim.history.of(ShutterOpened)
            assert opened.ra_hours == pytest.approx(VEGA_HOURS, abs=1e-2)
            assert len(sim.history.of(FrameTaken)) == 2

    run_virtual(run())
