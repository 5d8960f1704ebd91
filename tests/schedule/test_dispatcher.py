"""What one telescope does next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.clock import LoopClock
from agent.conditions import ConditionSet, Requirements
from agent.events import Event, QueueChanged, Reason, SessionBrief, SessionWaiting
from agent.planner import Block, Place, PlannedNight, Request, Running, make_plan
from agent.schedule.dispatcher import Dispatcher
from agent.schedule.timetable import Timetable
from agent.schedule.waiting import Waiting
from agent.session.document import read_session
from agent.verdict import YES, Verdict
from tests.support.scheduler_time import scheduler_reads
from tests.support.virtual_loop import run_virtual

DUSK = datetime(2026, 3, 12, 18, 0, tzinfo=UTC)
_READ = read_session({"command": {"id_command": {}}})
assert _READ.document is not None
DOCUMENT = _READ.document


def waiting(name: str, start_h: float | None = None, priority: int = 0) -> Waiting:
    """A session that starts so many hours after dusk."""
    start = None if start_h is None else DUSK + timedelta(hours=start_h)
    return Waiting(SessionBrief(name, name, start, priority), DOCUMENT, None, start, None, DUSK)


class PlainPlanner:
    """Plans without a sky, for sessions that take `takes_s`."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self._order: tuple[Place, ...] = ()

    async def plan(self, waiting: Sequence[Waiting], held: Mapping[str, datetime | None]) -> PlannedNight:
        now = self._stand.clock.now()
        requests = [self._request(one, held, now) for one in waiting]
        runs = self._stand.dispatcher.running
        running = None if runs is None else Running(self._request(runs, {}, now), 0.0)
        plan = make_plan(
            requests, site=None, zone=ZoneInfo("UTC"), now=now, running=running, known=self._order
        )
        self._order = plan.order
        return plan

    def _request(self, one: Waiting, held: Mapping[str, datetime | None], now: datetime) -> Request:
        until = (held[one.session_id] or now + timedelta(minutes=1)) if one.session_id in held else None
        return Request(
            session_id=one.session_id,
            target=None,
            conditions=ConditionSet.of(Requirements()),
            opening_s=self._stand.takes_s,
            start=None if one.forced or one.resume else one.start,
            seen=one.seen,
            priority=one.brief.priority,
            rank=2 if one.resume else int(one.forced),
            held_until=until or one.rests_until,
        )

    def ends(self, until: datetime | None) -> None:
        pass

    def began(self, block: Block, follows: Block | None) -> None:
        pass


class Stand:
    """A dispatcher on a simulated clock, with what it does written down."""

    def __init__(self, clock: LoopClock) -> None:
        self.clock = clock
        self.judgements: dict[str, Callable[[datetime], Verdict]] = {}
        self.ran: list[tuple[str, float]] = []
        self.given_up: list[tuple[str, Reason]] = []
        self.postponed: list[tuple[str, datetime]] = []
        self.gave_back: list[tuple[str, float]] = []
        self.events: list[Event] = []
        self.idle: list[SessionWaiting | None] = []
        self.takes_s = 600.0
        self.fails: set[str] = set()
        self.timetable = Timetable(clock)
        self.planner = PlainPlanner(self)
        self.dispatcher = Dispatcher(
            "scope",
            clock=clock,
            timetable=self.timetable,
            gate=self,
            planner=self.planner,
            sessions=self,
            publish=self.events.append,
            on_idle=self.idle.append,
        )

    def judge(self, waiting: Waiting, now: datetime) -> Verdict:
        judge = self.judgements.get(waiting.session_id)
        return judge(now) if judge else YES

    async def run(self, waiting: Waiting) -> None:
        self.ran.append((waiting.session_id, self.clock.monotonic() / 3600))
        await self.clock.sleep(self.takes_s)
        if waiting.session_id in self.fails:
            raise RuntimeError("boom")

    async def give_up(self, waiting: Waiting, reason: Reason, message: str) -> None:
        self.given_up.append((waiting.session_id, reason))

    def give_back(self, session_id: str, reason: Reason, message: str) -> None:
        self.gave_back.append((session_id, self.clock.monotonic() / 3600))

    async def postpone(self, waiting: Waiting) -> Waiting:
        start = (waiting.start or DUSK) + timedelta(days=1)
        self.postponed.append((waiting.session_id, start))
        return replace(waiting, start=start)


def night(story: Callable[[Stand], Awaitable[None]], hours: float = 12) -> Stand:
    """Run a dispatcher for some hours while the story happens."""

    async def main() -> Stand:
        clock = LoopClock(DUSK)
        stand = Stand(clock)
        with scheduler_reads(clock):
            stand.timetable.start()
            serving = asyncio.gather(
                stand.dispatcher.run_due(), stand.dispatcher.tell_queue(), stand.dispatcher.follow_plan()
            )
            await story(stand)
            await clock.sleep(hours * 3600)
            serving.cancel()
            await stand.timetable.stop()
        return stand

    return run_virtual(main())


def test_sessions_run_in_time_order_each_at_its_start() -> None:
    async def story(stand: Stand) -> None:
        for name, hours in (("c", 3.0), ("a", 1.0), ("b", 2.0)):
            stand.dispatcher.put(waiting(name, hours))

    assert [(n, round(h, 3)) for n, h in night(story).ran] == [("a", 1.0), ("b", 2.0), ("c", 3.0)]


def test_one_session_at_a_time_and_the_rest_wait_by_priority_then_start() -> None:
    async def story(stand: Stand) -> None:
        stand.takes_s = 7200
        stand.dispatcher.put(waiting("first", 1))
        stand.dispatcher.put(waiting("late", 2))
        stand.dispatcher.put(waiting("early", 1.5))
        stand.dispatcher.put(waiting("important", 2.5, priority=5))

    assert [name for name, _ in night(story).ran] == ["first", "important", "early", "late"]


def test_a_session_that_blows_up_never_stops_the_others() -> None:
    async def story(stand: Stand) -> None:
        stand.fails.add("bad")
        stand.dispatcher.put(waiting("bad", 1))
        stand.dispatcher.put(waiting("good", 1.1))

    assert [name for name, _ in night(story).ran] == ["bad", "good"]


def test_a_blocked_session_lets_the_next_one_by_and_says_why() -> None:
    async def story(stand: Stand) -> None:
        stand.judgements["low"] = lambda _now: Verdict(False, Reason.ALTITUDE, "It is at 8 degrees.")
        stand.dispatcher.put(waiting("low", 1, priority=9))
        stand.dispatcher.put(waiting("high", 1))

    stand = night(story)
    assert [name for name, _ in stand.ran] == ["high"]
    queued = stand.dispatcher.queue
    assert [(w.brief.waits_for, w.brief.note) for w in queued] == [(Reason.ALTITUDE, "It is at 8 degrees.")]
    told = [event for event in stand.events if isinstance(event, SessionWaiting)]
    assert [event.session.session_id for event in told] == ["low"]
    published = [event for event in stand.events if isinstance(event, QueueChanged)]
    assert published[-1].sessions[0].note == "It is at 8 degrees."


def test_a_waiting_session_is_asked_again_when_its_answer_may_change() -> None:
    async def story(stand: Stand) -> None:
        rises = DUSK + timedelta(hours=4, seconds=7)
        stand.judgements["m31"] = lambda now: (
            YES if now >= rises else Verdict(False, Reason.ALTITUDE, "low", rises)
        )
        stand.dispatcher.put(waiting("m31"))

    ((name, hours),) = night(story).ran
    assert name == "m31"
    assert abs(hours * 3600 - (4 * 3600 + 7)) < 1


def test_a_session_whose_time_is_over_is_given_up_once() -> None:
    async def story(stand: Stand) -> None:
        stand.judgements["old"] = lambda _now: Verdict(False, Reason.WINDOW, "closed", final=True)
        stand.dispatcher.put(waiting("old", -2))

    stand = night(story)
    assert stand.given_up == [("old", Reason.WINDOW)]
    assert stand.dispatcher.queue == ()


def test_a_missed_session_that_wants_the_next_night_gets_it() -> None:
    async def story(stand: Stand) -> None:
        answers = iter([Verdict(False, Reason.MISSED, "missed", DUSK + timedelta(hours=23))])
        stand.judgements["m"] = lambda _now: next(answers, YES)
        stand.dispatcher.put(waiting("m", -1))

    stand = night(story, hours=30)
    assert stand.postponed == [("m", DUSK + timedelta(hours=23))]
    assert [round(hours) for _, hours in stand.ran] == [23]


def test_a_session_taken_out_does_not_run_and_a_changed_one_runs_once_at_its_new_time() -> None:
    async def story(stand: Stand) -> None:
        stand.dispatcher.put(waiting("gone", 1))
        stand.dispatcher.put(waiting("moved", 1))
        assert stand.dispatcher.drop("gone") is not None
        stand.dispatcher.put(waiting("moved", 3))

    assert [(n, round(h)) for n, h in night(story).ran] == [("moved", 3)]


def test_a_session_wanted_now_runs_before_its_start_and_before_the_others() -> None:
    async def story(stand: Stand) -> None:
        stand.dispatcher.put(waiting("due", 0, priority=3))
        stand.dispatcher.put(replace(waiting("later", 9), forced=True))

    assert [name for name, _ in night(story).ran] == ["later", "due"]


def test_an_unfinished_session_goes_before_everything_else() -> None:
    async def story(stand: Stand) -> None:
        stand.dispatcher.put(waiting("urgent", 0, priority=99))
        stand.dispatcher.put(replace(waiting("unfinished", -3), resume=True))

    assert [name for name, _ in night(story).ran] == ["unfinished", "urgent"]


def test_the_queue_is_published_in_the_order_it_would_run_with_the_next_start() -> None:
    async def story(stand: Stand) -> None:
        stand.dispatcher.put(waiting("b", 5))
        stand.dispatcher.put(waiting("a", 4))

    stand = night(story, hours=1)
    last = [event for event in stand.events if isinstance(event, QueueChanged)][-1]
    assert [brief.session_id for brief in last.sessions] == ["a", "b"]
    assert last.next_at == DUSK + timedelta(hours=4)


def test_a_start_that_has_passed_is_not_the_next_one() -> None:
    async def story(stand: Stand) -> None:
        stand.takes_s = 7200
        stand.dispatcher.put(waiting("runs", 0))
        stand.dispatcher.put(waiting("due", 1))
        stand.dispatcher.put(waiting("later", 4))

    told = [event for event in night(story, hours=8).events if isinstance(event, QueueChanged)]
    assert all(event.next_at is None or event.next_at > event.at for event in told)
    waits = next(event for event in told if event.sessions and event.sessions[0].waits_for is not None)
    assert (waits.sessions[0].session_id, waits.next_at) == ("due", DUSK + timedelta(hours=4))


def test_every_session_passed_over_has_its_reason_in_the_published_queue() -> None:
    async def story(stand: Stand) -> None:
        stand.takes_s = 7200
        low = Verdict(False, Reason.ALTITUDE, "It is at 8 degrees.")
        stand.judgements["low"] = lambda _now: low
        stand.dispatcher.put(waiting("low", 1, priority=9))
        stand.dispatcher.put(waiting("important", 1, priority=5))
        stand.dispatcher.put(waiting("plain", 1))
        stand.dispatcher.put(waiting("same", 1, priority=5))
        stand.dispatcher.put(waiting("tomorrow", 20))
        await stand.clock.sleep(3600 + 60)
        stand.dispatcher.put(waiting("new", None))
        await stand.clock.sleep(60)

    stand = night(story, hours=0.1)
    assert stand.ran[0][0] == "important"
    told = [event for event in stand.events if isinstance(event, QueueChanged)][-1]
    notes = {brief.session_id: (brief.waits_for, brief.note) for brief in told.sessions}
    assert notes == {
        "low": (Reason.ALTITUDE, "It is at 8 degrees."),
        "same": (Reason.QUEUE, "Session important comes first: its priority is 5."),
        "plain": (Reason.QUEUE, "Session important comes first: its priority is 5."),
        "new": (Reason.QUEUE, "Session important runs."),
        "tomorrow": (None, ""),
    }


def test_a_session_that_rests_lets_the_others_by_and_has_its_turn_again() -> None:
    async def story(stand: Stand) -> None:
        rests = waiting("failed", 1)
        stand.dispatcher.put(replace(rests, rests_until=DUSK + timedelta(hours=2)))
        stand.dispatcher.put(waiting("other", 1.5))

    assert [(n, round(h, 3)) for n, h in night(story).ran] == [("other", 1.5), ("failed", 2.0)]


def test_a_session_removed_while_another_one_is_settled_never_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(stand: Stand) -> None:
        async def slow(waiting: Waiting, reason: Reason, message: str) -> None:
            await stand.clock.sleep(30)

        monkeypatch.setattr(stand, "give_up", slow)
        stand.judgements["a"] = lambda _now: Verdict(False, Reason.WINDOW, "closed", final=True)
        for name in ("b", "c"):
            stand.judgements[name] = lambda _now: Verdict(False, Reason.ALTITUDE, "low")
        for name in ("a", "b", "c"):
            stand.dispatcher.put(waiting(name, -1))
        await stand.clock.sleep(10)
        stand.dispatcher.drop("b")

    assert [left.session_id for left in night(story, hours=1).dispatcher.queue] == ["c"]


def test_a_defect_in_choosing_never_ends_the_queue() -> None:
    async def story(stand: Stand) -> None:
        defects = iter([True])

        def judge(_now: datetime) -> Verdict:
            if next(defects, False):
                raise OverflowError("boom")
            return YES

        stand.judgements["a"] = judge
        stand.dispatcher.put(waiting("a", 0))

    assert [name for name, _ in night(story, hours=1).ran] == ["a"]


def test_while_more_comes_the_choice_is_made_only_as_often_as_what_waits_has_doubled() -> None:
    async def story(stand: Stand) -> None:
        asked: list[int] = []
        plan = stand.planner.plan

        async def counted(waiting: Sequence[Waiting], held: Mapping[str, datetime | None]) -> PlannedNight:
            asked.append(len(waiting))
            return await plan(waiting, held)

        stand.planner.plan = counted  # type: ignore[method-assign]
        stand.dispatcher.gather(more=True)
        for number in range(100):
            stand.dispatcher.put(waiting(f"later{number}", 20))
            stand.dispatcher.gather(more=True)
            await stand.clock.sleep(1)
        assert asked == [1, 2, 4, 8, 16, 32, 64]
        stand.dispatcher.put(waiting("now"))
        await stand.clock.sleep(1)
        assert not stand.ran
        stand.dispatcher.gather(more=False)
        await stand.clock.sleep(1)
        assert [name for name, _ in stand.ran] == ["now"]

    night(story, hours=1)
