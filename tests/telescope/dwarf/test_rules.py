"""When a command is done: orders of events that a well-behaved telescope does not send."""

from __future__ import annotations

import pytest

from agent.capabilities import Camera
from agent.telescope.dwarf.generation import Snapshot
from agent.telescope.dwarf.limits import Limits
from agent.telescope.dwarf.link.requests import Answered
from agent.telescope.dwarf.proto import common_pb2
from agent.telescope.dwarf.rules import CalibrationRule, CaptureStartRule, FocusRule, GotoRule, Rule
from agent.telescope.dwarf.wire.codes import Verdict, error_for, verdict
from agent.telescope.dwarf.wire.notifications import (
    BatteryLevel,
    CalibrationDone,
    CalibrationStep,
    CaptureState,
    FocusRun,
    GotoStep,
    Tracking,
)
from agent.telescope.errors import TelescopeError, TransientError

OK = Answered(b"")


def answered(code: int) -> Answered:
    return Answered(common_pb2.ComResponse(code=code).SerializeToString())


def judge(code: int, doing: str) -> Verdict:
    found = verdict(code)
    if found is Verdict.FAILED:
        raise error_for(code, doing)
    return found


async def knows_nothing() -> Snapshot | None:
    return None


def done_after(rule: Rule, *events: object) -> bool:
    for event in events:
        rule.see(event)  # type: ignore[arg-type]
    return rule.done


def calibration(wants_result: bool) -> CalibrationRule:
    return CalibrationRule("Calibration", judge, Limits(), wants_result=wants_result, query=knows_nothing)


def goto(any_name: bool = False) -> GotoRule:
    return GotoRule("Goto M42", judge, Limits(), name="M42", any_name=any_name)


@pytest.mark.parametrize("wants_result", [True, False])
def test_a_quick_answer_or_a_stale_end_is_no_calibration(wants_result: bool) -> None:
    assert not done_after(calibration(wants_result), OK, CalibrationStep(0, 0), CalibrationStep(3, 0))


async def test_older_firmware_ends_a_calibration_by_state_and_a_moment_of_silence() -> None:
    rule = calibration(wants_result=False)
    assert not done_after(rule, CalibrationStep(1, 0), CalibrationStep(4, 1), CalibrationStep(0, 0))
    await rule.silent(2)
    assert rule.done


def test_an_error_after_the_end_still_fails_a_calibration() -> None:
    rule = calibration(wants_result=False)
    done_after(rule, OK, CalibrationStep(1, 0), CalibrationStep(0, 0))
    with pytest.raises(TransientError, match="calibration failed"):
        rule.see(answered(-11504))


async def test_newer_firmware_must_give_a_result() -> None:
    assert done_after(calibration(True), CalibrationStep(1, 0), CalibrationStep(3, 0), CalibrationDone(1, 2))
    rule = calibration(True)
    assert not done_after(rule, OK, CalibrationStep(1, 0), CalibrationStep(3, 0))
    with pytest.raises(TransientError, match="without a result"):
        await rule.silent(15)


def test_a_calibration_that_begins_again_is_not_over() -> None:
    rule = calibration(wants_result=False)
    done_after(rule, CalibrationStep(1, 0), CalibrationStep(3, 0), CalibrationStep(4, 2))
    assert not rule.done
    assert rule.patience is None


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
    rule = goto()
    done_after(rule, OK, GotoStep(1, ""), GotoStep(0, ""))
    with pytest.raises(TransientError, match="does not track"):
        await rule.silent(30)


@pytest.mark.parametrize("code", [-11505, -11511, -11500, -1])
def test_an_error_answer_fails_a_goto_at_any_time(code: int) -> None:
    rule = goto()
    done_after(rule, OK, GotoStep(1, ""), GotoStep(4, ""))
    with pytest.raises(TelescopeError) as caught:
        rule.see(answered(code))
    assert caught.value.device_code == code


def focus(states: bool) -> FocusRule:
    return FocusRule("Focus", judge, Limits(), states=states, query=knows_nothing)


def test_focus_ends_with_its_answer_or_with_its_states() -> None:
    assert done_after(focus(states=False), OK)
    assert not done_after(focus(states=True), OK, FocusRun(1))
    assert done_after(focus(states=True), OK, FocusRun(1), FocusRun(3))
    assert done_after(focus(states=True), FocusRun(1), FocusRun(3), OK)
    assert not done_after(focus(states=True), FocusRun(3))


async def test_a_focus_without_any_state_is_asked_about() -> None:
    async def idle() -> Snapshot:
        return Snapshot(focusing=False)

    rule = FocusRule("Focus", judge, Limits(), states=True, query=idle)
    assert not done_after(rule, OK)
    assert rule.patience == Limits().focus_states
    await rule.silent(15)
    assert rule.done


def start() -> CaptureStartRule:
    return CaptureStartRule(
        "Start", judge, Limits(), camera=Camera.TELE, query=knows_nothing, blocks=lambda _code: False
    )


async def test_a_warning_starts_a_capture_only_if_it_runs() -> None:
    assert done_after(start(), answered(-11514), CaptureState(Camera.TELE, 1))
    rule = start()
    assert not done_after(rule, answered(-11514), CaptureState(Camera.WIDE, 1))
    await rule.silent(15)
    assert rule.refused


def test_other_news_is_no_news() -> None:
    assert not goto().see(BatteryLevel(50))
    assert not calibration(True).see(BatteryLevel(50))
