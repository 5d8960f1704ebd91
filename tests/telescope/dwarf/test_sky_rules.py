"""Focusing, calibrating, aligning to the pole and pointing: what goes before, and what a no means."""

from __future__ import annotations

from typing import Any

import pytest

from agent.targets import Site, SkyTarget, SolarBody, SolarTarget
from agent.telescope.dwarf.commands import focus, live, pointing
from agent.telescope.dwarf.completion import (
    CalibrationCompletion,
    EqCompletion,
    FocusCompletion,
    GotoCompletion,
)
from agent.telescope.dwarf.generation import SOLAR_INDEX, Dialect
from agent.telescope.dwarf.link.requests import Answered
from agent.telescope.dwarf.proto import astro_pb2, common_pb2, focus_pb2, motor_pb2
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.dwarf.wire.notifications import HostMode, Tracking
from agent.telescope.errors import (
    CommandTimeoutError,
    HeldByOtherError,
    ProtocolError,
    RefusedError,
    TelescopeError,
    TransientError,
    UnreachableError,
)
from agent.telescope.interface import ConnectionState, EqError
from tests.telescope.dwarf.scripted import LIMITS, NEWER, OLDER, TELE, Wire, on_wire, refused

SITE = Site(47.5, 7.6, 280.0, "Europe/Zurich")
ORION = SkyTarget("M 42", 5.588, -5.39)
CALIBRATION_RUNNING = -11507


# -- focus, calibration, polar alignment --------------------------------------------------------------------


async def calibrated(wire: Wire) -> object:
    await pointing.calibrate(wire.device, SITE)
    return None


async def aligned(wire: Wire) -> object:
    return await pointing.solve_eq(wire.device, SITE)


async def focused(wire: Wire) -> object:
    await focus.auto_focus(wire.device)
    return None


async def pointed(wire: Wire) -> object:
    await pointing.goto(wire.device, ORION, SITE)
    return None


@pytest.mark.parametrize(
    ("act", "activity"),
    [(calibrated, "calibrating"), (focused, "focusing"), (pointed, "slewing"), (aligned, "solving")],
)
def test_an_activity_is_over_when_its_command_failed(act: Any, activity: str) -> None:
    async def story(wire: Wire) -> None:
        wire.at_rest().answers = [RefusedError("no")]
        with pytest.raises(RefusedError):
            await act(wire)
        assert wire.told() == [(activity, "begins"), (activity, "ends")]
        assert wire.did[-1] == TELE
        assert len(wire.sent) == 1
        wire.device.state.take(HostMode(host=False))
        wire.told().clear()
        with pytest.raises(HeldByOtherError):
            await act(wire)
        assert wire.told() == []

    on_wire(story)


@pytest.mark.parametrize(
    ("firmware", "before"), [(OLDER, []), (NEWER, [(Cmd.STOP_GOTO, None, LIMITS.stop, 2)])]
)
def test_a_calibration_is_asked_for_with_the_place(
    firmware: type[Dialect], before: list[tuple[object, ...]]
) -> None:
    async def story(wire: Wire) -> None:
        await calibrated(wire)
        assert wire.sent == [*before, (Cmd.CALIBRATE, ("calibrate", SITE), LIMITS.calibrate, None)]
        assert wire.clock.monotonic() == pytest.approx(LIMITS.still if before else 0.0)
        assert isinstance(wire.completions[0], CalibrationCompletion)
        assert wire.completions[0].doing == "Calibration"
        assert wire.completions[0]._wants_result is firmware.calibration_reports_result
        assert wire.told() == [("calibrating", "begins"), ("calibrating", "ends")]
        await wire.completions[0]._query()
        assert len(wire.asked) == 1

    on_wire(story, firmware)


def test_a_mount_is_stopped_before_a_calibration_unless_it_stands_still_for_long_enough() -> None:
    async def story(wire: Wire) -> None:
        await calibrated(wire.at_rest())
        assert (wire.cmds, wire.clock.monotonic()) == ([Cmd.CALIBRATE], 0.0)
        wire.device.state.still_at = -2.0
        await calibrated(wire)
        assert wire.clock.monotonic() == pytest.approx(LIMITS.still - 2.0), "it swings on after a stop"
        wire.sent.clear()
        wire.device.state.still_at = None
        wire.answers = [CommandTimeoutError("silence")]
        await calibrated(wire)
        assert wire.cmds == [Cmd.STOP_GOTO, Cmd.CALIBRATE], "a stop that nobody answers may have been heard"
        assert wire.clock.monotonic() == pytest.approx(2 * LIMITS.still - 2.0)

    on_wire(story)


@pytest.mark.parametrize(
    ("error", "ran", "stopped"),
    [
        (RefusedError("no"), False, False),
        (RefusedError("no"), True, True),
        (CommandTimeoutError("silence"), False, True),
        (TransientError("another runs", device_code=CALIBRATION_RUNNING), False, True),
        (UnreachableError("away"), True, False),  # there is nobody to tell
    ],
)
def test_a_calibration_that_may_still_run_is_stopped(error: TelescopeError, ran: bool, stopped: bool) -> None:
    async def story(wire: Wire) -> None:
        def fails(completion: Any) -> None:
            completion.ran = ran
            raise error

        wire.running()  # so that one that is busy is not waited for
        wire.at_rest().answers = [fails, CommandTimeoutError("silence")]
        with pytest.raises(type(error)) as caught:
            await calibrated(wire)
        assert caught.value is error
        stop = [(Cmd.STOP_CALIBRATION, None, LIMITS.stop, 1)] if stopped else []
        assert wire.sent[1:] == stop

    on_wire(story)


@pytest.mark.parametrize("firmware", [OLDER, NEWER])
def test_both_ways_to_focus(firmware: type[Dialect]) -> None:
    async def story(wire: Wire) -> None:
        await focus.auto_focus(wire.device)
        await focus.infinite_focus(wire.device)
        assert wire.sent == [
            (Cmd.ASTRO_AUTO_FOCUS, focus_pb2.AstroAutoFocus(mode=mode), LIMITS.focus, None) for mode in (0, 1)
        ]
        assert [one.doing for one in wire.completions] == ["Auto focus", "Infinity focus"]
        assert all(isinstance(one, FocusCompletion) for one in wire.completions)
        assert wire.completions[0]._states is firmware.focus_reports_states
        await wire.completions[0]._query()
        assert len(wire.asked) == 1
        assert wire.told() == [("focusing", "begins"), ("focusing", "ends")] * 2

    on_wire(story, firmware)


@pytest.mark.parametrize("code", [-15101, -15107, -15108])
def test_a_telescope_without_a_stored_focus_searches_one(code: int) -> None:
    async def story(wire: Wire) -> None:
        wire.answers = [refused(code)]
        await focus.infinite_focus(wire.device)
        assert [one[1].mode for one in wire.sent] == [1, 0]
        assert wire.device.state.infinity_at is None, "a search leads elsewhere"
        wire.answers = [refused(-15100)]
        with pytest.raises(TransientError):
            await focus.infinite_focus(wire.device)
        assert [one[1].mode for one in wire.sent] == [1, 0, 1]
        await focus.infinite_focus(wire.device)
        assert wire.device.state.infinity_at == wire.clock.monotonic()

    on_wire(story)


SOLVE = (Cmd.SOLVE_EQ, astro_pb2.SolveEq(lon=7.6, lat=47.5), LIMITS.solve_eq, None)
MEASURED = Answered(astro_pb2.SolveEqAnswer(azi_err=0.5, alt_err=-0.25).SerializeToString())


@pytest.mark.parametrize("firmware", [OLDER, NEWER])
def test_the_polar_alignment_is_measured_at_the_place(firmware: type[Dialect]) -> None:
    async def story(wire: Wire) -> None:
        wire.at_rest().answers = [MEASURED]
        assert await aligned(wire) == EqError(0.5, -0.25)
        assert wire.sent == [SOLVE]
        assert isinstance(wire.completions[0], EqCompletion)
        assert wire.completions[0].doing == "Measuring the polar alignment"
        assert wire.told() == [("solving", "begins"), ("solving", "ends")]

    on_wire(story, firmware)


@pytest.mark.parametrize(
    ("firmware", "before", "seconds"),
    [(OLDER, [], 0.0), (NEWER, [Cmd.ASTRO_AUTO_FOCUS, Cmd.STOP_GOTO], 2 * LIMITS.still)],
)
def test_newer_firmware_aligns_freshly_focused_and_from_standstill_only(
    firmware: type[Dialect], before: list[Cmd], seconds: float
) -> None:
    async def story(wire: Wire) -> None:
        wire.answers = [b""] * len(before) + [MEASURED]
        await aligned(wire)
        assert wire.cmds == [*before, Cmd.SOLVE_EQ]
        assert wire.clock.monotonic() == pytest.approx(seconds)
        wire.sent.clear()
        await wire.clock.sleep(LIMITS.in_focus + 0.1 - LIMITS.still)
        wire.answers = [b""] * len(before) + [MEASURED]
        await aligned(wire)
        assert wire.cmds == [*before, Cmd.SOLVE_EQ], "that focus was too long ago"

    on_wire(story, firmware)


@pytest.mark.parametrize(("code", "kept"), [(-11516, False), (-11500, True)])
def test_a_polar_alignment_that_failed_may_have_been_out_of_focus(code: int, kept: bool) -> None:
    async def story(wire: Wire) -> None:
        wire.at_rest().answers = [refused(code)]
        with pytest.raises(TransientError):
            await aligned(wire)
        assert (wire.device.state.infinity_at is not None) is kept

    on_wire(story)


def test_the_polar_alignment_needs_numbers_and_a_place() -> None:
    async def story(wire: Wire) -> None:
        with pytest.raises(ProtocolError) as none:
            await aligned(wire.at_rest())
        assert none.value.message == "The polar alignment ended without its two numbers."
        wire.sent.clear()
        with pytest.raises(RefusedError) as caught:
            await pointing.solve_eq(wire.device, None)
        error = caught.value
        assert error.message == "Measuring the polar alignment needs to know where the telescope stands."
        assert (error.code, error.hint) == ("needs_site", "Set latitude and longitude in the configuration.")
        assert wire.sent == []

    on_wire(story)


# -- goto ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "name", "by_sight"),
    [
        (ORION, "M 42", False),
        (SkyTarget("  ", 1.0, 2.0), "Target", False),
        (SkyTarget("x" * 63 + " tail", 1.0, 2.0), "x" * 63, False),
        (SkyTarget("y" * 65, 1.0, 2.0), "y" * 64, False),
        (SkyTarget(" \ud800 half", 1.0, 2.0), "? half", False),
        (SolarTarget("Mars", SolarBody.MARS), "Mars", False),
        (SolarTarget("", SolarBody.SUN), "Sun", True),
        (SolarTarget("Moon", SolarBody.MOON), "Moon", True),
    ],
)
def test_a_goto_gives_the_target_a_name_that_comes_back(
    target: SkyTarget | SolarTarget, name: str, by_sight: bool
) -> None:
    async def story(wire: Wire) -> None:
        await pointing.goto(wire.at_rest().device, target, SITE)
        assert wire.did == [("aim", target), TELE], "its mode is the target's"
        assert wire.device.state.still_at is wire.device.state.infinity_at is None
        if isinstance(target, SkyTarget):
            request: Any = astro_pb2.GotoDeepSky(ra=target.ra_hours, dec=target.dec_degrees, target_name=name)
            expected = (Cmd.GOTO_DEEP_SKY, request, LIMITS.goto, None)
        else:
            index = SOLAR_INDEX[target.body.value]
            request = astro_pb2.GotoSolarSystem(index=index, lon=7.6, lat=47.5, target_name=name)
            expected = (Cmd.GOTO_SOLAR_SYSTEM, request, LIMITS.goto, None)
        assert wire.sent == [expected]
        completion = wire.completions[0]
        assert isinstance(completion, GotoCompletion)
        assert completion.doing == f"Goto {name}"
        completion._ran = True
        assert completion.see(Tracking(1, name))
        assert completion.see(Tracking(1, "LUNA")) is by_sight
        assert wire.told() == [("slewing", "begins"), ("slewing", "ends")]

    on_wire(story)


def test_a_goto_to_the_sky_needs_no_place_and_one_to_a_planet_does() -> None:
    async def story(wire: Wire) -> None:
        await pointing.goto(wire.device, ORION, None)
        assert len(wire.sent) == 1
        with pytest.raises(RefusedError) as caught:
            await pointing.goto(wire.device, SolarTarget("Mars", SolarBody.MARS), None)
        assert caught.value.message == "Goto Mars needs to know where the telescope stands."
        assert len(wire.sent) == 1

    on_wire(story)


def test_stopping_a_goto_is_asked_twice_and_frees_the_telescope() -> None:
    async def story(wire: Wire) -> None:
        wire.device.state.occupied("slewing")
        await pointing.stop_goto(wire.device)
        assert wire.sent == [(Cmd.STOP_GOTO, None, LIMITS.stop, 2)]
        assert wire.device.state.busy == set()
        assert wire.device.state.still_at == wire.clock.monotonic()
        wire.link = ConnectionState.CONNECTING
        with pytest.raises(UnreachableError):
            await pointing.stop_goto(wire.device)

    on_wire(story)


# -- by hand ------------------------------------------------------------------------------------------------


def test_a_turn_by_hand_is_begun_once_at_a_speed_and_stopped() -> None:
    async def story(wire: Wire) -> None:
        await pointing.nudge(wire.device, 90.0, 0.5)
        turn = motor_pb2.Joystick(vector_angle=90.0, vector_length=1.0, speed=1.0)
        assert wire.sent == [
            (Cmd.JOYSTICK, turn, "Turning by hand", None, 1),
            (Cmd.STOP_JOYSTICK, None, LIMITS.stop, 2),
        ]
        assert wire.clock.monotonic() == 0.5

    on_wire(story)


@pytest.mark.parametrize(("near", "direction"), [(True, 1), (False, 0)])
def test_a_step_of_the_focus_is_sent_once(near: bool, direction: int) -> None:
    async def story(wire: Wire) -> None:
        await focus.step(wire.device, near=near, steps=2)
        one = (Cmd.FOCUS_STEP, focus_pb2.FocusStep(direction=direction), "Stepping the focus", None, 1)
        assert wire.sent == [one, one]

    on_wire(story)


# -- answers -----------------------------------------------------------------------------------------------


def test_an_answer_names_what_was_done() -> None:
    """The completions judge by the device, whose errors begin with what was being done."""

    async def story(wire: Wire) -> None:
        answer = Answered(common_pb2.ComResponse(code=-11504).SerializeToString())
        for act, doing in (
            (calibrated, "Calibration: "),
            (focused, "Auto focus: "),
            (pointed, "Goto M 42: "),
        ):
            wire.at_rest().answers = [answer]
            with pytest.raises(TransientError) as caught:
                await act(wire)
            assert caught.value.message.startswith(doing)
        wire.answers = [answer]
        with pytest.raises(TransientError) as caught:
            await live.go_live(wire.device)
        assert caught.value.message.startswith("Returning to live view: ")

    on_wire(story)
