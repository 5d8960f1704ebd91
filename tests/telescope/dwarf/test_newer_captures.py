"""Captures of newer firmware: held without darks, told by camera, deaf at first, and hard to finish."""

from __future__ import annotations

import asyncio

import pytest

from agent.capabilities import Camera
from agent.telescope.dwarf.proto.astro_pb2 import StartCaptureAnswer
from agent.telescope.dwarf.telescope import DwarfTelescope
from agent.telescope.dwarf.wire.notifications import State
from agent.telescope.errors import (
    CommandTimeoutError,
    HeldByOtherError,
    NothingExposedError,
    RefusedError,
    TransientError,
)
from agent.telescope.interface import CameraSettings, CaptureEnd, CaptureReport, ConnectionState
from agent.telescope.simulator import notices
from agent.telescope.simulator.habits import Habits
from agent.telescope.simulator.history import FrameTaken, ShutterOpened
from tests.telescope.dwarf.support import NIGHT, Bench, on_bench

DARKS = ("refused", "late", "silent")
FRAME_S = 10.0


async def ready(b: Bench, camera: Camera = Camera.TELE, frames: int = 3) -> None:
    """Ten-second frames of either camera set up, on Orion."""
    await b.aimed(frames)
    if camera is Camera.WIDE:
        await b.telescope.apply(Camera.WIDE, CameraSettings(exposure=150, gain=80, count=frames))


async def captured(b: Bench, camera: Camera = Camera.TELE, frames: int = 3) -> CaptureReport:
    await ready(b, camera, frames)
    await b.telescope.start_capture(camera)
    return await b.telescope.follow_capture(camera)


def sent(b: Bench, *commands: int) -> list[int]:
    return [one.cmd for one in b.sim.received if one.cmd in commands]


# -- darks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("habit", DARKS)
@pytest.mark.parametrize(
    ("model", "camera"),
    [("D2", Camera.TELE), *((model, camera) for model in ("D3", "mini") for camera in Camera)],
)
def test_missing_darks_cost_no_frame_however_they_are_told(model: str, habit: str, camera: Camera) -> None:
    async def run(b: Bench) -> None:
        report = await captured(b, camera)
        assert (report.taken, report.stacked, report.end) == (3, 3, CaptureEnd.FINISHED)
        assert report.without_darks
        assert len(b.sim.history.of(ShutterOpened)) == 1
        assert sent(b, 11050) == ([] if model == "D2" else [11050])
        waited = (b.sim.history.of(ShutterOpened)[0].at - NIGHT).total_seconds()
        assert waited < 240
        assert (await captured(b, camera, 2)).taken == 2  # it was finished, and the next is asked anew

    on_bench(run, model=model, darks=False, habits={"missing_darks": habit})


@pytest.mark.parametrize("model", ["D2", "D3", "mini"])
def test_with_fitting_darks_nothing_is_confirmed(model: str) -> None:
    async def run(b: Bench) -> None:
        report = await captured(b)
        assert (report.taken, report.without_darks) == (3, False)
        assert sent(b, 11050) == []

    on_bench(run, model=model)


def test_long_exposures_are_not_taken_for_a_held_capture() -> None:
    async def run(b: Bench) -> None:
        await b.aimed(2, exposure=168)
        await b.telescope.start_capture(Camera.TELE)
        assert (await b.telescope.follow_capture(Camera.TELE)).taken == 2
        assert sent(b, 11050) == []

    on_bench(run, model="mini")


@pytest.mark.parametrize("habit", ["late", "silent"])
def test_a_held_capture_is_confirmed_by_an_agent_that_comes_later(habit: str) -> None:
    async def run(b: Bench) -> None:
        await ready(b)
        await b.telescope.start_capture(Camera.TELE)
        await b.telescope.close()
        after = b.another()
        await after.open()
        async with b.clock.timeout(120):
            await after.wait_connected()
        report = await after.follow_capture(Camera.TELE)
        assert (report.taken, report.without_darks) == (3, True)
        await after.close()

    on_bench(run, darks=False, habits={"missing_darks": habit})


@pytest.mark.parametrize("habit", DARKS)
def test_a_link_lost_over_the_question_loses_no_frame(habit: str) -> None:
    async def run(b: Bench) -> None:
        await ready(b)
        b.sim.faults.add("drop-link:command=11050,refuse_s=10")
        await asyncio.gather(b.telescope.start_capture(Camera.TELE), return_exceptions=True)
        async with b.clock.timeout(120):
            await b.telescope.wait_connected()
        if await b.telescope.running_capture(Camera.TELE) is None:
            await b.telescope.start_capture(Camera.TELE)
        report = await b.telescope.follow_capture(Camera.TELE)
        assert report.taken == 3
        assert len(b.sim.history.of(FrameTaken)) == 3

    on_bench(run, darks=False, habits={"missing_darks": habit})


def test_a_capture_that_exposes_nothing_is_given_up_loudly_and_closed() -> None:
    async def run(b: Bench) -> None:
        b.sim.faults.add("deaf:command=11050,times=0")
        await ready(b)
        await b.telescope.start_capture(Camera.TELE)
        began = b.clock.now()
        with pytest.raises(NothingExposedError):
            await b.telescope.follow_capture(Camera.TELE)
        assert (b.clock.now() - began).total_seconds() < 4 * (FRAME_S + 30)
        assert not b.sim.state.capturing()
        assert not b.sim.state.asks_about_darks()
        await b.telescope.go_live()

    on_bench(run, darks=False, habits={"missing_darks": "silent"})


def test_a_start_that_cannot_go_on_without_darks_leaves_nothing_open() -> None:
    async def run(b: Bench) -> None:
        b.sim.faults.add("answer-code:command=11050,code=-6,times=0")
        await ready(b)
        with pytest.raises(RefusedError) as caught:
            await b.telescope.start_capture(Camera.TELE)
        assert caught.value.code == "card_full"
        assert not b.sim.state.asks_about_darks()

    on_bench(run, darks=False)


def test_a_question_somebody_left_open_is_closed_before_going_live() -> None:
    async def run(b: Bench) -> None:
        await ready(b)
        start = asyncio.ensure_future(b.telescope.start_capture(Camera.TELE))
        await b.clock.sleep(0.5)
        start.cancel()
        await asyncio.gather(start, return_exceptions=True)
        assert b.sim.state.asks_about_darks()
        await b.telescope.running_capture(Camera.TELE)
        await b.telescope.go_live()
        assert not b.sim.state.asks_about_darks()

    on_bench(run, darks=False)


# -- the wide camera ------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["D3", "mini"])
def test_the_frames_of_each_camera_are_its_own(model: str) -> None:
    async def run(b: Bench) -> None:
        assert (await captured(b, Camera.TELE, 2)).taken == 2
        await b.telescope.go_live()
        began = b.clock.now()
        await b.telescope.apply(Camera.WIDE, CameraSettings(exposure=150, gain=80, count=3))
        await b.telescope.start_capture(Camera.WIDE)
        assert (b.clock.now() - began).total_seconds() < 10
        report = await b.telescope.follow_capture(Camera.WIDE)
        assert (report.taken, report.stacked, report.end) == (3, 3, CaptureEnd.FINISHED)
        assert (await b.telescope.running_capture(Camera.TELE)) is None
        await b.telescope.go_live()
        assert sent(b, 11020) == []

    on_bench(run, model=model)


@pytest.mark.parametrize("camera", list(Camera))
def test_stopping_what_does_not_run_is_harmless_even_unanswered(camera: Camera) -> None:
    async def run(b: Bench) -> None:
        report = await b.telescope.stop_capture(camera)
        assert (report.taken, report.end) == (0, CaptureEnd.UNKNOWN)

    on_bench(run)


# -- stopping -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("camera", list(Camera))
def test_a_stop_that_came_too_early_is_asked_for_again_but_not_often(camera: Camera) -> None:
    async def run(b: Bench) -> None:
        await ready(b, camera, 90)
        await b.telescope.start_capture(camera)
        report = await b.telescope.stop_capture(camera)
        assert report.end is CaptureEnd.STOPPED
        assert not b.sim.state.capturing()
        stops = [one.at for one in b.sim.received if one.cmd in (11006, 11017)]
        assert len(stops) == 2
        assert (stops[1] - stops[0]).total_seconds() >= 8

    on_bench(run)


def test_frames_that_go_on_being_counted_do_not_hide_that_a_stop_was_not_heard() -> None:
    async def run(b: Bench) -> None:
        await b.aimed(500, exposure=120)  # a second each
        await b.telescope.start_capture(Camera.TELE)
        await b.telescope.stop_capture(Camera.TELE)
        assert len(b.sim.history.of(FrameTaken)) < 20

    on_bench(run)


def test_the_last_resort_is_the_fast_stop() -> None:
    async def run(b: Bench) -> None:
        b.sim.faults.add("deaf:command=11006,times=0")
        await ready(b, frames=90)
        await b.telescope.start_capture(Camera.TELE)
        report = await b.telescope.stop_capture(Camera.TELE)
        assert report.end is CaptureEnd.STOPPED
        assert sent(b, 11006, 11037) == [11006, 11006, 11006, 11037]

    on_bench(run)


# -- busy, and finishing --------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [-11501, -11508, -11507, -16600])
@pytest.mark.parametrize("command", [11005, 11010])
def test_busy_with_something_that_is_over_is_waited_for(command: int, code: int) -> None:
    async def run(b: Bench) -> None:
        await ready(b)
        b.sim.faults.add(f"answer-code:command={command},code={code},times=6")
        await b.telescope.go_live()
        await b.telescope.start_capture(Camera.TELE)
        assert (await b.telescope.follow_capture(Camera.TELE)).taken == 3

    on_bench(run)


@pytest.mark.parametrize("command", [11005, 11010])
def test_busy_for_good_is_told_within_two_minutes(command: int) -> None:
    async def run(b: Bench) -> None:
        await ready(b)
        b.sim.faults.add(f"answer-code:command={command},code=-11501,times=0")
        began = b.clock.now()
        with pytest.raises(TransientError) as caught:
            await (b.telescope.go_live() if command == 11010 else b.telescope.start_capture(Camera.TELE))
        assert caught.value.code == "busy"
        assert 45 <= (b.clock.now() - began).total_seconds() < 120

    on_bench(run)


def test_finishing_bears_a_telescope_that_says_nothing_to_it() -> None:
    async def run(b: Bench) -> None:
        await captured(b)
        b.sim.faults.add("deaf:command=11010,times=1")
        await b.telescope.go_live()
        b.sim.faults.add("deaf:times=0")
        with pytest.raises(CommandTimeoutError):
            await b.telescope.go_live()

    on_bench(run)


# -- without a goto -------------------------------------------------------------------------------------


@pytest.mark.parametrize("habit", ["refused", "warned"])
@pytest.mark.parametrize("camera", list(Camera))
def test_a_capture_without_a_goto_runs_if_that_is_wanted(habit: str, camera: Camera) -> None:
    async def run(b: Bench) -> None:
        await b.telescope.apply(camera, CameraSettings(exposure=150, gain=80, count=2))
        await b.telescope.start_capture(camera, without_goto=True)
        assert (await b.telescope.follow_capture(camera)).taken == 2

    on_bench(run, habits={"goto_needed": habit})


def test_without_a_goto_and_without_darks() -> None:
    async def run(b: Bench) -> None:
        await b.telescope.apply(Camera.TELE, CameraSettings(exposure=150, gain=80, count=2))
        await b.telescope.start_capture(Camera.TELE, without_goto=True)
        assert (await b.telescope.follow_capture(Camera.TELE)).taken == 2

    on_bench(run, darks=False)


# -- the album ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("habits", Habits.all("album"), ids=str)
def test_a_link_lost_for_ten_minutes_costs_and_invents_no_frame(habits: Habits) -> None:
    async def run(b: Bench) -> None:
        await ready(b, frames=12)
        await b.telescope.start_capture(Camera.TELE)
        b.sim.faults.add("drop-link:frame=2,refuse_s=600")
        report = await b.telescope.follow_capture(Camera.TELE)
        assert (report.taken, report.stacked, report.end) == (12, 12, CaptureEnd.FINISHED)
        assert report.folder
        picture = await b.telescope.latest_picture(NIGHT)
        assert picture is not None
        assert picture.path.endswith("stacked.jpg")
        [recorded] = await b.telescope.recorded_captures(Camera.TELE, NIGHT)
        assert (recorded.taken, recorded.total) == (12, 12)

    on_bench(run, habits=habits)


@pytest.mark.parametrize(
    ("code", "said"), [(-11526, "over-exposed"), (-11533, "something blocks the view"), (-11532, "follow")]
)
@pytest.mark.parametrize("camera", [Camera.TELE, Camera.WIDE])
def test_what_a_capture_is_told_on_its_way_is_said_and_ends_nothing(
    camera: Camera, code: int, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def run(b: Bench) -> None:
        await ready(b, camera)
        await b.telescope.start_capture(camera)
        [client] = b.sim.clients.clients
        start = 11005 if camera is Camera.TELE else 11016
        for _ in range(2):
            await b.clock.sleep(2)
            client.reply(3, start, StartCaptureAnswer(code=code))
        report = await b.telescope.follow_capture(camera)
        assert (report.taken, report.end) == (3, CaptureEnd.FINISHED)

    on_bench(run)
    assert caplog.text.count(said) == 1


@pytest.mark.parametrize("camera", [Camera.TELE, Camera.WIDE])
@pytest.mark.parametrize("after_s", [0.0, 2.0])
def test_an_end_told_before_the_first_frame_means_nothing_while_it_captures(
    camera: Camera, after_s: float
) -> None:
    async def run(b: Bench) -> None:
        await ready(b, camera)
        await b.telescope.start_capture(camera)
        following = asyncio.ensure_future(b.telescope.follow_capture(camera))
        await b.clock.sleep(after_s)
        number = 0 if camera is Camera.TELE else 1
        b.sim.device.notify(*notices.stacking_state(number, State.STOPPED))
        report = await following
        assert (report.taken, report.end) == (3, CaptureEnd.FINISHED)

    on_bench(run)


@pytest.mark.parametrize("tells_state", [True, False])
def test_a_capture_that_truly_ends_before_its_first_frame_has_ended(tells_state: bool) -> None:
    async def run(b: Bench) -> None:
        await ready(b)
        await b.telescope.start_capture(Camera.TELE)
        following = asyncio.ensure_future(b.telescope.follow_capture(Camera.TELE))
        if not tells_state:
            b.sim.faults.add("no-answer:command=16405,times=0")
        b.sim.device.stop("capture 0")
        b.sim.state.cameras[0].operation = State.STOPPED
        b.sim.device.notify(*notices.stacking_state(0, State.STOPPED))
        async with b.clock.timeout(60):
            report = await following
        assert (report.taken, report.end) == (0, CaptureEnd.FINISHED)

    on_bench(run)


def test_frames_that_were_never_told_of_are_counted_by_the_album(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run(b: Bench) -> CaptureReport:
        tell = b.sim.clients.push
        monkeypatch.setattr(
            b.sim.clients, "push", lambda items: tell(one for one in items if one.cmd != 15209)
        )
        return await captured(b)

    report = on_bench(run)
    assert (report.taken, report.stacked, report.end) == (3, 3, CaptureEnd.FINISHED)


# -- another client -------------------------------------------------------------------------------------


def test_a_telescope_taken_over_in_mid_capture_is_held_by_other_and_loses_no_frame() -> None:
    async def run(b: Bench) -> None:
        await ready(b, frames=12)
        await b.telescope.start_capture(Camera.TELE)
        following = asyncio.ensure_future(b.telescope.follow_capture(Camera.TELE))
        await b.clock.sleep(25)
        b.sim.faults.add("take-control:for_s=300")
        await b.clock.sleep(10)
        assert b.telescope.connection is ConnectionState.HELD_BY_OTHER
        with pytest.raises(HeldByOtherError):
            await b.telescope.go_live()
        report = await following
        assert (report.taken, report.end) == (12, CaptureEnd.FINISHED)
        assert isinstance(b.telescope, DwarfTelescope)

    on_bench(run, exclusive=True)
