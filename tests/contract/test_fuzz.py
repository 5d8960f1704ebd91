"""Nonsense on the wire, both ways: only telescope errors come out, and everything goes on afterwards."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect

from agent.capabilities import Camera
from agent.telescope.dwarf.wire.commands import module_of
from agent.telescope.dwarf.wire.envelope import Packet
from agent.telescope.errors import TelescopeError
from agent.telescope.interface import CaptureEnd, ConnectionState
from agent.telescope.simulator.registry import COMMANDS
from tests.contract.stage import BASEL, ORION, Contract, Stage
from tests.support.chance import often
from tests.support.virtual_loop import run_virtual
from tests.telescope.simulator.client import client_of, telescope

fuzzing = settings(
    deadline=None, max_examples=often(12), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
GENERATIONS = st.sampled_from(["v2", "v3"])
GOES_DOWN = (13502, 13505)

varints = st.integers(-(2**31), 2**63 - 1) | st.sampled_from([0, 1, 2, 3, 4, -1, -11501])


def varint(number: int) -> bytes:
    number &= 2**64 - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """A well-formed message of nonsense: numbers, texts and nested bytes in the first dozen fields."""
    out = b""
    for _ in range(draw(st.integers(0, 5))):
        number = draw(st.integers(1, 12))
        if draw(st.booleans()):
            out += varint(number << 3) + varint(draw(varints))
        else:
            inner = draw(st.binary(max_size=12) | st.text(max_size=6).map(str.encode))
            out += varint(number << 3 | 2) + varint(len(inner)) + inner
    return out


commands = st.sampled_from(sorted(set(COMMANDS) - set(GOES_DOWN))) | st.integers(0, 20000)
notifications = st.integers(15200, 15305).map(lambda cmd: (9, cmd))
addresses = commands.map(lambda cmd: (module_of(cmd), cmd)) | notifications
packets = st.builds(
    lambda address, kind, data, device: Packet(*address, kind, data, device).encode(),
    addresses,
    st.sampled_from([0, 1, 2, 3, 3, 2, 77]),
    messages() | st.binary(max_size=40),
    st.sampled_from([0, 1, 2, 3, 4, 99]),
)
frames = packets | st.binary(max_size=60) | st.text(max_size=10) | st.just("pong")


async def only_telescope_errors(*steps: Awaitable[object]) -> None:
    for result in await asyncio.gather(*steps, return_exceptions=True):
        assert result is None or not isinstance(result, BaseException) or isinstance(result, TelescopeError)


def nothing_stumbled(records: list[logging.LogRecord]) -> None:
    worse = [one.getMessage() for one in records if one.levelno >= logging.ERROR]
    assert worse == []


async def works_after_reconnecting(stage: Stage) -> None:
    """The telescope says what is true on a fresh connection; then all is well."""
    telescope = stage.telescope
    stage.network.cut()
    await stage.clock.sleep(120)
    await stage.connected()
    await telescope.take_control()
    await telescope.halt()
    await telescope.go_live()
    report = await stage.captured(2, exposure=120)
    assert (report.taken, report.end) == (2, CaptureEnd.FINISHED)


@fuzzing
@given(generation=GENERATIONS, nonsense=st.lists(frames, min_size=1, max_size=40))
def test_a_telescope_that_talks_nonsense_is_borne(
    contract: Contract, caplog: pytest.LogCaptureFixture, generation: str, nonsense: list[bytes | str]
) -> None:
    caplog.clear()

    async def story(stage: Stage) -> None:
        telescope = stage.telescope

        async def talk() -> None:
            await stage.clock.sleep(0.5)
            for frame in nonsense:
                await stage.sim.clients.clients[0].connection.send(frame)
                await stage.clock.sleep(0.7)

        async with stage.clock.timeout(7200):
            await only_telescope_errors(
                talk(),
                telescope.calibrate(BASEL),
                telescope.auto_focus(),
                telescope.read(Camera.TELE),
                telescope.running_capture(Camera.TELE),
            )
        assert stage.network.connections == 1
        assert telescope.connection in (ConnectionState.CONNECTED, ConnectionState.HELD_BY_OTHER)
        await works_after_reconnecting(stage)

    contract.play(story, generation=generation)
    nothing_stumbled(caplog.records)


@fuzzing
@given(generation=GENERATIONS, noise=st.sampled_from([0.002, 0.02, 0.2]), seed=st.integers(0, 2**16))
def test_a_network_that_flips_bits_is_borne(
    contract: Contract, caplog: pytest.LogCaptureFixture, generation: str, noise: float, seed: int
) -> None:
    caplog.clear()

    async def story(stage: Stage) -> None:
        telescope, begun = stage.telescope, stage.clock.now()
        stage.network.noise = stage.http.noise = noise
        async with stage.clock.timeout(7200):
            await only_telescope_errors(
                telescope.calibrate(BASEL), telescope.read(Camera.TELE), telescope.latest_picture(begun)
            )
            await only_telescope_errors(
                telescope.goto(ORION, BASEL),
                telescope.recorded_captures(Camera.TELE, begun),
            )
        stage.network.noise = stage.http.noise = 0
        await works_after_reconnecting(stage)

    contract.play(story, generation=generation, seed=seed)
    nothing_stumbled(caplog.records)


@settings(deadline=None, max_examples=often(60))
@given(
    generation=st.sampled_from(["v2", "v3", "both"]),
    model=st.sampled_from(["D2", "D3", "mini"]),
    nonsense=st.lists(frames, max_size=40),
)
def test_a_client_that_talks_nonsense_is_borne(
    generation: str, model: str, nonsense: list[bytes | str]
) -> None:
    async def run() -> None:
        async with telescope(generation=generation, model=model, exclusive=False) as sim:
            async with connect(f"ws://127.0.0.1:{sim.port}", proxy=None, ping_interval=None) as socket:
                for frame in nonsense:
                    await socket.send(frame)
                await asyncio.sleep(100)
                async with client_of(sim) as other:
                    assert await other.code(13001) == -13301  # it still knows an empty zone from a good one
                await socket.send("ping")
                while await socket.recv() != "pong":
                    pass
            assert sim.device.errors == []

    run_virtual(run())


@settings(deadline=None, max_examples=often(40))
@given(
    command=st.sampled_from(sorted(COMMANDS)),
    data=messages() | st.binary(max_size=60),
    minor=st.sampled_from([1, 20]),
)
def test_every_command_bears_every_request(command: int, data: bytes, minor: int) -> None:
    packet = Packet(module_of(command), command, data=data, minor_version=minor, client_id="x").encode()

    async def run() -> None:
        async with telescope(calibrated=True) as sim:
            async with connect(f"ws://127.0.0.1:{sim.port}", proxy=None, ping_interval=None) as socket:
                await socket.send(packet)
                await asyncio.sleep(200)
            assert [one.cmd for one in sim.received] == [command]
            assert sim.device.errors == []

    run_virtual(run())
