"""Shooting modes and parameters of newer firmware, in either reading of it: nothing is lost on going live."""

from __future__ import annotations

import asyncio

import pytest

from agent.capabilities import Camera
from agent.targets import SkyTarget, SolarBody, SolarTarget
from agent.telescope.dwarf.telescope import DwarfAddress, DwarfTelescope
from agent.telescope.errors import RefusedError, TransientError
from agent.telescope.interface import CameraSettings, CaptureReport
from agent.telescope.simulator import Habits, notices
from agent.telescope.simulator.history import ShutterOpened, Slew
from tests.support.tables import sliced
from tests.support.virtual_loop import run_virtual
from tests.telescope.dwarf.support import BASEL, ORION, Bench, bench, on_bench

TELE, WIDE = 0, 1
JUPITER = SolarTarget("Jupiter", SolarBody.JUPITER)
MOON = SolarTarget("Moon", SolarBody.MOON)
SUN = SolarTarget("Sun", SolarBody.SUN)
SETTINGS = CameraSettings(exposure=150, gain=80, filter=1, count=2)
MODELS = ("D2", "D3", "mini")
modes_and_ids = pytest.mark.parametrize(
    ("model", "habits"), sliced(MODELS, Habits.all("foreign_ids", "same_mode", "go_live")), ids=str
)


async def session(b: Bench, target: SkyTarget | SolarTarget = ORION) -> CaptureReport:
    """What a session does: live view, calibration, goto, settings, capture."""
    await b.telescope.go_live()
    await b.telescope.prepare(target, Camera.TELE)
    await b.telescope.apply(Camera.TELE, CameraSettings(exposure=120, gain=80, filter=1))
    await b.telescope.calibrate(BASEL)
    await b.telescope.goto(target, BASEL)
    await b.telescope.apply(Camera.TELE, SETTINGS)
    await b.telescope.start_capture(Camera.TELE)
    return await b.telescope.follow_capture(Camera.TELE)


def opened(b: Bench) -> list[tuple[int, float, int, int]]:
    return [(one.camera, one.exposure_s, one.gain, one.frames) for one in b.sim.history.of(ShutterOpened)]


@modes_and_ids
def test_two_sessions_on_one_connection_and_the_wide_camera_after_them(habits: Habits, model: str) -> None:
    async def run(b: Bench) -> None:
        for _ in range(2):
            report = await session(b)
            assert (report.taken, report.stacked) == (2, 2)
        await b.telescope.go_live()
        wide = CameraSettings(exposure=105, gain=90, count=3)
        await b.telescope.apply(Camera.WIDE, wide)
        held = await b.telescope.read(Camera.WIDE)
        assert (held.exposure, held.gain, held.count) == (105, 90, 3)
        await b.telescope.start_capture(Camera.WIDE)
        assert (await b.telescope.follow_capture(Camera.WIDE)).taken == 3
        assert [one[0] for one in opened(b)] == [TELE, TELE, WIDE]
        assert opened(b)[1] == (TELE, 10.0, 80, 2)
        assert opened(b)[2][2:] == (90, 3)

    on_bench(run, model=model, habits=habits)


@modes_and_ids
def test_a_telescope_left_in_deep_sky_by_another_client_is_entered_anew(model: str, habits: Habits) -> None:
    async def run() -> CaptureReport:
        async with bench(model=model, habits=habits, connect=False) as b:
            b.sim.state.shooting_mode, b.sim.state.technique = 2, 2
            await b.connected()
            return await session(b)

    assert run_virtual(run()).taken == 2


@pytest.mark.parametrize(
    ("model", "habits", "where"),
    sliced(MODELS, Habits.all("foreign_ids", "solar_ids"), [(MOON, 9), (JUPITER, 10), (SUN, 8)]),
    ids=str,
)
def test_sun_moon_and_planets_have_modes_of_their_own(
    model: str, habits: Habits, where: tuple[SolarTarget, int]
) -> None:
    target, mode = where

    async def run(b: Bench) -> None:
        assert (await session(b, target)).taken == 2
        assert (b.sim.state.shooting_mode, b.sim.state.technique) == (mode, 2)
        assert opened(b) == [(TELE, 10.0, 80, 2)]
        await session(b)  # and back to the stars
        assert b.sim.state.shooting_mode == 2

    on_bench(run, model=model, habits=habits, horizon=False)


def test_a_goto_in_the_wrong_mode_enters_the_right_one_and_goes_again() -> None:
    async def run(b: Bench) -> None:
        await b.telescope.calibrate(BASEL)
        b.sim.state.shooting_mode = 1  # without a word
        await b.telescope.goto(ORION, BASEL)
        assert b.telescope.telemetry.tracking == ORION.name
        assert [one.cmd for one in b.sim.received].count(11002) == 2

    on_bench(run, strict=False)


def test_a_goto_that_fails_in_the_right_mode_is_not_tried_twice() -> None:
    async def run(b: Bench) -> None:
        await b.telescope.calibrate(BASEL)
        with pytest.raises(TransientError) as caught:
            await b.telescope.goto(ORION, BASEL)
        assert caught.value.code == "goto_failed"
        assert [one.cmd for one in b.sim.received].count(11002) == 1

    on_bench(run, "goto-fails")


def test_another_client_that_changes_the_mode_is_heard() -> None:
    async def run(b: Bench) -> None:
        await b.aimed()
        b.sim.state.shooting_mode = 1
        b.sim.device.notify(notices.mode_switched(3, 2, 1))
        await asyncio.sleep(1)
        await b.telescope.apply(Camera.TELE, SETTINGS)
        assert b.sim.state.shooting_mode == 2
        assert (await b.telescope.read(Camera.TELE)).exposure == 150

    on_bench(run)


@pytest.mark.parametrize("cmd", [16402, 16403, 16404])
@pytest.mark.parametrize("times", [1, 0])
def test_a_telescope_that_is_there_already_need_not_say_so(cmd: int, times: int) -> None:
    async def run(b: Bench) -> None:
        await b.telescope.apply(Camera.TELE, SETTINGS)
        assert b.sim.state.cameras[TELE].exposure == 150

    on_bench(run, f"no-answer:command={cmd},times={times}")


def test_a_telescope_that_does_not_enter_the_mode_is_not_taken_to_be_there() -> None:
    async def run(b: Bench) -> None:
        with pytest.raises(TransientError):
            await b.telescope.apply(Camera.TELE, SETTINGS)
        assert not [one for one in b.sim.received if one.cmd == 16700]

    on_bench(run, "deaf:command=16402")


def test_a_dwarf_ii_sets_whole_numbers_without_waiting_for_an_answer() -> None:
    async def run(b: Bench) -> None:
        await b.telescope.prepare(None, Camera.TELE)
        before = b.clock.monotonic()
        await b.telescope.apply(Camera.TELE, SETTINGS)
        assert b.clock.monotonic() - before < 3
        held = await b.telescope.read(Camera.TELE)
        assert (held.filter, held.count) == (1, 2)

    on_bench(run, model="D2")


@pytest.mark.parametrize("model", ["D2", "mini"])
def test_binning_is_not_asked_of_a_model_that_has_none(model: str) -> None:
    async def run(b: Bench) -> None:
        await b.telescope.apply(Camera.TELE, CameraSettings(exposure=150, binning=0))
        with pytest.raises(RefusedError, match="binning"):
            await b.telescope.apply(Camera.TELE, CameraSettings(exposure=150, binning=1))
        assert b.telescope.capabilities.cameras[Camera.TELE].binnings == ()

    on_bench(run, model=model)


def test_a_value_that_http_tells_late_is_waited_for_when_nothing_else_tells_it() -> None:
    async def run(b: Bench) -> None:
        await b.telescope.apply(Camera.TELE, SETTINGS)
        b.telescope._state.params.clear()  # as if the notifications had not come
        held = await b.telescope.read(Camera.TELE)
        assert (held.exposure, held.gain, held.filter, held.count) == (150, 80, 1, 2)

    on_bench(run)


def test_what_was_told_after_setting_counts_more_than_what_http_still_says() -> None:
    async def run(b: Bench) -> None:
        await b.telescope.apply(Camera.TELE, CameraSettings(exposure=150, binning=1))
        before = b.clock.monotonic()
        assert (await b.telescope.read(Camera.TELE)).binning == 1
        assert b.clock.monotonic() - before < 1

    on_bench(run)


def test_no_shutter_opens_on_settings_that_nobody_confirmed() -> None:
    """The mode is lost without a word and HTTP is down: frames would be of whatever was set before."""

    async def run() -> None:
        async with bench(connect=False, strict=False) as b:
            await b.telescope.close()
            telescope = DwarfTelescope(DwarfAddress("127.0.0.1", b.sim.port, 1), clock=b.clock)
            await telescope.open()
            await telescope.wait_connected()
            await telescope.take_control()
            await telescope.apply(Camera.TELE, SETTINGS)
            await telescope.calibrate(BASEL)
            await telescope.goto(ORION, BASEL)
            await telescope.apply(Camera.WIDE, CameraSettings())
            b.sim.state.shooting_mode = 1
            await telescope.apply(Camera.WIDE, CameraSettings(exposure=105, gain=90, count=5))
            with pytest.raises(TransientError) as caught:
                await telescope.start_capture(Camera.WIDE)
            assert caught.value.code == "settings_unconfirmed"
            assert not b.sim.history.of(ShutterOpened)
            await telescope.go_live()  # as the step does that is tried again
            await telescope.apply(Camera.WIDE, CameraSettings(exposure=105, gain=90, count=5))
            await telescope.start_capture(Camera.WIDE)
            assert (await telescope.follow_capture(Camera.WIDE)).taken == 5
            await telescope.close()

    run_virtual(run())


def test_the_filter_that_was_set_starts_the_capture() -> None:
    async def run(b: Bench) -> None:
        await b.aimed()
        await b.telescope.apply(Camera.TELE, CameraSettings(filter=2, count=2))
        await b.telescope.start_capture(Camera.TELE)
        await b.telescope.follow_capture(Camera.TELE)
        assert b.sim.history.of(ShutterOpened)[0].filter == 2

    on_bench(run)


def test_what_a_mode_offers_is_known_before_anything_moves() -> None:
    async def run(b: Bench) -> None:
        await b.telescope.prepare(ORION, Camera.TELE)
        sky = b.telescope.capabilities.cameras[Camera.TELE]
        assert [each.value for each in sky.filters] == [1, 2]
        assert min(sky.gains) == 40
        await b.telescope.prepare(MOON, Camera.TELE)
        moon = b.telescope.capabilities.cameras[Camera.TELE]
        assert [each.name for each in moon.filters] == ["VIS", "Astro", "Duo-Band"]
        assert not b.sim.history.of(Slew)

    on_bench(run)
