"""Going through the checks: with leave only, never leaving anything running, and from where it ended."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.clock import LoopClock
from agent.telescope.dwarf.link.connection import LinkLostError
from agent.telescope.dwarf.proto import schedule_pb2
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.first_light.checks import CHECKS
from agent.telescope.first_light.errors import FirstLightError
from agent.telescope.first_light.finding import Agreement
from agent.telescope.first_light.line import Line, Place
from agent.telescope.first_light.notebook import Notebook
from agent.telescope.first_light.walk import chosen, walk
from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions
from tests.support.tables import sliced
from tests.support.virtual_loop import run_virtual
from tests.telescope.first_light.support import BASEL, HANDS, MOONLIT, NIGHT, Script, light, place_of

MOVING = {
    Cmd.CALIBRATE,
    Cmd.GOTO_DEEP_SKY,
    Cmd.GOTO_SOLAR_SYSTEM,
    Cmd.SOLVE_EQ,
    Cmd.MOTOR_RUN_TO,
    Cmd.SYNC_SCHEDULE,
}
NEVER = {
    Cmd.MOTOR_RESET,
    Cmd.MOTOR_RUN_TO,
    Cmd.POWER_DOWN,
    Cmd.REBOOT,
    Cmd.TELE_OPEN,
    Cmd.WIDE_OPEN,
    Cmd.WORKING_STATE,
}
OUTSIDE = [one.name for one in CHECKS if one.outside]


def test_nothing_moves_without_a_yes(tmp_path: Path) -> None:
    owner = Script(refuses=("THE MOUNT WILL MOVE",), acts=HANDS)
    lit = light(tmp_path / "light.jsonl", owner=owner)
    sent = {one.cmd for one in lit.sim.received}
    assert not sent & (MOVING | NEVER)
    for name in OUTSIDE:
        assert lit.notebook.findings[name].agreement is Agreement.SKIPPED
    assert sum("THE MOUNT WILL MOVE" in question for question in owner.asked) == len(OUTSIDE)


def test_with_every_yes_no_motor_is_reset_and_nothing_is_left_running(tmp_path: Path) -> None:
    lit = light(tmp_path / "light.jsonl", start=MOONLIT)
    assert not {one.cmd for one in lit.sim.received} & NEVER
    assert not lit.sim.state.capturing()
    assert not lit.sim.state.pointing.tracking
    assert set(lit.notebook.findings) == {one.name for one in CHECKS}
    assert lit.notebook.findings["goto-moon"].agreement is not Agreement.SKIPPED


@pytest.mark.parametrize("hour", [10, 15])
def test_nothing_moves_by_day(tmp_path: Path, hour: int) -> None:
    owner = Script(acts=HANDS)
    lit = light(tmp_path / "light.jsonl", *OUTSIDE, owner=owner, start=NIGHT.replace(hour=hour))
    assert not {one.cmd for one in lit.sim.received} & MOVING
    assert owner.asked == []


def test_no_frame_is_exposed_while_the_lens_is_not_covered(tmp_path: Path) -> None:
    owner = Script(refuses=("Cover the lens", "THE MOUNT"), acts=HANDS)
    lit = light(tmp_path / "light.jsonl", owner=owner)
    sent = {one.cmd for one in lit.sim.received}
    assert not sent & {Cmd.START_CAPTURE, Cmd.START_WIDE_CAPTURE, Cmd.ASTRO_AUTO_FOCUS}
    assert sum("Cover the lens" in question for question in owner.asked) == 1


def test_it_goes_on_where_it_ended_and_asks_anew_only_what_is_open(tmp_path: Path) -> None:
    path = tmp_path / "light.jsonl"
    first = light(path, owner=Script(refuses=("Cover", "THE MOUNT", "Plug"), acts=HANDS))
    assert first.notebook.findings["charging"].agreement is Agreement.SKIPPED
    owner = Script(refuses=("THE MOUNT",), acts=HANDS)
    second = light(path, owner=owner)
    assert second.notebook.findings["charging"].agreement.settled
    settled = {name for name, one in first.notebook.findings.items() if one.agreement.settled}
    assert settled
    for one in CHECKS:
        if one.name in settled:
            assert not any(one.question in line for line in owner.told)
    assert Notebook.read(path).findings == second.notebook.findings


def test_only_asks_the_named_again_although_it_is_settled(tmp_path: Path) -> None:
    path = tmp_path / "light.jsonl"
    light(path, "known-modes")
    owner = Script()
    again = light(path, "known-modes", owner=owner)
    assert owner.told[0].startswith("[1/1]")
    assert list(again.notebook.findings) == ["known-modes"]


def test_a_name_there_is_not_lists_those_there_are() -> None:
    with pytest.raises(FirstLightError, match="going-live"):
        chosen(["going-liv"])


def test_a_file_about_another_telescope_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "light.jsonl"
    light(path, "known-modes")
    with pytest.raises(FirstLightError, match="another telescope"):
        light(path, model="mini")


def test_a_telescope_at_work_is_not_disturbed(tmp_path: Path) -> None:
    async def run() -> None:
        clock = LoopClock(NIGHT)
        options = SimulatorOptions.from_mapping({"generation": "v3", "site": BASEL})
        async with SimulatedDwarf(options, clock) as sim:
            sim.state.motion.calibration = type(sim.state.motion.calibration)(1)
            notebook = Notebook.open(tmp_path / "light.jsonl", clock.now)
            with pytest.raises(FirstLightError, match="at work"):
                await walk(place_of(sim), notebook, Script(), clock)
            notebook.close()
            assert {one.cmd for one in sim.received} == {Cmd.DEVICE_STATE}

    run_virtual(run())


def test_a_telescope_that_another_program_holds_is_said_to_be_held(tmp_path: Path) -> None:
    async def run() -> None:
        clock = LoopClock(NIGHT)
        options = SimulatorOptions.from_mapping({"generation": "v3", "site": BASEL, "exclusive": True})
        async with SimulatedDwarf(options, clock) as sim:
            other = Line(place_of(sim), clock)
            await other.open()
            notebook = Notebook.open(tmp_path / "light.jsonl", clock.now)
            with pytest.raises(FirstLightError, match="Another program holds"):
                await walk(place_of(sim), notebook, Script(), clock)
            notebook.close()
            await other.close()

    run_virtual(run())


def test_older_firmware_is_not_asked(tmp_path: Path) -> None:
    with pytest.raises(FirstLightError, match="older firmware"):
        light(tmp_path / "light.jsonl", generation="v2")


def test_nobody_at_that_address_is_said_so(tmp_path: Path) -> None:
    async def run() -> None:
        clock = LoopClock(NIGHT)
        notebook = Notebook.open(tmp_path / "light.jsonl", clock.now)
        with pytest.raises(LinkLostError, match="cannot be reached"):
            await walk(Place("127.0.0.1", 1, 1), notebook, Script(), clock)
        notebook.close()

    run_virtual(run())


@pytest.mark.parametrize(
    ("check", "later", "darks"),
    sliced(
        ["without-darks", "early-stop", "link-gone", "wide-capture"],
        [0.0, 0.5, 4.0, 12.0],
        ["there", "refused", "late", "silent"],
    ),
)
def test_ctrl_c_in_a_capture_stops_it_and_keeps_the_file(
    tmp_path: Path, check: str, later: float, darks: str
) -> None:
    path = tmp_path / "light.jsonl"
    habits = {"goto_needed": "warned", **({} if darks == "there" else {"missing_darks": darks})}

    async def run() -> None:
        clock = LoopClock(NIGHT)
        options = SimulatorOptions.from_mapping(
            {"generation": "v3", "site": BASEL, "darks": darks == "there", "habits": habits}
        )
        async with SimulatedDwarf(options, clock) as sim:
            notebook = Notebook.open(path, clock.now)
            only = ["known-modes", check]
            task = asyncio.create_task(walk(place_of(sim), notebook, Script(), clock, only=only))
            while not (sim.state.capturing() or sim.state.asks_about_darks()):
                await clock.sleep(0.1)
            await clock.sleep(later)
            assert task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            notebook.close()
            for _ in range(60):
                assert not sim.state.capturing()
                assert not sim.state.asks_about_darks()
                await clock.sleep(1.0)
            assert sim.state.cameras[0].operation == sim.state.cameras[1].operation == 0

    run_virtual(run())
    assert Notebook.read(path).findings["known-modes"].agreement is Agreement.AGREES


@pytest.mark.parametrize(
    ("check", "later"),
    [
        *sliced(["calibration", "polar-alignment", "second-goto", "goto-moon"], [0.0, 2.0, 10.0, 25.0]),
        *sliced(["own-schedule"], [2.0, 150.0]),  # given, and carried out
    ],
)
def test_ctrl_c_stops_the_mount(tmp_path: Path, check: str, later: float) -> None:
    async def run() -> None:
        clock = LoopClock(MOONLIT)
        options = SimulatorOptions.from_mapping({"generation": "v3", "site": BASEL, "calibrated": True})
        async with SimulatedDwarf(options, clock) as sim:
            notebook = Notebook.open(tmp_path / "light.jsonl", clock.now)
            walking = walk(place_of(sim), notebook, Script(), clock, site=BASEL, only=[check])
            task = asyncio.create_task(walking)
            while not (sim.state.motion.activity or list(sim.device.schedules)):
                await clock.sleep(0.1)
            await clock.sleep(later)
            assert task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            notebook.close()
            for _ in range(30):
                assert not sim.state.motion.activity
                assert not sim.state.pointing.tracking
                assert not sim.state.capturing()
                await clock.sleep(1.0)
            assert not list(sim.device.schedules)

    run_virtual(run())


def test_a_schedule_that_is_the_owners_is_left_alone(tmp_path: Path) -> None:
    async def run() -> None:
        clock = LoopClock(NIGHT)
        options = SimulatorOptions.from_mapping({"generation": "v3", "site": BASEL, "calibrated": True})
        async with SimulatedDwarf(options, clock) as sim:
            start = int(clock.now().timestamp()) // 60 * 60 + 600
            theirs = schedule_pb2.Schedule(id="theirs", start=start, end=start + 3600, device_id=2)
            sim.device.schedules.put(theirs, clock.now())
            notebook = Notebook.open(tmp_path / "light.jsonl", clock.now)
            await walk(place_of(sim), notebook, Script(), clock, site=BASEL, only=["own-schedule"])
            notebook.close()
            assert notebook.findings["own-schedule"].agreement is Agreement.SKIPPED
            assert [one.id for one in sim.device.schedules] == ["theirs"]
            assert not {one.cmd for one in sim.received} & MOVING

    run_virtual(run())


def test_a_link_that_breaks_costs_one_check(tmp_path: Path) -> None:
    def cut(sim: SimulatedDwarf) -> None:
        sim.device.links.cut(0)  # type: ignore[union-attr]

    owner = Script(acts={"Plug the charger": cut})
    lit = light(tmp_path / "light.jsonl", "charging", "known-modes", owner=owner)
    assert lit.notebook.findings["charging"].agreement is Agreement.UNCLEAR
    assert lit.notebook.findings["known-modes"].agreement is Agreement.AGREES
