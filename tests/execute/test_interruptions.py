"""Pauses, endings, lost links, and what survives the agent itself."""

from __future__ import annotations

import asyncio
import errno
from datetime import timedelta
from typing import Any

import pytest

from agent.capabilities import Camera
from agent.events import Frames, Outcome, Reason, SessionResult, SessionStarted, Status
from agent.execute.orders import Ending, EndKind, Hold, Orders
from agent.mosaics import Mosaic
from agent.telescope.interface import CameraSettings, CaptureEnd
from tests.execute.conftest import DUSK, Bench, session
from tests.support.virtual_loop import run_virtual

SHOT = {"do_action": True, "exposure": "15", "gain": 80}
RAIN = Hold(Reason.WEATHER, "rain")


def test_an_abort_stops_the_capture_on_the_telescope_and_keeps_the_true_numbers(bench: Bench) -> None:
    async def abort() -> None:
        await bench.after_frames(5)
        bench.orders.end(Ending(EndKind.ABORT, Reason.USER, "A person stopped it."))

    result = bench.run(session(), abort)
    assert result is not None
    assert result.outcome is Outcome.ABORTED
    assert result.reason is Reason.USER
    assert result.frames.taken == 5
    assert not any(capture.running for capture in bench.telescope.captures)
    assert "stop_capture" in bench.telescope.calls


@pytest.mark.parametrize(
    ("kind", "frames", "outcome"),
    [
        (EndKind.SKIP, 3, Outcome.PARTIAL),
        (EndKind.LIMIT, 3, Outcome.PARTIAL),
        (EndKind.END_NIGHT, 3, Outcome.ABORTED),
    ],
)
def test_an_early_end_is_called_by_its_kind(
    bench: Bench, kind: EndKind, frames: int, outcome: Outcome
) -> None:
    async def end() -> None:
        await bench.after_frames(frames)
        bench.orders.end(Ending(kind, Reason.USER, "Enough."))

    result = bench.run(session(), end)
    assert result is not None
    assert result.outcome is outcome
    assert result.frames.taken == frames


def test_a_session_skipped_before_its_first_frame_is_skipped(bench: Bench) -> None:
    bench.orders.end(Ending(EndKind.SKIP, Reason.USER, "Next."))
    result = bench.run(session())
    assert result is not None
    assert result.outcome is Outcome.SKIPPED
    assert "goto" not in bench.telescope.calls


def test_a_pause_stops_the_shutter_and_resuming_points_again_and_takes_only_what_is_missing(
    bench: Bench,
) -> None:
    async def cloud() -> None:
        await bench.after_frames(4)
        bench.orders.pause("weather", RAIN)
        await bench.clock.sleep(600)
        assert not any(capture.running for capture in bench.telescope.captures)
        assert bench.said.lines[-1] == (Status.PAUSED, Reason.WEATHER, "rain")
        bench.orders.resume("weather")

    result = bench.run(session(), cloud)
    assert result is not None
    assert result.outcome is Outcome.COMPLETED
    assert [capture.taken for capture in bench.telescope.captures] == [4, 8]
    assert bench.telescope.calls.count("goto") == 2
    again = bench.said.statuses[bench.said.statuses.index(Status.PAUSED) :]
    assert again[again.index(Status.SLEWING) + 1] is Status.IMAGING, "it says that it images again"
    assert Reason.WEATHER in [wait.reason for wait in result.waits]


def test_after_a_pause_it_is_pointed_again_once_and_not_for_every_capture(bench: Bench) -> None:
    async def cloud() -> None:
        await bench.after_frames(4)
        bench.orders.pause("weather", RAIN)
        await bench.clock.sleep(600)
        bench.orders.resume("weather")

    result = bench.result_of(session(setup_wide_camera={**SHOT, "count": 3}), cloud)
    assert result.outcome is Outcome.COMPLETED
    assert [capture.taken for capture in bench.telescope.captures] == [4, 8, 3]
    assert bench.telescope.calls.count("goto") == 2


def test_a_mosaic_that_was_paused_takes_in_each_pane_what_the_poorest_lacks(bench: Bench) -> None:
    orders: list[CameraSettings] = []

    async def pause() -> None:
        await bench.after_frames(10)  # of four panes with three each: the last has one
        orders.append(bench.telescope.held[Camera.TELE])
        bench.orders.pause("weather", RAIN)
        await bench.clock.sleep(600)
        bench.orders.resume("weather")

    mosaic = {"doMosaic": True, "framingX": 180, "framingY": 180, "mosaic_count": 3}
    result = bench.result_of(session(setup_camera={**SHOT, **mosaic}), pause)
    orders.append(bench.telescope.held[Camera.TELE])
    assert [(one.mosaic, one.count) for one in orders] == [
        (Mosaic(180, 180, per_pane), None) for per_pane in (3, 2)
    ]
    assert (result.outcome, result.frames) == (Outcome.COMPLETED, Frames(12, 12, 12))


def test_the_stop_is_asked_of_the_telescope_in_the_instant_of_the_order(bench: Bench) -> None:
    async def rain() -> None:
        await bench.after_frames(2)
        bench.orders.pause("weather", RAIN)
        for _ in range(20):  # turns of the loop; no time goes by
            await asyncio.sleep(0)
        assert "stop_capture" in bench.telescope.calls
        bench.orders.end(Ending(EndKind.ABORT, Reason.WEATHER, "Rain."))

    result = bench.run(session(), rain)
    assert result is not None
    assert result.outcome is Outcome.ABORTED


@pytest.mark.parametrize("step", ["set_time", "goto", "calibrate", "auto_focus", "start_capture"])
def test_an_abort_in_any_step_halts_the_telescope(bench: Bench, step: str) -> None:
    async def abort() -> None:
        while step not in bench.telescope.calls:
            await bench.clock.sleep(0.1)
        bench.orders.end(Ending(EndKind.ABORT, Reason.USER, "Stop."))

    result = bench.run(session(calibration={"do_action": True}, auto_focus={"do_action": True}), abort)
    assert result is not None
    assert result.outcome is Outcome.ABORTED
    assert "halt" in bench.telescope.calls


@pytest.mark.parametrize("when", ["wait_before", "wait_after"])
def test_a_pause_inside_a_wait_leaves_the_rest_of_it_to_be_waited(bench: Bench, when: str) -> None:
    async def main() -> SessionResult | None:
        document = session(auto_focus={"do_action": True, when: 300})
        running = asyncio.create_task(bench.run_of(document).execute())
        await bench.clock.sleep(100)
        bench.orders.pause("user", RAIN)
        await bench.clock.sleep(1000)
        bench.orders.resume("user")
        return await running

    result = run_virtual(main())
    assert result is not None
    focus = next(report for report in result.steps if report.name == "Autofocus")
    took = (focus.ended_at - focus.started_at).total_seconds()
    assert 1310 <= took <= 1315, "three hundred seconds, the focus, and the pause"
    assert result.frames.taken == 12


def test_a_pause_that_never_ends_is_bounded(bench: Bench) -> None:
    async def forever() -> None:
        await bench.after_frames(4)
        bench.orders.pause("weather", RAIN)

    result = bench.run(session(), forever)
    assert result is not None
    assert result.outcome is Outcome.PARTIAL
    assert result.reason is Reason.WEATHER
    assert result.frames.taken == 4


def test_a_lost_link_costs_no_frame_and_no_attempt(bench: Bench) -> None:
    async def blip() -> None:
        await bench.after_frames(2)
        bench.telescope.cut()
        await bench.clock.sleep(45)
        bench.telescope.restore()

    result = bench.run(session(), blip)
    assert result is not None
    assert result.outcome is Outcome.COMPLETED
    assert len(bench.telescope.captures) == 1
    assert result.attempts == 1
    assert Reason.LOST_CONNECTION in [wait.reason for wait in result.waits]


def test_a_capture_that_ended_while_the_link_was_down_is_counted(bench: Bench) -> None:
    async def outage() -> None:
        await bench.after_frames(2)
        bench.telescope.cut()
        await bench.clock.sleep(1000)
        bench.telescope.restore()

    result = bench.run(session(), outage)
    assert result is not None
    assert result.outcome is Outcome.COMPLETED
    assert result.frames.taken == 12
    assert len(bench.telescope.captures) == 1


def test_a_link_lost_during_the_goto_repeats_the_goto(bench: Bench) -> None:
    async def blip() -> None:
        while "goto" not in bench.telescope.calls:
            await bench.clock.sleep(0.1)
        bench.telescope.cut()
        await bench.clock.sleep(30)
        bench.telescope.restore()

    result = bench.run(session(), blip)
    assert result is not None
    assert result.outcome is Outcome.COMPLETED
    assert bench.telescope.calls.count("goto") == 2


def test_a_telescope_that_never_comes_back_fails_the_session_with_what_it_has(bench: Bench) -> None:
    async def gone() -> None:
        await bench.after_frames(3)
        await bench.clock.sleep(1)
        bench.telescope.cut()

    result = bench.run(session(), gone)
    assert result is not None
    assert result.outcome is Outcome.PARTIAL
    assert result.frames.taken == 3
    assert result.error is not None
    assert result.error.code == "unreachable"


def test_an_abort_while_the_link_is_down_is_carried_out_when_it_is_back_and_every_frame_counts(
    bench: Bench,
) -> None:
    async def away() -> None:
        await bench.after_frames(3)
        bench.telescope.cut()
        await bench.clock.sleep(20)
        bench.orders.end(Ending(EndKind.ABORT, Reason.USER, "Stop."))
        await bench.clock.sleep(60)
        assert bench.telescope.captures[-1].running
        bench.telescope.restore()

    result = bench.run(session(), away)
    assert result is not None
    assert result.outcome is Outcome.ABORTED
    assert not bench.telescope.captures[-1].running
    assert result.frames.taken == bench.frames_on_telescope() > 3


def test_an_abort_of_a_telescope_that_stays_away_ends_in_the_end_and_is_not_forgotten(bench: Bench) -> None:
    async def away() -> None:
        await bench.after_frames(3)
        bench.telescope.cut()
        bench.orders.end(Ending(EndKind.ABORT, Reason.USER, "Stop."))

    async def main() -> SessionResult | None:
        leaving = asyncio.create_task(away())
        result = await bench.run_of(session(setup_camera={**SHOT, "count": 900})).execute()
        assert leaving.done()
        assert bench.telescope.captures[-1].running
        bench.telescope.restore()
        await bench.clock.sleep(3)
        return result

    result = run_virtual(main())
    assert result is not None
    assert result.outcome is Outcome.ABORTED
    assert "was not seen to stop" in result.message
    assert not bench.telescope.captures[-1].running


def test_a_stopping_agent_stops_the_capture_and_the_session_goes_on_later(bench: Bench) -> None:
    async def sigterm() -> None:
        await bench.after_frames(5)
        bench.orders.end(Ending(EndKind.AGENT_STOP, Reason.AGENT_STOPPED, "The agent stops."))

    assert bench.run(session(), sigterm) is None
    assert not any(capture.running for capture in bench.telescope.captures)

    again = Bench()
    again.journal = bench.journal
    result = again.run(session())
    assert result is not None
    assert result.outcome is Outcome.COMPLETED
    assert result.frames.taken == 12
    assert again.frames_on_telescope() == 7
    started = next(event for event in again.events if isinstance(event, SessionStarted))
    assert started.resumed


def test_after_a_kill_the_running_capture_is_followed_not_repeated(bench: Bench) -> None:
    async def main() -> SessionResult | None:
        first = asyncio.create_task(bench.run_of(session()).execute())
        await bench.after_frames(5)
        first.cancel()  # as a kill does: nothing more is said to the telescope
        await asyncio.gather(first, return_exceptions=True)
        bench.telescope.calls.clear()
        bench.orders = Orders()
        return await bench.run_of(session()).execute()

    result = run_virtual(main())
    assert result is not None
    assert result.outcome is Outcome.COMPLETED
    assert result.frames.taken == 12
    assert len(bench.telescope.captures) == 1
    assert "goto" not in bench.telescope.calls
    assert "start_capture" not in bench.telescope.calls


def test_after_a_long_death_a_capture_that_ended_meanwhile_is_told_from_one_that_failed(bench: Bench) -> None:
    async def main(limit: int | None) -> SessionResult | None:
        first = asyncio.create_task(bench.run_of(session()).execute())
        await bench.after_frames(5)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        if limit is not None:
            await bench.after_frames(limit)
            for capture in bench.telescope.captures:
                capture.running = False
        await bench.clock.sleep(3600)
        bench.orders = Orders()
        return await bench.run_of(session()).execute()

    result = run_virtual(main(None))
    assert result is not None
    assert result.outcome is Outcome.COMPLETED
    assert len(bench.telescope.captures) == 1

    bench.__init__()  # type: ignore[misc]
    result = run_virtual(main(8))
    assert result is not None
    assert result.outcome is Outcome.COMPLETED
    assert [capture.taken for capture in bench.telescope.captures] == [8, 4]
    assert bench.telescope.calls.count("goto") == 2


def test_two_losses_far_apart_are_two_losses(bench: Bench) -> None:
    async def blips() -> None:
        for frames in (3, 300):
            await bench.after_frames(frames)
            bench.telescope.cut()
            await bench.clock.sleep(30)
            bench.telescope.restore()

    long = {"do_action": True, "exposure": "15", "gain": 80, "count": 400}
    result = bench.run(session(setup_camera=long), blips)
    assert result is not None
    assert result.outcome is Outcome.COMPLETED
    assert len(bench.telescope.captures) == 1


def test_a_capture_that_breaks_off_is_pointed_at_again_and_taken_to_its_end(bench: Bench) -> None:
    async def reboot() -> None:
        await bench.after_frames(4)
        capture = bench.telescope.captures[0]
        capture.end, capture.running = CaptureEnd.UNKNOWN, False

    result = bench.run(session(), reboot)
    assert result is not None
    assert result.outcome is Outcome.COMPLETED
    assert [capture.taken for capture in bench.telescope.captures] == [4, 8]
    assert bench.telescope.calls.count("goto") == 2


def test_a_disk_that_takes_only_what_is_small_is_asked_now_and_then_and_not_without_a_pause(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    save, room_at = bench.journal.save, DUSK + timedelta(minutes=10)

    def small(facts: dict[str, Any]) -> None:
        if "capture" in facts and bench.clock.now() < room_at:
            raise OSError(errno.ENOSPC, "No space left on device")
        save(facts)

    monkeypatch.setattr(bench.journal, "save", small)
    result = bench.result_of(session())
    assert (result.outcome, result.frames.taken, result.attempts) == (Outcome.COMPLETED, 12, 1)
    assert min(wait.seconds for wait in result.waits) >= bench.options.retry_pause_s
    assert bench.said.problems == {"journal": None}


def test_a_pause_while_there_is_no_room_for_the_journal_is_waited_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    save, room_at = bench.journal.save, DUSK + timedelta(minutes=20)

    def full(facts: dict[str, Any]) -> None:
        if "capture" in facts and bench.clock.now() < room_at:
            raise OSError(errno.ENOSPC, "No space left on device")
        save(facts)

    async def cloud() -> None:
        while not bench.said.problems:
            await bench.clock.sleep(1)
        bench.orders.pause("weather", RAIN)
        await bench.clock.sleep(1800)
        assert bench.said.problems == {"journal": None}, "who is paused does not wait for room"
        bench.orders.resume("weather")

    monkeypatch.setattr(bench.journal, "save", full)
    result = bench.result_of(session(), cloud)
    assert (result.outcome, result.frames.taken, result.attempts) == (Outcome.COMPLETED, 12, 1)
    assert [wait.reason for wait in result.waits] == [Reason.RETRY, Reason.WEATHER]
