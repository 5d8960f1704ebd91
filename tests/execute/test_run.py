"""Running a session: order, success, failure, retries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.capabilities import Camera, Exposure
from agent.events import Outcome, Reason, Status
from agent.execute.orders import Ending, EndKind
from agent.telescope.errors import RefusedError, TransientError
from tests.execute.conftest import DUSK, Bench, session
from tests.support.fake_telescope import CAMERA, CAPABILITIES


def test_a_session_that_takes_its_frames_is_completed_with_true_numbers(bench: Bench) -> None:
    bench.telescope.lose_every = 4
    result = bench.run(session())
    assert result is not None
    assert result.outcome is Outcome.COMPLETED
    assert (result.frames.requested, result.frames.taken, result.frames.stacked) == (12, 12, 9)
    assert result.frames.rejected == 3
    assert result.integration_s == 9 * 15
    assert result.files == ("/Astronomy/0",)


def test_the_frames_stay_known_until_the_result_is_written_down(bench: Bench) -> None:
    bench.run(session())
    again = Bench()
    again.journal = bench.journal  # killed after the last frame: the file does not tell of the end yet
    result = again.run(session())
    assert result is not None
    assert result.outcome is Outcome.COMPLETED
    assert result.frames.taken == 12
    assert again.frames_on_telescope() == 0
    assert "goto" not in again.telescope.calls


def test_steps_run_in_the_order_the_plan_shows(bench: Bench) -> None:
    on = {"do_action": True}
    bench.run(session(auto_focus=on, infinite_focus=on, eq_solving=on, calibration=on))
    moves = [call for call in bench.telescope.calls if call not in ("take_control", "read", "follow_capture")]
    assert moves == [
        "set_time",
        "go_live",
        "auto_focus",
        "infinite_focus",
        "stop_goto",
        "solve_eq",
        "stop_goto",  # it comes to rest while the camera is set
        "apply",
        "calibrate",
        "goto",
        "apply",
        "start_capture",
        "go_live",
    ]


def test_the_status_tells_the_story_of_the_night(bench: Bench) -> None:
    bench.run(session(calibration={"do_action": True}))
    story = [s for i, s in enumerate(bench.said.statuses) if i == 0 or bench.said.statuses[i - 1] is not s]
    assert story == [
        Status.PREPARING,
        Status.CALIBRATING,
        Status.SLEWING,
        Status.IMAGING,
        Status.FINISHING,
    ]


def test_waits_around_steps_are_kept(bench: Bench) -> None:
    result = bench.run(session(auto_focus={"do_action": True, "wait_before": 100, "wait_after": "200"}))
    assert result is not None
    focus = next(report for report in result.steps if report.name == "Autofocus")
    assert 310 <= (focus.ended_at - focus.started_at).total_seconds() <= 311


def test_fewer_frames_than_asked_are_partial(bench: Bench) -> None:
    bench.telescope.frames_limit = 7
    result = bench.run(session())
    assert result is not None
    assert result.outcome is Outcome.PARTIAL
    assert result.frames.taken == 7
    assert "7 of 12" in result.message


def test_no_frame_at_all_is_tried_again_and_then_failed(bench: Bench) -> None:
    bench.telescope.frames_limit = 0
    result = bench.run(session())
    assert result is not None
    assert result.outcome is Outcome.FAILED
    assert result.error is not None
    assert result.error.code == "no_frames"
    assert result.attempts == 2
    assert len(bench.telescope.captures) == 2


def test_a_goto_that_fails_is_tried_as_often_as_the_session_says(bench: Bench) -> None:
    bench.telescope.fail["goto"].extend([TransientError("Goto failed.", code="goto_failed")] * 5)
    result = bench.run(session())
    assert result is not None
    assert result.outcome is Outcome.FAILED
    assert bench.telescope.calls.count("goto") == 2
    assert result.attempts == 2
    assert result.error is not None
    assert result.error.code == "goto_failed"
    assert [wait.reason for wait in result.waits] == [Reason.RETRY]


def test_a_capture_never_follows_a_goto_that_failed(bench: Bench) -> None:
    bench.telescope.fail["goto"].append(RefusedError("Below the horizon."))
    result = bench.run(session())
    assert result is not None
    assert result.outcome is Outcome.FAILED
    assert "start_capture" not in bench.telescope.calls
    assert bench.telescope.calls.count("goto") == 1


def test_a_goto_the_guard_forbids_never_reaches_the_telescope(bench: Bench) -> None:
    bench.guard.forbid = "Too close to the Sun."
    result = bench.run(session())
    assert result is not None
    assert result.outcome is Outcome.FAILED
    assert result.error is not None
    assert result.error.code == "sun_limit"
    assert "goto" not in bench.telescope.calls
    assert "start_capture" not in bench.telescope.calls


def test_the_guard_is_asked_for_the_whole_time_the_target_will_be_followed(bench: Bench) -> None:
    bench.run(session())
    (_, seconds) = bench.guard.asked[0]
    assert seconds >= 12 * 15


def test_settings_the_telescope_does_not_take_keep_the_shutter_closed(bench: Bench) -> None:
    bench.telescope.ignore_settings = True
    result = bench.run(session())
    assert result is not None
    assert result.outcome is Outcome.FAILED
    assert result.error is not None
    assert result.error.code == "settings_mismatch"
    assert "not 15 s" in result.error.message
    assert "start_capture" not in bench.telescope.calls


@pytest.mark.parametrize(
    ("more", "asked", "told", "hint"),
    [
        (
            {"exposures": (*CAMERA.exposures, Exposure("90", 90.0, 200))},
            {"exposure": "90"},
            "exposure 90",
            "1, 10, 15",
        ),
        ({"gains": (*CAMERA.gains, 77)}, {"gain": 77}, "gain 77", "0 to 240"),
    ],
)
def test_what_the_telescope_no_longer_offers_is_refused_before_anything_moves(
    bench: Bench, more: dict[str, Any], asked: dict[str, Any], told: str, hint: str
) -> None:
    cameras = {Camera.TELE: replace(CAMERA, **more)}
    bench.capabilities = replace(CAPABILITIES, cameras=cameras)  # as the session was planned
    camera = {"do_action": True, "exposure": "15", "gain": 80, "count": 12, **asked}
    result = bench.result_of(session(setup_camera=camera))
    assert result.error is not None
    assert result.error.code == "not_offered"
    assert result.error.message.endswith(f": the telescope does not offer {told} here.")
    assert result.error.hint == f"It offers {hint}."
    assert "goto" not in bench.telescope.calls


def test_both_cameras_have_their_own_counts(bench: Bench) -> None:
    wide = {"do_action": True, "exposure": 10, "gain": 60, "count": 5}
    result = bench.run(session(setup_wide_camera=wide))
    assert result is not None
    assert result.outcome is Outcome.COMPLETED
    assert bench.frames_on_telescope(Camera.TELE) == 12
    assert bench.frames_on_telescope(Camera.WIDE) == 5
    assert result.frames.requested == 17


def test_a_session_without_frames_is_completed_when_its_steps_are_done(bench: Bench) -> None:
    result = bench.run(session(setup_camera=None))
    assert result is not None
    assert result.outcome is Outcome.COMPLETED
    assert result.frames.requested == 0


def test_a_step_with_its_own_limit_is_stopped_when_it_runs_over(bench: Bench) -> None:
    result = bench.run(session(auto_focus={"do_action": True, "timeout": 3}))
    assert result is not None
    assert result.outcome is Outcome.FAILED
    assert result.error is not None
    assert result.error.code == "timeout"
    assert "halt" in bench.telescope.calls


def test_closing_steps_run_after_a_failure_too(bench: Bench) -> None:
    bench.telescope.fail["goto"].append(RefusedError("No."))
    bench.run(session(shutdown={"do_action": True, "park": True, "power_down": True}))
    closing = [call for call in bench.telescope.calls if call in ("go_live", "park", "shutdown")]
    assert closing[-3:] == ["go_live", "park", "shutdown"]


def test_a_defect_of_ours_ends_the_session_as_failed_and_stops_the_telescope(bench: Bench) -> None:
    bench.telescope.fail["goto"].append(ZeroDivisionError("boom"))  # type: ignore[arg-type]
    result = bench.run(session())
    assert result is not None
    assert result.error is not None
    assert result.error.code == "internal"
    assert "halt" in bench.telescope.calls


def test_progress_counts_frames_once_and_ends_when_it_says(bench: Bench) -> None:
    bench.run(session())
    taken = [progress.frames.taken for progress in bench.progress]
    assert taken == sorted(taken)
    assert taken[-1] == 12
    percents = [progress.percent for progress in bench.progress]
    assert percents == sorted(percents)
    halfway = next(progress for progress in bench.progress if progress.frames.taken == 6)
    assert halfway.estimated_end is not None
    end = bench.progress[-1].at
    assert abs((halfway.estimated_end - end).total_seconds()) < 20


def test_a_telescope_that_must_calibrate_first_is_calibrated_and_the_result_says_so(bench: Bench) -> None:
    error = RefusedError("Not calibrated.", code="not_calibrated", device_code=-11511)
    bench.telescope.fail["goto"].append(error)
    result = bench.run(session())
    assert result is not None
    assert result.outcome is Outcome.COMPLETED
    assert "calibrate" in bench.telescope.calls
    assert "calibrated it first" in result.message


def test_each_step_tells_how_it_went_and_a_capture_what_its_frames_took(bench: Bench) -> None:
    async def known() -> None:
        bench.hands.alignment.calibrated(DUSK)

    result = bench.result_of(session(calibration={"do_action": True}), known)
    told = {step.kind: step for step in result.steps}
    calibration, capture = told["calibration"], told["capture"]
    why = "not needed: calibrated at 19:00, and nothing has moved the telescope since"
    assert (calibration.result, calibration.attempts, calibration.message) == ("skipped", 0, why)
    assert calibration.started_at == calibration.ended_at
    assert (capture.camera, capture.exposure_s, capture.frame_s) == ("tele", 15.0, 16.0)
    others = [step for step in result.steps if step is not capture]
    assert {(step.camera, step.exposure_s, step.frame_s, step.setup_s) for step in others} == {
        ("", None, None, None)
    }
    assert "calibrate" not in bench.telescope.calls


def test_what_closes_an_ended_session_took_no_frames(bench: Bench) -> None:
    async def abort() -> None:
        await bench.after_frames(5)
        bench.orders.end(Ending(EndKind.ABORT, Reason.USER, "Stop."))

    result = bench.result_of(session(), abort)
    told = {step.kind: step.frame_s for step in result.steps}
    assert round(told.pop("capture") or 0.0, 6) == 16.0
    assert told
    assert set(told.values()) == {None}


def test_a_capture_is_focused_again_once_somebody_asks(bench: Bench) -> None:
    async def ask() -> None:
        await bench.after_frames(5)
        bench.orders.ask_focus("the stars are larger")

    document = session(setup_camera={"do_action": True, "exposure": "15", "gain": 80, "count": 30})
    result = bench.result_of(document, ask)
    assert result.outcome is Outcome.COMPLETED
    assert bench.telescope.calls.count("auto_focus") == 1
    assert "focused again: the stars are larger" in result.message
    assert bench.orders.focus_asked == ""
