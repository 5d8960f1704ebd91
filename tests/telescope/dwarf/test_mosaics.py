"""A mosaic that the telescope makes by itself: asked for, followed pane by pane, lost and found again."""

from __future__ import annotations

import pytest

from agent.capabilities import Camera
from agent.events import Frames
from agent.mosaics import Mosaic
from agent.telescope.dwarf.models import capabilities_for, newer_capabilities, older_capabilities
from agent.telescope.errors import RefusedError, TransientError
from agent.telescope.interface import CameraSettings, CaptureEnd, CaptureProgress, CaptureReport
from agent.telescope.simulator.habits import Habits
from agent.telescope.simulator.history import FrameTaken
from tests.support.tables import sliced
from tests.telescope.dwarf.support import BASEL, ORION, Bench, on_bench

FOUR = Mosaic(180, 140, per_pane=3, rotation=30.0)
HABITS = Habits.all("mosaic_counts", "mosaic_count", "missing_darks")


def settings(mosaic: Mosaic | None = FOUR, **changed: int) -> CameraSettings:
    return CameraSettings(exposure=150, gain=80, filter=1, mosaic=mosaic, **changed)


async def started(b: Bench, mosaic: Mosaic = FOUR) -> None:
    await b.telescope.apply(Camera.TELE, settings(mosaic))
    await b.telescope.calibrate(BASEL)
    await b.telescope.goto(ORION, BASEL)
    await b.telescope.start_capture(Camera.TELE)


def full(frames: int = 3, panes: int = 4) -> tuple[Frames, ...]:
    return (Frames(frames, frames, frames),) * panes


@pytest.mark.parametrize(("habits", "darks"), sliced(HABITS, [True, False]), ids=str)
def test_every_pane_is_counted_whatever_the_counts_are_of(habits: Habits, darks: bool) -> None:
    heard: list[CaptureProgress] = []

    async def run(b: Bench) -> CaptureReport:
        await b.telescope.apply(Camera.TELE, CameraSettings(count=7))  # of an earlier session
        await started(b)
        return await b.telescope.follow_capture(Camera.TELE, heard.append)

    report = on_bench(run, habits=habits, darks=darks)
    assert (report.taken, report.stacked, report.total, report.end) == (12, 12, 12, CaptureEnd.FINISHED)
    assert report.panes == full()
    assert [one.pane for one in heard if one.pane] == sorted(one.pane for one in heard if one.pane)
    assert {one.pane for one in heard} >= {1, 2, 3, 4}
    second = next(one for one in heard if one.pane == 2)
    assert second.panes[0] == Frames(3, 3, 3)
    assert second.panes[2:] == (Frames(3), Frames(3))


def test_framing_rotation_and_filter_go_to_the_telescope() -> None:
    async def run(b: Bench) -> None:
        await started(b)
        (request,) = [one.request for one in b.sim.received if one.cmd == 11031]
        assert (request.horizontal_scale, request.vertical_scale, request.rotation) == (180, 140, 30)
        assert request.ir_index == 1
        assert 11005 not in [one.cmd for one in b.sim.received]

    on_bench(run)


def test_without_a_rotation_the_telescope_is_told_that_there_is_none() -> None:
    async def run(b: Bench) -> None:
        await started(b, Mosaic(150, 100, per_pane=1))
        (request,) = [one.request for one in b.sim.received if one.cmd == 11031]
        assert request.rotation == -1

    on_bench(run)


def test_a_single_field_after_a_mosaic_is_a_single_field() -> None:
    async def run(b: Bench) -> None:
        await started(b, Mosaic(150, 100, per_pane=1))
        await b.telescope.follow_capture(Camera.TELE)
        await b.telescope.go_live()
        await b.telescope.apply(Camera.TELE, settings(None, count=2))
        await b.telescope.start_capture(Camera.TELE)
        report = await b.telescope.follow_capture(Camera.TELE)
        assert (report.taken, report.panes) == (2, ())

    on_bench(run)


@pytest.mark.parametrize("habit", ["pane", "whole"])
def test_panes_that_went_by_while_the_link_was_lost_are_counted(habit: str) -> None:
    async def run(b: Bench) -> CaptureReport:
        await started(b)
        return await b.telescope.follow_capture(Camera.TELE)

    report = on_bench(run, "drop-link:frame=2,refuse_s=80", habits={"mosaic_counts": habit}, card_port=0)
    assert report.taken == 12
    assert [one.taken for one in report.panes] == [3, 3, 3, 3]


@pytest.mark.parametrize("habit", ["pane", "whole"])
def test_an_agent_that_starts_anew_follows_the_mosaic_that_runs(habit: str) -> None:
    heard: list[tuple[int, int]] = []

    async def run(b: Bench) -> tuple[CaptureProgress | None, CaptureReport]:
        await started(b)
        while len(b.sim.history.of(FrameTaken)) < 5:
            await b.clock.sleep(1)
        await b.telescope.close()
        after = b.another()
        await after.open()
        await after.wait_connected()
        await b.clock.sleep(15)  # it hears of a frame, and does not know yet how many a pane has
        progress = await after.running_capture(Camera.TELE)
        report = await after.follow_capture(
            Camera.TELE, lambda told: heard.append((told.taken, len(b.sim.history.of(FrameTaken))))
        )
        await after.close()
        return progress, report

    progress, report = on_bench(run, habits={"mosaic_counts": habit})
    assert all(told <= taken for told, taken in heard)
    assert progress is not None
    assert (progress.pane, progress.taken) in [(2, 5), (2, 6)]
    assert [one.taken for one in report.panes] == [3, 3, 3, 3]
    assert report.taken == 12


@pytest.mark.parametrize("habit", ["pane", "whole"])
@pytest.mark.parametrize("followed", [False, True], ids=["asked again", "followed"])
def test_a_listing_that_lags_behind_is_read_again_before_panes_are_counted(
    habit: str, *, followed: bool
) -> None:
    async def run(b: Bench) -> tuple[CaptureProgress | None, CaptureReport]:
        await b.telescope.calibrate(BASEL)
        await b.telescope.goto(ORION, BASEL)
        await b.telescope.apply(Camera.TELE, settings())
        await b.telescope.start_capture(Camera.TELE)
        await b.telescope.close()
        after = b.another()
        await after.open()
        await after.wait_connected()
        first = await after.running_capture(Camera.TELE)  # what HTTP tells is of before it was set
        assert first is not None
        progress = None
        while not followed and not (progress and progress.pane == 2):
            await b.clock.sleep(5)
            progress = await after.running_capture(Camera.TELE)
        report = await after.follow_capture(Camera.TELE)
        await after.close()
        return progress, report

    progress, report = on_bench(run, habits={"mosaic_counts": habit})
    assert followed or (progress is not None and progress.panes[0] == Frames(3, 3, 3))
    assert (report.taken, report.panes) == (12, full())


def test_a_stop_in_the_second_pane_keeps_what_there_is() -> None:
    async def run(b: Bench) -> CaptureReport:
        await started(b)
        while len(b.sim.history.of(FrameTaken)) < 5:
            await b.clock.sleep(1)
        return await b.telescope.stop_capture(Camera.TELE)

    report = on_bench(run)
    assert report.end is CaptureEnd.STOPPED
    assert [one.taken for one in report.panes] == [3, 2, 0, 0]


def test_frames_that_are_not_stacked_are_missing_from_their_own_pane() -> None:
    async def run(b: Bench) -> CaptureReport:
        await started(b)
        return await b.telescope.follow_capture(Camera.TELE)

    for habit in ("pane", "whole"):
        report = on_bench(run, "stacks-fewer:every=4,times=0", habits={"mosaic_counts": habit})
        assert [one.stacked for one in report.panes] == [3, 2, 2, 2]


def test_a_mosaic_without_a_goto_is_refused() -> None:
    async def run(b: Bench) -> None:
        await b.telescope.apply(Camera.TELE, settings())
        with pytest.raises((RefusedError, TransientError)) as caught:
            await b.telescope.start_capture(Camera.TELE)
        assert caught.value.device_code == -11518

    on_bench(run, calibrated=True)


def test_a_telescope_that_wants_to_stand_equatorially_says_so() -> None:
    async def run(b: Bench) -> None:
        with pytest.raises(RefusedError) as caught:
            await started(b)
        assert caught.value.code == "needs_eq"

    on_bench(run, habits={"mosaic_mount": "equatorial"})


@pytest.mark.parametrize(
    ("model", "generation", "makes"),
    [
        ("D2", "v2", False),
        ("D2", "v3", False),
        ("D3", "v2", False),
        ("D3", "v3", True),
        ("mini", "v2", False),
        ("mini", "v3", True),
    ],
)
def test_who_makes_mosaics_by_itself(model: str, generation: str, makes: bool) -> None:
    async def run(b: Bench) -> None:
        assert b.telescope.capabilities.own_mosaics is makes
        if makes:
            await started(b)
            assert (await b.telescope.follow_capture(Camera.TELE)).panes == full()
            assert b.telescope.capabilities.own_mosaics
            return
        with pytest.raises(RefusedError) as caught:
            await started(b)
        assert caught.value.code == "no_own_mosaic"
        assert 11031 not in [one.cmd for one in b.sim.received]

    on_bench(run, model=model, generation=generation)


def test_without_a_telescope_its_firmware_is_not_known() -> None:
    assert capabilities_for("D3").own_mosaics is None
    assert newer_capabilities("D3").own_mosaics
    assert not older_capabilities("D3").own_mosaics
