"""How far a plan is and when it ends, checked number by number."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agent.execute.pace import FramePace, Pace
from agent.session.plan import Plan, PlannedStep, StepKind


class HandClock:
    """A clock set by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 3, 12, tzinfo=UTC)


def step(kind: StepKind, estimate_s: float, before: float = 0, after: float = 0) -> PlannedStep:
    return PlannedStep(
        kind=kind, label=kind, why="", estimate_s=estimate_s, wait_before_s=before, wait_after_s=after
    )


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def pace(clock: HandClock) -> Pace:
    """100 s of goto with 20 s of waits, 280 s of capture, no time to finish: 400 s in all."""
    steps = (
        step(StepKind.GOTO_MANUAL, 100, before=15, after=5),
        step(StepKind.CAPTURE, 280),
        step(StepKind.FINISH, 0),
    )
    return Pace(Plan(name="x", target="x", model="D3", steps=steps), clock)  # type: ignore[arg-type]


def test_a_step_without_frames_goes_by_its_time_and_is_never_done_before_it_ends(
    pace: Pace, clock: HandClock
) -> None:
    pace.enter(0)
    assert (pace.percent(), pace.remaining_s()) == (0.0, 380.0)
    clock.seconds += 50
    assert (pace.percent(), pace.remaining_s()) == (12.5, 330.0)
    clock.seconds += 10_000
    assert pace.percent() == 23.8  # 95 of 400
    assert pace.remaining_s() == pytest.approx(285.0)


def test_an_interruption_is_no_pace_of_the_frames(pace: Pace, clock: HandClock) -> None:
    pace.enter(1)
    for taken in (1, 2, 3):
        clock.seconds += 28
        pace.frames(taken, 10)
    clock.seconds += 7200
    pace.again()
    assert pace.remaining_s() == pytest.approx(280 * 0.7)
    pace.frames(4, 10)
    clock.seconds += 56
    pace.frames(6, 10)
    assert pace.remaining_s(6, 10) == pytest.approx(28.0 * 4)


def test_frames_decide_once_there_are_some(pace: Pace, clock: HandClock) -> None:
    pace.enter(1)
    assert (pace.percent(), pace.remaining_s(0, 10)) == (30.0, 280.0)
    pace.frames(1, 10)
    assert (pace.percent(), pace.remaining_s(1, 10)) == (37.0, 252.0)  # one frame tells nothing of the pace
    clock.seconds += 40
    pace.frames(2, 10)
    assert pace.remaining_s(2, 10) == pytest.approx(280 * 0.8)
    clock.seconds += 40
    pace.frames(3, 10)
    assert pace.percent() == 51.0
    assert pace.remaining_s(3, 10) == pytest.approx(40.0 * 7), (
        "two frames in 80 s: their pace, not the plan's"
    )


def test_more_frames_than_asked_for_are_no_more_than_all(pace: Pace, clock: HandClock) -> None:
    pace.enter(1)
    pace.frames(1, 10)
    clock.seconds += 100
    pace.frames(12, 10)
    assert pace.percent() == 100.0
    assert pace.remaining_s(12, 10) == 0.0


def test_the_next_step_begins_anew(pace: Pace, clock: HandClock) -> None:
    pace.enter(1)
    pace.frames(9, 10)
    clock.seconds += 30
    pace.enter(0)
    assert pace.percent() == 0.0
    pace.enter(2)
    assert (pace.percent(), pace.remaining_s()) == (100.0, 0.0)
    pace.enter(3)
    assert (pace.percent(), pace.remaining_s()) == (100.0, 0.0)


def test_a_count_of_none_says_nothing(pace: Pace) -> None:
    pace.enter(1)
    pace.frames(5, 0)
    assert pace.percent() == 30.0


def test_a_plan_that_takes_no_time_is_at_its_end_when_it_is_done(clock: HandClock) -> None:
    pace = Pace(
        Plan(name="x", target="x", model="D3", steps=(step(StepKind.GO_LIVE, 0),)),
        clock,  # type: ignore[arg-type]
    )
    pace.enter(0)
    assert pace.percent() == 0.0
    pace.enter(1)
    assert pace.percent() == 100.0


def test_frames_beyond_the_count_do_not_pass_for_later_steps(clock: HandClock) -> None:
    steps = (step(StepKind.CAPTURE, 100), step(StepKind.PARK, 100))
    pace = Pace(Plan(name="x", target="x", model="D3", steps=steps), clock)  # type: ignore[arg-type]
    pace.enter(0)
    pace.frames(20, 10)
    assert pace.percent() == 50.0


def test_a_camera_is_set_up_until_its_first_frame_begins_whatever_is_told_before(clock: HandClock) -> None:
    shots = FramePace(clock)  # type: ignore[arg-type]
    for seconds, taken in ((0, 0), (40, 0), (20, 1), (15, 2), (15, 3)):
        clock.seconds += seconds
        shots.frames(taken)
    assert (shots.setup_s, shots.frame_s) == (45.0, 15.0)
