"""Calibration, polar alignment and focus by the driver, on firmware that says "missed" and goes on."""

from __future__ import annotations

from functools import partial

import pytest

from agent.clock import LoopClock
from agent.telescope.dwarf.limits import Limits
from agent.telescope.dwarf.telescope import DwarfTelescope
from agent.telescope.errors import CommandTimeoutError, TransientError
from agent.telescope.simulator import Habits, SimulatedDwarf, SimulatorOptions, patient
from agent.telescope.simulator.history import Calibration, Focused, PolarAlignment
from tests.support.virtual_loop import run_virtual
from tests.telescope.dwarf.scripted import Busy
from tests.telescope.dwarf.support import BASEL, NIGHT, ORION, Bench, address_of, on_bench

both = pytest.mark.parametrize("generation", ["v2", "v3"])
SKY_HABITS = Habits.all("calibration_end", "infinity_focus", "stop_eq")
FOCUS, STOP_GOTO, SOLVE_EQ = 15004, 11004, 11018
CALIBRATE, STOP_CALIBRATION = 11000, 11001


def sent(b: Bench, *commands: int) -> list[int]:
    return [one.cmd for one in b.sim.received if one.cmd in commands]


@both
@pytest.mark.parametrize("early", [True, False], ids=["answers at once", "answers at the end"])
def test_missed_plate_solutions_do_not_end_a_calibration(generation: str, early: bool) -> None:
    async def run(b: Bench) -> None:
        await b.telescope.calibrate(BASEL)
        (done,) = b.sim.history.of(Calibration)
        assert (done.code, b.sim.state.calibrated) == (0, True)
        assert sent(b, CALIBRATE, STOP_CALIBRATION) == [CALIBRATE]
        await b.telescope.goto(ORION, BASEL)

    faults = ("solving-fails:times=3", "near-limit:times=2")
    on_bench(run, *faults, generation=generation, early_answers=early, limits=Limits(news=20))


@both
def test_a_calibration_that_only_misses_fails_when_the_telescope_gives_up(generation: str) -> None:
    async def run(b: Bench) -> None:
        with pytest.raises(TransientError) as caught:
            await b.telescope.calibrate(BASEL)
        assert (caught.value.code, caught.value.device_code) == ("calibration_failed", -11504)
        assert [one.code for one in b.sim.history.of(Calibration)] == [-11504]

    on_bench(run, "solving-fails", generation=generation)


@both
@pytest.mark.parametrize("fault", ["calibration-fails:times=1", "solving-fails:times=5"])
def test_a_failed_calibration_is_stopped_before_the_next(generation: str, fault: str) -> None:
    async def run(b: Bench) -> None:
        with pytest.raises(TransientError):
            await b.telescope.calibrate(BASEL)
        await b.telescope.calibrate(BASEL)
        assert sent(b, CALIBRATE, STOP_CALIBRATION) == [CALIBRATE, STOP_CALIBRATION, CALIBRATE]

    on_bench(run, fault, generation=generation)


def test_a_calibration_that_another_client_began_is_no_obstacle() -> None:
    async def run(b: Bench) -> None:
        with pytest.raises(TransientError):
            await b.telescope.calibrate(BASEL)
        assert sent(b, STOP_CALIBRATION)
        b.sim.faults.clear()
        await b.telescope.calibrate(BASEL)

    on_bench(run, "answer-code:command=11000,code=-11507")


def test_a_calibration_that_another_client_soon_ends_is_waited_for() -> None:
    async def run(b: Bench) -> None:
        await b.telescope.calibrate(BASEL)
        assert sent(b, CALIBRATE) == [CALIBRATE] * 3

    on_bench(run, "answer-code:command=11000,code=-11507,times=2")


@pytest.mark.parametrize("habits", SKY_HABITS, ids=str)
def test_a_night_is_prepared_in_either_reading_of_the_firmware(habits: Habits) -> None:
    async def run(b: Bench) -> None:
        await b.telescope.auto_focus()
        measured = await b.telescope.solve_eq(BASEL)
        truth = b.sim.history.of(PolarAlignment)[-1]
        assert (measured.azimuth, measured.altitude) == (truth.azimuth, truth.altitude)
        b.sim.faults.add("solving-fails:times=1")
        await b.aimed()
        await b.telescope.calibrate(BASEL)  # tracking still
        assert [one.code for one in b.sim.history.of(Calibration)] == [0, 0]
        await b.telescope.halt()

    on_bench(run, habits=habits)


@pytest.mark.parametrize("model", ["D2", "D3", "mini"])
def test_it_stands_still_before_it_calibrates(model: str) -> None:
    async def run(b: Bench) -> None:
        await b.aimed()
        await b.telescope.calibrate(BASEL)
        orders = [one for one in b.sim.received if one.cmd in (CALIBRATE, STOP_GOTO)]
        assert [one.cmd for one in orders] == [STOP_GOTO, CALIBRATE] * 2
        assert (orders[1].at - orders[0].at).total_seconds() >= 5
        assert (orders[3].at - orders[2].at).total_seconds() >= 5

    on_bench(run, model=model)


def test_it_is_stopped_when_nobody_said_whether_it_tracks() -> None:
    async def run(b: Bench) -> None:
        b.sim.state.calibrated = True
        await b.telescope.goto(ORION, BASEL)
        b.sim.faults.add("drop-link")
        await b.clock.sleep(30)
        await b.connected()
        await b.telescope.calibrate(BASEL)

    on_bench(run, "deaf:command=16405")


class _Hasty(LoopClock):
    """The clock of a simulator that lives twenty times as fast as its client."""

    def monotonic(self) -> float:
        return super().monotonic() * 20

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / 20)


def test_a_hasty_simulator_has_patience_with_who_focuses_and_then_lets_the_mount_come_to_rest() -> None:
    async def run() -> list[int]:
        options = patient(SimulatorOptions(speed=20, calibrated=True))
        async with SimulatedDwarf(options, _Hasty(NIGHT)) as sim:
            telescope = DwarfTelescope(address_of(sim), clock=LoopClock(NIGHT))
            await telescope.open()
            try:
                await telescope.wait_connected()
                await telescope.solve_eq(BASEL)
            finally:
                await telescope.close()
            return [one.code for one in sim.history.of(PolarAlignment)]

    assert run_virtual(run()) == [0]


def test_a_mount_that_was_stopped_already_is_not_stopped_again() -> None:
    async def run(b: Bench) -> None:
        await b.telescope.stop_goto()
        await b.clock.sleep(5)
        await b.telescope.calibrate(BASEL)
        assert sent(b, STOP_GOTO, CALIBRATE) == [STOP_GOTO, CALIBRATE]

    on_bench(run)


def test_the_polar_alignment_is_preceded_by_an_infinity_focus_unless_there_was_one_just_now() -> None:
    async def run(b: Bench) -> list[int]:
        await b.telescope.solve_eq(BASEL)  # focuses
        await b.telescope.infinite_focus()
        await b.telescope.solve_eq(BASEL)  # just focused
        await b.telescope.infinite_focus()
        await b.clock.sleep(58)
        await b.telescope.solve_eq(BASEL)  # too long ago: focuses
        await b.telescope.infinite_focus()
        await b.aimed()
        await b.telescope.solve_eq(BASEL)  # moved: focuses
        assert {one.code for one in b.sim.history.of(PolarAlignment)} == {0}
        return sent(b, FOCUS, SOLVE_EQ)

    focused, given = [FOCUS, SOLVE_EQ], [FOCUS, SOLVE_EQ]
    assert on_bench(run) == [*focused, *given, FOCUS, *focused, FOCUS, *focused]


def test_the_mount_stands_still_between_focus_and_polar_alignment() -> None:
    async def run(b: Bench) -> None:
        await b.telescope.solve_eq(BASEL)
        [focus, stop, solve] = [one for one in b.sim.received if one.cmd in (FOCUS, STOP_GOTO, SOLVE_EQ)]
        assert (focus.cmd, stop.cmd, solve.cmd) == (FOCUS, STOP_GOTO, SOLVE_EQ)
        ended = b.sim.history.of(Focused)[-1].at
        assert (stop.at - ended).total_seconds() >= 5
        assert (solve.at - stop.at).total_seconds() >= 5

    on_bench(run)


def test_a_polar_alignment_out_of_focus_is_focused_anew_at_the_next_try() -> None:
    async def run(b: Bench) -> list[int]:
        await b.telescope.infinite_focus()
        with pytest.raises(TransientError, match="-11516"):
            await b.telescope.solve_eq(BASEL)
        await b.telescope.solve_eq(BASEL)
        return sent(b, FOCUS, SOLVE_EQ)

    faults = "answer-code:command=11018,code=-11516,times=1"
    assert on_bench(run, faults) == [FOCUS, SOLVE_EQ, FOCUS, SOLVE_EQ]


def test_older_firmware_focuses_by_itself() -> None:
    async def run(b: Bench) -> list[int]:
        await b.telescope.solve_eq(BASEL)
        return sent(b, FOCUS, STOP_GOTO, SOLVE_EQ)

    assert on_bench(run, generation="v2") == [SOLVE_EQ]


@both
@pytest.mark.parametrize("code", [-15101, -15107, -15108])
def test_a_focus_without_a_stored_position_is_searched(generation: str, code: int) -> None:
    async def run(b: Bench) -> list[int]:
        await b.telescope.infinite_focus()
        return [one.request.mode for one in b.sim.received if one.cmd == FOCUS]

    fault = f"answer-code:command={FOCUS},code={code},times=1"
    assert on_bench(run, fault, generation=generation) == [1, 0]


def test_a_left_over_end_does_not_end_the_activity_that_begins() -> None:
    busy = Busy()

    async def run(b: Bench) -> None:
        b.telescope._state.busy = busy
        await b.telescope.calibrate(BASEL)
        await b.telescope.calibrate(BASEL)

    on_bench(run)
    assert [one for one in busy.changes if one[0] == "calibrating"] == [
        ("calibrating", "begins"),
        ("calibrating", "ends"),
    ] * 2


@pytest.mark.parametrize("code", [-11526, -14518, -14523])
@pytest.mark.parametrize("command", [CALIBRATE, 11002, FOCUS, SOLVE_EQ])
def test_a_note_ends_no_command(command: int, code: int) -> None:
    async def run(b: Bench) -> None:
        b.sim.state.calibrated = True
        steps = {
            CALIBRATE: lambda: b.telescope.calibrate(BASEL),
            11002: lambda: b.telescope.goto(ORION, BASEL),
            FOCUS: b.telescope.infinite_focus,
            SOLVE_EQ: lambda: b.telescope.solve_eq(BASEL),
        }
        b.sim.faults.add(f"answer-code:command={command},code={code},times=1")
        with pytest.raises(CommandTimeoutError):  # the note was all there was, and it was waited on
            await steps[command]()
        result = await steps[command]()
        if command == SOLVE_EQ:
            assert result.azimuth

    on_bench(run, limits=Limits(news=30))


@pytest.mark.parametrize("code", [-14520, -11510])
@pytest.mark.parametrize("command", [CALIBRATE, 11002])
@pytest.mark.parametrize("generation", ["v2", "v3"])
def test_a_motor_that_asks_for_its_home_is_sent_there_once(generation: str, command: int, code: int) -> None:
    async def run(b: Bench, times: int) -> list[int]:
        b.sim.state.calibrated = True
        b.sim.faults.add(f"answer-code:command={command},code={code},times={times}")
        step = b.telescope.calibrate(BASEL) if command == CALIBRATE else b.telescope.goto(ORION, BASEL)
        if times:
            await step
        else:
            with pytest.raises(TransientError) as failed:
                await step
            assert failed.value.device_code == code
        return [one.request.id for one in b.sim.received if one.cmd == 14003]

    for times in (1, 0):
        assert on_bench(partial(run, times=times), generation=generation) == [2]


@pytest.mark.parametrize("generation", ["v2", "v3"])
def test_a_stop_of_the_mount_that_is_not_answered_counts_once_it_is_seen_to_rest(generation: str) -> None:
    async def run(b: Bench, fault: str) -> None:
        b.sim.state.calibrated = True
        await b.telescope.goto(ORION, BASEL)
        b.sim.faults.add(f"{fault}:command={STOP_GOTO},times=0")
        await b.telescope.stop_goto()
        assert b.telescope.telemetry.tracking is None

    on_bench(partial(run, fault="no-answer"), generation=generation)
    with pytest.raises(CommandTimeoutError):  # it tracks on
        on_bench(partial(run, fault="deaf"), generation=generation)


@pytest.mark.parametrize("generation", ["v2", "v3"])
def test_a_goto_whose_tracking_goes_unheard_is_asked_about(
    generation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run(b: Bench) -> str | None:
        b.sim.state.calibrated = True
        tell = b.sim.clients.push
        monkeypatch.setattr(
            b.sim.clients, "push", lambda items: tell(one for one in items if one.cmd != 15212)
        )
        await b.telescope.goto(ORION, BASEL)
        return b.telescope.telemetry.tracking

    assert on_bench(run, generation=generation) == ORION.name
