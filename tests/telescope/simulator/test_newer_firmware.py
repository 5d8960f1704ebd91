"""What a client of the newer firmware sees: modes, parameters, the snapshot, and what is not answered."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import pytest
from websockets.exceptions import ConnectionClosed

from agent.telescope.dwarf.proto import astro_pb2 as astro
from agent.telescope.dwarf.proto import camera_pb2 as camera
from agent.telescope.dwarf.proto import common_pb2 as common
from agent.telescope.dwarf.proto import focus_pb2 as focus
from agent.telescope.dwarf.proto import notify_pb2 as notify
from agent.telescope.dwarf.proto import param_pb2 as param
from agent.telescope.dwarf.proto import task_pb2 as task
from agent.telescope.simulator.history import ShutterOpened
from tests.support.virtual_loop import run_virtual
from tests.telescope.simulator.client import WireClient, client_of, connected, telescope

EXPOSURE, GAIN = 0x0201000000000001, 0x0201000000000002
FILTER, COUNT = 0x020100000000000D, 0x0202000000000010
VEGA = astro.GotoDeepSky(ra=18.6156, dec=38.78, target_name="Vega")


async def enter(client: WireClient) -> None:
    """Go to deep sky, stacking, the way the phone app does."""
    await client.ask(16405)
    assert (await client.ask(16402, task.SwitchShootingMode(mode=2))).read(task.ShootingModeAnswer).code == 0
    await client.ask(16404, task.EnterCamera(stream=task.EnterCamera.Stream(encode_type=1)))
    assert (await client.ask(16403, task.SwitchTechnique(tech=2))).read(task.TechniqueAnswer).code == 0


def test_the_snapshot_tells_everything_at_once() -> None:
    async def run() -> task.DeviceStateAnswer:
        async with connected(generation="v3", model="mini") as (_, client):
            return (await client.ask(16405)).read(task.DeviceStateAnswer)

    state = run_virtual(run())
    assert state.code == 0
    assert (state.tele.width, state.tele.height) == (1920, 1080)
    assert state.tele.h_fov == pytest.approx(2.14)
    assert state.tele.v_fov == pytest.approx(1.2)
    assert state.device.battery.percentage == 87
    assert state.device.storage.is_valid
    assert state.focus.position.pos > 0
    assert {mode.mode for mode in state.modes} == {1, 2, 3, 4, 5, 8, 9, 10}
    assert state.motion.exclusive.WhichOneof("activity") is None


def test_a_night_in_the_newer_way() -> None:
    async def run() -> tuple[Collection[notify.IntParam], ShutterOpened, WireClient]:
        async with connected(generation="v3", horizon=False) as (sim, client):
            await enter(client)
            await client.ask(16700, param.SetModeParam(param_id=EXPOSURE, mode=1, value=156))
            await client.ask(16701, param.SetModeParam(param_id=GAIN, mode=1, value=80))
            await client.ask(16703, param.SetIntParam(param_id=FILTER, value=1))
            await client.ask(16703, param.SetIntParam(param_id=COUNT, value=2))
            told = [notify.IntParam.FromString(data) for data in client.told(15264)]
            echoes = {one.param_id: one for one in told}.values()
            await client.send(11000, astro.Calibrate(lon=7.6, lat=47.5))
            await client.notice(15262)
            await client.send(11002, VEGA)
            await client.notice(15212)
            await client.send(11005, astro.StartCapture(ir_index=1))
            await client.notice(15208, b"\x08\x03")
            return echoes, sim.history.of(ShutterOpened)[0], client

    echoes, opened, client = run_virtual(run())
    assert {(one.param_id, one.mode, one.value) for one in echoes} >= {
        (EXPOSURE, 1, 156),
        (GAIN, 1, 80),
        (FILTER, 1, 1),
        (COUNT, 1, 2),
    }
    assert (opened.exposure_s, opened.gain, opened.filter, opened.frames) == (15.0, 80, 1, 2)
    assert len(client.told(15256)) == 1
    assert client.told(15288)
    assert not client.told(15213)
    assert not client.told(15241)


@pytest.mark.parametrize(
    ("param_id", "value"),
    [
        (EXPOSURE + 1, 156),  # the gain's id
        (0x0207000000000001, 156),
    ],
)
def test_a_parameter_of_another_kind_is_not_understood(param_id: int, value: int) -> None:
    async def run() -> int:
        async with connected(generation="v3") as (_, client):
            await enter(client)
            return await client.code(16700, param.SetModeParam(param_id=param_id, mode=1, value=value))

    assert run_virtual(run()) == -1


def test_a_gain_below_the_deep_sky_range_is_refused() -> None:
    async def run() -> int:
        async with connected(generation="v3") as (_, client):
            await enter(client)
            return await client.code(16701, param.SetModeParam(param_id=GAIN, mode=1, value=30))

    assert run_virtual(run()) == -3


def test_a_capture_outside_deep_sky_stacking_is_not_understood() -> None:
    async def run() -> tuple[int, int]:
        async with connected(generation="v3", calibrated=True) as (_, client):
            await client.ask(16404)
            in_normal_mode = await client.code(11005)
            refused = (await client.ask(16403, task.SwitchTechnique(tech=2))).read(task.TechniqueAnswer)
            return in_normal_mode, refused.code

    assert run_virtual(run()) == (-1, -1)


def test_without_a_goto_the_newer_firmware_captures_only_when_forced() -> None:
    async def run() -> tuple[int, list[bytes], int]:
        async with connected(generation="v3") as (_, client):
            await enter(client)
            blocked = await client.code(11005)
            nothing = client.told(15208)
            return blocked, nothing, await client.code(11005, astro.StartCapture(force_start=True))

    assert run_virtual(run()) == (-11513, [], 0)


def test_a_missing_dark_is_told_with_what_it_is_about() -> None:
    async def run() -> astro.StartCaptureAnswer:
        async with connected(generation="v3", darks=False, calibrated=True, horizon=False) as (_, client):
            await enter(client)
            await client.send(11002, VEGA)
            await client.notice(15212)
            return (await client.ask(11005)).read(astro.StartCaptureAnswer)

    answer = run_virtual(run())
    assert (answer.code, answer.exp_name, answer.gain) == (-11503, "1/30", 60)


@pytest.mark.parametrize("cmd", [10036, 10038, 12027, 10001])
def test_what_the_newer_firmware_dropped_is_not_answered(cmd: int) -> None:
    async def run() -> list[int]:
        async with connected(generation="v3") as (_, client):
            await client.send(cmd)
            await client.ask(16405)
            return [frame.cmd for frame in client.frames if frame.cmd == cmd]

    assert run_virtual(run()) == []


def test_the_older_firmware_does_not_understand_the_newer_commands() -> None:
    async def run() -> int:
        async with connected(generation="v2") as (_, client):
            return await client.code(16405)

    assert run_virtual(run()) == -1


def test_focus_tells_its_states() -> None:
    async def run() -> tuple[list[bytes], list[int]]:
        async with connected(generation="v3") as (_, client):
            await client.ask(15004, focus.AstroAutoFocus(mode=1))
            return client.told(15278), [frame.cmd for frame in client.frames]

    states, order = run_virtual(run())
    assert states == [b"\x08\x01", b"\x08\x03"]
    assert order[-1] == 15004


def test_both_generations_are_served_at_once_each_in_its_own_form() -> None:
    async def run() -> tuple[WireClient, WireClient]:
        async with (
            telescope(generation="both", calibrated=True) as sim,
            client_of(sim, client_id="older", minor=2) as older,
            client_of(sim, client_id="newer", minor=20) as newer,
        ):
            await older.ask(10039)
            await newer.ask(16405)
            await enter(newer)
            await newer.ask(16703, param.SetIntParam(param_id=FILTER, value=2))
            await older.ask(10009, camera.SetIndex(index=150))
            await older.send(11002, VEGA)
            await older.notice(15212)
            await newer.notice(15212)
            return older, newer

    older, newer = run_virtual(run())
    assert older.told(15213)
    assert not older.told(15264)
    assert newer.told(15264)
    assert not newer.told(15213)
    told = (
        notify.GotoState.FromString(older.told(15211)[0]),
        notify.GotoState.FromString(newer.told(15211)[0]),
    )
    assert [one.target_name for one in told] == ["", "Vega"]


@pytest.mark.parametrize(("early", "steps"), [(True, [10, 40]), (False, [40])])
def test_the_one_click_goto_focuses_calibrates_and_goes(early: bool, steps: list[int]) -> None:
    async def run() -> tuple[list[str], list[astro.OneClickAnswer]]:
        async with connected(generation="v3", horizon=False, early_answers=early) as (_, client):
            request = astro.OneClickGotoDeepSky(ra=18.6156, dec=38.78, target_name="Vega", lon=7.6, lat=47.5)
            answers = [(await client.ask(11013, request)).read(astro.OneClickAnswer)]
            while not answers[-1].all_end:
                later = await client.until(lambda one: one.cmd == 11013)
                answers.append(later.read(astro.OneClickAnswer))
            phases = [notify.OneClickGotoState.FromString(data) for data in client.told(15233)]
            return [str(one.WhichOneof("phase")) for one in phases], answers

    phases, answers = run_virtual(run())
    assert phases == ["focus", "calibration", "goto", "tracking"]
    assert [one.step for one in answers] == steps
    assert (answers[-1].code, answers[-1].all_end) == (0, True)


def test_a_second_controller_is_turned_away_when_the_telescope_takes_one_only() -> None:
    async def run() -> tuple[int, str]:
        async with telescope(generation="v3", exclusive=True) as sim, client_of(sim, client_id="a") as first:
            await first.ask(16405)
            async with client_of(sim, client_id="b") as second:
                with pytest.raises(ConnectionClosed):
                    await second.until(lambda _: False)
                received = second.socket.close_code, second.socket.close_reason
            await first.ask(16405)
            return received[0] or 0, received[1] or ""

    assert run_virtual(run()) == (4409, "DEVICE_OCCUPIED")


def test_the_snapshot_shows_a_capture_that_runs_with_nobody_there() -> None:
    async def run() -> tuple[task.DeviceStateAnswer, notify.StackingProgress]:
        async with telescope(generation="v3", calibrated=True, horizon=False) as sim:
            async with client_of(sim) as first:
                await enter(first)
                await first.ask(16700, param.SetModeParam(param_id=EXPOSURE, mode=1, value=150))
                await first.ask(16703, param.SetIntParam(param_id=COUNT, value=9))
                await first.send(11002, VEGA)
                await first.notice(15212)
                await first.send(11005)
                await first.notice(15209)
            await asyncio.sleep(30)
            async with client_of(sim) as second:
                state = (await second.ask(16405)).read(task.DeviceStateAnswer)
                progress = (await second.notice(15209)).read(notify.StackingProgress)
                return state, progress

    state, progress = run_virtual(run())
    assert state.tele.exclusive.stacking.state == 1
    assert state.motion.exclusive.tracking.target_name == "Vega"
    assert progress.current_count >= 3
    assert progress.shooting_time == progress.current_count * 10


def test_the_wide_preview_takes_an_empty_request() -> None:
    async def run() -> tuple[int, int]:
        async with connected(generation="v3") as (_, client):
            tele = await client.code(10050, camera.PreviewQuality(level=1))
            return tele, (await client.ask(12036)).read(common.ComResponse).code

    assert run_virtual(run()) == (0, 0)


@pytest.mark.parametrize(("ir_index", "used"), [(-1, 1), (0, 1), (2, 2), (9, 1)])
def test_the_filter_can_come_with_the_start_of_a_capture(ir_index: int, used: int) -> None:
    async def run() -> int:
        async with connected(generation="v3") as (sim, client):
            await enter(client)
            await client.ask(16703, param.SetIntParam(param_id=FILTER, value=1))
            await client.ask(11005, astro.StartCapture(ir_index=ir_index, force_start=True))
            await client.until(lambda _: bool(sim.history.of(ShutterOpened)))
            return sim.history.of(ShutterOpened)[0].filter

    assert run_virtual(run()) == used


def test_a_one_click_goto_enters_the_mode_it_names() -> None:
    async def run() -> tuple[int, notify.ModeSwitched]:
        async with connected(generation="v3", horizon=False) as (sim, client):
            request = astro.OneClickGotoDeepSky(ra=18.6, dec=38.8, target_name="Vega", shooting_mode=2)
            await client.send(11013, request)
            switched = (await client.notice(15267)).read(notify.ModeSwitched)
            return sim.state.shooting_mode, switched

    mode, switched = run_virtual(run())
    assert (mode, switched.source, switched.destination) == (2, 1, 2)
