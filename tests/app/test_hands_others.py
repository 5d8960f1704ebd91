"""The rules of the hands about what is not theirs: others' captures, and the telescope's own schedule."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agent.events import Reason, Status
from agent.goals import Level
from agent.own_schedule import OwnSchedule, ScheduleState
from agent.session.plan import StepKind
from agent.station.left_open import tell_left_open
from agent.telescope.errors import TransientError
from agent.telescope.interface import (
    CaptureEnd,
    CaptureFacts,
    CaptureProgress,
    CaptureReport,
    ConnectionChanged,
    ConnectionState,
    SchedulesReport,
    TelemetryReport,
    Telescope,
)
from tests.app.hands_stand import DUSK, TELE, WIDE, Stand, stood, wish

CONNECTED, CONNECTING = ConnectionState.CONNECTED, ConnectionState.CONNECTING
RESTING, HELD, CLOSED = ConnectionState.RESTING, ConnectionState.HELD_BY_OTHER, ConnectionState.CLOSED
STOP = ["stop tele", "halt"]
OWN = OwnSchedule(
    id="1", name="app", begins=DUSK, ends=DUSK + timedelta(hours=2), state=ScheduleState.IMAGING
)


async def nothing(_telescope: Telescope) -> None:
    return


def theirs(_found: CaptureFacts) -> str:
    return "it is of M 31, not of M 42"


def ours(_found: CaptureFacts) -> str:
    return ""


# -- what an earlier life left open -------------------------------------------------------------------------


@pytest.mark.parametrize(("own", "left"), [(False, True), (True, False)])
def test_another_clients_capture_in_place_of_ours_is_left_to_it_but_for_safetys_word(
    own: bool, left: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(stand: Stand) -> None:
        stand.hands.capture_left_open(TELE, theirs, 0.0)
        stand.telescope.shutters.add(TELE)
        stand.serve()
        reached = stand.hands.want("one", wish(own_schedule=own))
        await stand.clock.sleep(1)
        assert reached.done()
        assert stand.telescope.names() == ([] if left else STOP)
        assert stand.telescope.shutters == ({TELE} if left else set())
        assert stand.hands.capturing == frozenset()
        done = "left to it" if left else "stopped all the same"
        assert f"tele capture is {done}: it is of M 31, not of M 42" in caplog.text

    stood(story)


@pytest.mark.parametrize("told", [True, False])
def test_a_capture_that_nothing_speaks_against_is_ours_and_so_is_one_that_is_not_told(told: bool) -> None:
    async def story(stand: Stand) -> None:
        stand.hands.capture_left_open(TELE, ours if told else theirs, 0.0)
        stand.telescope.shutters.add(TELE)
        stand.telescope.errors["running tele"] = [] if told else [TransientError("busy")]
        stand.serve()
        assert await stand.hands.want("one", wish()) is True
        assert stand.telescope.names() == STOP

    stood(story)


def test_a_new_capture_is_ours_whatever_was_left_open_before() -> None:
    async def story(stand: Stand) -> None:
        stand.hands.capture_left_open(TELE, theirs, 0.0)
        stand.hands.capture_closed(TELE)
        stand.opened(TELE)
        stand.serve()
        assert await stand.hands.want("one", wish()) is True
        assert stand.telescope.names() == STOP

    stood(story)


@pytest.mark.parametrize(
    ("end", "taken", "stopped_at"),
    [
        (CaptureEnd.UNKNOWN, 0, [0, 10, 20, 30]),
        (CaptureEnd.UNKNOWN, 1, [0]),
        (CaptureEnd.STOPPED, 0, [0]),
    ],
)
def test_a_capture_that_may_still_begin_is_stopped_again_until_it_may_not(
    end: CaptureEnd, taken: int, stopped_at: list[float]
) -> None:
    async def story(stand: Stand) -> None:
        stand.hands.capture_left_open(TELE, ours, 30.0)
        stand.telescope.ends[TELE] = report = CaptureReport(TELE, taken, 0, end, None, 0)
        stand.serve()
        reached = stand.hands.want("one", wish())
        await stand.clock.sleep(1)
        if len(stopped_at) > 1:
            assert stand.problem is not None
            assert "The tele camera may still begin what it was asked for." in stand.problem.message
            assert stand.hands.take_report(TELE) is None, "it is not over"
        assert await reached is True
        assert stand.telescope.times("stop tele") == pytest.approx(stopped_at, abs=0.1)
        assert stand.hands.take_report(TELE) == report

    stood(story)


class Left:
    """The journal of a session that an earlier life did not end."""

    def __init__(self, opened_s: float | None, **told: Any) -> None:
        opened = {"camera": "tele", "started_at": (DUSK - timedelta(seconds=opened_s or 0)).isoformat()}
        self.facts = {"capture": {**opened, **told}} if opened_s is not None else {}

    def load(self) -> dict[str, Any]:
        return self.facts

    def save(self, facts: dict[str, Any]) -> None:
        raise AssertionError

    clear = save  # type: ignore[assignment]


@pytest.mark.parametrize(("target", "left"), [("M 31", True), ("M 42", False)])
def test_a_journal_tells_what_was_left_open_and_how_to_know_it(target: str, left: bool) -> None:
    async def story(stand: Stand) -> None:
        files = [Left(None), Left(600, taken=3, stacked=3, target="M 42", exposure_s=15.0)]
        await tell_left_open(stand.hands, files, stand.clock)
        assert stand.hands.capturing == {TELE}
        stand.telescope.shutters.add(TELE)
        stand.telescope.facts = {"target": target}
        stand.serve()
        assert await stand.hands.want("one", wish()) is True
        assert stand.telescope.shutters == ({TELE} if left else set())

    stood(story)


@pytest.mark.parametrize(
    ("opened_s", "told", "until_s"),
    [(10, {}, 40), (10, {"taken": 1, "stacked": 1}, 0), (10, {"exposure_s": 15.0}, 0), (45, {}, 0)],
)
def test_a_journals_capture_that_was_never_seen_may_still_begin(
    opened_s: float, told: dict[str, Any], until_s: float
) -> None:
    async def story(stand: Stand) -> None:
        await tell_left_open(stand.hands, [Left(opened_s, **told)], stand.clock)
        stand.telescope.ends[TELE] = CaptureReport(TELE, 0, 0, CaptureEnd.UNKNOWN, None, 0)
        stand.serve()
        assert await stand.hands.want("one", wish()) is True
        assert stand.clock.monotonic() == pytest.approx(until_s, abs=0.1)

    stood(story)


# -- captures that are left to others -----------------------------------------------------------------------


def test_what_others_capture_is_looked_at_each_minute_and_what_is_wanted_done_after_it() -> None:
    async def story(stand: Stand) -> None:
        await stand.moved()
        stand.serve()
        stand.hands.capture_closed(TELE, taken_over=True)
        assert stand.hands.capturing == frozenset()
        plain = stand.hands.want("plain", wish())
        reached = stand.hands.want("one", wish(park=True))
        await stand.clock.sleep(130)
        assert plain.done()
        assert not reached.done()
        assert not stand.hands.stopping
        assert stand.telescope.names() == []
        assert stand.telescope.shutters == {TELE}
        assert (stand.problem, stand.hands.trouble()) == (None, "")
        stand.telescope.shutters.clear()
        await stand.clock.sleep(60)
        assert reached.done()
        assert stand.telescope.names() == ["halt", "take_control", "park"]

    stood(story)


def test_an_order_to_stop_everything_stops_what_was_left_to_others() -> None:
    async def story(stand: Stand) -> None:
        await stand.moved()
        stand.hands.capture_closed(TELE, taken_over=True)
        stand.serve()
        assert await stand.hands.stop_all("person", Reason.USER, "stop") is True
        assert stand.telescope.names() == STOP
        assert stand.telescope.shutters == set()

    stood(story)


def test_a_shutter_of_ours_is_closed_beside_what_others_capture() -> None:
    async def story(stand: Stand) -> None:
        await stand.moved()
        stand.hands.capture_closed(TELE, taken_over=True)
        stand.opened(WIDE)
        stand.serve()
        assert await stand.hands.want("one", wish()) is True
        assert stand.telescope.names()[0] == "stop wide"

    stood(story)


def test_a_camera_of_others_that_is_ours_again_is_stopped_until_it_is_seen() -> None:
    async def story(stand: Stand) -> None:
        await stand.moved()
        stand.hands.capture_closed(TELE, taken_over=True)
        stand.opened(TELE)
        stand.telescope.deaf = 1
        stand.serve()
        assert await stand.hands.want("one", wish()) is True
        assert stand.telescope.names() == [*STOP, "take_control", *STOP]

    stood(story)


def test_one_that_goes_leaves_others_alone_and_no_open_shutter_of_ours() -> None:
    async def story(stand: Stand) -> None:
        await stand.moved()
        stand.hands.capture_closed(TELE, taken_over=True)
        stand.hands.want("end", wish())
        await stand.hands.tell_to_stop(5.0)
        assert stand.telescope.names() == []
        stand.opened(WIDE)
        await stand.hands.tell_to_stop(5.0)
        assert stand.telescope.names() == ["halt"]

    stood(story)


# -- what the telescope does by its own schedule ------------------------------------------------------------


def test_what_it_carries_out_by_its_own_schedule_is_left_alone_and_parked_after_it() -> None:
    async def story(stand: Stand) -> None:
        await stand.hands.park()
        stand.telescope.names()
        stand.telescope.own = (OWN,)
        stand.telescope.shutters.add(TELE)
        stand.serve()
        plain = stand.hands.want("plain", wish())
        reached = stand.hands.want("weather", wish(park=True, standing=True))
        await stand.clock.sleep(200)
        assert plain.done()
        assert not reached.done()
        assert (stand.hands.reached, stand.hands.stopping) == (False, False)
        assert stand.telescope.names() == []
        assert stand.shown[0] is not Status.PARKED, "it unfolded itself"
        stand.telescope.shutters.clear()
        stand.telescope.own = (replace(OWN, state=ScheduleState.OVER),)
        stand.telescope.tell(SchedulesReport(stand.telescope.own))
        await stand.clock.sleep(1)
        assert reached.done()
        assert stand.telescope.names()[-2:] == ["take_control", "park"]

    stood(story)


def test_a_wish_for_safety_ends_its_own_schedule() -> None:
    async def story(stand: Stand) -> None:
        stand.telescope.own = (OWN,)
        stand.telescope.shutters.add(TELE)
        stand.serve()
        assert await stand.hands.want("weather", wish(own_schedule=True)) is True
        assert stand.clock.monotonic() < 1, "at once, as everything that safety wants"
        assert stand.telescope.shutters == set()
        assert stand.telescope.names() == ["halt"]

    stood(story)


@pytest.mark.parametrize("moved", [True, False])
def test_a_capture_is_left_until_it_tells_whether_its_own_schedule_began(moved: bool) -> None:
    async def story(stand: Stand) -> None:
        if moved:
            await stand.hands.perform(Level.SESSION, nothing)
        stand.telescope.own_told = False
        stand.telescope.shutters.add(TELE)
        stand.serve()
        reached = stand.hands.want("one", wish())
        await stand.clock.sleep(1)
        assert stand.telescope.names() == []
        assert stand.problem is not None
        assert "It captures; it did not tell yet whether by its own schedule." in stand.problem.message
        stand.telescope.own_told = True
        stand.telescope.tell(SchedulesReport(()))
        await stand.clock.sleep(1)
        assert reached.done()
        assert stand.telescope.shutters == set()

    stood(story)


@pytest.mark.parametrize(
    ("state", "begins_h", "left"),
    [
        (ScheduleState.WAITING, -1, True),  # it is time, and it did not say yet that it began
        (ScheduleState.WAITING, 1, False),
        (ScheduleState.OVER, -1, False),
    ],
)
def test_frames_at_the_time_of_its_own_schedule_are_not_taken_for_a_capture_to_stop(
    state: ScheduleState, begins_h: int, left: bool
) -> None:
    async def story(stand: Stand) -> None:
        stand.serve()
        stand.hands.want("weather", wish(standing=True))
        await stand.clock.sleep(1)
        stand.telescope.own = (replace(OWN, state=state, begins=DUSK + timedelta(hours=begins_h)),)
        stand.telescope.shutters.add(TELE)
        stand.telescope.tell(CaptureProgress(TELE, 1, 1, 12))
        await stand.clock.sleep(70)
        assert stand.telescope.names() == ([] if left else STOP)
        assert stand.telescope.shutters == ({TELE} if left else set())

    stood(story)


# -- calibration and focus ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "holds"),
    [
        ("moves", True),
        ("stops", True),
        ("parks", False),
        ("switches off", False),
        ("own schedule", False),
        ("away for 20 s", True),
        ("away for 21 s", False),
        ("left alone", False),
        ("held by others", False),
    ],
)
def test_what_holds_of_calibration_and_focus(what: str, holds: bool) -> None:
    async def story(stand: Stand) -> None:
        await stand.hands.perform(Level.SESSION, nothing)
        stand.hands.alignment.calibrated(DUSK)
        stand.hands.alignment.focused(StepKind.AUTO_FOCUS, DUSK, 8.0)
        stand.serve()
        tell = stand.telescope.tell
        match what:
            case "moves":
                await stand.hands.perform(Level.SESSION, nothing)
            case "stops":
                await stand.hands.want("one", wish())
            case "parks":
                await stand.hands.park()
            case "switches off":
                await stand.hands.switch_off()
            case "own schedule":
                stand.telescope.own = (OWN,)
                stand.hands.want("one", wish(park=True))
                await stand.clock.sleep(1)
            case "left alone" | "held by others":
                tell(ConnectionChanged(RESTING if what == "left alone" else HELD))
                tell(ConnectionChanged(CONNECTED))
            case _:
                tell(ConnectionChanged(CONNECTING))
                await stand.clock.sleep(int(what.split()[2]))
                tell(ConnectionChanged(CONNECTED))
        assert stand.hands.alignment.holds is holds

    stood(story)


@pytest.mark.parametrize(
    ("calibrated", "away_s", "holds"),
    [(True, 600, True), (True, 601, False), (False, 1, False), (None, 1, True), (None, 21, False)],
)
def test_one_that_tells_that_it_is_calibrated_may_be_away_for_longer(
    calibrated: bool | None, away_s: float, holds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(stand: Stand) -> None:
        monkeypatch.setattr(type(stand.telescope), "calibrated", calibrated)
        stand.hands.alignment.calibrated(DUSK)
        stand.telescope.tell(ConnectionChanged(CONNECTING))
        await stand.clock.sleep(away_s)
        stand.telescope.tell(ConnectionChanged(CONNECTED))
        assert stand.hands.alignment.holds is holds

    stood(story)


@pytest.mark.parametrize(
    ("ago_s", "link", "later_s", "holds"),
    [(20, CONNECTED, 0, True), (21, CONNECTED, 0, False), (10, CONNECTED, 11, False)],
)
def test_what_an_earlier_life_knew_holds_if_the_telescope_was_seen_a_moment_ago(
    ago_s: float, link: ConnectionState, later_s: float, holds: bool
) -> None:
    seen = DUSK - timedelta(seconds=ago_s)
    facts = {"calibrated_at": DUSK.isoformat(), "focused": {}, "seen_at": seen.isoformat()}

    async def story(stand: Stand) -> None:
        assert stand.hands.alignment.holds
        await stand.clock.sleep(later_s)
        stand.telescope.tell(ConnectionChanged(link))
        assert stand.hands.alignment.holds is holds

    stood(story, alignment=facts)


def test_what_holds_is_written_down_with_when_it_was_seen_until_others_may_have_it() -> None:
    async def story(stand: Stand) -> None:
        def written() -> str | None:
            kept = stand.memory.facts["alignment"]
            return kept["seen_at"] if kept else None

        stand.hands.alignment.calibrated(DUSK)
        assert written() == DUSK.isoformat()
        await stand.clock.sleep(119)
        stand.telescope.tell(TelemetryReport(stand.telescope.telemetry))
        assert written() == DUSK.isoformat()
        await stand.clock.sleep(1)
        stand.telescope.tell(TelemetryReport(stand.telescope.telemetry))
        assert written() == (DUSK + timedelta(seconds=120)).isoformat()
        await stand.clock.sleep(10)
        stand.telescope.tell(ConnectionChanged(CONNECTING))
        assert written() == (DUSK + timedelta(seconds=130)).isoformat()
        await stand.clock.sleep(1)
        stand.telescope.tell(ConnectionChanged(CLOSED))
        assert written() is not None, "the agent ends; nobody else has it"
        stand.telescope.tell(ConnectionChanged(RESTING))
        assert written() is not None
        await stand.clock.sleep(1)
        stand.telescope.tell(ConnectionChanged(CONNECTED))
        stand.hands.alignment.calibrated(DUSK)
        stand.telescope.tell(ConnectionChanged(HELD))
        assert written() is None
        await stand.clock.sleep(200)
        stand.telescope.tell(TelemetryReport(stand.telescope.telemetry))
        assert written() is None, "others have it, whatever it tells"

    stood(story)
