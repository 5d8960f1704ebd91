"""How newer firmware treats those who connect to it, and what it says of itself, as the wire sees it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from google.protobuf.message import Message
from websockets.exceptions import ConnectionClosed

from agent.telescope.dwarf.proto import astro_pb2 as astro
from agent.telescope.dwarf.proto import camera_pb2 as camera
from agent.telescope.dwarf.proto import motor_pb2 as motor
from agent.telescope.dwarf.proto import notify_pb2 as notify
from agent.telescope.dwarf.proto import system_pb2 as system
from agent.telescope.dwarf.proto import task_pb2 as task
from agent.telescope.simulator import HardwareRule, SimulatorOptions
from tests.support.virtual_loop import run_virtual
from tests.telescope.simulator.client import WireClient, client_of, connected, telescope
from tests.telescope.simulator.test_http import got, web

CHARGING, ON_BATTERY = True, False


def state_of(answer: Any) -> task.DeviceStateAnswer:
    return answer.read(task.DeviceStateAnswer)  # type: ignore[no-any-return]


def test_a_simulated_telescope_has_the_firmware_of_today_unless_told_otherwise() -> None:
    assert (SimulatorOptions().generation, SimulatorOptions().exclusive) == ("v3", True)
    assert not SimulatorOptions.from_mapping({"generation": "both"}).exclusive
    assert not SimulatorOptions.from_mapping({"exclusive": False}).exclusive


@pytest.mark.parametrize(
    ("cmd", "message"),
    [(13004, system.SetMasterLock(lock=True)), (10036, None), (10038, None), (12027, None)],
)
def test_what_newer_firmware_never_answers(cmd: int, message: Message | None) -> None:
    async def run() -> tuple[bool, list[tuple[HardwareRule, str]]]:
        async with connected(generation="v3") as (sim, client):
            await client.send(cmd, message)
            await asyncio.sleep(150)
            await client.ask(16405)
            answered = any(one.cmd == cmd for one in client.frames)
            return answered, [(one.rule, one.detail) for one in sim.broken_rules]

    assert run_virtual(run()) == (False, [(HardwareRule.SILENT_COMMAND, str(cmd))])


def test_newer_firmware_that_grants_the_lock_tells_the_role_and_answers() -> None:
    async def run() -> None:
        async with connected(generation="v3", habits={"lock": "granted"}, strict=True) as (_, client):
            assert await client.code(13004, system.SetMasterLock(lock=True)) == 0
            [role] = [one.read(notify.HostSlaveMode) for one in client.frames if one.cmd == 15223]
            assert (role.mode, role.lock) == (0, True)

    run_virtual(run())


@pytest.mark.parametrize("cmd", [10000, 12000, 10039])
def test_an_opening_of_older_firmware_costs_half_a_minute(cmd: int) -> None:
    async def run() -> tuple[float, float, list[HardwareRule]]:
        async with connected(generation="v3") as (sim, client):
            loop = asyncio.get_running_loop()
            began = loop.time()
            await client.send(cmd, camera.OpenCamera() if cmd != 10039 else None)
            first = await client.ask(16405)
            second = await client.ask(16405)
            assert not any(one.cmd == cmd for one in client.frames)
            return first.at - began, second.at - first.at, [one.rule for one in sim.broken_rules]

    first, second, broken = run_virtual(run())
    assert first == pytest.approx(30, abs=1)
    assert second < 1
    assert broken == [HardwareRule.OLD_OPENING]


def test_a_client_that_goes_while_it_is_held_up_is_gone() -> None:
    async def run() -> bool:
        async with telescope(generation="v3") as sim:
            async with client_of(sim) as client:
                await client.send(10039)
                await client.socket.send("ping")
            await asyncio.sleep(1)
            async with client_of(sim) as again:
                return state_of(await again.ask(16405)).code == 0

    assert run_virtual(run())


async def closing(client: WireClient) -> tuple[int | None, str | None]:
    with pytest.raises(ConnectionClosed):
        await client.until(lambda _: False)
    return client.socket.close_code, client.socket.close_reason


@pytest.mark.parametrize(("habit", "reason"), [("reason", "DEVICE_OCCUPIED"), ("empty", "")])
def test_a_second_client_is_turned_away_with_4409(habit: str, reason: str) -> None:
    async def run() -> tuple[Any, Any]:
        async with telescope(generation="v3", habits={"occupied": habit}) as sim, client_of(sim) as first:
            await first.ask(16405)
            async with client_of(sim, client_id="app") as second:
                at_connect = await closing(second)
            assert state_of(await first.ask(16405)).code == 0
            sim.faults.add("take-control:for_s=60")
            return at_connect, await closing(first)

    assert run_virtual(run()) == ((4409, reason), (4409, reason))


@pytest.mark.parametrize(
    ("habit", "charges", "told"),
    [
        ("one_is_battery", ON_BATTERY, 1),
        ("one_is_battery", CHARGING, 2),
        ("one_is_slow", ON_BATTERY, 0),
        ("one_is_slow", CHARGING, 1),
    ],
)
def test_charging_is_told_in_either_way(habit: str, charges: bool, told: int) -> None:
    async def run() -> tuple[int, int]:
        options = {"generation": "v3", "charging": charges, "habits": {"charging": habit}}
        async with connected(**options) as (sim, client):
            state = state_of(await client.ask(16405)).device.charging.state
            sim.faults.add("low-battery:percent=20")
            return state, notify.Charging.FromString((await client.notice(15202)).data).state

    unplugged = 1 if habit == "one_is_battery" else 0
    assert run_virtual(run()) == (told, unplugged)


def test_a_pong_is_late_while_it_stacks_and_prompt_otherwise() -> None:
    async def pong(client: WireClient) -> float:
        began = asyncio.get_running_loop().time()
        await client.socket.send("ping")
        while "pong" not in client.texts:
            raw = await client.socket.recv()
            if isinstance(raw, str):
                client.texts.append(raw)
        client.texts.clear()
        return asyncio.get_running_loop().time() - began

    async def run() -> tuple[float, list[float]]:
        async with connected(generation="v3", calibrated=True, horizon=False) as (_, client):
            idle = await pong(client)
            await client.ask(16402, task.SwitchShootingMode(mode=2))
            await client.ask(16404, task.EnterCamera(stream=task.EnterCamera.Stream(encode_type=1)))
            await client.ask(16403, task.SwitchTechnique(tech=2))
            await client.send(11002, astro.GotoDeepSky(ra=18.6156, dec=38.78, target_name="Vega"))
            await client.notice(15212)
            await client.send(11005)
            await client.notice(15208)
            return idle, [await pong(client) for _ in range(20)]

    idle, stacking = run_virtual(run())
    assert idle < 0.5
    assert max(stacking) > 5
    assert max(stacking) <= 10.5


@pytest.mark.parametrize(
    ("model", "number", "name", "firmware"),
    [
        ("D2", 1, "DWARF II", (2, 2, 18)),
        ("D3", 2, "DWARF3", (1, 5, 2)),
        ("D3 Plus", 3, "DWARF 3 PLUS", (1, 5, 2)),
        ("mini", 4, "DWARF MINI", (1, 1, 3)),
        ("foreign", 9, "STARGAZER", (1, 1, 3)),
    ],
)
def test_who_a_telescope_of_today_says_it_is(
    model: str, number: int, name: str, firmware: tuple[int, int, int]
) -> None:
    async def run() -> tuple[Any, int]:
        async with telescope(generation="v3", model=model) as sim, web(sim) as session:
            async with session.get("/deviceInfo") as response:
                status = response.status
            return await got(session, "/getDefaultParamsConfig"), status

    config, status = run_virtual(run())
    assert (config["id"], config["name"]) == (number, name)
    assert tuple(config[f"fw{part}Version"] for part in ("Major", "Minor", "Patch")) == firmware
    assert (config["majorVersion"], config["minorVersion"]) == (2, 6)
    assert config["cameras"] == config["featureParams"] == []
    assert status == 404


def test_every_frame_carries_the_telescopes_own_number_whatever_the_client_says() -> None:
    async def run() -> set[int]:
        async with connected(generation="v3", model="D3 Plus") as (_, client):
            await client.ask(16405)
            await client.ask(13500)
            return {one.device for one in client.frames}

    assert run_virtual(run()) == {3}


def test_the_rotation_of_a_mini_finds_no_home() -> None:
    async def run() -> tuple[int, int, list[HardwareRule]]:
        async with connected(generation="v3", model="mini") as (sim, client):
            pitch = (await client.ask(14003, motor.MotorReset(id=2))).read(motor.MotorAnswer).code
            rotation = (await client.ask(14003, motor.MotorReset(id=1))).read(motor.MotorAnswer).code
            return pitch, rotation, [one.rule for one in sim.broken_rules]

    assert run_virtual(run()) == (0, -14511, [HardwareRule.RESET_ROTATION])
