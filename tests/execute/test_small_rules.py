"""The small parts of a run by themselves: panes, an end by the clock, what is aligned, records together."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.clock import LoopClock
from agent.events import Frames, Reason, Saved, Telemetry
from agent.execute import panes
from agent.execute.alignment import Alignment, Reuse
from agent.execute.end_time import until
from agent.execute.frame_trend import FrameTrend, Judgement
from agent.execute.orders import Ending, EndKind
from agent.execute.outcome import outcome_of
from agent.execute.records import together
from agent.session.document import read_session
from agent.session.plan import PlannedStep, StepKind, make_plan
from agent.session.reuse_rules import ReuseRules
from agent.targets import Site
from tests.execute.conftest import session
from tests.support.fake_telescope import CAPABILITIES
from tests.support.virtual_loop import run_virtual

AT = datetime(2026, 3, 12, 20, 0, tzinfo=UTC)
PARIS, SITE = ZoneInfo("Europe/Paris"), Site(48.85, 2.35, timezone="Europe/Paris")


# -- panes --------------------------------------------------------------------------------------------------


def test_frames_of_panes_are_added_pane_by_pane_however_many_each_side_has() -> None:
    first, second = (Frames(0, 3, 2), Frames(0, 4, 4)), (Frames(0, 1, 1),)
    assert panes.added(first, second) == panes.added(second, first) == (Frames(0, 4, 3), Frames(0, 4, 4))


def test_what_was_stacked_once_stays_so_but_is_never_more_than_was_taken() -> None:
    now = (Frames(0, 5, 2), Frames(0, 2, 1), Frames(0, 1, 0))
    before = (Frames(0, 4, 4), Frames(0, 4, 4))
    assert panes.most_of(now, before) == (Frames(0, 5, 4), Frames(0, 2, 2), Frames(0, 1, 0))
    assert panes.most_of(now[:1], before) == (Frames(0, 5, 4),)


def test_each_pane_needs_its_own_frames_and_one_too_many_helps_no_other() -> None:
    asked = panes.asked_for((Frames(0, 12, 11), Frames(0, 4, 3)), 10, 3)
    assert asked == (Frames(10, 12, 11), Frames(10, 4, 3), Frames(10, 0, 0))
    assert panes.short(asked) == [0, 6, 10]
    assert panes.useful(asked) == Frames(30, 14, 13)
    assert panes.useful(()) == Frames()
    assert panes.asked_for(asked, 5, 1) == (Frames(5, 12, 11),)


@pytest.mark.parametrize(
    ("counted", "spread"),
    [
        (Frames(0, 7, 6), ((3, 3), (3, 3), (1, 0))),
        (Frames(0, 4, 4), ((3, 3), (1, 1), (0, 0))),
        (Frames(0, 12, 4), ((3, 3), (3, 1), (6, 0))),  # the last one has what is over
    ],
)
def test_a_sum_of_frames_is_of_panes_one_after_the_other(counted: Frames, spread: Any) -> None:
    assert panes.spread(counted, 3, 3) == tuple(Frames(0, *one) for one in spread)


# -- an end by the clock ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end_s", "takes_s", "ends", "after_s"),
    [
        (100, 10, "done", 10),
        (100, 99, "done", 99),
        (100, 500, None, 100),
        (0, 10, None, 0),
        (-5, 10, None, 0),
    ],
)
def test_work_ends_at_an_instant_if_it_is_not_done_before(
    end_s: float, takes_s: float, ends: str | None, after_s: float
) -> None:
    clock, heard = LoopClock(AT), list[str]()

    async def work() -> str:
        heard.append("begun")
        try:
            await clock.sleep(takes_s)
        except asyncio.CancelledError:
            heard.append("broken off")
            raise
        return "done"

    async def story() -> None:
        assert await until(clock, AT + timedelta(seconds=end_s), work()) == ends
        assert clock.monotonic() == pytest.approx(after_s, abs=0.01)
        assert len(asyncio.all_tasks()) == 1, "nothing of it goes on"

    run_virtual(story())
    assert heard == ([] if end_s <= 0 else ["begun"] if ends else ["begun", "broken off"])


def test_work_that_fails_before_its_end_fails() -> None:
    clock = LoopClock(AT)

    async def work() -> None:
        raise ValueError("oops")

    async def story() -> None:
        with pytest.raises(ValueError, match="oops"):
            await until(clock, AT + timedelta(seconds=100), work())

    run_virtual(story())


# -- what is aligned ----------------------------------------------------------------------------------------


def test_an_alignment_is_made_again_of_what_was_kept_of_it() -> None:
    changes: list[dict[str, Any]] = []
    alignment = Alignment(lambda: changes.append(alignment.kept()))
    assert not alignment.holds
    assert alignment.kept() == {"calibrated_at": None, "focused": {}}
    alignment.calibrated(AT)
    alignment.focused(StepKind.AUTO_FOCUS, AT, 8.5)
    assert alignment.kept() == {
        "calibrated_at": AT.isoformat(),
        "focused": {"auto_focus": [AT.isoformat(), 8.5]},
    }
    again = Alignment()
    again.restore(alignment.kept())
    assert again.kept() == alignment.kept()
    focused = again.focused_by(StepKind.AUTO_FOCUS)
    assert focused is not None
    assert (focused.at, focused.celsius) == (AT, 8.5)
    assert again.focused_by(StepKind.INFINITE_FOCUS) is None
    alignment.focused(StepKind.INFINITE_FOCUS, AT, None)
    assert alignment.kept()["focused"] == {}, "for how long that holds nobody can tell"
    alignment.lost()
    assert not alignment.holds
    assert len(changes) == 4


@pytest.mark.parametrize(
    "kept",
    [
        {"calibrated_at": 5, "focused": "odd"},
        {"calibrated_at": "2026-03-12T20:00:00", "focused": {"goto_solar": [AT.isoformat(), 8.0]}},
        {"focused": {"auto_focus": [AT.isoformat()]}},
        {"focused": {"auto_focus": [AT.isoformat(), "warm"]}},
        {"focused": {"auto_focus": ["soon", 8.0]}},
        {"focused": {"auto_focus": AT.isoformat()}},
    ],
)
def test_what_nobody_can_have_written_is_no_alignment(kept: dict[str, Any]) -> None:
    alignment = Alignment()
    alignment.restore(kept)
    assert not alignment.holds


@pytest.mark.parametrize(
    ("hours", "later_h", "counts"),
    [(None, 6, True), (None, 20, False), (8, 7.9, True), (8, 8, False), (8, -7.9, True), (0, 0, False)],
)
def test_a_calibration_counts_for_its_night_or_for_so_many_hours(
    hours: float | None, later_h: float, counts: bool
) -> None:
    alignment = Alignment()
    now = AT + timedelta(hours=later_h)
    assert alignment.calibration(hours, now, SITE, PARIS) is None
    alignment.calibrated(AT)
    assert alignment.calibration(hours, now, SITE, PARIS) == (AT if counts else None)


# -- records side by side -----------------------------------------------------------------------------------


def test_a_record_counts_if_it_tells_of_every_folder() -> None:
    first = (Saved("album", 5, 4, 100), Saved("card", 5, 5, None))
    second = (Saved("album", 2, 2, 50), Saved("card", 2, 2, 7), Saved("headers", 2, 2, None))
    assert together([first, second]) == (Saved("album", 7, 6, 150), Saved("card", 7, 7, None))
    assert together([]) == ()


def test_a_trend_tells_its_shares_before_anything_was_taken() -> None:
    assert FrameTrend().shares() == Judgement(False, 1.0, 1.0, False)


# -- what need not be done again ----------------------------------------------------------------------------


def reuse_of(alignment: Alignment, **telescope: Any) -> tuple[Reuse, dict[StepKind, PlannedStep]]:
    reading = read_session(
        session(calibration={"do_action": True}, auto_focus={"do_action": True}), name="m42"
    )
    assert reading.document is not None
    plan = make_plan(reading.document, CAPABILITIES)
    clock: Any = SimpleNamespace(now=lambda: AT)
    seen: Any = SimpleNamespace(**{"calibrated": True, "telemetry": Telemetry(), **telescope})
    reuse = Reuse(alignment, ReuseRules(), plan, seen, clock, SITE, SITE.timezone)
    return reuse, {step.kind: step for step in plan.steps}


@pytest.mark.parametrize(("says", "needed"), [(True, False), (None, False), (False, True)])
def test_a_calibration_is_needed_again_where_the_telescope_says_so(says: bool | None, needed: bool) -> None:
    alignment = Alignment()
    alignment.calibrated(AT - timedelta(hours=1))
    reuse, steps = reuse_of(alignment, calibrated=says)
    told = "not needed: calibrated at 20:00, and nothing has moved the telescope since"
    assert reuse.why(steps[StepKind.CALIBRATION]) == ("" if needed else told)
    assert reuse.passed is not needed


@pytest.mark.parametrize(
    ("hours_ago", "celsius", "needed"), [(1, 8.0, False), (1, 7.9, True), (1, None, True), (24, 10.0, True)]
)
def test_a_focus_is_needed_again_when_it_got_colder_or_another_night(
    hours_ago: int, celsius: float | None, needed: bool
) -> None:
    alignment = Alignment()
    alignment.focused(StepKind.AUTO_FOCUS, AT - timedelta(hours=hours_ago), 10.0)
    seen: Any = SimpleNamespace(calibrated=True, telemetry=Telemetry(temperature=celsius))
    reuse, steps = reuse_of(alignment, telemetry=seen.telemetry)
    told = "not needed: focused at 20:00, and it is 2.0 K warmer or colder now"
    assert reuse.why(steps[StepKind.AUTO_FOCUS]) == ("" if needed else told)
    if hours_ago == 1:
        assert (StepKind.AUTO_FOCUS not in alignment.valid(ReuseRules(), seen)) is needed


def test_a_session_that_asked_for_no_frames_says_so_when_it_is_ended() -> None:
    _, _, message = outcome_of({}, Ending(EndKind.ABORT, Reason.USER, "Stopped"), None)
    assert message == "Stopped. No frames were asked for"
