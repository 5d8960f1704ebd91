"""What a result claims: frames by camera, settings as read back, every folder, counts that can be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from agent.capabilities import Camera
from agent.events import Frames, Outcome, Reason, SessionResult
from agent.execute.orders import Ending, EndKind, Hold, Orders
from agent.execute.outcome import outcome_of
from agent.telescope.interface import CaptureProgress, CaptureReport
from tests.execute.conftest import Bench, session
from tests.support.virtual_loop import run_virtual

WIDE = {"do_action": True, "exposure": 10, "gain": 60, "count": 12}
RAIN = Hold(Reason.WEATHER, "rain")


# -- by camera --------------------------------------------------------------------------------------


def test_one_camera_does_not_make_up_for_the_other() -> None:
    frames = {Camera.TELE: Frames(12, 10, 9), Camera.WIDE: Frames(12, 14, 14)}
    outcome, reason, message = outcome_of(frames, None, None)
    assert (outcome, reason) == (Outcome.PARTIAL, Reason.TELESCOPE)
    assert "tele camera: 10 of 12 frames taken, 9 stacked" in message
    assert "wide camera: 14 of 12 frames taken" in message
    ending = Ending(EndKind.LIMIT, Reason.WINDOW, "Its window is over.")
    assert outcome_of(frames, ending, None)[0] is Outcome.PARTIAL
    assert outcome_of({}, ending, None)[0] is Outcome.SKIPPED
    frames[Camera.TELE] = Frames(12, 12, 9)
    assert outcome_of(frames, ending, None)[0] is Outcome.COMPLETED


def test_a_session_is_partial_when_one_camera_fell_short(bench: Bench) -> None:
    async def tele_ends_early() -> None:
        await bench.after_frames(10)
        bench.telescope.captures[0].running = False

    result = bench.result_of(session(setup_wide_camera=WIDE), tele_ends_early)
    assert result.outcome is Outcome.PARTIAL
    assert "tele camera: 10 of 12" in result.message
    assert "wide camera: 12 of 12" in result.message


def test_a_capture_that_goes_on_is_stopped_at_the_count_asked_for(bench: Bench) -> None:
    bench.telescope.runs_on = 40
    result = bench.result_of(session())
    assert result.outcome is Outcome.COMPLETED
    assert 12 <= result.frames.taken <= 13
    assert bench.frames_on_telescope() == result.frames.taken
    assert bench.telescope.calls.count("stop_capture") == 1


def test_a_capture_that_ends_by_itself_at_its_count_is_not_stopped(bench: Bench) -> None:
    assert bench.result_of(session()).frames.taken == 12
    assert "stop_capture" not in bench.telescope.calls


def test_a_telescope_with_a_minimum_count_takes_no_more_than_was_asked_for(bench: Bench) -> None:
    camera = bench.telescope.capabilities.cameras[Camera.TELE]
    bench.telescope.tables = replace(
        bench.telescope.capabilities, cameras={each: replace(camera, min_count=10) for each in Camera}
    )
    few = {"do_action": True, "exposure": "15", "gain": 80, "count": 4}
    result = bench.result_of(session(setup_camera=few))
    assert bench.telescope.held[Camera.TELE].count == 10
    assert result.outcome is Outcome.COMPLETED
    assert (result.frames.requested, result.frames.taken) == (4, 4)


# -- counts that cannot be --------------------------------------------------------------------------


@pytest.mark.parametrize("absurd", [2**31, -5, 10**400, 4000], ids=["2^31", "negative", "huge", "thousands"])
def test_frames_that_cannot_have_been_taken_are_not_counted(bench: Bench, absurd: int) -> None:
    async def lie() -> None:
        await bench.after_frames(3)
        await bench.clock.sleep(2)
        bench.telescope.captures[0].taken = bench.telescope.captures[0].stacked = absurd
        await bench.clock.sleep(2)
        bench.orders.end(Ending(EndKind.ABORT, Reason.USER, "Stop."))

    result = bench.result_of(session(), lie)
    assert result.outcome is Outcome.ABORTED
    assert (result.frames.taken, result.frames.stacked) == (3, 3)
    assert result.message.count("cannot have taken") == 1
    assert result.integration_s == 45


def test_counts_never_go_back(bench: Bench) -> None:
    async def forget() -> None:
        await bench.after_frames(5)
        await bench.clock.sleep(2)
        bench.telescope.captures[0].taken = bench.telescope.captures[0].stacked = 1
        await bench.clock.sleep(2)
        bench.orders.end(Ending(EndKind.ABORT, Reason.USER, "Stop."))

    result = bench.result_of(session(), forget)
    assert (result.frames.taken, result.frames.stacked) == (5, 5)
    taken = [progress.frames.taken for progress in bench.progress]
    assert taken == sorted(taken)


def test_no_more_frames_are_stacked_than_taken(bench: Bench) -> None:
    async def lie() -> None:
        await bench.after_frames(3)
        await bench.clock.sleep(2)
        bench.telescope.captures[0].stacked = 11
        await bench.clock.sleep(2)
        bench.orders.end(Ending(EndKind.ABORT, Reason.USER, "Stop."))

    result = bench.result_of(session(), lie)
    assert (result.frames.taken, result.frames.stacked) == (3, 3)


# -- settings and folders ---------------------------------------------------------------------------


def test_the_result_tells_the_settings_that_were_read_back(bench: Bench) -> None:
    tele = {
        "do_action": True,
        "exposure": "15",
        "gain": 80,
        "count": 2,
        "ircut": 1,
        "binning": 1,
    }
    result = bench.result_of(session(setup_camera=tele, setup_wide_camera=WIDE))
    assert set(result.settings) == {"tele", "wide"}
    assert result.settings["tele"]["exposure"] == "15"
    assert result.settings["tele"]["gain"] == 80
    assert result.settings["wide"]["exposure"] == "10"
    assert result.settings["wide"]["gain"] == 60
    assert set(result.settings["wide"]) == {"exposure", "gain", "filter", "binning", "format"}


def test_the_files_of_every_capture_are_told_across_pauses_and_a_restart(bench: Bench) -> None:
    async def cloud_then_stop() -> None:
        await bench.after_frames(3)
        bench.orders.pause("weather", RAIN)
        await bench.clock.sleep(60)
        bench.orders.resume("weather")
        await bench.after_frames(6)
        bench.orders.end(Ending(EndKind.AGENT_STOP, Reason.AGENT_STOPPED, "The agent stops."))

    async def main() -> SessionResult | None:
        meanwhile = asyncio.create_task(cloud_then_stop())
        assert await bench.run_of(session()).execute() is None
        await meanwhile
        bench.orders = Orders()
        return await bench.run_of(session()).execute()

    result = run_virtual(main())
    assert result is not None
    assert [capture.taken for capture in bench.telescope.captures] == [3, 3, 6]
    assert result.files == ("/Astronomy/0", "/Astronomy/1", "/Astronomy/2")
    assert result.settings["tele"]["exposure"] == "15"


def test_a_capture_whose_folder_was_not_told_is_looked_up_at_the_end(bench: Bench) -> None:
    follow = bench.telescope.follow_capture

    async def followed(
        camera: Camera, on_progress: Callable[[CaptureProgress], None] | None = None
    ) -> CaptureReport:
        return replace(await follow(camera, on_progress), folder="")

    bench.telescope.follow_capture = followed  # type: ignore[method-assign]
    assert bench.result_of(session()).files == ("/Astronomy/0",)
