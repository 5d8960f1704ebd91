"""The shooting mode of newer firmware on the wire: what enters and leaves it, and what it decides."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from agent.telescope.dwarf.proto import astro_pb2 as astro
from agent.telescope.dwarf.proto import camera_pb2 as camera
from agent.telescope.dwarf.proto import common_pb2 as common
from agent.telescope.dwarf.proto import notify_pb2 as notify
from agent.telescope.dwarf.proto import param_pb2 as param
from agent.telescope.dwarf.proto import task_pb2 as task
from agent.telescope.simulator import HardwareRule, SimulatedDwarf
from tests.support.virtual_loop import run_virtual
from tests.telescope.simulator.client import WireClient, connected

EXPOSURE, GAIN = 0x0201000000000001, 0x0201000000000002
FILTER, COUNT = 0x020100000000000D, 0x0202000000000010
BINNING, FORMAT, WIDE_EXPOSURE = 0x020100000000001E, 0x0202F0000000000F, 0x0201100000000001
VEGA = astro.GotoDeepSky(ra=18.6156, dec=38.78, target_name="Vega")
JUPITER, MOON, SUN = 4, 8, 9
DEEP_SKY, MOON_MODE = 2, 9


async def enter(client: WireClient, mode: int = DEEP_SKY) -> None:
    await client.ask(16402, task.SwitchShootingMode(mode=mode))
    await client.ask(16404, task.EnterCamera(stream=task.EnterCamera.Stream(encode_type=1)))
    await client.ask(16403, task.SwitchTechnique(tech=2))


async def listed(sim: SimulatedDwarf, mode: int = DEEP_SKY) -> dict[str, Any]:
    """The catalogue of a mode over HTTP."""
    body = json.dumps({"modeId": mode}).encode()
    head = f"POST /shootingMode/getParamAndSetting HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", sim.http_port)
    writer.write(head.encode() + body)
    answer = await reader.read()
    writer.close()
    found: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])["data"]
    return found


def named(params: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(one for one in params if one["name"] == name)


def set_exposure(index: int, number: int = EXPOSURE) -> param.SetModeParam:
    return param.SetModeParam(param_id=number, mode=1, value=index)


def test_entering_a_mode_tells_its_parameters_the_change_and_the_sensors_before_it_is_answered() -> None:
    async def run() -> list[int]:
        async with connected(generation="v3") as (_, client):
            await client.ask(16402, task.SwitchShootingMode(mode=DEEP_SKY))
            return [frame.cmd for frame in client.frames]

    told = run_virtual(run())
    assert [cmd for cmd in dict.fromkeys(told) if cmd != 15223] == [15264, 15267, 15270, 15292, 16402]


@pytest.mark.parametrize(("habit", "left"), [("leaves_mode", True), ("leaves_mode_after_capture", False)])
def test_going_live_leaves_the_astronomical_mode_and_tells_it(habit: str, left: bool) -> None:
    async def run() -> tuple[list[tuple[int, int, int]], int]:
        async with connected(generation="v3", habits={"go_live": habit}) as (sim, client):
            await enter(client)
            before = len(client.told(15267))
            await client.ask(11010)
            await client.ask(16405)
            told = [notify.ModeSwitched.FromString(data) for data in client.told(15267)[before:]]
            return [(one.state, one.source, one.destination) for one in told], sim.state.shooting_mode

    assert run_virtual(run()) == (([(1, 2, 1), (3, 2, 1)], 1) if left else ([], 2))


def test_older_firmware_and_both_at_once_keep_the_mode() -> None:
    async def run() -> int:
        async with connected(generation="both") as (sim, client):
            await enter(client)
            await client.ask(11010)
            return sim.state.shooting_mode

    assert run_virtual(run()) == DEEP_SKY


@pytest.mark.parametrize(("answer", "answered"), [("answered", True), ("silent", False)])
def test_entering_the_mode_it_is_in_is_answered_by_habit(answer: str, answered: bool) -> None:
    async def run() -> bool:
        async with connected(generation="v3", habits={"same_mode": answer}) as (_, client):
            await enter(client)
            await client.send(16402, task.SwitchShootingMode(mode=DEEP_SKY))
            await client.ask(16405)
            return len([frame for frame in client.frames if frame.cmd == 16402]) == 2

    assert run_virtual(run()) is answered


def test_the_parent_of_sun_and_moon_lands_on_the_sun() -> None:
    async def run() -> tuple[int, dict[int, tuple[int, list[int]]]]:
        async with connected(generation="v3") as (_, client):
            answer = await client.ask(16402, task.SwitchShootingMode(mode=3))
            state = (await client.ask(16405)).read(task.DeviceStateAnswer)
            modes = {one.mode: (one.parent, list(one.techniques)) for one in state.modes}
            return answer.read(task.ShootingModeAnswer).shooting_mode_id, modes

    landed, modes = run_virtual(run())
    assert landed == 8
    assert modes == {
        1: (0, [1, 3, 4, 5]),
        2: (0, [2]),
        3: (-1, [2, 3, 4, 5]),
        4: (0, [2, 5]),
        5: (0, [2]),
        8: (3, [2, 3, 4, 5]),
        9: (3, [2, 3, 4, 5]),
        10: (3, [2, 3, 4, 5]),
    }


def test_a_dwarf_ii_lacks_the_modes_of_the_stars() -> None:
    async def run() -> tuple[int, object]:
        async with connected(generation="v3", model="D2") as (sim, client):
            refused = await client.ask(16402, task.SwitchShootingMode(mode=4))
            return refused.read(task.ShootingModeAnswer).code, (await listed(sim, 4))["cameraParams"]

    assert run_virtual(run()) == (-1, None)


@pytest.mark.parametrize("mode", [1, 2, 4, 8, 9, 10])
def test_a_goto_is_taken_in_the_mode_of_its_target_only(mode: int) -> None:
    async def run() -> tuple[list[bool], list[HardwareRule]]:
        async with connected(generation="v3", calibrated=True, horizon=False) as (sim, client):
            await enter(client, mode)
            refused = []
            await client.send(11002, VEGA)
            answer = await client.until(lambda one: one.cmd == 11002)
            refused.append(answer.read(common.ComResponse).code == -11505)
            await client.ask(11004)
            for index in (SUN, MOON, JUPITER):
                await client.send(11003, astro.GotoSolarSystem(index=index, lon=7.6, lat=47.5))
                solar = await client.until(lambda one: one.cmd == 11003)
                refused.append(solar.read(astro.GotoSolarSystemAnswer).code == -11505)
                await client.ask(11004)
            return refused, [one.rule for one in sim.broken_rules]

    refused, broken = run_virtual(run())
    taken_in = [(2, 4, 5), (8,), (9,), (10,)]
    assert refused == [mode not in modes for modes in taken_in]
    assert broken == [HardwareRule.GOTO_OUTSIDE_MODE] * sum(refused)


@pytest.mark.parametrize(("habit", "code"), [("swallowed", 0), ("refused", -1)])
def test_an_id_of_another_mode_has_no_effect(habit: str, code: int) -> None:
    async def run() -> tuple[int, int, int, list[HardwareRule]]:
        async with connected(generation="v3", habits={"foreign_ids": habit}) as (sim, client):
            await enter(client)
            await client.ask(11010)  # the mode is gone
            told = len(client.told(15264))
            answered = await client.code(16700, set_exposure(150, WIDE_EXPOSURE))
            rules = [one.rule for one in sim.broken_rules]
            return answered, sim.state.cameras[1].exposure, len(client.told(15264)) - told, rules

    assert run_virtual(run()) == (code, 75, 0, [HardwareRule.FOREIGN_PARAMETER])


@pytest.mark.parametrize("foreign", ["swallowed", "refused"])
@pytest.mark.parametrize("habit", ["own_mode", "deep_sky"])
def test_in_the_mode_of_the_moon_either_the_modes_own_ids_count_or_those_of_the_deep_sky(
    habit: str, foreign: str
) -> None:
    async def run() -> tuple[set[int], int]:
        habits = {"solar_ids": habit, "foreign_ids": foreign}
        async with connected(generation="v3", habits=habits, strict=True) as (_, client):
            await enter(client, MOON_MODE)
            before = len(client.told(15264))
            codes = [
                await client.code(16700, set_exposure(150, 0x0901000000000001)),
                await client.code(16700, set_exposure(150, EXPOSURE)),
            ]
            told = [notify.IntParam.FromString(data).param_id >> 56 for data in client.told(15264)[before:]]
            return set(told), codes.count(0)

    told, taken = run_virtual(run())
    assert told == {MOON_MODE if habit == "own_mode" else DEEP_SKY}
    assert taken == (2 if foreign == "swallowed" else 1)


def test_exposure_and_gain_are_told_with_their_whole_group_before_the_answer() -> None:
    async def run() -> tuple[list[int], int]:
        async with connected(generation="v3") as (_, client):
            await enter(client)
            before = len(client.frames)
            await client.code(16701, param.SetModeParam(param_id=GAIN, mode=1, value=80))
            frames = client.frames[before:]
            told = [notify.IntParam.FromString(one.data).param_id for one in frames if one.cmd == 15264]
            return told, frames[-1].cmd

    assert run_virtual(run()) == ([EXPOSURE, GAIN, FILTER, BINNING], 16701)


@pytest.mark.parametrize("model", ["D2", "D3", "mini"])
def test_a_dwarf_ii_only_tells_what_a_whole_number_became(model: str) -> None:
    async def run() -> tuple[bool, list[bytes]]:
        async with connected(generation="v3", model=model) as (_, client):
            await enter(client)
            await client.send(16703, param.SetIntParam(param_id=COUNT, value=17))
            await client.ask(16405)
            answered = any(frame.cmd == 16703 for frame in client.frames)
            return answered, client.told(15264)[-1:]

    answered, told = run_virtual(run())
    assert answered is (model != "D2")
    assert notify.IntParam.FromString(told[0]) == notify.IntParam(param_id=COUNT, mode=1, value=17)


def test_the_old_number_of_the_filter_still_sets_it() -> None:  # DPA3
    async def run() -> tuple[list[int], list[tuple[int, int]], int]:
        async with connected(generation="v3") as (sim, client):
            await enter(client)
            codes = [await client.code(10031, camera.SetValue(value=value)) for value in (2, 0)]
            told = [notify.IntParam.FromString(one) for one in client.told(15264)]
            return (
                codes,
                [(one.param_id, one.value) for one in told if one.param_id == FILTER][-1:],
                sim.state.cameras[0].filter,
            )

    assert run_virtual(run()) == ([0, -3], [(FILTER, 2)], 2)


@pytest.mark.parametrize("model", ["D2", "D3", "mini"])
def test_only_a_dwarf_3_knows_binning(model: str) -> None:
    async def run() -> tuple[set[int], list[HardwareRule], list[str]]:
        async with connected(generation="v3", model=model) as (sim, client):
            await enter(client)
            before = len(client.frames)
            await client.send(16703, param.SetIntParam(param_id=BINNING, value=1))
            await client.ask(16405)
            settings = (await listed(sim))["shootingTechSettings"]
            names = [one["name"] for group in settings for one in group["generalParams"]]
            cmds = {frame.cmd for frame in client.frames[before:]} - {16405}
            return cmds, [one.rule for one in sim.broken_rules], names

    cmds, broken, names = run_virtual(run())
    assert cmds == ({16703, 15264} if model == "D3" else set())
    assert broken == ([] if model == "D3" else [HardwareRule.MISSING_PARAMETER])
    assert ("stackBinning" in names) is (model == "D3")


def test_the_catalogue_has_the_ids_that_were_seen() -> None:
    async def run() -> dict[str, int]:
        async with connected(generation="v3") as (sim, client):
            await enter(client)
            found = await listed(sim)
            shared = [one for group in found["shootingTechSettings"] for one in group["generalParams"]]
            every = [*shared, *found["shootingModeParams"], *found["deviceParams"]]
            return {one["name"]: one["paramId"] for one in every if one["name"] != "stackCount"}

    assert run_virtual(run()) == {
        "mosaicCount": 144678138029277201,
        "stackFormat": 144942020819943439,
        "displaySource": 144942020819943442,
        "stackBinning": BINNING,
        "autoCalibration": 0x0203F00000000064,
        "autoShutdown": 1389782697508969,
        "wideMatchingFrameCalibration": 1389782697508968,
        "disableHostSlave": 1389782697508965,
    }


@pytest.mark.parametrize(("model", "offered"), [("D2", [0, 1]), ("D3", [1, 2]), ("mini", [1, 2])])
def test_the_deep_sky_offers_the_filters_for_it_and_gains_from_40(model: str, offered: list[int]) -> None:
    async def run() -> tuple[list[int], int, list[int]]:
        async with connected(generation="v3", model=model) as (sim, client):
            await enter(client)
            tele = (await listed(sim))["cameraParams"][0]
            held = []
            for value in (0, 1, 2):
                await client.send(16703, param.SetIntParam(param_id=FILTER, value=value))
                await client.ask(16405)
                if sim.state.cameras[0].filter == value:
                    held.append(value)
            least = tele["specialParams"]["gain"]["range"][0]["minValue"]
            return named(tele["generalParams"], "filterType")["values"], least, held

    assert run_virtual(run()) == (offered, 40, offered)


def test_a_value_over_http_is_some_seconds_old() -> None:
    async def run() -> list[int]:
        async with connected(generation="v3") as (sim, client):
            await enter(client)
            await client.ask(16700, set_exposure(150))
            seen = []
            for pause in (0, 4, 2):
                await asyncio.sleep(pause)
                exposure = (await listed(sim))["cameraParams"][0]["specialParams"]["exp"]
                seen.append(exposure["currentValue"])
            return seen

    assert run_virtual(run()) == [75, 75, 150]
