"""Captures belong to the telescope: whatever breaks, every frame is taken, counted and reported once."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.capabilities import Camera
from agent.telescope.errors import TelescopeError, TransientError, UnreachableError
from agent.telescope.interface import CaptureEnd, CaptureProgress, CaptureReport
from agent.telescope.simulator.history import FrameTaken, ShutterClosed, ShutterOpened
from tests.contract.stage import ONE_SECOND, ORION, Contract, Stage
from tests.contract.transports import BYTE_BY_BYTE, DOUBLING, DROPPING, PERFECT, SLOW, Transport
from tests.support.chance import often
from tests.support.tables import every

FRAMES = 12
FRAME_S = 11.0  # exposure, read-out and stacking
both = pytest.mark.parametrize("generation", ["v2", "v3"])
networks = pytest.mark.parametrize(
    ("generation", "transport"),
    every(
        2,
        [
            ("v2", BYTE_BY_BYTE),
            ("v2", SLOW),
            ("v3", SLOW),
            ("v3", PERFECT),
            ("v2", DOUBLING),
        ],
    ),
    ids=str,
)


def assert_whole(stage: Stage, report: CaptureReport, frames: int = FRAMES) -> None:
    """One shutter opening, every frame once, and a report that says so."""
    assert (report.taken, report.stacked, report.end) == (frames, frames, CaptureEnd.FINISHED)
    assert ORION.name in report.folder
    assert len(stage.sim.history.of(ShutterOpened)) == 1
    assert [one.number for one in stage.sim.history.of(FrameTaken)] == list(range(1, frames + 1))


@both
@pytest.mark.parametrize(
    ("fault", "taken", "stacked", "transport"),
    [
        ("stacks-fewer:every=3", 12, 8, BYTE_BY_BYTE),
        ("ends-early:at=5", 5, 5, SLOW),
        ("storage-full:frame=7", 7, 7, DOUBLING),
        ("slow-answers:seconds=4", 12, 12, BYTE_BY_BYTE),
        ("duplicate-answers:copies=3,later_s=2", 12, 12, SLOW),
        ("unknown-notifications", 12, 12, DOUBLING),
        ("garbled-frames:times=4", 12, 12, SLOW),
    ],
    ids=str,
)
def test_what_the_telescope_took_is_what_is_reported(
    contract: Contract, generation: str, transport: Transport, fault: str, taken: int, stacked: int
) -> None:
    async def story(stage: Stage) -> None:
        await stage.aimed(FRAMES, ONE_SECOND)
        stage.sim.faults.add(fault)
        await stage.telescope.start_capture(Camera.TELE)
        report = await stage.telescope.follow_capture(Camera.TELE)
        assert (report.taken, report.stacked, report.end) == (taken, stacked, CaptureEnd.FINISHED)
        (closed,) = stage.sim.history.of(ShutterClosed)
        assert (closed.taken, closed.stacked) == (taken, stacked)

    contract.play(story, generation=generation, transport=transport)


@settings(deadline=None, max_examples=often(8))
@given(
    generation=st.sampled_from(["v2", "v3"]),
    frame=st.integers(1, FRAMES),
    refuse_s=st.sampled_from([0, 20, 300]),
    fault=st.sampled_from(["drop-link", "half-open"]),
)
def test_a_link_lost_at_any_frame_costs_none(
    contract: Contract, generation: str, frame: int, refuse_s: int, fault: str
) -> None:
    text = f"{fault}:frame={frame}" + (f",refuse_s={refuse_s}" if fault == "drop-link" else "")

    async def story(stage: Stage) -> None:
        seen: list[CaptureProgress] = []
        await stage.aimed(FRAMES)
        await stage.telescope.start_capture(Camera.TELE)
        report = await stage.telescope.follow_capture(Camera.TELE, seen.append)
        assert_whole(stage, report)
        assert (seen[-1].taken, seen[-1].stacked) == (FRAMES, FRAMES)
        assert [one.taken for one in seen] == sorted(one.taken for one in seen)

    contract.play(story, text, generation=generation)


@both
def test_a_link_dropped_at_frame_2_of_12_costs_no_frame(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        assert_whole(stage, await stage.captured(FRAMES))
        assert stage.network.connections >= 2

    contract.play(story, "drop-link:frame=2,refuse_s=5", generation=generation)


@settings(deadline=None, max_examples=often(8))
@given(generation=st.sampled_from(["v2", "v3"]), size=st.integers(0, 5000))
@example(generation="v2", size=0)
@example(generation="v3", size=1)
def test_a_link_cut_at_any_byte_of_a_capture_costs_no_frame(
    contract: Contract, generation: str, size: int
) -> None:
    async def story(stage: Stage) -> None:
        telescope = stage.telescope
        await stage.aimed(FRAMES)
        stage.network.cut_after(size)
        try:
            await telescope.start_capture(Camera.TELE)
        except UnreachableError:
            await stage.connected()
            if await telescope.running_capture(Camera.TELE) is None:
                await telescope.start_capture(Camera.TELE)
        assert_whole(stage, await telescope.follow_capture(Camera.TELE))

    contract.play(story, generation=generation)


@both
@pytest.mark.parametrize("transport", [PERFECT, DROPPING], ids=str)
def test_a_capture_over_at_once_is_counted(contract: Contract, generation: str, transport: Transport) -> None:
    async def story(stage: Stage) -> None:
        await stage.step(lambda: stage.aimed(2, ONE_SECOND))
        begun = stage.clock.now()
        await stage.step(lambda: stage.telescope.start_capture(Camera.TELE))
        await stage.clock.sleep(60)
        report = await stage.step(lambda: stage.telescope.follow_capture(Camera.TELE))
        assert (report.taken, report.stacked, report.end) == (2, 2, CaptureEnd.FINISHED)
        (recorded,) = await stage.telescope.recorded_captures(Camera.TELE, begun)
        assert (recorded.taken, recorded.stacked, recorded.end) == (2, 2, CaptureEnd.FINISHED)
        assert (recorded.target, recorded.exposure_s) == (ORION.name, 1.0)

    contract.play(story, generation=generation, transport=transport)


@networks
def test_a_capture_stopped_midway_is_counted_and_closed(
    contract: Contract, generation: str, transport: Transport
) -> None:
    async def story(stage: Stage) -> None:
        telescope = stage.telescope
        await stage.aimed(500)
        await telescope.start_capture(Camera.TELE)
        following = asyncio.create_task(telescope.follow_capture(Camera.TELE))
        await stage.clock.sleep(3.5 * FRAME_S)
        report = await telescope.stop_capture(Camera.TELE)
        (closed,) = stage.sim.history.of(ShutterClosed)
        assert closed.reason == "stopped"
        assert report.end is CaptureEnd.STOPPED
        assert (report.taken, report.stacked) == (closed.taken, closed.stacked)
        assert await following == report
        assert await telescope.running_capture(Camera.TELE) is None
        await telescope.go_live()
        await telescope.start_capture(Camera.TELE)
        assert await telescope.running_capture(Camera.TELE) is not None

    contract.play(story, generation=generation, transport=transport)


@both
@pytest.mark.parametrize("at", [0, 3])
def test_a_capture_that_never_ends_is_for_the_caller_to_stop(
    contract: Contract, generation: str, at: int
) -> None:
    async def story(stage: Stage) -> None:
        telescope = stage.telescope
        await stage.aimed(6)
        await telescope.start_capture(Camera.TELE)
        with pytest.raises(TimeoutError):
            async with stage.clock.timeout(600):
                await telescope.follow_capture(Camera.TELE)
        report = await telescope.stop_capture(Camera.TELE)
        assert (report.taken, report.end) == (at or 6, CaptureEnd.STOPPED)

    contract.play(story, f"never-ends:at={at}", generation=generation)


@both
def test_a_restart_during_a_capture_leaves_what_was_taken(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        report = await stage.captured(FRAMES)
        assert (report.taken, report.end) == (4, CaptureEnd.UNKNOWN)
        assert not stage.sim.state.calibrated

    contract.play(story, "reboot:frame=4,down_s=90", generation=generation)


@pytest.mark.parametrize(("generation", "announced"), every(2, [("v3", "false"), ("v2", "true")]))
def test_a_telescope_switched_off_during_a_capture_is_given_up_in_the_end(
    contract: Contract, generation: str, announced: str
) -> None:
    async def story(stage: Stage) -> None:
        await stage.aimed(FRAMES)
        await stage.telescope.start_capture(Camera.TELE)
        begun = stage.clock.monotonic()
        with pytest.raises(UnreachableError):
            await stage.telescope.follow_capture(Camera.TELE)
        assert stage.clock.monotonic() - begun > 600  # it waited for a telescope that may come back

    contract.play(story, f"power-off:frame=4,announced={announced}", generation=generation)


@both
@pytest.mark.parametrize(("model", "killed_after_s"), [("D2", 30.0), ("D3", 0.1), ("mini", 50.0)])
def test_an_agent_killed_and_started_again_follows_the_same_capture(
    contract: Contract, generation: str, model: str, killed_after_s: float
) -> None:
    async def story(stage: Stage) -> None:
        await stage.aimed(FRAMES)
        await stage.telescope.start_capture(Camera.TELE)
        await stage.clock.sleep(killed_after_s)
        await stage.killed()
        await stage.clock.sleep(2 * FRAME_S)
        after = await stage.another()
        running = await after.running_capture(Camera.TELE)
        assert running is not None
        assert await after.running_capture(Camera.WIDE) is None
        seen: list[CaptureProgress] = []
        report = await after.follow_capture(Camera.TELE, seen.append)
        assert_whole(stage, report)
        assert {one.target for one in seen if one.taken} == {ORION.name}
        assert stage.received(11005) == [11005]

    contract.play(story, generation=generation, model=model)


@both
@pytest.mark.parametrize(
    ("fault", "taken", "end"),
    [
        ("", 4, CaptureEnd.FINISHED),
        ("ends-early:at=2", 2, CaptureEnd.UNKNOWN),
        ("storage-full:frame=3", 3, CaptureEnd.UNKNOWN),
        ("reboot:frame=1", 1, CaptureEnd.UNKNOWN),
    ],
    ids=["finished", "ended early", "card full", "restarted"],
)
def test_a_capture_that_ended_while_the_agent_was_dead_is_told_from_one_that_failed(
    contract: Contract, generation: str, fault: str, taken: int, end: CaptureEnd
) -> None:
    async def story(stage: Stage) -> None:
        await stage.aimed(4)
        begun = stage.clock.now()
        if fault:
            stage.sim.faults.add(fault)
        await stage.telescope.start_capture(Camera.TELE)
        await stage.clock.sleep(2)
        await stage.killed()
        await stage.clock.sleep(600)
        after = await stage.another()
        assert await after.running_capture(Camera.TELE) is None
        (report,) = await after.recorded_captures(Camera.TELE, begun)
        assert (report.taken, report.stacked, report.end) == (taken, taken, end)
        assert await after.recorded_captures(Camera.TELE, stage.clock.now()) == ()
        assert await after.recorded_captures(Camera.WIDE, begun) == ()

    contract.play(story, generation=generation)


@both
def test_without_any_capture_there_is_none_to_tell(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        telescope, begun = stage.telescope, stage.clock.now()
        await telescope.calibrate(stage.sim.state.site)
        assert await telescope.recorded_captures(Camera.TELE, begun) == ()
        assert await telescope.running_capture(Camera.TELE) is None
        report = await telescope.follow_capture(Camera.TELE)
        assert (report.taken, report.stacked) == (0, 0)
        assert await telescope.latest_picture(begun) is None

    contract.play(story, generation=generation)


@both
def test_a_second_start_while_one_runs_is_for_later(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        await stage.aimed(FRAMES)
        await stage.telescope.start_capture(Camera.TELE)
        with pytest.raises(TransientError):
            await stage.telescope.start_capture(Camera.TELE)
        other = await stage.another()
        with pytest.raises(TransientError):
            await other.start_capture(Camera.TELE)
        assert_whole(stage, await stage.telescope.follow_capture(Camera.TELE))

    contract.play(story, generation=generation, exclusive=False)


@both
def test_several_captures_in_a_row_are_kept_apart(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        await stage.aimed(3)
        folders = set()
        for _ in range(3):
            begun = stage.clock.now()
            await stage.telescope.start_capture(Camera.TELE)
            report = await stage.telescope.follow_capture(Camera.TELE)
            assert (report.taken, report.stacked) == (3, 3)
            folders.add(report.folder)
            picture = await stage.telescope.latest_picture(begun)
            assert picture is not None
            assert picture.path.startswith(report.folder)
            await stage.clock.sleep(10)
        assert len(folders) == 3

    contract.play(story, generation=generation)


@both
def test_a_picture_grows_with_the_capture(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        await stage.aimed(6)
        begun = stage.clock.now()
        await stage.telescope.start_capture(Camera.TELE)
        pictures = []
        for _ in range(2):
            await stage.clock.sleep(2.5 * FRAME_S)
            picture = await stage.telescope.latest_picture(begun)
            assert picture is not None
            pictures.append(picture)
        assert pictures[0].jpeg != pictures[1].jpeg
        assert pictures[0].taken_at < pictures[1].taken_at

    contract.play(story, generation=generation)


@both
@pytest.mark.parametrize("after_s", [0.0, 0.001, 0.7, 2.0])
def test_a_start_that_is_cancelled_can_be_stopped(
    contract: Contract, generation: str, after_s: float
) -> None:
    async def story(stage: Stage) -> None:
        telescope = stage.telescope
        await stage.aimed(3, ONE_SECOND)
        task = asyncio.ensure_future(telescope.start_capture(Camera.TELE))
        await stage.clock.sleep(after_s)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        report = await telescope.stop_capture(Camera.TELE)
        assert not stage.sim.state.capturing()
        taken = len(stage.sim.history.of(FrameTaken))  # newer firmware does not hear a stop this early
        assert report.taken == taken
        assert taken == 0 or generation == "v3"
        await telescope.go_live()
        await telescope.start_capture(Camera.TELE)
        report = await telescope.follow_capture(Camera.TELE)
        assert (report.taken, report.end) == (3, CaptureEnd.FINISHED)

    contract.play(story, generation=generation)


@both
def test_cancelling_a_follower_disturbs_neither_the_capture_nor_the_next_follower(
    contract: Contract, generation: str
) -> None:
    async def story(stage: Stage) -> None:
        await stage.aimed(FRAMES)
        await stage.telescope.start_capture(Camera.TELE)
        for _ in range(3):
            task = asyncio.ensure_future(stage.telescope.follow_capture(Camera.TELE))
            await stage.clock.sleep(FRAME_S)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert_whole(stage, await stage.telescope.follow_capture(Camera.TELE))

    contract.play(story, generation=generation)


@both
@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("storage-full", "card_full"),
        ("capture-fails:code=-2", "no_card"),
        ("capture-fails:code=-11518", "needs_deep_sky_goto"),
    ],
)
def test_a_capture_that_cannot_start_says_why(
    contract: Contract, generation: str, fault: str, name: str
) -> None:
    async def story(stage: Stage) -> None:
        await stage.aimed(FRAMES)
        stage.sim.faults.add(fault)
        await stage.clock.sleep(1)
        with pytest.raises(TelescopeError) as caught:
            await stage.telescope.start_capture(Camera.TELE)
        assert caught.value.code == name
        assert await stage.telescope.running_capture(Camera.TELE) is None

    contract.play(story, generation=generation)
