"""How newer firmware captures: held for want of darks, told by camera, hard to stop, listed its own way."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from agent.execute.frame_counter import SHORTEST_FRAME_S
from agent.telescope.dwarf.proto import astro_pb2 as astro
from agent.telescope.dwarf.proto import notify_pb2 as notify
from agent.telescope.dwarf.proto import param_pb2 as param
from agent.telescope.simulator import HardwareRule, SimulatedDwarf, SimulatorOptions, patient
from agent.telescope.simulator.history import FrameTaken, ShutterOpened
from tests.support.virtual_loop import run_virtual
from tests.telescope.simulator.client import WireClient, connected
from tests.telescope.simulator.test_newer_firmware import COUNT, EXPOSURE, VEGA, enter

RUNNING, STOPPED, IDLE = b"\x08\x01", b"\x08\x03", b""
WIDE_RUNNING, WIDE_STOPPED, WIDE_IDLE = b"\x08\x01\x10\x01", b"\x08\x03\x10\x01", b"\x10\x01"
WIDE_EXPOSURE, WIDE_COUNT = 0x0201100000000001, 0x0202100000000010


async def aimed(client: WireClient, *, frames: int = 2) -> None:
    """Ten-second frames, on Vega."""
    await enter(client)
    for exposure in (EXPOSURE, WIDE_EXPOSURE):
        await client.ask(16700, param.SetModeParam(param_id=exposure, mode=1, value=150))
    for count in (COUNT, WIDE_COUNT):
        await client.send(16703, param.SetIntParam(param_id=count, value=frames))  # a D2 does not answer
    await client.send(11002, VEGA)
    await client.notice(15212)


def test_no_frame_comes_faster_than_clients_believe_whatever_the_speed() -> None:
    options = patient(SimulatorOptions(speed=20))

    async def run() -> list[float]:
        async with connected(
            generation="v3",
            calibrated=True,
            horizon=False,
            minimum_session_s=options.minimum_session_s,
            shortest_frame_s=options.shortest_frame_s,
        ) as (sim, client):
            await aimed(client, frames=30)
            await client.ask(16700, param.SetModeParam(param_id=EXPOSURE, mode=1, value=0))
            assert await start(client) == 0
            await client.notice(15208, STOPPED)
            return [one.at.timestamp() for one in sim.history.of(FrameTaken)]

    taken = run_virtual(run())
    assert len(taken) == 30
    assert (taken[-1] - taken[0]) / options.speed >= 29 * SHORTEST_FRAME_S


async def start(client: WireClient, cmd: int = 11005, *, force: bool = False) -> int:
    request = astro.StartWideCapture if cmd == 11016 else astro.StartCapture
    return (await client.ask(cmd, request(force_start=force))).read(astro.StartCaptureAnswer).code


async def asked(sim: SimulatedDwarf, body: dict[str, object]) -> list[dict[str, object]]:
    url = f"http://127.0.0.1:{sim.http_port}/album/list/mediaInfos"
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as response:
        return list((await response.json())["data"])


@pytest.mark.parametrize(("habit", "first"), [("refused", -11503), ("late", 0), ("silent", 0)])
@pytest.mark.parametrize("cmd", [11005, 11016])
def test_without_a_fitting_dark_nothing_is_exposed_until_told_to_go_on(
    habit: str, first: int, cmd: int
) -> None:
    running = WIDE_RUNNING if cmd == 11016 else RUNNING

    async def run() -> None:
        options = {"generation": "v3", "darks": False, "calibrated": True, "horizon": False}
        async with connected(**options, habits={"missing_darks": habit}) as (sim, client):
            await aimed(client)
            assert await start(client, cmd) == first
            if habit != "refused":
                await client.notice(15208, running)
            if habit == "late":
                late = await client.until(lambda one: one.cmd == cmd)
                assert late.read(astro.StartCaptureAnswer).code == -11503
            await asyncio.sleep(120)
            assert await start(client, cmd) == -11501
            assert await client.code(11010) == -11501
            assert not sim.history.of(ShutterOpened)
            assert await client.code(11050) == 0
            await client.notice(15208, running)
            await client.notice(15208, WIDE_STOPPED if cmd == 11016 else STOPPED)
            assert len(sim.history.of(FrameTaken)) == 2
            assert [one.rule for one in sim.broken_rules] == [HardwareRule.START_WHILE_HELD]
            assert await client.code(11010) == 0
            await enter(client)
            assert await start(client, cmd) == first  # each capture asks anew

    run_virtual(run())


def test_stopping_closes_the_question_of_missing_darks() -> None:
    async def run() -> tuple[int, list[bytes], int]:
        options = {"generation": "v3", "darks": False, "calibrated": True, "horizon": False}
        async with connected(**options) as (_, client):
            await aimed(client)
            await start(client)
            stopped = await client.code(11006)
            return stopped, client.told(15208), await client.code(11010)

    assert run_virtual(run()) == (0, [STOPPED], 0)


@pytest.mark.parametrize("habit", ["refused", "silent"])
def test_a_dwarf_2_goes_on_when_it_is_forced_and_knows_no_other_way(habit: str) -> None:
    async def run() -> tuple[int, int, int, WireClient]:
        options = {"generation": "v3", "darks": False, "calibrated": True, "horizon": False, "model": "D2"}
        async with connected(**options, habits={"missing_darks": habit}, strict=True) as (sim, client):
            await aimed(client)
            await start(client)
            unknown = await client.code(11050)
            forced = await start(client, force=True)
            await client.notice(15208, STOPPED)
            return unknown, forced, len(sim.history.of(FrameTaken)), client

    unknown, forced, frames, _ = run_virtual(run())
    assert (unknown, forced, frames) == (-1, 0, 2)


def test_a_wide_capture_is_told_by_the_tele_cameras_numbers() -> None:
    async def run() -> WireClient:
        async with connected(generation="v3", calibrated=True, horizon=False) as (_, client):
            await aimed(client)
            await start(client, 11016)
            await client.notice(15208, WIDE_RUNNING)
            await client.notice(15208, WIDE_STOPPED)
            await client.ask(11010)
            return client

    client = run_virtual(run())
    assert client.told(15208)[:2] == [WIDE_STOPPED, WIDE_RUNNING]  # the first means nothing
    assert client.told(15208)[-1] == WIDE_IDLE
    counts = [notify.StackingProgress.FromString(data) for data in client.told(15209)]
    assert [(one.camera, one.update_count_type, one.current_count) for one in counts[:2]] == [
        (1, 2, 0),
        (1, 0, 1),
    ]
    assert counts[-1].stacked_count == 2
    assert not client.told(15236)
    assert not client.told(15237)


@pytest.mark.parametrize("cmd", [11005, 11016])
def test_a_stop_right_after_the_start_is_answered_and_does_nothing(cmd: int) -> None:
    async def run() -> tuple[int, bool, int, bool]:
        async with connected(generation="v3", calibrated=True, horizon=False) as (sim, client):
            await aimed(client, frames=90)
            await start(client, cmd)
            await asyncio.sleep(4)
            stop = 11017 if cmd == 11016 else 11006
            first = await client.code(stop)
            await asyncio.sleep(6)
            still = sim.state.capturing()
            second = await client.code(stop)
            await client.notice(15208, WIDE_STOPPED if cmd == 11016 else STOPPED)
            return first, still, second, sim.state.capturing()

    assert run_virtual(run()) == (0, True, 0, False)


@pytest.mark.parametrize("cmd", [11017, 11020])
def test_some_commands_of_the_wide_camera_are_not_answered(cmd: int) -> None:
    async def run() -> list[int]:
        async with connected(generation="v3") as (_, client):
            await enter(client)
            await client.send(cmd)
            await client.ask(16405)
            return [frame.cmd for frame in client.frames if frame.cmd == cmd]

    assert run_virtual(run()) == []


@pytest.mark.parametrize(("habit", "runs"), [("refused", False), ("warned", True)])
def test_a_capture_without_a_goto_is_refused_or_warned_of(habit: str, runs: bool) -> None:
    async def run() -> tuple[int, bool]:
        async with connected(generation="v3", habits={"goto_needed": habit}) as (sim, client):
            await enter(client)
            return await start(client), sim.state.capturing()

    assert run_virtual(run()) == (-11513, runs)


@pytest.mark.parametrize("habit", ["type_6", "type_4", "list_4"])
def test_the_album_lists_sessions_in_one_way_only(habit: str) -> None:
    questions = {"type_6": {"mediaType": 6}, "type_4": {"mediaType": 4}, "list_4": {"mediaTypeList": [4]}}

    async def run() -> dict[str, list[object]]:
        options = {"generation": "v3", "calibrated": True, "horizon": False}
        async with connected(**options, habits={"album": habit}) as (sim, client):
            await aimed(client)
            await start(client)
            await client.notice(15209)
            await client.notice(15209)
            await client.notice(15209)
            running = [await asked(sim, body) for body in questions.values()]
            await client.notice(15208, STOPPED)
            assert [one["astroImageDetails"]["shotsToTake"] for found in running for one in found] == [-1]
            return {
                name: [one["astroImageDetails"]["shotsToTake"] for one in await asked(sim, body)]
                for name, body in questions.items()
            }

    assert run_virtual(run()) == {name: [2] if name == habit else [] for name in questions}


def test_files_are_on_the_cards_own_port_alone() -> None:
    async def run() -> list[int]:
        options = {"generation": "v3", "calibrated": True, "horizon": False, "card_port": 0}
        async with connected(**options, stream_port=0) as (sim, client):
            await aimed(client)
            await start(client)
            await client.notice(15208, STOPPED)
            [item] = await asked(sim, {"mediaType": 6})
            codes = []
            async with aiohttp.ClientSession() as session:
                for port in (sim.http_port, sim.card_port):
                    for name in ("stacked.jpg", "shotsInfo.json"):
                        folder = str(item["filePath"]).rpartition("/")[0]
                        async with session.get(f"http://127.0.0.1:{port}{folder}/{name}") as response:
                            codes.append(response.status)
            return codes

    assert run_virtual(run()) == [404, 404, 200, 200]


def test_a_pong_is_late_while_frames_are_stacked() -> None:
    async def run() -> tuple[list[str], list[str]]:
        async with connected(generation="v3", calibrated=True, horizon=False) as (_, client):
            await aimed(client, frames=9)
            await start(client)
            await client.notice(15208, RUNNING)
            await client.socket.send("ping")
            began = asyncio.get_running_loop().time()
            await client.until(lambda one: one.at > began + 8)
            early = list(client.texts)
            await client.until(lambda one: one.at > began + 12)
            return early, client.texts

    assert run_virtual(run()) == ([], ["pong"])
