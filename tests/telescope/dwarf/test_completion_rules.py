"""When a command is done: every rule of every completion, at its edge."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from agent.capabilities import Camera
from agent.telescope.dwarf.completion import (
    CalibrationCompletion,
    CaptureStartCompletion,
    CaptureStopCompletion,
    Completion,
    EqCompletion,
    FocusCompletion,
    GoLiveCompletion,
    GotoCompletion,
    LockCompletion,
    SettingCompletion,
)
from agent.telescope.dwarf.limits import Limits
from agent.telescope.dwarf.link.requests import Answered
from agent.telescope.dwarf.proto import astro_pb2, common_pb2
from agent.telescope.dwarf.state import Snapshot
from agent.telescope.dwarf.wire.codes import NO_FITTING_DARKS, NOT_UNDERSTOOD, CodeKind, code_kind, error_for
from agent.telescope.dwarf.wire.notifications import (
    BatteryLevel,
    CalibrationDone,
    CalibrationStep,
    CaptureCount,
    CaptureState,
    EqStep,
    FocusAt,
    FocusRun,
    GotoStep,
    HostMode,
    Notification,
    ParamEcho,
    State,
    Tracking,
)
from agent.telescope.errors import CommandTimeoutError, HeldByOtherError, ProtocolError, TransientError
from agent.telescope.interface import EqError

OK = Answered(b"")
LIMITS = Limits()
WARNING, FAILURE = -11514, -11504
TELE, WIDE = Camera.TELE, Camera.WIDE
WORKING = (State.RUNNING, State.PLATE_SOLVING)
OVER = (State.IDLE, State.STOPPED)


def answered(code: int) -> Answered:
    return Answered(common_pb2.ComResponse(code=code).SerializeToString())


def judge(code: int, doing: str) -> CodeKind:
    found = code_kind(code)
    if found is CodeKind.FAILED:
        raise error_for(code, doing)
    return found


class Query:
    """What the telescope says when it is asked, and how often it was."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self.snapshot = snapshot
        self.asked = 0

    async def __call__(self) -> Snapshot | None:
        self.asked += 1
        return self.snapshot


def fed(completion: Completion, *events: Notification | Answered) -> Any:
    """Show events that are all about the command."""
    for event in events:
        assert completion.see(event) is True, event
    return completion


async def timed_out(completion: Completion, seconds: float = 77.4) -> str:
    """Return what is said when nothing came for so long."""
    with pytest.raises(CommandTimeoutError) as caught:
        await completion.silent(seconds)
    assert not completion.done
    return str(caught.value)


# -- calibration --------------------------------------------------------------------------------------------


def calibration(*, wants_result: bool, query: Callable[[], Awaitable[Snapshot | None]] | None = None) -> Any:
    return CalibrationCompletion(
        "Calibration", judge, LIMITS, wants_result=wants_result, query=query or Query()
    )


@pytest.mark.parametrize("working", WORKING)
@pytest.mark.parametrize("over", OVER)
def test_a_calibration_of_older_firmware_is_over_when_it_ran_ended_and_was_answered(
    working: State, over: State
) -> None:
    completion = fed(calibration(wants_result=False), CalibrationStep(working), CalibrationStep(over))
    assert completion.patience == LIMITS.settle
    assert not completion.done
    assert fed(completion, OK).done


def test_an_answer_before_the_end_of_a_calibration_leaves_it_running() -> None:
    completion = fed(calibration(wants_result=False), CalibrationStep(1), OK)
    assert not completion.done
    assert completion.patience is None


def test_a_stopping_calibration_has_not_ended() -> None:
    completion = fed(calibration(wants_result=False), CalibrationStep(1), CalibrationStep(2), OK)
    assert not completion.done
    assert completion.patience is None


def test_a_calibration_that_has_to_give_a_result_is_not_over_without() -> None:
    completion = fed(calibration(wants_result=True), OK, CalibrationStep(1), CalibrationStep(3))
    assert not completion.done
    assert completion.patience == LIMITS.state_check
    assert fed(completion, OK).done, "success answered after it ran is a result"


def test_a_result_counts_after_the_run_or_the_answer_and_only_where_one_is_due() -> None:
    result = CalibrationDone(1, 2)
    assert fed(calibration(wants_result=True), OK, result).done
    assert fed(calibration(wants_result=True), CalibrationStep(1), result).done
    early = calibration(wants_result=True)
    assert early.see(result) is False, "an older one's"
    assert not early.done
    older = fed(calibration(wants_result=False), CalibrationStep(1))
    assert older.see(result) is False
    assert not older.done


async def test_a_silent_calibration_is_asked_about_where_a_result_is_due() -> None:
    known = Query(Snapshot(calibrated=True))
    completion = fed(calibration(wants_result=True, query=known), CalibrationStep(1), OK)
    await completion.silent(150)
    assert completion.done
    ended = fed(calibration(wants_result=True, query=known), CalibrationStep(1), CalibrationStep(0))
    await ended.silent(15)
    assert ended.done
    assert known.asked == 2


@pytest.mark.parametrize("snapshot", [None, Snapshot(), Snapshot(calibrated=False)])
async def test_a_silent_calibration_that_is_not_known_to_be_good_fails(snapshot: Snapshot | None) -> None:
    query = Query(snapshot)
    running = fed(calibration(wants_result=True, query=query), CalibrationStep(1), OK)
    assert await timed_out(running) == "Calibration: the telescope said nothing for 77 s."
    ended = fed(calibration(wants_result=True, query=query), CalibrationStep(1), CalibrationStep(0))
    with pytest.raises(TransientError) as caught:
        await ended.silent(15)
    assert caught.value.message == "Calibration ended without a result."
    assert caught.value.code == "calibration_failed"
    assert caught.value.hint == "Check the sky, the focus and the exposure."
    assert query.asked == 2


async def test_a_calibration_that_never_ran_is_not_believed_to_be_done() -> None:
    query = Query(Snapshot(calibrated=True))
    await timed_out(fed(calibration(wants_result=True, query=query), OK))
    assert query.asked == 1
    await timed_out(fed(calibration(wants_result=True, query=query), CalibrationStep(1)))
    await timed_out(calibration(wants_result=False, query=query))
    await timed_out(fed(calibration(wants_result=False, query=query), OK, CalibrationStep(1)))
    assert query.asked == 1, "nothing says yet that there is anything to ask for"


# -- goto ---------------------------------------------------------------------------------------------------


def goto(*, any_name: bool = False, query: Query | None = None) -> Any:
    return GotoCompletion("Goto M42", judge, LIMITS, name="M42", any_name=any_name, query=query or Query())


@pytest.mark.parametrize("working", WORKING)
@pytest.mark.parametrize("over", OVER)
def test_a_goto_that_ends_has_a_little_time_to_track(working: State, over: State) -> None:
    completion = fed(goto(), GotoStep(working, ""))
    assert completion.patience is None
    fed(completion, GotoStep(over, ""))
    assert completion.patience == LIMITS.tracking
    assert not completion.done
    fed(completion, GotoStep(working, ""))
    assert completion.patience is None
    assert fed(completion, Tracking(1, "M42")).done


def test_the_end_of_an_older_goto_changes_nothing() -> None:
    completion = fed(goto(), GotoStep(0, ""), GotoStep(3, ""), CalibrationStep(1))
    assert completion.patience is None
    assert not completion.done


def test_tracking_without_a_name_is_ours_once_the_goto_ran() -> None:
    early = goto()
    assert early.see(Tracking(1, "")) is False
    assert not early.done
    assert fed(goto(), GotoStep(1, ""), Tracking(1, "")).done


def test_the_end_of_tracking_is_no_arrival() -> None:
    completion = fed(goto(), GotoStep(1, ""))
    assert completion.see(Tracking(0, "M42")) is False
    assert not completion.done


def test_tracking_seen_before_the_answer_is_remembered() -> None:
    completion = goto()
    assert completion.see(Tracking(1, "M42")) is True
    assert not completion.done
    assert completion.see(Tracking(1, "M31")) is False
    assert fed(completion, OK).done
    assert not fed(goto(), OK).done


async def test_a_goto_says_why_it_failed() -> None:
    query = Query()
    completion = fed(goto(query=query), GotoStep(1, ""), GotoStep(0, ""))
    await completion.silent(30)
    assert (query.asked, completion.patience, completion.done) == (1, LIMITS.settle, False)
    with pytest.raises(TransientError) as caught:
        await completion.silent(2)
    assert query.asked == 1
    assert caught.value.message == "Goto M42 ended, but the telescope does not track the target."
    assert caught.value.code == "goto_failed"
    assert caught.value.hint == "Check that the target is above the horizon and the sky clear."
    assert await timed_out(fed(goto(), OK)) == "Goto M42: the telescope said nothing for 77 s."


async def test_a_goto_that_is_asked_about_may_go_on_and_is_asked_again() -> None:
    query = Query()
    completion = fed(goto(query=query), GotoStep(1, ""), GotoStep(0, ""))
    await completion.silent(30)
    fed(completion, GotoStep(1, ""), GotoStep(0, ""))
    assert completion.patience == LIMITS.tracking
    await completion.silent(30)
    assert query.asked == 2
    assert fed(completion, Tracking(1, "M42")).done


# -- focus --------------------------------------------------------------------------------------------------


def focus(*, states: bool, query: Query | None = None) -> Any:
    return FocusCompletion("Focus", judge, LIMITS, states=states, query=query or Query())


@pytest.mark.parametrize("over", OVER)
def test_a_focus_search_of_newer_firmware_is_over_when_it_ended_and_was_answered(over: State) -> None:
    completion = fed(focus(states=True), FocusRun(1))
    assert completion.patience is None
    fed(completion, FocusRun(over))
    assert completion.patience == LIMITS.settle
    assert not completion.done
    assert fed(completion, OK).done
    assert fed(focus(states=True), OK, FocusRun(1), FocusRun(over)).done


def test_a_focus_search_answered_while_it_runs_goes_on() -> None:
    completion = fed(focus(states=True), FocusRun(1), OK)
    assert not completion.done
    assert completion.patience is None
    waits = fed(focus(states=True), OK, FocusAt(100))
    assert waits.patience == LIMITS.focus_states
    assert not waits.done
    assert fed(waits, FocusRun(1)).patience is None
    assert fed(focus(states=False), OK).done


def test_an_error_answer_fails_a_focus_search() -> None:
    with pytest.raises(TransientError) as caught:
        focus(states=True).see(answered(-15101))
    assert caught.value.message.startswith("Focus: ")


async def test_a_focus_search_that_ended_needs_no_answer() -> None:
    completion = fed(focus(states=True), FocusRun(1), FocusRun(0))
    await completion.silent(2)
    assert completion.done


async def test_a_focus_search_that_is_seen_to_go_on_is_asked_about_again_and_again() -> None:
    query = Query(Snapshot(focusing=True))
    completion = fed(focus(states=True, query=query), OK)
    await completion.silent(15)
    assert not completion.done
    assert completion.patience == LIMITS.state_check
    fed(completion, FocusRun(3))
    assert completion.done, "it was seen to run, so that this is its end"
    query.snapshot = Snapshot(focusing=False)
    other = fed(focus(states=True, query=query), OK)
    await other.silent(15)
    assert other.done


@pytest.mark.parametrize("snapshot", [None, Snapshot()])
async def test_a_focus_search_of_which_nothing_is_told_runs_out_of_time(snapshot: Snapshot | None) -> None:
    query = Query(snapshot)
    said = await timed_out(fed(focus(states=True, query=query), OK))
    assert said == "Focus: the telescope said nothing for 77 s."
    assert query.asked == 1
    await timed_out(fed(focus(states=True, query=query), FocusRun(1)))
    assert query.asked == 1, "it was not accepted yet"


# -- polar alignment ----------------------------------------------------------------------------------------


def test_both_errors_of_the_polar_alignment_come_with_the_answer() -> None:
    completion = EqCompletion("Measuring", judge, LIMITS)
    fed(completion, EqStep(1), FocusRun(1), CalibrationStep(1))
    assert not completion.done
    assert completion.error is None
    answer = astro_pb2.SolveEqAnswer(azi_err=0.5, alt_err=-0.25).SerializeToString()
    assert fed(completion, Answered(answer)).done
    assert completion.error == EqError(azimuth=0.5, altitude=-0.25)
    assert completion.see(BatteryLevel(5)) is False


@pytest.mark.parametrize(("azimuth", "altitude"), [(math.nan, 0.1), (0.1, math.inf)])
def test_one_error_that_is_no_number_is_enough_for_none(azimuth: float, altitude: float) -> None:
    answer = astro_pb2.SolveEqAnswer(azi_err=azimuth, alt_err=altitude).SerializeToString()
    with pytest.raises(ProtocolError, match=r"^The polar alignment was measured as no angle\.$"):
        EqCompletion("Measuring", judge, LIMITS).see(Answered(answer))


def test_the_polar_alignment_fails_with_its_code() -> None:
    answer = astro_pb2.SolveEqAnswer(code=FAILURE).SerializeToString()
    with pytest.raises(TransientError) as caught:
        EqCompletion("Measuring", judge, LIMITS).see(Answered(answer))
    assert caught.value.device_code == FAILURE
    assert caught.value.message.startswith("Measuring: ")


# -- the shutter opens --------------------------------------------------------------------------------------


def start(query: Query | None = None, *, holds: bool = False) -> Any:
    return CaptureStartCompletion("Start", judge, LIMITS, camera=TELE, query=query or Query(), holds=holds)


def test_the_shutter_is_open_when_its_own_camera_says_so() -> None:
    assert fed(start(), CaptureState(TELE, State.RUNNING)).done
    assert fed(start(), CaptureCount(TELE, 0, 12, 0, 0, "")).done
    completion = start()
    for event in (
        CaptureState(WIDE, State.RUNNING),
        CaptureState(TELE, State.IDLE),
        CaptureCount(WIDE, 0, 12, 1, 1, ""),
        BatteryLevel(5),
    ):
        assert completion.see(event) is False
    assert not completion.done


def test_how_long_an_answered_start_may_be_silent_depends_on_its_warning() -> None:
    plain = fed(start(), OK)
    assert (plain.done, plain.warning, plain.patience) == (False, 0, LIMITS.state_check)
    warned = fed(start(), answered(WARNING))
    assert (warned.done, warned.warning, warned.patience) == (False, WARNING, LIMITS.state_check)
    for code in NO_FITTING_DARKS:
        held = fed(start(holds=True), answered(code))
        assert (held.done, held.warning, held.patience) == (False, code, LIMITS.settle)
        assert fed(start(holds=False), answered(code)).patience == LIMITS.state_check
    assert fed(start(holds=True), answered(WARNING)).patience == LIMITS.state_check
    assert fed(start(holds=True), OK).patience == LIMITS.state_check
    with pytest.raises(TransientError, match=r"^Start: "):
        start().see(answered(FAILURE))


@pytest.mark.parametrize(
    ("snapshot", "code", "done", "refused"),
    [
        (None, 0, False, False),
        (None, WARNING, True, True),
        (Snapshot(capturing={TELE: True}), WARNING, True, False),
        (Snapshot(capturing={TELE: True}), 0, True, False),
        (Snapshot(capturing={WIDE: True}), 0, False, False),
        (Snapshot(capturing={TELE: False}), WARNING, True, True),
    ],
)
async def test_a_silent_start_is_asked_about(
    snapshot: Snapshot | None, code: int, done: bool, refused: bool
) -> None:
    completion = fed(start(Query(snapshot)), answered(code))
    await completion.silent(15)
    assert (completion.done, completion.refused) == (done, refused)


# -- the shutter closes -------------------------------------------------------------------------------------


def stop(snapshot: Snapshot | None = None) -> Any:
    return CaptureStopCompletion("Stop", judge, LIMITS, camera=TELE, query=Query(snapshot))


@pytest.mark.parametrize("over", OVER)
def test_a_capture_is_closed_when_its_own_camera_says_so(over: State) -> None:
    assert fed(stop(), CaptureState(TELE, over)).done
    other = stop()
    assert other.see(CaptureState(WIDE, over)) is False
    assert other.see(CaptureCount(WIDE, 0, 12, 1, 1, "")) is False
    assert not other.done
    assert other.see(CaptureCount(TELE, 0, 12, 1, 1, "")) is False, "frames do not put off asking again"
    assert not other.done


def test_how_long_a_stop_may_be_silent_depends_on_what_was_heard() -> None:
    completion = stop()
    assert completion.patience == LIMITS.stop_heard
    assert completion.unheard is False
    fed(completion, answered(FAILURE))  # its code does not matter
    assert completion.answered is True
    assert completion.patience == LIMITS.settle
    fed(completion, CaptureState(TELE, State.STOPPING))
    assert completion.patience == LIMITS.state_check
    fed(completion, CaptureState(TELE, State.RUNNING))
    assert completion.patience == LIMITS.stop_heard
    assert not completion.done


async def test_a_capture_that_is_asked_and_runs_no_more_is_closed() -> None:
    completion = stop(Snapshot(capturing={TELE: False}))
    await completion.silent(LIMITS.stop_heard)
    assert completion.done
    assert not completion.unheard


@pytest.mark.parametrize("snapshot", [None, Snapshot(), Snapshot(capturing={TELE: True, WIDE: False})])
async def test_a_stop_that_shows_no_sign_was_not_heard(snapshot: Snapshot | None) -> None:
    soon = fed(stop(snapshot), OK)
    await soon.silent(LIMITS.settle)
    assert (soon.done, soon.unheard, soon.patience) == (False, False, LIMITS.stop_heard)
    await soon.silent(LIMITS.stop_heard)
    assert (soon.done, soon.unheard) == (True, True)
    stopping = fed(stop(snapshot), CaptureState(TELE, State.STOPPING))
    await stopping.silent(LIMITS.state_check)
    assert (stopping.done, stopping.unheard, stopping.patience) == (False, False, LIMITS.state_check)


# -- live view, and the lock --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("snapshot", "there"),
    [
        (Snapshot(capturing={TELE: False, WIDE: False}), True),
        (Snapshot(capturing={TELE: False, WIDE: True}), False),
        (None, False),
    ],
)
async def test_live_view_that_nothing_is_said_of_is_there_if_the_telescope_captures_nothing(
    snapshot: Snapshot | None, there: bool
) -> None:
    completion: Any = GoLiveCompletion("Live", judge, LIMITS, query=Query(snapshot))
    assert completion.patience == LIMITS.stop
    if not there:
        await timed_out(completion)
        return
    await completion.silent(LIMITS.stop)
    assert completion.done


async def test_live_view_is_there_by_its_state_or_by_an_answer_and_a_moment_of_silence() -> None:
    def live() -> Any:
        return GoLiveCompletion("Live", judge, LIMITS)

    assert fed(live(), CaptureState(WIDE, State.IDLE)).done
    running = live()
    assert running.see(CaptureState(TELE, State.RUNNING)) is False
    assert await timed_out(running) == "Live: the telescope said nothing for 77 s."
    for code in (0, NOT_UNDERSTOOD):
        completion = fed(live(), answered(code))
        assert completion.patience == LIMITS.settle
        assert not completion.done
        await completion.silent(2)
        assert completion.done
    with pytest.raises(TransientError, match=r"^Live: "):
        live().see(answered(FAILURE))


@pytest.mark.parametrize("code", [0, NOT_UNDERSTOOD])
def test_the_lock_is_ours_when_it_was_before_and_the_answer_does_not_refuse(code: int) -> None:
    completion = LockCompletion("Lock", judge, LIMITS)
    fed(completion, answered(code))
    assert completion.patience == LIMITS.settle
    assert not completion.done
    completion.held = True
    assert fed(completion, answered(code)).done


async def test_the_lock_is_ours_when_the_host_mode_or_silence_says_so() -> None:
    assert fed(LockCompletion("Lock", judge, LIMITS), HostMode(host=True)).done
    completion = LockCompletion("Lock", judge, LIMITS)
    assert completion.see(BatteryLevel(5)) is False
    assert not completion.done
    await completion.silent(2)
    assert completion.done


def test_a_lock_that_another_client_has_is_not_ours() -> None:
    hint = "Close the phone app, or wait until it lets go."
    with pytest.raises(HeldByOtherError) as caught:
        LockCompletion("Lock", judge, LIMITS).see(HostMode(host=False))
    assert (caught.value.message, caught.value.hint) == ("Another client controls the telescope.", hint)
    with pytest.raises(HeldByOtherError) as caught:
        LockCompletion("Lock", judge, LIMITS).see(answered(-13300))
    assert caught.value.message == "The telescope does not hand over control (-13300)."
    assert (caught.value.hint, caught.value.device_code) == (hint, -13300)


# -- settings ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mute", "patience"), [(True, LIMITS.probe), (False, None)])
async def test_a_setting_is_waited_for_as_its_parameter_is_known_to_answer(
    mute: bool, patience: float | None
) -> None:
    unheard, echoed = (SettingCompletion("Setting the gain", judge, LIMITS) for _ in range(2))
    for setting in (unheard, echoed):
        setting.expect(7, 80, mute=mute)
        assert setting.patience == patience
        assert not setting.see(ParamEcho(7, 81)), "another value"
    assert echoed.see(ParamEcho(7, 80))
    assert (echoed.done, echoed.patience) == (mute, LIMITS.probe)
    await echoed.silent(1.0)
    assert echoed.done, "its own word is enough"
    if mute:
        await unheard.silent(1.0)
        assert unheard.done
    else:
        assert await timed_out(unheard) == "Setting the gain: the telescope said nothing for 77 s."
