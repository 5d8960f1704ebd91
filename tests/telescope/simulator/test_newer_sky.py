"""How newer firmware calibrates, focuses and aligns, and what a client must not ask of it."""

from __future__ import annotations

import asyncio

import pytest

from agent.telescope.dwarf.proto import astro_pb2 as astro
from agent.telescope.dwarf.proto import common_pb2 as common
from agent.telescope.dwarf.proto import focus_pb2 as focus
from agent.telescope.dwarf.proto import motor_pb2 as motor
from agent.telescope.dwarf.proto import notify_pb2 as notify
from agent.telescope.dwarf.proto import task_pb2 as task
from agent.telescope.simulator import HardwareRule
from tests.support.virtual_loop import run_virtual
from tests.telescope.simulator.client import WireClient, connected

PLACE = {"lon": 7.6, "lat": 47.5}
VEGA = astro.GotoDeepSky(ra=18.6156, dec=38.78, target_name="Vega")
INFINITY = focus.AstroAutoFocus(mode=1)
MISSED, NEAR_LIMIT, FAILED = -11500, -14518, -11504


async def enter(client: WireClient) -> None:
    await client.ask(16402, task.SwitchShootingMode(mode=2))
    await client.ask(16404, task.EnterCamera(stream=task.EnterCamera.Stream(encode_type=1)))
    await client.ask(16403, task.SwitchTechnique(tech=2))


def codes(client: WireClient, cmd: int) -> list[int]:
    return [one.read(common.ComResponse).code for one in client.frames if one.cmd == cmd and one.type != 2]


async def calibrated(client: WireClient) -> list[int]:
    """Calibrate to the end; the codes that were answered."""
    before = len(codes(client, 11000))
    await client.send(11000, astro.Calibrate(**PLACE))
    await client.notice(15210, b"\x08\x01")
    await client.until(lambda one: one.cmd == 15210 and one.data[:2] == b"\x08\x03")
    await client.ask(14008)  # nothing, and answered by every firmware: what was said before is here
    return codes(client, 11000)[before:]


async def measured(client: WireClient) -> int:
    return (await client.ask(11018, astro.SolveEq(**PLACE))).read(astro.SolveEqAnswer).code


@pytest.mark.parametrize("generation", ["v2", "v3", "both"])
@pytest.mark.parametrize("early", [True, False])
def test_each_missed_plate_solution_is_answered_and_the_calibration_goes_on(
    generation: str, early: bool
) -> None:
    async def run() -> tuple[list[int], bool]:
        faults = ["solving-fails:times=3", "near-limit:times=1"]
        async with connected(generation=generation, faults=faults, early_answers=early) as (sim, client):
            return await calibrated(client), sim.state.calibrated

    answered, success = run_virtual(run())
    notes = [NEAR_LIMIT, MISSED, MISSED, MISSED]
    assert answered == ([0, *notes] if early else [*notes, 0])
    assert success


def test_a_calibration_that_only_misses_says_so_five_times_and_fails() -> None:
    async def run() -> list[int]:
        async with connected(generation="v3", faults="solving-fails", early_answers=False) as (_, client):
            return await calibrated(client)

    assert run_virtual(run()) == [*[MISSED] * 5, FAILED]


@pytest.mark.parametrize("end", ["stopped", "idle"])
def test_a_calibration_begins_with_a_left_over_end_and_ends_with_its_result(end: str) -> None:
    async def run() -> list[tuple[int, int]]:
        async with connected(generation="v3", habits={"calibration_end": end}) as (_, client):
            await client.send(11000, astro.Calibrate(**PLACE))
            await client.notice(15262, b"\x08\x01")
            await client.ask(16405)
            return [
                (one.cmd, notify.CalibrationState.FromString(one.data).state if one.cmd == 15210 else -1)
                for one in client.frames
                if one.cmd in (15210, 15256, 15262)
            ]

    told = run_virtual(run())
    assert told[:2] == [(15210, 3), (15210, 1)]
    assert {one for one in told[2:] if one[0] == 15210} <= {(15210, 4), (15210, 3), (15210, 0)}
    assert told[-4 if end == "idle" else -3 :] == [
        (15210, 3),
        (15256, -1),
        (15262, -1),
        *([(15210, 0)] if end == "idle" else []),
    ]


@pytest.mark.parametrize(("pause", "code"), [(None, FAILED), (0.0, FAILED), (5.0, 0)])
def test_calibrating_while_the_mount_moves_fails(pause: float | None, code: int) -> None:
    async def run() -> tuple[int, list[HardwareRule]]:
        async with connected(generation="v3", calibrated=True, horizon=False) as (sim, client):
            await enter(client)
            await client.send(11002, VEGA)
            await client.notice(15212)
            if pause is not None:
                await client.ask(11004)
                await asyncio.sleep(pause)
            answered = await calibrated(client)
            return answered[-1], [one.rule for one in sim.broken_rules]

    broken = [] if code == 0 else [HardwareRule.CALIBRATED_IN_MOTION]
    assert run_virtual(run()) == (code, broken)


def test_older_firmware_calibrates_whatever_it_tracks() -> None:
    async def run() -> int:
        async with connected(generation="both", calibrated=True, horizon=False) as (sim, client):
            await client.send(11002, VEGA)
            await client.notice(15212)
            assert not sim.broken_rules
            return (await calibrated(client))[-1]

    assert run_virtual(run()) == 0


def test_the_polar_alignment_is_measured_only_right_after_an_infinity_focus() -> None:
    async def run() -> list[int]:
        found = []
        async with connected(generation="v3", calibrated=True, horizon=False) as (_, client):
            await enter(client)
            found.append(await measured(client))
            await client.ask(15004, INFINITY)
            found.append(await measured(client))
            await client.ask(15004, focus.AstroAutoFocus(mode=0))
            found.append(await measured(client))
            await client.ask(15004, INFINITY)
            await asyncio.sleep(61)
            found.append(await measured(client))
            await client.ask(15004, INFINITY)
            await client.send(11002, VEGA)
            await client.notice(15212)
            found.append(await measured(client))
        return found

    assert run_virtual(run()) == [-11516, 0, -11516, -11516, -11516]


@pytest.mark.parametrize("generation", ["v2", "both"])
def test_older_firmware_focuses_by_itself_before_it_measures(generation: str) -> None:
    async def run() -> int:
        async with connected(generation=generation) as (_, client):
            return await measured(client)

    assert run_virtual(run()) == 0


@pytest.mark.parametrize(("habit", "answered"), [("silent", []), ("answered", [0])])
def test_stopping_a_polar_alignment_is_told_by_its_state_and_maybe_answered(
    habit: str, answered: list[int]
) -> None:
    async def run() -> list[int]:
        async with connected(generation="v3", habits={"stop_eq": habit}) as (_, client):
            await client.send(11018, astro.SolveEq(**PLACE))
            await client.notice(15239, b"\x08\x01")
            await client.send(11019)
            await client.notice(15239, b"\x08\x03")
            await client.ask(16405)
            return codes(client, 11019)

    assert run_virtual(run()) == answered


@pytest.mark.parametrize(("habit", "heard", "other"), [("slow", 15278, 15280), ("fast", 15280, 15278)])
def test_an_infinity_focus_tells_its_states_in_either_of_two_ways(habit: str, heard: int, other: int) -> None:
    async def run() -> WireClient:
        async with connected(generation="v3", habits={"infinity_focus": habit}) as (_, client):
            await client.ask(15004, INFINITY)
            return client

    client = run_virtual(run())
    assert client.told(heard) == [b"\x08\x01", b"\x08\x03"]
    assert not client.told(other)


@pytest.mark.parametrize(
    ("model", "which", "code", "rules"),
    [
        ("mini", 1, -14511, [HardwareRule.RESET_ROTATION]),
        ("mini", 2, 0, []),
        ("D3", 1, 0, []),
    ],
)
def test_the_rotation_of_a_mini_has_no_home(
    model: str, which: int, code: int, rules: list[HardwareRule]
) -> None:
    async def run() -> tuple[int, list[HardwareRule]]:
        async with connected(generation="v3", model=model) as (sim, client):
            answer = (await client.ask(14003, motor.MotorReset(id=which))).read(motor.MotorAnswer)
            return answer.code, [one.rule for one in sim.broken_rules]

    assert run_virtual(run()) == (code, rules)


@pytest.mark.parametrize(("generation", "code"), [("v3", -11508), ("v2", -11501)])
def test_a_second_goto_is_told_that_one_runs(generation: str, code: int) -> None:
    async def run() -> int:
        async with connected(generation=generation, calibrated=True, horizon=False) as (_, client):
            if generation == "v3":
                await enter(client)
            await client.ask(11002, VEGA)
            return await client.code(11002, VEGA)

    assert run_virtual(run()) == code


def test_a_one_click_goto_misses_solutions_as_a_calibration_does() -> None:
    async def run() -> list[tuple[int, int, bool]]:
        faults = ["solving-fails:times=2"]
        async with connected(generation="v3", horizon=False, faults=faults) as (_, client):
            request = astro.OneClickGotoDeepSky(
                ra=18.6, dec=38.8, target_name="Vega", shooting_mode=2, **PLACE
            )
            await client.send(11013, request)
            await client.until(lambda one: one.cmd == 11013 and one.read(astro.OneClickAnswer).all_end)
            answers = [one.read(astro.OneClickAnswer) for one in client.frames if one.cmd == 11013]
            return [(one.step, one.code, one.all_end) for one in answers]

    assert run_virtual(run()) == [(10, 0, False), (30, MISSED, False), (30, MISSED, False), (40, 0, True)]
