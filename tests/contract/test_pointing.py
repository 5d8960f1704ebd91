"""Calibration, gotos, focus and polar alignment: done when they are done, and their failures by name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from agent.capabilities import Camera
from agent.targets import SkyTarget, SolarBody, SolarTarget
from agent.telescope.errors import (
    CommandTimeoutError,
    RefusedError,
    TransientError,
    UnreachableError,
)
from agent.telescope.interface import Telescope
from agent.telescope.simulator.history import Calibration, Focused, PolarAlignment, Slew
from tests.contract.stage import BASEL, ORION, Contract, Stage
from tests.contract.transports import BYTE_BY_BYTE, DOUBLING, DROPPING, SLOW, Transport
from tests.support.tables import sliced

both = pytest.mark.parametrize("generation", ["v2", "v3"])
networks = pytest.mark.parametrize(
    ("generation", "transport"),
    [
        ("v2", BYTE_BY_BYTE),
        ("v2", DOUBLING),
        ("v2", DROPPING),
        ("v3", SLOW),
        ("v3", DOUBLING),
        ("v3", DROPPING),
    ],
    ids=str,
)

COMMANDS: dict[str, Callable[[Telescope], Awaitable[object]]] = {
    "calibrate": lambda telescope: telescope.calibrate(BASEL),
    "goto": lambda telescope: telescope.goto(ORION, BASEL),
    "goto Jupiter": lambda telescope: telescope.goto(SolarTarget("Jupiter", SolarBody.JUPITER), BASEL),
    "auto focus": lambda telescope: telescope.auto_focus(),
    "infinity focus": lambda telescope: telescope.infinite_focus(),
    "polar alignment": lambda telescope: telescope.solve_eq(BASEL),
    "capture": lambda telescope: telescope.start_capture(Camera.TELE),
}
NUMBERS = dict(zip(COMMANDS, (11000, 11002, 11003, 15004, 15004, 11018, 11005), strict=True))


@networks
@pytest.mark.parametrize("early", [True, False], ids=["answers at once", "answers at the end"])
def test_each_movement_is_over_when_its_command_returns(
    contract: Contract, generation: str, transport: Transport, early: bool
) -> None:
    async def story(stage: Stage) -> None:
        telescope, step, sim = stage.telescope, stage.step, stage.sim
        await step(lambda: telescope.calibrate(BASEL))
        assert sim.state.calibrated
        assert not sim.state.motion.activity
        assert sim.history.of(Calibration)[-1].code == 0
        await step(lambda: telescope.goto(ORION, BASEL))
        assert (sim.state.pointing.tracking, sim.state.pointing.target) == (True, ORION.name)
        jupiter = SolarTarget("Jupiter", SolarBody.JUPITER)
        await step(lambda: telescope.goto(jupiter, BASEL))
        assert sim.state.pointing.target == "Jupiter"
        assert sim.history.of(Slew)[-1].code == 0
        await step(telescope.stop_goto)
        assert not sim.state.pointing.tracking
        for focusing in (telescope.auto_focus, telescope.infinite_focus):
            before = len(sim.history.of(Focused))
            await step(focusing)
            assert len(sim.history.of(Focused)) > before
            assert not sim.state.focus.activity
        told: list[object] = []
        telescope.listen(told.append)
        measured = await step(lambda: telescope.solve_eq(BASEL))
        assert measured in told
        truth = sim.history.of(PolarAlignment)[-1]
        assert (measured.azimuth, measured.altitude) == (truth.azimuth, truth.altitude)

    contract.play(story, generation=generation, transport=transport, early_answers=early)


@networks
def test_the_body_asked_for_is_the_one_gone_to(
    contract: Contract, generation: str, transport: Transport
) -> None:
    async def story(stage: Stage) -> None:
        await stage.step(lambda: stage.telescope.calibrate(BASEL))
        for number, body in enumerate(SolarBody, 1):
            await stage.step(lambda body=body: stage.telescope.goto(SolarTarget(body.value, body), BASEL))
            request = next(one.request for one in reversed(stage.sim.received) if one.cmd == 11003)
            assert (request.index, request.lon, request.lat) == (number, 7.6, 47.5)
            assert stage.sim.state.pointing.solar_index == number

    contract.play(story, generation=generation, transport=transport, horizon=False)


@both
def test_coordinates_arrive_in_hours_and_degrees(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        await stage.telescope.calibrate(BASEL)
        for ra, dec in ((0.0, 0.0), (23.999, 89.9), (0.25, -0.5), (12.0, -89.0)):
            await stage.telescope.goto(SkyTarget(f"{ra} {dec}", ra, dec), None)
            pointing = stage.sim.state.pointing
            assert (pointing.ra_hours, pointing.dec_degrees) == (ra, dec)

    contract.play(story, generation=generation, horizon=False, site=None)


@both
@pytest.mark.parametrize(
    ("name", "fault", "code"),
    [
        ("calibrate", "calibration-fails", "calibration_failed"),
        ("calibrate", "solving-fails", "calibration_failed"),
        ("goto", "goto-fails", "goto_failed"),
        ("goto", "goto-fails:late=false", "goto_failed"),
        ("goto", "goto-fails:code=-11512", "goto_unsolved"),
        ("goto Jupiter", "goto-fails", "goto_failed"),
        ("auto focus", "focus-fails", "focus_failed"),
        ("polar alignment", "solving-fails", "eq_solving_failed"),
    ],
)
def test_a_failure_of_the_sky_is_worth_another_try(
    contract: Contract, generation: str, name: str, fault: str, code: str
) -> None:
    async def story(stage: Stage) -> None:
        stage.sim.state.calibrated = True
        for early in (True, False):
            object.__setattr__(stage.sim.options, "early_answers", early)
            number = stage.sim.faults.add(fault)
            with pytest.raises(TransientError) as caught:
                await COMMANDS[name](stage.telescope)
            assert caught.value.code == code
            stage.sim.faults.remove(number)
            stage.sim.state.calibrated = True
            await COMMANDS[name](stage.telescope)

    contract.play(story, generation=generation)


@both
def test_a_goto_fails_once_and_then_succeeds(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        await stage.telescope.calibrate(BASEL)
        for _ in range(2):
            with pytest.raises(TransientError):
                await stage.telescope.goto(ORION, BASEL)
        await stage.telescope.goto(ORION, BASEL)
        assert [one.code for one in stage.sim.history.of(Slew)] == [-11505, -11505, 0]

    contract.play(story, "goto-fails:times=2", generation=generation)


@both
def test_a_target_below_the_horizon_fails_and_nothing_is_tracked(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        await stage.telescope.calibrate(BASEL)
        with pytest.raises(TransientError):
            await stage.telescope.goto(SkyTarget("Crux", 12.5, -60.0), BASEL)
        assert stage.telescope.telemetry.tracking is None

    contract.play(story, generation=generation)


@both
def test_a_goto_before_any_calibration_is_refused(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        with pytest.raises(RefusedError) as caught:
            await stage.telescope.goto(ORION, BASEL)
        assert caught.value.code == "needs_calibration"

    contract.play(story, generation=generation)


@pytest.mark.parametrize(("name", "generation"), sliced(list(COMMANDS), ["v2", "v3"]))
def test_busy_is_for_later_and_ends_with_what_was_busy(
    contract: Contract, generation: str, name: str
) -> None:
    astro = name not in ("auto focus", "infinity focus")

    async def story(stage: Stage) -> None:
        stage.sim.state.calibrated = True
        number = stage.sim.faults.add("answer-code:code=-11501" if not astro else "busy")
        with pytest.raises(TransientError) as caught:
            await COMMANDS[name](stage.telescope)
        assert caught.value.code == "busy"
        stage.sim.faults.remove(number)
        await COMMANDS["goto"](stage.telescope)
        await COMMANDS[name](stage.telescope)

    contract.play(story, generation=generation)


@both
@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "capture"])
def test_a_link_that_breaks_during_a_command_is_no_failure_of_the_command(
    contract: Contract, generation: str, name: str
) -> None:
    async def story(stage: Stage) -> None:
        stage.sim.state.calibrated = True
        await stage.telescope.infinite_focus()
        await stage.telescope.stop_goto()
        await stage.clock.sleep(6)
        task = asyncio.ensure_future(COMMANDS[name](stage.telescope))
        await stage.clock.sleep(1)
        stage.network.cut()
        with pytest.raises(UnreachableError):
            await task
        await stage.connected()
        await stage.clock.sleep(60)
        await stage.telescope.halt()
        await stage.telescope.go_live()
        await COMMANDS["goto"](stage.telescope)

    contract.play(story, generation=generation)


@pytest.mark.parametrize(("name", "generation"), sliced(list(COMMANDS), ["v3", "v2"]))
def test_a_telescope_that_hears_nothing_ends_in_a_timeout(
    contract: Contract, generation: str, name: str
) -> None:

    async def story(stage: Stage) -> None:
        stage.sim.state.calibrated = True
        with pytest.raises(CommandTimeoutError):
            await COMMANDS[name](stage.telescope)

    contract.play(story, f"deaf:command={NUMBERS[name]}", generation=generation)


@pytest.mark.parametrize(
    ("name", "after_s", "generation"),
    sliced(
        ["calibrate", "goto", "auto focus", "polar alignment", "capture"],
        [0.0, 0.3, 4.0, 12.0],
        ["v2", "v3"],
    ),
)
def test_a_cancelled_command_leaves_a_telescope_that_halts_and_obeys(
    contract: Contract, generation: str, name: str, after_s: float
) -> None:
    async def story(stage: Stage) -> None:
        telescope, sim = stage.telescope, stage.sim
        sim.state.calibrated = True
        await telescope.infinite_focus()
        task = asyncio.ensure_future(COMMANDS[name](telescope))
        await stage.clock.sleep(after_s)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await telescope.halt()
        await stage.clock.sleep(1)
        assert not sim.state.motion.activity
        assert not sim.state.pointing.tracking
        assert not sim.state.focus.activity
        assert not sim.state.capturing()
        await telescope.go_live()
        await COMMANDS["goto"](telescope)
        await COMMANDS["capture"](telescope)
        assert await telescope.running_capture(Camera.TELE) is not None

    contract.play(story, generation=generation)


@both
def test_halting_an_idle_telescope_is_harmless(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        for _ in range(2):
            await stage.telescope.halt()
        await stage.telescope.stop_goto()
        assert (await stage.telescope.stop_capture(Camera.TELE)).taken == 0
        await stage.telescope.calibrate(BASEL)

    contract.play(story, generation=generation)


@both
def test_what_somebody_else_began_is_halted_too(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        other = await stage.another()
        for name in ("auto focus", "calibrate", "polar alignment"):
            if name == "polar alignment":
                await other.infinite_focus()
            task = asyncio.ensure_future(COMMANDS[name](other))
            await stage.clock.sleep(6)
            assert stage.sim.state.motion.activity or stage.sim.state.focus.activity
            await stage.telescope.halt()
            assert not stage.sim.state.motion.activity
            assert not stage.sim.state.focus.activity
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    contract.play(story, generation=generation, exclusive=False)


@both
def test_a_nudge_turns_for_its_time_and_no_longer(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        if contract.kind.name != "native":
            with pytest.raises(RefusedError, match="does not turn"):
                await stage.telescope.nudge(90, 0.5)
            return
        pointing = stage.sim.state.pointing
        for angle, motor, sign in (
            (0, "rotation", 1),
            (90, "pitch", 1),
            (180, "rotation", -1),
            (270, "pitch", -1),
        ):
            before = getattr(pointing, motor)
            await stage.telescope.nudge(angle, 1.0)
            turned = getattr(pointing, motor) - before
            assert 0.8 < sign * turned < 1.3
            await stage.clock.sleep(30)
            assert getattr(pointing, motor) - before == turned

    contract.play(story, generation=generation)


@both
def test_a_focus_step_moves_the_focus_by_so_many_steps(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        if contract.kind.name != "native":
            with pytest.raises(RefusedError, match="does not step"):
                await stage.telescope.focus_step(near=True, steps=1)
            return
        focus = stage.sim.state.focus
        before = focus.position
        await stage.telescope.focus_step(near=True, steps=3)
        near = focus.position
        assert near > before
        await stage.telescope.focus_step(near=False, steps=3)
        assert focus.position == before

    contract.play(story, generation=generation)


@both
@pytest.mark.parametrize("how", ["cut", "cancelled", "unheard"])
def test_a_nudge_that_is_broken_off_is_stopped_by_the_next_halt(
    contract: Contract, generation: str, how: str
) -> None:
    async def story(stage: Stage) -> None:
        if contract.kind.name != "native":
            return
        telescope, pointing = stage.telescope, stage.sim.state.pointing
        if how == "unheard":
            number = stage.sim.faults.add("deaf:command=14008")
        task = asyncio.ensure_future(telescope.nudge(90, 2.0))
        await stage.clock.sleep(0.5)
        if how == "cut":
            stage.network.cut()
        elif how == "cancelled":
            task.cancel()
        (ended,) = await asyncio.gather(task, return_exceptions=True)
        came_back = how == "cut" and ended is None  # within the time of the nudge, which was then stopped
        assert came_back or isinstance(ended, UnreachableError | asyncio.CancelledError | CommandTimeoutError)
        if how == "unheard":
            stage.sim.faults.remove(number)
        await stage.connected()
        await telescope.halt()
        stopped = pointing.pitch
        await stage.clock.sleep(30)
        assert pointing.pitch == stopped

    contract.play(story, generation=generation)
