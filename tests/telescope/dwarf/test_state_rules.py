"""What is kept of a telescope and its captures, for every kind of news."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.capabilities import Camera
from agent.events import Telemetry
from agent.telescope.dwarf.proto import common_pb2
from agent.telescope.dwarf.state import CaptureRecord, DeviceState, Phase
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire import notifications as say
from agent.telescope.dwarf.wire.code_table import Advice
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.dwarf.wire.envelope import Generation
from agent.telescope.dwarf.wire.notifications import Counted, State
from agent.telescope.errors import RefusedError, TransientError
from agent.telescope.interface import CaptureProgress

AT = datetime(2026, 3, 12, 20, tzinfo=UTC)
TELE, WIDE = Camera.TELE, Camera.WIDE


class Heard:
    """A state with all it told."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.telemetry: list[Telemetry] = []
        self.state = DeviceState(self.events.append, self._changed)

    def _changed(self) -> None:
        self.telemetry.append(self.state.telemetry)

    def take(self, *news: Any) -> Heard:
        for each in news:
            self.state.take(each)
        return self


def count(counted: int, taken: int, stacked: int = 0, **more: Any) -> say.CaptureCount:
    facts = {"total": 12, "target": "M 42", "exposure_index": 150, **more}
    return say.CaptureCount(TELE, counted, taken=taken, stacked=stacked, **facts)


def record(phase: Phase = Phase.NONE) -> CaptureRecord:
    made = CaptureRecord(TELE, phase)
    made.changed.clear()
    return made


# -- one capture --------------------------------------------------------------------------------------------


def test_a_new_capture_begins_with_nothing_of_the_last_one() -> None:
    kept = record()
    kept.begin(AT)
    kept.confirmed = True
    kept.state(State.RUNNING)
    kept.count(count(Counted.BOTH, 12, 11))
    kept.stop_asked = kept.unseen_end = kept.missed = kept.exposure_doubted = True
    kept.state(State.STOPPED)
    kept.changed.clear()
    kept.begin(AT)
    fresh = CaptureRecord(TELE, Phase.STARTING, started_at=AT, displayed=True, changed=kept.changed)
    assert kept == fresh
    assert kept.changed.is_set()


@pytest.mark.parametrize("phase", [Phase.NONE, Phase.ENDED])
def test_a_capture_that_runs_unasked_is_somebody_elses(phase: Phase) -> None:
    kept = record(phase)
    kept.started_at, kept.taken = AT, 7
    kept.state(State.RUNNING)
    assert (kept.phase, kept.started_at, kept.taken) == (Phase.RUNNING, None, 0)
    assert kept.missed is True
    assert kept.displayed is True
    assert kept.changed.is_set()


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.RUNNING])
def test_a_capture_that_was_asked_for_stays_ours_when_it_runs(phase: Phase) -> None:
    kept = record(phase)
    kept.started_at, kept.taken = AT, 7
    kept.state(State.RUNNING)
    assert (kept.phase, kept.started_at, kept.taken, kept.missed) == (Phase.RUNNING, AT, 7, False)
    assert kept.displayed is True


@pytest.mark.parametrize(
    ("phase", "state", "after"),
    [
        (Phase.RUNNING, State.IDLE, Phase.ENDED),
        (Phase.RUNNING, State.STOPPED, Phase.ENDED),
        (Phase.RUNNING, State.STOPPING, Phase.RUNNING),
        (Phase.STARTING, State.IDLE, Phase.STARTING),  # of the one before
        (Phase.STARTING, State.STOPPED, Phase.STARTING),
        (Phase.NONE, State.IDLE, Phase.NONE),
    ],
)
def test_a_capture_ends_only_if_it_ran(phase: Phase, state: State, after: Phase) -> None:
    kept = record(phase)
    kept.displayed = True
    kept.state(state)
    assert kept.phase is after
    assert kept.displayed is (state is not State.IDLE)
    assert kept.unseen_end is False
    assert kept.changed.is_set()


def test_frames_of_a_capture_whose_beginning_went_unheard_are_counted() -> None:
    kept = record(Phase.STARTING)
    kept.started_at = AT
    kept.count(count(Counted.TAKEN, 3))
    assert (kept.phase, kept.taken, kept.started_at) == (Phase.RUNNING, 3, AT)
    found = record()
    found.count(count(Counted.TAKEN, 3))
    assert (found.phase, found.taken, found.missed) == (Phase.RUNNING, 3, True)
    late = record(Phase.ENDED)
    late.count(count(Counted.TAKEN, 12))
    assert (late.phase, late.taken) == (Phase.ENDED, 12), "the last count may come after the end"


def test_a_count_changes_the_number_it_is_about() -> None:
    kept = record(Phase.RUNNING)
    kept.count(count(Counted.TAKEN, 5, 4))
    assert (kept.taken, kept.stacked) == (5, 0)
    kept.changed.clear()
    kept.count(count(Counted.STACKED, 9, 3))
    assert (kept.taken, kept.stacked) == (5, 3)
    assert kept.changed.is_set()
    kept.count(count(Counted.STACKED, 0, 6))
    assert (kept.taken, kept.stacked) == (6, 6), "what is stacked was taken"
    kept.count(count(Counted.BOTH, 8, 7))
    assert (kept.taken, kept.stacked) == (8, 7)


def test_what_a_count_leaves_out_stays_known() -> None:
    kept = record(Phase.RUNNING)
    kept.count(count(Counted.BOTH, 1, 1))
    kept.count(count(Counted.BOTH, 2, 2, total=0, target="", exposure_index=0))
    assert (kept.total, kept.target, kept.exposure_index) == (12, "M 42", 150)
    kept.count(count(Counted.BOTH, 2, 2, total=20, target="M 31", exposure_index=90))
    assert (kept.total, kept.target, kept.exposure_index) == (20, "M 31", 90)


@pytest.mark.parametrize(
    ("total", "taken", "stacked", "complete"),
    [
        (0, 0, 0, False),
        (0, 3, 3, False),
        (3, 3, 3, True),
        (3, 3, 2, False),
        (3, 2, 3, False),
        (3, 4, 4, True),
    ],
)
def test_a_capture_is_complete_when_every_frame_was_taken_and_stacked(
    total: int, taken: int, stacked: int, complete: bool
) -> None:
    kept = CaptureRecord(TELE, total=total, taken=taken, stacked=stacked)
    assert kept.complete is complete


@pytest.mark.parametrize(
    ("phase", "running", "after"),
    [
        (Phase.RUNNING, True, Phase.RUNNING),
        (Phase.RUNNING, False, Phase.ENDED),
        (Phase.STARTING, True, Phase.RUNNING),
        (Phase.STARTING, False, Phase.STARTING),
        (Phase.NONE, True, Phase.RUNNING),
        (Phase.NONE, False, Phase.NONE),
        (Phase.ENDED, False, Phase.ENDED),
    ],
)
def test_the_telescopes_answer_sets_the_record_right(phase: Phase, running: bool, after: Phase) -> None:
    kept = record(phase)
    kept.reconcile(running=running)
    assert kept.phase is after
    assert kept.unseen_end is (phase is Phase.RUNNING and not running)
    assert kept.changed.is_set() is (after is not phase)


def test_a_start_that_was_refused_leaves_no_capture() -> None:
    kept = record(Phase.STARTING)
    kept.abandon()
    assert kept.phase is Phase.NONE
    assert not kept.active
    assert kept.changed.is_set()


def test_the_progress_says_what_is_known_and_nothing_else() -> None:
    kept = CaptureRecord(WIDE, taken=3, stacked=2, total=12, target="M 42", started_at=AT, confirmed=True)
    assert kept.progress() == CaptureProgress(WIDE, 3, 2, 12, target="M 42", began=AT)
    kept.missed, kept.target, kept.without_darks = True, "", True
    assert kept.progress() == CaptureProgress(WIDE, 3, 2, 12, without_darks=True)


# -- a telescope --------------------------------------------------------------------------------------------


def test_news_of_a_capture_reach_its_own_camera_and_those_who_listen() -> None:
    heard = Heard()
    assert not heard.state.capturing
    assert heard.state.powering_off is False
    heard.take(say.CaptureState(WIDE, State.RUNNING))
    assert heard.state.capturing
    assert heard.events == []
    assert heard.state.captures[TELE].phase is Phase.NONE
    heard.take(say.CaptureState(WIDE, State.STOPPED))
    assert not heard.state.capturing
    heard.take(count(Counted.BOTH, 2, 1))
    assert heard.events == [CaptureProgress(TELE, 2, 1, 12, target="M 42")]


def test_a_broken_link_leaves_only_what_still_may_hold() -> None:
    heard = Heard().take(
        say.HostMode(host=True),
        say.BatteryLevel(50),
        say.GotoStep(State.RUNNING, ""),
        say.PoweringOff(),
        say.CaptureState(TELE, State.RUNNING),
    )
    wide, tele = heard.state.captures[WIDE], heard.state.captures[TELE]
    tele.missed = False
    wide.changed.clear()
    assert heard.state.powering_off
    heard.state.link_lost()
    assert heard.state.busy == set()
    assert heard.state.powering_off is False
    assert (tele.missed, wide.missed) == (True, False)
    assert wide.changed.is_set()
    assert heard.telemetry[-1] == Telemetry(battery=50, host=None)
    tele.phase = Phase.ENDED
    heard.state.link_lost()
    assert tele.missed is True, "what was missed stays missed"


@pytest.mark.parametrize("state", [State.RUNNING, State.STOPPING])
@pytest.mark.parametrize(
    ("make", "activity"),
    [
        (lambda state: say.CalibrationStep(state), "calibrating"),
        (lambda state: say.GotoStep(state, ""), "slewing"),
        (say.FocusRun, "focusing"),
        (say.EqStep, "solving"),
    ],
)
def test_an_activity_lasts_from_its_beginning_to_its_end(state: State, make: Any, activity: str) -> None:
    heard = Heard().take(make(state))
    assert heard.state.busy == {activity}
    heard.take(make(State.STOPPED))
    assert heard.state.busy == set()
    heard.take(make(State.IDLE))
    assert heard.state.busy == set()


def test_plate_solving_is_an_activity() -> None:
    heard = Heard().take(
        say.CalibrationStep(State.PLATE_SOLVING),
        say.GotoStep(State.PLATE_SOLVING, "M 42"),
    )
    assert heard.state.busy == {"calibrating", "slewing"}


def test_what_we_begin_ourselves_ends_once() -> None:
    heard = Heard()
    heard.state.occupied("slewing")
    heard.state.occupied("slewing")
    assert heard.state.busy == {"slewing"}
    heard.state.free("slewing")
    heard.state.free("slewing")
    assert heard.state.busy == set()


def test_telemetry_is_kept_within_reason_and_told_when_it_changes() -> None:
    heard = Heard().take(
        say.BatteryLevel(120),
        say.BatteryLevel(100),
        say.BatteryLevel(-3),
        say.BatteryLevel(1),
        say.ChargingState(True),
        say.BodyTemperature(17),
        say.StorageSpace(12, 60),
        say.FocusAt(800),
        say.HostMode(host=False),
        say.Tracking(State.RUNNING, "M 42"),
        say.AlbumChanged(),
    )
    assert [each.battery for each in heard.telemetry[:3]] == [100, 0, 1]
    assert len(heard.telemetry) == 9
    assert heard.state.telemetry == Telemetry(
        battery=1,
        charging=True,
        temperature=17.0,
        storage_free_gb=12.0,
        storage_total_gb=60.0,
        host=False,
        tracking="M 42",
        focus_position=800,
    )
    assert isinstance(heard.state.telemetry.temperature, float)
    assert heard.state.slave
    heard.take(say.HostMode(host=True), say.Tracking(State.RUNNING, ""))
    assert not heard.state.slave
    assert heard.state.telemetry.tracking == "a target"
    heard.take(say.Tracking(State.STOPPED, "M 42"))
    assert heard.state.telemetry.tracking is None
    heard.take(say.ParamEcho(7, 81))
    assert heard.state.params == {7: 81}


@pytest.mark.parametrize(
    ("total_s", "set_s", "cameras", "doubted"),
    [
        (15.0, 15.0, 1, False),
        (18.0, 15.0, 1, False),  # as much as the telescope's overhead may be
        (18.5, 15.0, 1, True),
        (12.0, 15.0, 1, False),
        (11.5, 15.0, 1, True),
        (0.0, 15.0, 1, False),  # not told
        (30.0, 0.0, 1, False),  # not known
        (30.0, 15.0, 2, False),  # which camera a frame is of is told for certain of one alone
    ],
)
def test_frames_exposed_otherwise_than_set_are_told_once(
    total_s: float, set_s: float, cameras: int, doubted: bool, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard()
    for camera in list(Camera)[:cameras]:
        heard.take(say.CaptureState(camera, State.RUNNING))
        heard.state.captures[camera].exposure_s = set_s
    with caplog.at_level(logging.WARNING):
        heard.take(*(say.ExposureTick(TELE, total_s, exposed_s) for exposed_s in (1.0, 2.0)))
    assert len(caplog.records) == int(doubted)
    assert heard.state.captures[TELE].exposure_doubted is doubted


def test_an_exposure_of_the_other_camera_says_nothing_of_this_one(caplog: pytest.LogCaptureFixture) -> None:
    heard = Heard().take(say.CaptureState(TELE, State.RUNNING))
    heard.state.captures[TELE].exposure_s = 15.0
    with caplog.at_level(logging.WARNING):
        heard.take(say.ExposureTick(WIDE, 30.0, 1.0))
    assert not caplog.records
    assert not heard.state.captures[TELE].exposure_doubted
    assert not heard.state.captures[TELE].exposing


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("seen", [say.ExposureTick(TELE, 15.0, 1.0), say.Waiting()], ids=["tick", "waiting"])
def test_only_a_capture_that_runs_is_seen_to_expose(seen: say.Notification, phase: Phase) -> None:
    heard = Heard()
    kept = heard.state.captures[TELE]
    kept.phase = phase
    kept.changed.clear()
    heard.take(seen)
    assert kept.exposing is kept.changed.is_set() is (phase is Phase.RUNNING)
    kept.changed.clear()
    heard.take(seen)
    assert not kept.changed.is_set(), "that is no news"


@pytest.mark.parametrize("code", [-11503, -11530, -11514, 0])
def test_a_late_answer_to_a_start_may_tell_that_it_is_held(code: int) -> None:
    heard = Heard()
    data = common_pb2.ComResponse(code=code).SerializeToString()
    kept = heard.state.captures[WIDE]
    kept.begin(AT)
    late = say.LateAnswer(Cmd.START_WIDE_CAPTURE, data)
    heard.take(late)
    assert kept.held is (code in codes.NO_FITTING_DARKS)
    assert not heard.state.captures[TELE].held
    kept.held, kept.told_to_go_on = False, True
    heard.take(late)
    assert not kept.held, "it was told to go on already"


# -- codes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        (-10599, -10500, "tele_camera"),
        (-11599, -11500, "astro"),
        (-12599, -12500, "wide_camera"),
        (-13399, -13300, "system"),
        (-13899, -13800, "power_board"),
        (-14599, -14500, "motor"),
        (-14999, -14900, "object_tracking"),
        (-15199, -15100, "focus"),
        (-15699, -15600, "panorama"),
        (-16399, -16300, "schedule"),
        (-16699, -16600, "task_centre"),
    ],
)
def test_a_code_nobody_knows_belongs_to_its_module(first: int, last: int, name: str) -> None:
    assert codes.describe(first).name == name
    assert codes.describe(first).advice is Advice.RETRY
    assert codes.describe(first).remedy == ""
    for beyond in (first - 1, last + 1):
        assert codes.describe(beyond) == codes.DeviceCode(
            "unknown_code", "the telescope gives a code nobody knows", "", Advice.STOP
        )


def test_no_code_is_fine() -> None:
    assert codes.describe(0) == codes.DeviceCode("ok", "all is well", "", Advice.FINE)
    assert codes.code_kind(0, Generation.V2) is codes.CodeKind.DONE


def test_a_code_becomes_an_error_with_sentence_remedy_and_number() -> None:
    error = codes.error_for(-2, "Goto M 31", Generation.V2)
    assert type(error) is RefusedError
    assert error.message == "Goto M 31: there is no memory card (-2)."
    assert (error.hint, error.code, error.device_code) == ("Insert a card.", "no_card", -2)
    bare = codes.error_for(-10501, "Goto M 31")
    assert type(bare) is TransientError
    assert bare.hint == ""
