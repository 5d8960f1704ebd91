"""The rules of those who leave wishes: the weather, the night, what keeps a session from beginning."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent.events import Reason, SafetyDecision, SafetyLevel, SafetyState
from agent.goals import Level, Wish
from agent.schedule.waiting import Waiting
from agent.session.fields import WeatherPolicy
from agent.session.sections import Shutdown
from agent.station.night import Night
from agent.station.start_brake import StartBrake
from agent.station.switches import Switches
from agent.station.weather_goal import WeatherGoal
from agent.verdict import YES, Verdict
from tests.app.hands_stand import DUSK, Stand, stood, wish

SAFE, UNSAFE, UNKNOWN = SafetyState.SAFE, SafetyState.UNSAFE, SafetyState.UNKNOWN
NOON = datetime(2026, 3, 13, 12, 0, tzinfo=UTC)  # about


# -- the weather --------------------------------------------------------------------------------------------


class Sky:
    """A weather goal and the night it may end."""

    def __init__(self, stand: Stand, action: str = "stop") -> None:
        self.stand = stand
        self.policy = WeatherPolicy.WAIT
        self.ended: list[tuple[Reason, str]] = []
        self.goal = WeatherGoal(
            stand.ground,
            stand.hands,
            action,
            lambda: self.policy,
            lambda reason, message: self.ended.append((reason, message)),
        )
        self.task = asyncio.create_task(self.goal.run())

    def say(self, state: SafetyState, *reasons: str, level: Any = None, live: bool = True) -> None:
        decision = SafetyDecision(state, level or SafetyLevel.WARNING, reasons, {}, DUSK, "worst", live=live)
        self.goal.hear(decision)

    @property
    def wish(self) -> Wish | None:
        held = self.stand.hands._held.get("weather")
        return held.wish if held is not None else None


@pytest.mark.parametrize(
    ("action", "live", "park", "off"),
    [
        ("stop", True, False, False),
        ("stop_and_park", True, True, False),
        ("stop_and_park", False, True, False),
        ("shutdown", True, False, True),
        ("shutdown", False, True, False),  # what silence asks for can be undone
    ],
)
def test_what_the_weather_wants_is_what_its_owner_chose(
    action: str, live: bool, park: bool, off: bool
) -> None:
    async def story(stand: Stand) -> None:
        sky = Sky(stand, action)
        sky.say(UNSAFE, "rain", "wind", live=live)
        wanted = Wish(Level.SAFETY, Reason.WEATHER, "rain; wind", park=park, off=off, standing=True)
        assert sky.wish == replace(wanted, own_schedule=True)
        assert sky.goal.unsafe == "rain; wind"
        assert sky.ended == []
        sky.say(SAFE)
        assert sky.wish is None
        assert sky.goal.unsafe == ""

    stood(story)


def test_a_sky_that_does_not_matter_wants_nothing() -> None:
    async def story(stand: Stand) -> None:
        sky = Sky(stand)
        assert sky.goal.unsafe == "Nothing tells yet that the sky is safe."
        sky.goal.look()
        assert sky.wish is None
        sky.policy = WeatherPolicy.IGNORE
        assert sky.goal.unsafe == ""
        sky.say(UNSAFE, "rain", level=SafetyLevel.ALERT)
        assert sky.wish is None
        assert sky.ended == []
        sky.policy = WeatherPolicy.WAIT
        sky.goal.look()
        assert sky.wish is not None
        sky.policy = WeatherPolicy.IGNORE
        sky.goal.look()
        assert sky.wish is None

    stood(story)


@pytest.mark.parametrize(
    ("level", "live", "session", "ends"),
    [
        (SafetyLevel.ALERT, True, "m42", True),
        (SafetyLevel.ALERT, True, "", True),
        (SafetyLevel.ALERT, False, "m42", False),
        (SafetyLevel.WARNING, True, "m42", False),
    ],
)
def test_a_live_alert_ends_the_night(level: SafetyLevel, live: bool, session: str, ends: bool) -> None:
    async def story(stand: Stand) -> None:
        stand.hands.session_id = session
        sky = Sky(stand)
        sky.say(UNSAFE, "storm", level=level, live=live)
        assert sky.ended == ([(Reason.WEATHER, "storm")] if ends else [])
        assert stand.hands.closing is (ends and bool(session))
        assert sky.wish is not None

    stood(story)


def test_an_unknown_sky_is_as_bad_as_rain_after_three_minutes() -> None:
    async def story(stand: Stand) -> None:
        sky = Sky(stand)
        sky.say(UNKNOWN)
        await stand.clock.sleep(100)
        sky.say(UNKNOWN)
        await stand.clock.sleep(79)
        assert sky.wish is None
        await stand.clock.sleep(2)
        assert sky.wish is not None
        assert sky.wish.message == "Nothing tells yet that the sky is safe."
        await stand.clock.sleep(1000)
        sky.say(UNKNOWN, "the roof is silent")
        assert sky.wish.message == "the roof is silent", "and stays so"
        sky.say(SAFE)
        assert sky.wish is None
        sky.say(UNKNOWN)
        await stand.clock.sleep(179)
        assert sky.wish is None, "counted anew"
        await stand.clock.sleep(2)
        assert sky.wish is not None

    stood(story)


def test_what_an_unsafe_sky_wanted_stays_while_it_is_unknown() -> None:
    async def story(stand: Stand) -> None:
        sky = Sky(stand)
        sky.say(UNSAFE, "rain")
        sky.say(UNKNOWN)
        assert sky.wish is not None
        assert sky.wish.message == "rain"
        await stand.clock.sleep(500)
        assert sky.wish is not None

    stood(story)


# -- the night ----------------------------------------------------------------------------------------------


class Document:
    def __init__(self, shutdown: Shutdown | None) -> None:
        self.shutdown = shutdown


class Queued:
    """A session that waits, as far as the night looks at it."""

    def __init__(self, *, park: bool = False, off: bool = False, start: datetime | None = None) -> None:
        closing = Shutdown(do_action=True, park=park, power_down=off) if park or off else None
        self.document = Document(closing)
        self.start = start


def night_of(stand: Stand, *queue: Queued) -> Night:
    return Night(stand.ground, stand.hands, lambda: queue)  # type: ignore[arg-type, return-value]


def upkeep(stand: Stand) -> Wish | None:
    held = stand.hands._held.get("night")
    return held.wish if held is not None else None


LATER = DUSK + timedelta(hours=4)
TOMORROW = DUSK + timedelta(hours=26)
CLOSES = Shutdown(do_action=True, park=True)
SWITCHES = Shutdown(do_action=True, power_down=True)


@pytest.mark.parametrize(
    ("queue", "done", "park", "off"),
    [
        ([], None, False, False),
        ([Queued()], None, False, False),
        ([Queued(park=True)], None, True, False),
        ([Queued(off=True)], None, False, True),
        ([Queued(park=True), Queued(off=True)], None, True, True),
        ([Queued(park=True, start=LATER)], None, True, False),
        ([Queued(park=True, start=TOMORROW)], None, False, False),
        ([Queued(park=True, off=True)], CLOSES, False, True),
        ([Queued(park=True, off=True)], SWITCHES, True, False),
        ([Queued(park=True)], SWITCHES, True, False),
        ([Queued(park=True)], CLOSES, False, False),
    ],
)
def test_the_closing_steps_of_tonight_are_done_when_the_last_session_ended(
    queue: list[Queued], done: Shutdown | None, park: bool, off: bool
) -> None:
    async def story(stand: Stand) -> None:
        night = night_of(stand, *queue)
        night.end(Reason.WEATHER, "storm", runs=True)
        assert upkeep(stand) is None
        night.session_ended(done)
        wanted = Wish(Level.UPKEEP, Reason.WEATHER, "storm", park=park, off=off)
        assert upkeep(stand) == (wanted if park or off else None)
        stand.hands.withdraw("night")
        night.session_ended(None)
        assert upkeep(stand) is None, "once a night"

    stood(story)


def test_the_night_is_over_until_noon_and_then_it_is_not() -> None:
    async def story(stand: Stand) -> None:
        night = night_of(stand, Queued(park=True))
        assert night.judgement() is None
        assert night.undo() is False
        night.end(Reason.USER, "enough", runs=False)
        assert upkeep(stand) is not None
        verdict = night.judgement()
        assert verdict is not None
        assert verdict.allowed is False
        assert (verdict.reason, verdict.message) == (Reason.USER, "The night is over: enough")
        assert verdict.until is not None
        assert abs(verdict.until - NOON) < timedelta(hours=1)
        assert stand.memory.facts["night_over"] == [verdict.until.isoformat(), "user", "enough"]
        await stand.clock.sleep((verdict.until - stand.clock.now()).total_seconds() - 1)
        assert night.judgement() is not None
        await stand.clock.sleep(1)
        assert night.judgement() is None
        assert stand.memory.facts["night_over"] is None
        assert night.undo() is False

    stood(story)


def test_a_night_that_ended_is_ended_again_only_for_another_reason() -> None:
    async def story(stand: Stand) -> None:
        night = night_of(stand, Queued(park=True))
        night.end(Reason.USER, "enough", runs=False)
        stand.hands.withdraw("night")
        night.end(Reason.USER, "enough", runs=False)
        assert upkeep(stand) is None
        night.end(Reason.WEATHER, "storm", runs=False)
        assert upkeep(stand) == Wish(Level.UPKEEP, Reason.WEATHER, "storm", park=True)
        verdict = night.judgement()
        assert verdict is not None
        assert verdict.message == "The night is over: storm"

    stood(story)


def test_an_end_that_ran_out_does_not_keep_the_next_night_from_ending() -> None:
    async def story(stand: Stand) -> None:
        night = night_of(stand, Queued(park=True))
        night.end(Reason.USER, "enough", runs=False)
        stand.hands.withdraw("night")
        await stand.clock.sleep(24 * 3600)
        night.end(Reason.USER, "enough", runs=False)
        assert upkeep(stand) is not None
        assert night.judgement() is not None

    stood(story)


def test_a_night_that_goes_on_wants_nothing_closed() -> None:
    async def story(stand: Stand) -> None:
        night = night_of(stand, Queued(park=True))
        night.end(Reason.USER, "enough", runs=True)
        assert night.undo() is True
        night.session_ended(None)
        assert upkeep(stand) is None
        assert night.judgement() is None
        night.end(Reason.USER, "enough", runs=False)
        assert upkeep(stand) is not None
        assert night.undo() is True
        assert upkeep(stand) is None
        assert stand.memory.facts["night_over"] is None

    stood(story)


@pytest.mark.parametrize(
    ("saved", "over"),
    [
        ([(DUSK + timedelta(hours=2)).isoformat(), "user", "enough"], True),
        ([(DUSK - timedelta(hours=2)).isoformat(), "user", "enough"], False),
        (["2026-03-13T06:00:00", "user", "enough"], False),  # in whose time?
        ([(DUSK + timedelta(hours=2)).isoformat(), "nobody", "enough"], False),
        ([(DUSK + timedelta(hours=2)).isoformat(), "user"], False),
        ([5, "user", "enough"], False),
        ("soon", False),
        (None, False),
    ],
)
def test_the_end_of_a_night_outlives_the_agent(saved: object, over: bool) -> None:
    async def story(stand: Stand) -> None:
        verdict = night_of(stand).judgement()
        assert (verdict is not None) is over
        if verdict is not None:
            assert verdict.message == "The night is over: enough"
            assert verdict.reason is Reason.USER

    stood(story, night_over=saved)


# -- what keeps a session from beginning --------------------------------------------------------------------


class Board:
    def __init__(self) -> None:
        self.values = Switches()


class Turns:
    """A start brake with all that it looks at."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.night = night_of(stand)
        self.board = Board()
        self.ending = False
        self.brake = StartBrake(
            stand.ground,
            stand.hands,
            self.night,
            self.board,  # type: ignore[arg-type]
            has_ending=lambda _waiting: self.ending,
            uncounted=lambda _schedule: False,
            enclosure=lambda: None,
        )

    def judge(self, *, forced: bool = False, resume: bool = False) -> Verdict | None:
        waiting: Any = Waiting(
            brief=None,  # type: ignore[arg-type]
            document=None,  # type: ignore[arg-type]
            plan=None,
            start=None,
            window_end=None,
            seen=DUSK,
            forced=forced,
            resume=resume,
        )
        return self.brake.judge(waiting)


def test_nothing_keeps_a_session_from_beginning_by_itself() -> None:
    async def story(stand: Stand) -> None:
        assert Turns(stand).judge() is None

    stood(story)


def test_people_wishes_night_and_switches_keep_it_in_this_order() -> None:
    async def story(stand: Stand) -> None:
        turns = Turns(stand)
        not_before = DUSK + timedelta(minutes=30)
        turns.board.values = Switches(scheduler=True, not_before=not_before)
        message = "A person wants nothing before 19:30."
        assert turns.judge() == Verdict(False, Reason.USER, message, not_before)
        next_week = DUSK + timedelta(days=7)
        turns.board.values = Switches(scheduler=True, not_before=next_week)
        message = f"A person wants nothing before {next_week.date()} 19:00."
        assert turns.judge() == Verdict(False, Reason.USER, message, next_week)
        turns.board.values = Switches(scheduler=False, not_before=not_before)
        assert turns.judge() == Verdict(False, Reason.USER, "The scheduler is switched off.")
        turns.night.end(Reason.USER, "enough", runs=False)
        assert turns.judge() == turns.night.judgement()
        assert turns.judge(forced=True) is None
        assert turns.judge(resume=True) is None
        stand.hands.want("weather", wish(standing=True))
        stand.hands.want("upkeep", wish(Level.UPKEEP, "tidy"))
        assert turns.judge(forced=True) is None, "of the weather the conditions judge"
        stand.hands.want("person", Wish(Level.PERSON, Reason.USER, "cap on", standing=True))
        held = Verdict(False, Reason.USER, "The telescope is brought to rest: cap on")
        assert turns.judge() == turns.judge(forced=True) == turns.judge(resume=True) == held
        stand.hands.taken = True
        taken = Verdict(False, Reason.USER, "A person moves the telescope.")
        assert turns.judge() == turns.judge(forced=True) == taken
        turns.ending = True
        assert turns.judge() is YES

    stood(story)


def test_what_a_person_wanted_not_before_is_over_at_that_instant() -> None:
    async def story(stand: Stand) -> None:
        turns = Turns(stand)
        turns.board.values = Switches(not_before=DUSK + timedelta(seconds=10))
        await stand.clock.sleep(9)
        assert turns.judge() is not None
        await stand.clock.sleep(1)
        assert turns.judge() is None

    stood(story)
