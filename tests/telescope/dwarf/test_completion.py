"""When a command is done: orders of events that a well-behaved telescope does not send."""

from __future__ import annotations

import pytest

from agent.capabilities import Camera
from agent.telescope.dwarf.completion import (
    CalibrationCompletion,
    CaptureStartCompletion,
    Completion,
    EqCompletion,
    FocusCompletion,
    GotoCompletion,
)
from agent.telescope.dwarf.limits import Limits
from agent.telescope.dwarf.link.requests import Answered
from agent.telescope.dwarf.proto import astro_pb2, common_pb2
from agent.telescope.dwarf.state import Snapshot
from agent.telescope.dwarf.wire.codes import CodeKind, code_kind, error_for
from agent.telescope.dwarf.wire.notifications import (
    BatteryLevel,
    CalibrationDone,
    CalibrationStep,
    CaptureState,
    FocusRun,
    GotoStep,
    Tracking,
)
from agent.telescope.errors import ProtocolError, TelescopeError, TransientError

OK = Answered(b"")


def answered(code: int) -> Answered:
    return Answered(common_pb2.ComResponse(code=code).SerializeToString())


def judge(code: int, doing: str) -> CodeKind:
    found = code_kind(code)
    if found is CodeKind.FAILED:
        raise error_for(code, doing)
    return found


async def knows_nothing() -> Snapshot | None:
    return None


def done_after(completion: Completion, *events: object) -> bool:
    for event in events:
        completion.see(event)  # type: ignore[arg-type]
    return completion.done


def calibration(wants_result: bool) -> CalibrationCompletion:
    return CalibrationCompletion(
        "Calibration", judge, Limits(), wants_result=wants_result, query=knows_nothing
    )


def goto(any_name: bool = False) -> GotoCompletion:
    return GotoCompletion("Goto M42", judge, Limits(), name="M42", any_name=any_name, query=knows_nothing)


@pytest.mark.parametrize("wants_result", [True, False])
def test_a_quick_answer_or_a_stale_end_is_no_calibration(wants_result: bool) -> None:
    assert not done_after(calibration(wants_result), OK, CalibrationStep(0), CalibrationStep(3))


async def test_older_firmware_ends_a_calibration_by_state_and_a_moment_of_silence() -> None:
    completion = calibration(wants_result=False)
    assert not done_after(completion, CalibrationStep(1), CalibrationStep(4), CalibrationStep(0))
    await completion.silent(2)
    assert completion.done


def test_an_error_after_the_end_still_fails_a_calibration() -> None:
    completion = calibration(wants_result=False)
    done_after(completion, OK, CalibrationStep(1), CalibrationStep(0))
    with pytest.raises(TransientError, match="calibration failed"):
        completion.see(answered(-11504))


async def test_newer_firmware_must_give_a_result() -> None:
    assert done_after(calibration(True), CalibrationStep(1), CalibrationStep(3), CalibrationDone(1, 2))
    completion = calibration(True)
    assert not done_after(completion, OK, CalibrationStep(1), CalibrationStep(3))
    with pytest.raises(TransientError, match="without a result"):
        await completion.silent(15)


def test_a_calibration_that_begins_again_is_not_over() -> None:
    completion = calibration(wants_result=False)
    done_after(completion, CalibrationStep(1), CalibrationStep(3), CalibrationStep(4))
    assert not completion.done
    assert completion.patience is None


@pytest.mark.parametrize("code", [-11500, -14518, -14523, -11526])
@pytest.mark.parametrize("wants_result", [True, False])
def test_a_note_renews_the_patience_with_a_calibration(code: int, wants_result: bool) -> None:
    completion = calibration(wants_result)
    completion.patience = 1.0
    assert not done_after(completion, OK, answered(code), CalibrationStep(4), answered(code))
    assert completion.patience is None


@pytest.mark.parametrize("wants_result", [True, False])
def test_success_answered_after_it_ran_ends_a_calibration_with_its_states(wants_result: bool) -> None:
    for end in (3, 0):
        completion = calibration(wants_result)
        assert not done_after(completion, CalibrationStep(3), CalibrationStep(4), answered(-11500))
        assert not done_after(completion, CalibrationStep(4), OK)
        assert done_after(completion, CalibrationStep(end))
        assert done_after(calibration(wants_result), CalibrationStep(4), CalibrationStep(end), OK)


@pytest.mark.parametrize("wants_result", [True, False])
async def test_a_calibration_that_fell_silent_after_a_miss_is_not_taken_for_good(wants_result: bool) -> None:
    completion = calibration(wants_result)
    done_after(completion, OK, CalibrationStep(4), answered(-11500), CalibrationStep(3))
    with pytest.raises(TransientError) as caught:
        await completion.silent(15)
    assert caught.value.device_code == -11500


def test_a_goto_passes_over_misses_only_while_it_calibrates() -> None:
    completion = goto()
    done_after(completion, OK, CalibrationStep(4), answered(-11500), GotoStep(1, "M42"))
    with pytest.raises(TransientError):
        completion.see(answered(-11500))
    assert done_after(goto(), CalibrationStep(4), answered(-11500), GotoStep(1, "M42"), Tracking(1, "M42"))


def test_a_note_brings_no_polar_alignment() -> None:
    completion = EqCompletion("Measuring", judge, Limits())
    note = astro_pb2.SolveEqAnswer(code=-11526).SerializeToString()
    assert not done_after(completion, Answered(note))
    assert completion.error is None


def test_tracking_another_target_is_no_arrival() -> None:
    assert not done_after(goto(), OK, GotoStep(1, ""), Tracking(1, "M31"))
    assert done_after(goto(), GotoStep(1, ""), Tracking(1, "M31"), Tracking(1, "M42"))


def test_tracking_the_target_before_the_goto_begins_is_an_older_goto() -> None:
    assert not done_after(goto(), Tracking(1, "M42"))
    assert done_after(goto(), Tracking(1, "M42"), OK)
    assert done_after(goto(), OK, Tracking(1, "M42"))


def test_sun_and_moon_may_be_tracked_under_any_name() -> None:
    assert done_after(goto(any_name=True), GotoStep(1, ""), Tracking(1, "Sonne"))
    assert not done_after(goto(any_name=True), Tracking(1, "Sonne"))


async def test_a_goto_that_ends_without_tracking_fails() -> None:
    completion = goto()
    done_after(completion, OK, GotoStep(1, ""), GotoStep(0, ""))
    await completion.silent(30)
    assert completion.patience == Limits().settle, "it was asked, and has a moment to say"
    with pytest.raises(TransientError, match="does not track"):
        await completion.silent(2)


@pytest.mark.parametrize("code", [-11505, -11511, -11500, -1])
def test_an_error_answer_fails_a_goto_at_any_time(code: int) -> None:
    completion = goto()
    done_after(completion, OK, GotoStep(1, ""), GotoStep(4, ""))
    with pytest.raises(TelescopeError) as caught:
        completion.see(answered(code))
    assert caught.value.device_code == code


def focus(states: bool) -> FocusCompletion:
    return FocusCompletion("Focus", judge, Limits(), states=states, query=knows_nothing)


def test_focus_ends_with_its_answer_or_with_its_states() -> None:
    assert done_after(focus(states=False), OK)
    assert not done_after(focus(states=True), OK, FocusRun(1))
    assert done_after(focus(states=True), OK, FocusRun(1), FocusRun(3))
    assert done_after(focus(states=True), FocusRun(1), FocusRun(3), OK)
    assert not done_after(focus(states=True), FocusRun(3))


async def test_a_focus_without_any_state_is_asked_about() -> None:
    async def idle() -> Snapshot:
        return Snapshot(focusing=False)

    completion = FocusCompletion("Focus", judge, Limits(), states=True, query=idle)
    assert not done_after(completion, OK)
    assert completion.patience == Limits().focus_states
    await completion.silent(15)
    assert completion.done


def start() -> CaptureStartCompletion:
    return CaptureStartCompletion("Start", judge, Limits(), camera=Camera.TELE, query=knows_nothing)


async def test_a_warning_starts_a_capture_only_if_it_runs() -> None:
    assert done_after(start(), answered(-11514), CaptureState(Camera.TELE, 1))
    completion = start()
    assert not done_after(completion, answered(-11514), CaptureState(Camera.WIDE, 1))
    await completion.silent(15)
    assert completion.refused


def test_other_news_is_no_news() -> None:
    assert not goto().see(BatteryLevel(50))
    assert not calibration(True).see(BatteryLevel(50))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_polar_alignment_that_is_no_number_is_a_protocol_error(number: float) -> None:
    answer = astro_pb2.SolveEqAnswer(azi_err=0.1, alt_err=number).SerializeToString()
    with pytest.raises(ProtocolError):
        EqCompletion("Measuring", judge, Limits()).see(Answered(answer))
