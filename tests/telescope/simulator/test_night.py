"""Calibration, goto, focus, captures: sequences, physics, and what survives the client."""

from __future__ import annotations

import pytest

from agent.targets import Site
from agent.telescope.dwarf.proto import astro_pb2 as astro
from agent.telescope.dwarf.proto import camera_pb2 as camera
from agent.telescope.dwarf.proto import common_pb2 as common
from agent.telescope.dwarf.proto import focus_pb2 as focus
from agent.telescope.dwarf.proto import notify_pb2 as notify
from agent.telescope.simulator import SimulatedDwarf
from agent.telescope.simulator.history import (
    Calibration,
    Focused,
    FrameTaken,
    ShutterClosed,
    ShutterOpened,
    Slew,
)
from tests.support.virtual_loop import run_virtual
from tests.telescope.simulator.client import WireClient, client_of, connected, telescope

BASEL = Site(47.5, 7.6, 280.0, "Europe/Zurich")
ORION = astro.GotoDeepSky(ra=5.588, dec=-5.39, target_name="M 42 Große Ω")
RUNNING, STOPPING, STOPPED, IDLE = b"\x08\x01", b"\x08\x02", b"\x08\x03", b""


def count_of(frames: int) -> camera.SetFeature:
    return camera.SetFeature(
        feature=common.CommonParam(auto_mode=1, id=1, mode_index=1, continue_value=float(frames))
    )


async def ready(client: WireClient, *, exposure: int = 150, frames: int = 3) -> None:
    """Open the camera, set a 10 s exposure and a count, calibrate and go to Orion."""
    await client.ask(10000)
    await client.ask(10009, camera.SetIndex(index=exposure))
    await client.ask(10037, count_of(frames))
    await client.send(11000)
    await client.notice(15210, IDLE)
    await client.send(11002, ORION)
    await client.notice(15212)


async def captured(client: WireClient) -> list[notify.StackingProgress]:
    await client.send(11005)
    await client.notice(15208, STOPPED)
    return [notify.StackingProgress.FromString(data) for data in client.told(15209)]


def test_a_calibration_never_shows_idle_before_its_end() -> None:
    async def run() -> tuple[list[notify.CalibrationState], list[Calibration]]:
        async with connected() as (sim, client):
            await client.send(11000)
            await client.notice(15210, IDLE)
            told = [notify.CalibrationState.FromString(data) for data in client.told(15210)]
            return told, sim.history.of(Calibration)

    told, journal = run_virtual(run())
    solves = journal[0].solves
    assert [one.state for one in told] == [1] + [4] * solves + [3, 0]
    assert [one.plate_solving_times for one in told[1:-2]] == list(range(1, solves + 1))
    assert journal[0].code == 0


def test_a_goto_tells_the_name_letter_for_letter_and_tracks() -> None:
    async def run() -> tuple[list[int], notify.TrackingState, Slew]:
        async with connected(calibrated=True) as (sim, client):
            await client.send(11002, ORION)
            tracking = (await client.notice(15212)).read(notify.TrackingState)
            states = [notify.GotoState.FromString(data).state for data in client.told(15211)]
            return states, tracking, sim.history.of(Slew)[0]

    states, tracking, slew = run_virtual(run())
    assert states == [1, 4, 3]
    assert (tracking.state, tracking.target_name) == (1, ORION.target_name)
    assert (slew.ra_hours, slew.dec_degrees) == (ORION.ra, ORION.dec)


def test_right_ascension_above_24_is_understood_as_degrees() -> None:
    async def run() -> float:
        async with connected(calibrated=True) as (sim, client):
            await client.send(11002, astro.GotoDeepSky(ra=279.23, dec=38.78, target_name="Vega"))
            await client.notice(15212)
            return sim.history.of(Slew)[0].ra_hours

    assert run_virtual(run()) == pytest.approx(18.6153, abs=1e-3)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (astro.GotoDeepSky(ra=5, dec=91, target_name="x"), -3),
        (astro.GotoDeepSky(ra=-1, dec=0, target_name="x"), -3),
    ],
)
def test_a_goto_outside_the_sky_is_refused(message: astro.GotoDeepSky, code: int) -> None:
    async def run() -> int:
        async with connected(calibrated=True) as (_, client):
            return await client.code(11002, message)

    assert run_virtual(run()) == code


def test_a_goto_without_calibration_is_refused() -> None:
    async def run() -> int:
        async with connected() as (_, client):
            return await client.code(11002, ORION)

    assert run_virtual(run()) == -11511


def test_a_target_below_the_horizon_fails_when_site_and_time_are_known() -> None:
    async def run() -> tuple[bytes, list[Slew]]:
        async with connected(calibrated=True, site=BASEL, early_answers=False) as (sim, client):
            answer = await client.ask(11002, astro.GotoDeepSky(ra=18.6, dec=-60.0, target_name="south"))
            assert not client.told(15212)
            return answer.data, sim.history.of(Slew)

    data, slews = run_virtual(run())
    assert common.ComResponse.FromString(data).code == -11505
    assert slews[0].altitude is not None
    assert slews[0].altitude < 0


@pytest.mark.parametrize("refuse", [False, True])
def test_a_goto_near_the_sun_is_written_down_as_a_hazard(refuse: bool) -> None:
    async def run() -> Slew:
        async with connected(calibrated=True, refuse_near_sun=refuse) as (sim, client):
            await client.send(11002, astro.GotoDeepSky(ra=23.5, dec=-3.0, target_name="near"))
            await client.until(lambda _: bool(sim.history.of(Slew)))
            return sim.history.of(Slew)[0]

    slew = run_virtual(run())
    assert slew.hazardous
    assert slew.code == (-11505 if refuse else 0)


def test_the_answer_to_focusing_comes_when_the_motor_stands_still() -> None:
    async def run() -> tuple[float, list[Focused], int]:
        async with connected() as (sim, client):
            answer = await client.ask(15004, focus.AstroAutoFocus(mode=0))
            return answer.at, sim.history.of(Focused), sim.state.focus.position

    at, journal, position = run_virtual(run())
    assert at >= 10
    assert 640 < journal[0].position == position < 700


def test_polar_alignment_answers_with_both_errors() -> None:
    async def run() -> astro.SolveEqAnswer:
        async with connected() as (_, client):
            return (await client.ask(11018, astro.SolveEq(lon=7.6, lat=47.5))).read(astro.SolveEqAnswer)

    answer = run_virtual(run())
    assert answer.code == 0
    assert answer.azi_err != 0
    assert answer.alt_err != 0


def test_a_capture_counts_its_frames_takes_its_time_and_ends_by_itself() -> None:
    async def run() -> tuple[list[notify.StackingProgress], list[bytes], float, SimulatedDwarf]:
        async with connected() as (sim, client):
            await ready(client, frames=3)
            begun = sim.clock.monotonic()
            progress = await captured(client)
            return progress, client.told(15208), sim.clock.monotonic() - begun, sim

    progress, states, seconds, sim = run_virtual(run())
    assert states == [RUNNING, STOPPING, STOPPED]
    assert [(one.update_count_type, one.current_count, one.stacked_count) for one in progress] == [
        (0, 1, 0),
        (1, 1, 1),
        (0, 2, 1),
        (1, 2, 2),
        (0, 3, 2),
        (1, 3, 3),
    ]
    assert {(one.total_count, one.target_name, one.exp_index) for one in progress} == {
        (3, ORION.target_name, 150)
    }
    assert 30 < seconds < 40
    assert len(sim.history.of(FrameTaken)) == 3
    assert sim.history.of(ShutterClosed)[0].reason == "finished"


def test_a_second_capture_waits_for_the_first_to_be_finished() -> None:
    async def run() -> tuple[int, int, list[bytes], int]:
        async with connected() as (_, client):
            await ready(client, frames=1)
            await client.send(11005)
            await client.notice(15208, RUNNING)
            during = await client.code(11005)
            await client.notice(15208, STOPPED)
            after = await client.code(11005)
            await client.ask(11010)
            return during, after, client.told(15208), await client.code(11005)

    during, after, states, finished = run_virtual(run())
    assert (during, after, finished) == (-11501, -11501, 0)
    assert states == [RUNNING, STOPPING, STOPPED, IDLE]


def test_going_live_tells_idle_even_when_nothing_ran() -> None:
    async def run() -> list[bytes]:
        async with connected() as (_, client):
            await client.ask(11010)
            return client.told(15208)

    assert run_virtual(run()) == [IDLE]


def test_a_stop_mid_exposure_closes_the_shutter_with_the_frames_so_far() -> None:
    async def run() -> tuple[ShutterClosed, float]:
        async with connected() as (sim, client):
            await ready(client, exposure=165, frames=10)  # 120 s
            await client.send(11005)
            await client.notice(15209)
            await sim.clock.sleep(60)
            begun = sim.clock.monotonic()
            await client.send(11006)
            await client.notice(15208, STOPPED)
            return sim.history.of(ShutterClosed)[0], sim.clock.monotonic() - begun

    closed, seconds = run_virtual(run())
    assert (closed.taken, closed.reason) == (1, "stopped")
    assert seconds < 10


def test_without_a_goto_the_older_firmware_warns_and_captures() -> None:
    async def run() -> tuple[int, int]:
        async with connected() as (sim, client):
            await client.ask(10000)
            await client.ask(10037, count_of(2))
            code = await client.code(11005)
            await client.notice(15208, STOPPED)
            return code, len(sim.history.of(FrameTaken))

    assert run_virtual(run()) == (-11513, 2)


def test_a_capture_goes_on_with_nobody_connected_and_is_found_again() -> None:
    async def run() -> tuple[list[bytes], notify.StackingProgress, int, int]:
        async with telescope() as sim:
            async with client_of(sim) as first:
                await ready(first, frames=12)
                await first.send(11005)
                await first.notice(15209)
            await sim.clock.sleep(50)
            async with client_of(sim) as second:
                await second.ask(10039)
                states, shown = second.told(15208), second.told(15209)[0]
                tracking = second.told(15212)[0]
                assert notify.TrackingState.FromString(tracking).target_name == ORION.target_name
                await second.notice(15208, STOPPED)
            closed = sim.history.of(ShutterClosed)[0]
            return states, notify.StackingProgress.FromString(shown), closed.taken, closed.stacked

    states, shown, taken, stacked = run_virtual(run())
    assert states == [RUNNING]
    assert shown.current_count >= 5
    assert shown.target_name == ORION.target_name
    assert (taken, stacked) == (12, 12)


def test_the_wide_camera_captures_by_its_own_numbers() -> None:
    async def run() -> list[bytes]:
        async with connected(calibrated=True) as (_, client):
            await client.ask(12000)
            await client.ask(12004, camera.SetIndex(index=120))
            await client.ask(10037, count_of(2))
            await client.send(11002, ORION)
            await client.notice(15212)
            await client.send(11016)
            await client.notice(15236, STOPPED)
            await client.ask(11020)
            assert not client.told(15208)
            return client.told(15236)

    assert run_virtual(run()) == [RUNNING, STOPPING, STOPPED, IDLE]


def test_frames_are_lost_in_stacking_by_chance_and_the_same_ones_for_the_same_seed() -> None:
    def lost(seed: int) -> list[int]:
        async def run() -> list[int]:
            async with connected(stacking_loss=0.3, seed=seed) as (sim, client):
                await ready(client, exposure=120, frames=40)
                await captured(client)
                return [one.number for one in sim.history.of(FrameTaken) if not one.stacked]

        return run_virtual(run())

    assert lost(7) == lost(7)
    assert 4 < len(lost(7)) < 22
    assert lost(7) != lost(8)


def test_a_night_takes_battery_heat_and_card() -> None:
    async def run() -> tuple[float, float, float, list[bytes]]:
        async with connected(charging=False, battery=90.0, storage_gb=50.0) as (sim, client):
            await ready(client, exposure=162, frames=120)  # 60 s each
            await captured(client)
            body = sim.state.body
            return body.battery, body.temperature, body.storage_gb, client.told(15201)

    battery, temperature, storage, told = run_virtual(run())
    assert 45 < battery < 65
    assert temperature > 25
    assert storage == pytest.approx(50 - 120 * 3840 * 2160 * 2e-9, abs=0.01)
    assert len(told) > 20


def test_opened_shutter_is_written_down_with_what_it_took() -> None:
    async def run() -> ShutterOpened:
        async with connected() as (sim, client):
            await ready(client, frames=1)
            await captured(client)
            return sim.history.of(ShutterOpened)[0]

    opened = run_virtual(run())
    assert (opened.exposure_s, opened.frames, opened.target) == (10.0, 1, ORION.target_name)
    assert (opened.ra_hours, opened.dec_degrees) == (ORION.ra, ORION.dec)
