"""The driver on a simulated telescope: what it does when the telescope, or the network, does not behave."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from websockets.asyncio.server import ServerConnection

from agent.capabilities import Camera
from agent.clock import LoopClock
from agent.targets import SkyTarget, SolarBody, SolarTarget
from agent.telescope.dwarf.limits import Limits
from agent.telescope.dwarf.telescope import DwarfAddress, DwarfOptions, DwarfTelescope
from agent.telescope.errors import (
    CommandTimeoutError,
    HeldByOtherError,
    RefusedError,
    TelescopeError,
    TransientError,
    UnreachableError,
)
from agent.telescope.interface import (
    CameraSettings,
    CaptureEnd,
    CaptureProgress,
    CaptureReport,
    ConnectionChanged,
    ConnectionState,
    TelemetryReport,
)
from agent.telescope.simulator.history import MotorMoved
from tests.support.tables import every
from tests.support.virtual_loop import run_virtual
from tests.telescope.dwarf.peer import Peer, answer, notify, peer
from tests.telescope.dwarf.support import BASEL, NIGHT, ORION, Bench, bench, on_bench

GENERATIONS = ("v2", "v3")
both = pytest.mark.parametrize("generation", GENERATIONS)


async def captured(b: Bench, frames: int = 4) -> CaptureReport:
    await b.aimed(frames)
    await b.telescope.start_capture(Camera.TELE)
    return await b.telescope.follow_capture(Camera.TELE)


def failing(step: Callable[[Bench], Awaitable[object]], *faults: str, **settings: object) -> TelescopeError:
    """Run a step that must fail; return its error."""

    async def run(b: Bench) -> TelescopeError:
        with pytest.raises(TelescopeError) as caught:
            await step(b)
        return caught.value

    return on_bench(run, *faults, **settings)


# -- who it is ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["D2", "D3", "mini"])
@both
def test_model_generation_and_serial_are_found_by_themselves(model: str, generation: str) -> None:
    async def run(b: Bench) -> None:
        identity = b.telescope.identity
        assert identity is not None
        assert (identity.model, identity.generation) == (model, generation.upper())
        assert identity.serial
        assert identity.firmware
        assert b.telescope.capabilities.model == model
        assert set(b.telescope.streams) == {"tele", "wide", "tele_jpeg", "wide_jpeg"}

    on_bench(run, generation=generation, model=model)


def test_live_pictures_are_at_the_port_that_is_set() -> None:
    async def run(b: Bench) -> None:
        address = b.telescope.streams["tele_jpeg"]
        assert f":{b.sim.stream_port}/" in address
        async with aiohttp.ClientSession() as http, http.get(address) as answer:
            assert answer.content_type == "multipart/x-mixed-replace"

    on_bench(run, stream_port=0)


@both
def test_without_http_the_telescope_identifies_itself_on_the_wire(generation: str) -> None:
    async def run() -> None:
        async with bench(generation=generation, model="mini", connect=False) as b:
            await b.telescope.close()
            telescope = DwarfTelescope(DwarfAddress("127.0.0.1", b.sim.port, 1), clock=b.clock)
            await telescope.open()
            async with b.clock.timeout(600):
                await telescope.wait_connected()
            identity = telescope.identity
            assert identity is not None
            assert (identity.model, identity.generation) == ("mini", generation.upper())
            await telescope.close()

    run_virtual(run())


def test_nothing_is_known_before_the_first_connection() -> None:
    async def run() -> None:
        telescope = DwarfTelescope(DwarfAddress("127.0.0.1", 1), options=DwarfOptions(model="D2"))
        assert telescope.connection is ConnectionState.CLOSED
        assert telescope.identity is None
        assert telescope.streams == {}
        assert telescope.capabilities.model == "D2"
        with pytest.raises(UnreachableError):
            await telescope.goto(ORION, BASEL)
        await telescope.close()

    asyncio.run(run())


def test_an_unknown_model_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="auto, D2, D3, mini"):
        DwarfTelescope(DwarfAddress("127.0.0.1"), options=DwarfOptions(model="D4"))


# -- settings -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["D2", "D3", "mini"])
@both
def test_settings_are_read_back_as_they_were_set(model: str, generation: str) -> None:
    wanted = CameraSettings(
        exposure=150,
        gain=80,
        filter=1,
        binning=1 if model == "D3" or (model, generation) == ("D2", "v2") else None,
        format="TIFF",
        count=12,
    )

    async def run(b: Bench) -> None:
        await b.telescope.apply(Camera.TELE, wanted)
        assert await b.telescope.read(Camera.TELE) == wanted
        await b.telescope.apply(Camera.WIDE, CameraSettings(exposure=105, gain=90, count=7))
        wide = await b.telescope.read(Camera.WIDE)
        assert (wide.exposure, wide.gain, wide.count) == (105, 90, 7)

    on_bench(run, generation=generation, model=model)


@both
def test_a_setting_the_telescope_ignores_shows_when_it_is_read(generation: str) -> None:
    async def run(b: Bench) -> None:
        await b.telescope.apply(Camera.TELE, CameraSettings(exposure=150, gain=120))
        held = await b.telescope.read(Camera.TELE)
        assert held.exposure == 150
        assert held.gain != 120

    on_bench(run, "setting-ignored:setting=gain", generation=generation)


def test_a_gain_the_camera_has_not_is_refused_by_name() -> None:
    error = failing(lambda b: b.telescope.apply(Camera.TELE, CameraSettings(gain=85)), generation="v2")
    assert isinstance(error, RefusedError)
    assert "85" in error.message


def test_older_firmware_is_spoken_to_in_its_own_commands() -> None:
    async def run(b: Bench) -> None:
        await b.telescope.apply(Camera.TELE, CameraSettings(exposure=150, gain=80, filter=2, count=9))
        sent = [request.cmd for request in b.sim.received]
        assert {10000, 10007, 10009, 10011, 10013, 10031, 10037} <= set(sent)
        assert not [command for command in sent if command >= 16400]

    on_bench(run, generation="v2")


def test_newer_firmware_is_spoken_to_in_its_own_commands() -> None:
    async def run(b: Bench) -> None:
        await b.telescope.apply(Camera.TELE, CameraSettings(exposure=150, gain=80, filter=2, count=9))
        sent = [request.cmd for request in b.sim.received]
        steps = [16402, 16404, 16403, 10050, 16700, 16701, 16703, 16703]
        assert [command for command in sent if command in steps] == steps
        assert not {10000, 10036, 10038, 10039} & set(sent)

    on_bench(run, generation="v3")


# -- pointing and focus ---------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("goto-fails", "goto_failed"),
        ("goto-fails:late=false", "goto_failed"),
        ("calibration-fails", "calibration_failed"),
        ("solving-fails", "calibration_failed"),
    ],
)
def test_a_failure_is_an_error_even_when_the_answer_said_yes(generation: str, fault: str, code: str) -> None:
    for early in (True, False):
        error = failing(lambda b: b.aimed(), fault, generation=generation, early_answers=early)
        assert isinstance(error, TransientError)
        assert error.code == code


@both
def test_calibrating_ends_when_the_telescope_is_calibrated_not_when_it_answers(generation: str) -> None:
    async def run(b: Bench) -> None:
        before = b.clock.monotonic()
        await b.telescope.calibrate(BASEL)
        assert b.clock.monotonic() - before > 10
        await b.telescope.goto(ORION, BASEL)
        assert b.telescope.telemetry.tracking == ORION.name

    on_bench(run, generation=generation)


@both
def test_a_goto_without_calibration_is_refused_or_solved(generation: str) -> None:
    error = failing(
        lambda b: b.telescope.goto(ORION, BASEL),
        "answer-code:command=11002,code=-11511",
        generation=generation,
    )
    assert isinstance(error, RefusedError)
    assert error.code == "needs_calibration"


@both
def test_a_target_of_any_name_is_found_again(generation: str) -> None:
    names = ["", "  NGC 7000  ", "Ω" * 100, "lone \ud800 surrogate"]

    async def run(b: Bench) -> None:
        await b.telescope.calibrate(BASEL)
        for name in names:
            await b.telescope.goto(SkyTarget(name, 5.588, -5.39), BASEL)
            assert b.telescope.telemetry.tracking
            await b.telescope.stop_goto()

    on_bench(run, generation=generation)


@both
def test_planets_are_reached_with_the_place_and_refused_without(generation: str) -> None:
    jupiter = SolarTarget("Jupiter", SolarBody.JUPITER)

    async def run(b: Bench) -> None:
        await b.telescope.calibrate(BASEL)
        await b.telescope.goto(jupiter, BASEL)
        with pytest.raises(RefusedError, match="where the telescope stands"):
            await b.telescope.goto(jupiter, None)
        with pytest.raises(RefusedError, match="where the telescope stands"):
            await b.telescope.solve_eq(None)

    on_bench(run, generation=generation)


@both
def test_focusing_waits_for_its_end_and_fails_with_its_code(generation: str) -> None:
    async def run(b: Bench) -> None:
        before = b.clock.monotonic()
        await b.telescope.auto_focus()
        assert b.clock.monotonic() - before > 5
        await b.telescope.infinite_focus()

    on_bench(run, generation=generation)
    error = failing(lambda b: b.telescope.auto_focus(), "focus-fails", generation=generation)
    assert error.device_code == -15100


@both
def test_polar_alignment_gives_both_errors(generation: str) -> None:
    async def run(b: Bench) -> None:
        error = await b.telescope.solve_eq(BASEL)
        assert error.azimuth != 0
        assert error.altitude != 0

    on_bench(run, generation=generation)
    assert isinstance(failing(lambda b: b.telescope.solve_eq(BASEL), "solving-fails"), TransientError)


@both
def test_a_silent_telescope_ends_in_a_timeout_that_names_the_command(generation: str) -> None:
    error = failing(lambda b: b.telescope.calibrate(BASEL), "deaf:command=11000", generation=generation)
    assert isinstance(error, CommandTimeoutError)
    assert "Calibration" in error.message


# -- captures -------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("faults", "taken", "stacked"),
    every(
        2,
        [
            ((), 4, 4),
            (("drop-link:frame=2",), 4, 4),
            (("drop-link:frame=2,refuse_s=300",), 4, 4),
            (("half-open:frame=2",), 4, 4),
            (("slow-answers:seconds=5",), 4, 4),
            (("duplicate-answers:later_s=3", "duplicate-notifications"), 4, 4),
            (("unknown-notifications", "no-pong"), 4, 4),
            (("garbled-frames:times=3",), 4, 4),
            (("truncated-frames:times=3",), 4, 4),
            (("no-answer:times=2",), 4, 4),
            (("stacks-fewer:every=2",), 4, 2),
            (("ends-early:at=2",), 2, 2),
            (("storage-full:frame=2",), 2, 2),
            (("capture-fails:times=1",), 4, 4),  # a warning: the telescope captures all the same
            (("capture-fails:times=1,code=-11501",), 4, 4),  # busy with something over
        ],
    ),
    ids=str,
)
def test_no_frame_is_lost_or_invented(
    generation: str, faults: tuple[str, ...], taken: int, stacked: int
) -> None:
    report = on_bench(captured, *faults, generation=generation)
    assert (report.taken, report.stacked, report.end) == (taken, stacked, CaptureEnd.FINISHED)
    assert ORION.name in report.folder


@both
def test_a_connection_dropped_at_frame_2_of_12_costs_no_frame(generation: str) -> None:
    async def run(b: Bench) -> None:
        report = await captured(b, 12)
        assert (report.taken, report.stacked) == (12, 12)
        starts = [request for request in b.sim.received if request.cmd == 11005]
        assert len(starts) == 1

    on_bench(run, "drop-link:frame=2", generation=generation)


@both
def test_a_capture_is_followed_by_a_new_driver_to_its_end(generation: str) -> None:
    async def run(b: Bench) -> None:
        await b.aimed(6)
        await b.telescope.start_capture(Camera.TELE)
        await b.clock.sleep(25)
        await b.telescope.close()
        after = b.another()
        await after.open()
        await after.wait_connected()
        assert await after.running_capture(Camera.TELE) is not None
        assert await after.running_capture(Camera.WIDE) is None
        seen: list[CaptureProgress] = []
        report = await after.follow_capture(Camera.TELE, seen.append)
        assert (report.taken, report.stacked, report.end) == (6, 6, CaptureEnd.FINISHED)
        assert [progress.taken for progress in seen] == sorted(progress.taken for progress in seen)
        await after.close()

    on_bench(run, generation=generation)


@both
def test_a_capture_that_ended_while_nobody_looked_is_counted_from_the_album(generation: str) -> None:
    async def run(b: Bench) -> None:
        await b.aimed(3)
        begun = b.clock.now()
        await b.telescope.start_capture(Camera.TELE)
        await b.clock.sleep(5)
        await b.telescope.close()
        await b.clock.sleep(200)
        after = b.another()
        await after.open()
        await after.wait_connected()
        assert await after.running_capture(Camera.TELE) is None
        (report,) = await after.recorded_captures(Camera.TELE, begun)
        assert report is not None
        assert (report.taken, report.stacked, report.end) == (3, 3, CaptureEnd.FINISHED)
        assert await after.recorded_captures(Camera.TELE, b.clock.now()) == ()
        assert await after.recorded_captures(Camera.WIDE, begun) == ()
        await after.close()

    on_bench(run, generation=generation)


@both
def test_a_capture_over_before_it_is_followed_is_still_counted(generation: str) -> None:
    async def run(b: Bench) -> None:
        await b.aimed(2, exposure=120)
        await b.telescope.start_capture(Camera.TELE)
        await b.clock.sleep(120)
        report = await b.telescope.follow_capture(Camera.TELE)
        assert (report.taken, report.end) == (2, CaptureEnd.FINISHED)

    on_bench(run, generation=generation)


@both
def test_frames_further_apart_than_any_news_limit_are_waited_for(generation: str) -> None:
    async def run(b: Bench) -> None:
        await b.aimed(2, exposure=168)
        await b.telescope.start_capture(Camera.TELE)
        report = await b.telescope.follow_capture(Camera.TELE)
        assert report.taken == 2

    on_bench(run, generation=generation, model="mini", limits=Limits(news=30))


@both
def test_a_restarted_telescope_leaves_an_honest_count(generation: str) -> None:
    report = on_bench(captured, "reboot:frame=2", generation=generation)
    assert (report.taken, report.end) == (2, CaptureEnd.UNKNOWN)


@both
def test_a_telescope_that_stays_away_ends_the_following(generation: str) -> None:
    error = failing(captured, "power-off:frame=2", generation=generation, limits=Limits(away=600))
    assert isinstance(error, UnreachableError)


@both
def test_stopping_closes_the_capture_and_counts_it(generation: str) -> None:
    async def run(b: Bench) -> None:
        await b.aimed(50)
        await b.telescope.start_capture(Camera.TELE)
        following = asyncio.create_task(b.telescope.follow_capture(Camera.TELE))
        await b.clock.sleep(35)
        report = await b.telescope.stop_capture(Camera.TELE)
        assert report.end is CaptureEnd.STOPPED
        assert 2 <= report.taken <= 5
        assert (await following).taken == report.taken
        assert await b.telescope.running_capture(Camera.TELE) is None

    on_bench(run, generation=generation)


@both
def test_stopping_nothing_is_harmless_and_counts_nothing(generation: str) -> None:
    async def run(b: Bench) -> None:
        report = await b.telescope.stop_capture(Camera.TELE)
        assert (report.taken, report.stacked) == (0, 0)
        await b.telescope.stop_goto()
        await b.telescope.halt()
        await b.telescope.go_live()

    on_bench(run, generation=generation)


@both
def test_a_second_capture_follows_the_first_without_help(generation: str) -> None:
    async def run(b: Bench) -> None:
        await b.aimed(2)
        for _ in range(2):
            await b.telescope.start_capture(Camera.TELE)
            report = await b.telescope.follow_capture(Camera.TELE)
            assert (report.taken, report.stacked) == (2, 2)

    on_bench(run, generation=generation)


def test_missing_darks_do_not_cost_the_night() -> None:
    report = on_bench(captured, "capture-fails:times=1,code=-11503", generation="v3")
    assert report.taken == 4


def test_newer_firmware_wants_a_goto_first() -> None:
    error = failing(captured, "capture-fails:code=-11513", generation="v3")
    assert isinstance(error, RefusedError)
    assert error.code == "needs_goto"


# -- stopping, power, parking ---------------------------------------------------------------------------


@both
def test_halting_stops_a_capture_within_a_second(generation: str) -> None:
    async def run(b: Bench) -> None:
        await b.aimed(20)
        await b.telescope.start_capture(Camera.TELE)
        await b.clock.sleep(3)
        asked = b.clock.now()
        await b.telescope.halt()
        stops = [one for one in b.sim.received if one.cmd in (11006, 11004) and one.at >= asked]
        at_once = {one.cmd for one in stops if (one.at - asked).total_seconds() < 1}
        assert at_once == {11006, 11004}  # newer firmware ignores a stop this early: it is asked again
        assert await b.telescope.running_capture(Camera.TELE) is None

    on_bench(run, generation=generation)


@both
@pytest.mark.parametrize(
    ("begin", "command"),
    [
        (lambda b: b.telescope.calibrate(BASEL), 11001),
        (lambda b: b.telescope.auto_focus(), 15005),
        (lambda b: b.telescope.solve_eq(BASEL), 11019),
    ],
    ids=["calibration", "focus", "polar alignment"],
)
def test_halting_stops_what_a_cancelled_command_left_running(
    generation: str, begin: Callable[[Bench], Awaitable[object]], command: int
) -> None:
    async def run(b: Bench) -> None:
        task = asyncio.ensure_future(begin(b))
        await b.clock.sleep(15)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert command not in [request.cmd for request in b.sim.received]
        await b.telescope.halt()
        assert command in [request.cmd for request in b.sim.received]

    on_bench(run, generation=generation)


@both
def test_halting_stops_a_barrel_that_folds_although_nobody_waits_for_it(generation: str) -> None:
    async def run(b: Bench) -> None:
        task = asyncio.ensure_future(b.telescope.park())
        while 14001 not in [request.cmd for request in b.sim.received]:
            await b.clock.sleep(0.1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await b.telescope.halt()
        await b.clock.sleep(120)
        folded_at = b.telescope._device.dialect.park_pitch(b.telescope._device.model)
        [moved] = b.sim.history.of(MotorMoved)
        assert moved.position != pytest.approx(folded_at)

    on_bench(run, generation=generation)


@both
def test_parking_folds_the_barrel_even_when_a_motor_wants_its_home_first(generation: str) -> None:
    async def run(b: Bench) -> None:
        await b.telescope.park()
        sent = [request.cmd for request in b.sim.received]
        assert sent.count(14001) == 2
        assert sent.count(14003) == 1

    on_bench(run, "answer-code:command=14001,code=-14520,times=1", generation=generation)


@both
def test_switching_off_is_expected_and_restarting_comes_back(generation: str) -> None:
    async def run(b: Bench) -> None:
        await b.telescope.reboot()
        await b.clock.sleep(5)
        assert b.telescope.connection is not ConnectionState.CONNECTED
        await b.connected()
        await b.telescope.shutdown()
        await b.clock.sleep(5)
        lost = [event for event in b.events if isinstance(event, ConnectionChanged) and event.message]
        assert len(lost) >= 2
        with pytest.raises(UnreachableError):
            await b.telescope.go_live()

    on_bench(run, generation=generation)


# -- control, telemetry ---------------------------------------------------------------------------------


def test_a_telescope_another_client_controls_is_held_by_other() -> None:
    async def run(b: Bench) -> None:
        with pytest.raises(HeldByOtherError):
            await b.telescope.take_control()
        assert b.telescope.connection is ConnectionState.HELD_BY_OTHER
        with pytest.raises(HeldByOtherError):
            await b.telescope.go_live()

    on_bench(run, "slave-mode", generation="v2")


def test_an_occupied_telescope_is_held_by_other_until_it_is_free() -> None:
    async def run() -> None:
        async with bench("occupied:times=2", generation="v3", connect=False) as b:
            await b.clock.sleep(5)
            assert b.telescope.connection is ConnectionState.HELD_BY_OTHER
            with pytest.raises(HeldByOtherError):
                await b.telescope.take_control()
            await b.connected()
            await b.telescope.take_control()

    run_virtual(run())


@both
def test_a_lock_nobody_answers_for_does_not_stop_the_night(generation: str) -> None:
    async def run(b: Bench) -> None:
        await b.telescope.take_control()
        await b.telescope.release_control()

    on_bench(run, "deaf:command=13004", generation=generation)


def test_a_telescope_can_be_left_alone_between_sessions() -> None:
    async def run(b: Bench) -> None:
        await b.telescope.take_control()
        await b.telescope.release_control()
        await b.clock.sleep(600)
        assert b.telescope.connection is ConnectionState.RESTING
        await b.telescope.take_control()
        assert b.telescope.connection is ConnectionState.CONNECTED

    on_bench(run, generation="v3", options=DwarfOptions(rest_when_released=True))


@both
def test_telemetry_is_told_on_change_and_not_too_often(generation: str) -> None:
    async def run(b: Bench) -> None:
        await b.clock.sleep(1800)
        reports = [event.telemetry for event in b.events if isinstance(event, TelemetryReport)]
        assert all(one != other for one, other in itertools.pairwise(reports))
        assert len(reports) < 1800 / Limits().telemetry
        told = b.telescope.telemetry
        assert told == reports[-1]
        assert None not in (told.battery, told.charging, told.temperature, told.storage_free_gb, told.host)

    on_bench(run, generation=generation)


@both
def test_the_telescopes_clock_zone_and_place_are_set(generation: str) -> None:
    async def run(b: Bench) -> None:
        await b.telescope.set_time(NIGHT, "Europe/Zurich", BASEL)
        await b.telescope.set_time(NIGHT, "Europe/Zurich", None)
        sent = [request.cmd for request in b.sim.received]
        assert sent.count(13000) == sent.count(13001) == 2
        assert sent.count(13010) == (1 if generation == "v3" else 0)
        with pytest.raises(RefusedError, match="Middle/Earth"):
            await b.telescope.set_time(NIGHT, "Middle/Earth", None)

    on_bench(run, generation=generation)


@both
def test_the_picture_is_that_of_the_last_capture(generation: str) -> None:
    async def run(b: Bench) -> None:
        begun = b.clock.now()
        assert await b.telescope.latest_picture(begun) is None
        await captured(b, 2)
        picture = await b.telescope.latest_picture(begun)
        assert picture is not None
        assert picture.jpeg.startswith(b"\xff\xd8")
        assert picture.taken_at is not None
        later = b.clock.now()
        await b.clock.sleep(60)
        assert await b.telescope.latest_picture(later) is None

    on_bench(run, generation=generation)


def test_two_telescopes_share_nothing() -> None:
    async def run() -> None:
        async with bench(model="D2", generation="v2") as one, bench(model="mini", generation="v3") as other:
            assert one.telescope.capabilities.model == "D2"
            assert other.telescope.capabilities.model == "mini"
            reports = await asyncio.gather(captured(one, 2), captured(other, 3))
            assert [report.taken for report in reports] == [2, 3]

    run_virtual(run())


# -- what other clients and old states leave behind -----------------------------------------------------


@both
@pytest.mark.parametrize(
    ("command", "code"), [(11000, -1), (11002, -1), (11005, -10501), (15004, -1)], ids=str
)
def test_a_telescope_somebody_took_out_of_its_mode_is_made_ready_again(
    generation: str, command: int, code: int
) -> None:
    async def run(b: Bench) -> None:
        await b.telescope.auto_focus()
        report = await captured(b, 2)
        assert report.taken == 2
        entering = 16404 if generation == "v3" else 10000
        assert [request.cmd for request in b.sim.received].count(entering) == 2

    on_bench(run, f"answer-code:command={command},code={code},times=1", generation=generation)


def test_settings_are_never_read_back_from_our_own_memory() -> None:
    async def run() -> None:
        async with bench(generation="v3", connect=False) as b:
            await b.telescope.close()
            options = DwarfOptions(model="D3")
            telescope = DwarfTelescope(
                DwarfAddress("127.0.0.1", b.sim.port, 1), options=options, clock=b.clock
            )
            await telescope.open()
            await telescope.wait_connected()
            b.sim.faults.add("setting-ignored:setting=gain")
            await telescope.apply(Camera.TELE, CameraSettings(exposure=150, gain=120))
            held = await telescope.read(Camera.TELE)
            assert held.exposure in (150, None)
            assert held.gain != 120
            await telescope.close()

    run_virtual(run())


def test_frames_exposed_otherwise_than_set_are_told(caplog: pytest.LogCaptureFixture) -> None:
    async def run(b: Bench) -> None:
        await b.telescope.apply(Camera.TELE, CameraSettings(exposure=156, count=2))
        b.sim.state.cameras[0].exposure = 150  # without a word
        await b.telescope.calibrate(BASEL)
        await b.telescope.goto(ORION, BASEL)
        await b.telescope.start_capture(Camera.TELE)
        await b.telescope.follow_capture(Camera.TELE)

    on_bench(run, generation="v3")
    assert len([record for record in caplog.records if "10 s, not 15 s" in record.message]) == 1


@pytest.mark.parametrize("model", ["D2", "D3", "mini"])
@pytest.mark.parametrize("generation", ["v2", "v3", "both"])
@pytest.mark.parametrize("answer_type", [1, 3])
def test_every_model_and_firmware_images_with_both_cameras(
    model: str, generation: str, answer_type: int
) -> None:
    async def run(b: Bench) -> None:
        await b.telescope.take_control()
        await b.aimed(2, exposure=120)
        await b.telescope.start_capture(Camera.TELE)
        assert (await b.telescope.follow_capture(Camera.TELE)).taken == 2
        await b.telescope.apply(Camera.WIDE, CameraSettings(exposure=105, gain=80, count=3))
        await b.telescope.start_capture(Camera.WIDE)
        wide = await b.telescope.follow_capture(Camera.WIDE)
        assert (wide.taken, "WIDE" in wide.folder) == (3, True)
        await b.telescope.park()

    on_bench(run, model=model, generation=generation, answer_type=answer_type, already_open_codes=True)


@both
@pytest.mark.parametrize("body", [SolarBody.SUN, SolarBody.MOON])
def test_sun_and_moon_are_reached(generation: str, body: SolarBody) -> None:
    async def run(b: Bench) -> None:
        await b.telescope.calibrate(BASEL)
        await b.telescope.goto(SolarTarget("Our star or moon", body), BASEL)

    on_bench(run, generation=generation, horizon=False)


def test_a_filter_nobody_chose_stays_as_it_is() -> None:
    async def run(b: Bench) -> None:
        await b.telescope.apply(Camera.TELE, CameraSettings(exposure=120, filter=2, count=2))
        await b.telescope.calibrate(BASEL)
        await b.telescope.goto(ORION, BASEL)
        await b.telescope.close()
        after = b.another()
        await after.open()
        await after.wait_connected()
        await after.start_capture(Camera.TELE)
        (start,) = [request.request for request in b.sim.received if request.cmd == 11005]
        assert start.ir_index == 2
        await after.close()

    on_bench(run, generation="v3")


def test_older_firmware_may_take_seconds_to_tell_that_it_still_captures() -> None:
    async def slow(far: Peer, socket: ServerConnection) -> None:
        while True:
            request = await far.read(socket)
            if request.cmd == 16405:
                continue  # older firmware does not know it
            await answer(socket, request.cmd)
            if request.cmd == 11005:
                await notify(socket, 15208, b"\x08\x01")
                await notify(socket, 15209, b"\x08\x04\x10\x02\x18\x01\x20\x01")
                await asyncio.sleep(40)
                socket.transport.abort()
            elif request.cmd == 11010:
                await notify(socket, 15208)
            elif request.cmd == 10039 and far.connections > 1:
                await asyncio.sleep(6)
                await notify(socket, 15208, b"\x08\x01")
                await asyncio.sleep(60)
                await notify(socket, 15209, b"\x08\x04\x10\x02\x18\x04\x20\x03")
                await notify(socket, 15208, b"\x08\x03")

    async def run() -> CaptureReport:
        async with peer(slow) as far:
            telescope = DwarfTelescope(
                DwarfAddress("127.0.0.1", far.port, 1),
                options=DwarfOptions(model="D3"),
                clock=LoopClock(NIGHT),
            )
            await telescope.open()
            await telescope.wait_connected()
            assert telescope.identity is not None
            assert telescope.identity.generation == "V2"
            await telescope.start_capture(Camera.TELE)
            report = await telescope.follow_capture(Camera.TELE)
            await telescope.close()
            return report

    report = run_virtual(run())
    assert (report.taken, report.stacked, report.end) == (4, 3, CaptureEnd.FINISHED)


def test_a_clock_that_is_set_again_after_a_lost_answer_is_set_to_the_time_then() -> None:
    """Else it were behind by as long as the answer was waited for, and captures had begun before they did."""

    async def run(b: Bench) -> None:
        await b.connected()
        before = len(b.sim.received)
        b.sim.faults.add("no-answer:command=13000,times=1")
        now = b.clock.now()
        await b.telescope.set_time(now, "Europe/Zurich", None)
        told = [one for one in b.sim.received[before:] if one.cmd == 13000]
        assert len(told) == 2
        for one in told:
            assert one.request is not None
            assert abs(one.request.timestamp - one.at.timestamp()) <= 1

    on_bench(run)
