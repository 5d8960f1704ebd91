"""The watch over a running session, and the one status of a station: each rule by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent.clock import LoopClock
from agent.conditions import ConditionSet, Requirements
from agent.errors import Problem
from agent.events import (
    Reason,
    SafetyDecision,
    SafetyLevel,
    SafetyState,
    SessionBrief,
    Status,
    StatusChanged,
)
from agent.execute.orders import Ending, EndKind, Hold, Orders
from agent.goals import Goal
from agent.own_schedule import OwnSchedule
from agent.session.fields import OnLost, WeatherPolicy
from agent.station.safing_status import SafingStatus
from agent.station.session_watch import SessionWatch
from agent.station.status import Availability, StationStatus
from agent.telescope.interface import ConnectionState
from agent.verdict import Verdict
from tests.support.virtual_loop import run_virtual

AT = datetime(2026, 3, 12, 20, 0, tzinfo=UTC)
SAFE, UNSAFE = SafetyState.SAFE, SafetyState.UNSAFE


# -- the watch ----------------------------------------------------------------------------------------------


class Watched:
    """A running session with a watch, and what may trouble it."""

    def __init__(self, **more: Any) -> None:
        self.clock = LoopClock(AT)
        self.orders = Orders()
        self.verdicts: list[Verdict] = []
        self.decision: SafetyDecision | None = None
        self.policy = WeatherPolicy.IGNORE
        self.own: OwnSchedule | None = None
        self.event = asyncio.Event()
        requirements = Requirements(max_wait_min=10, on_lost=more.pop("on_lost", OnLost.PAUSE))
        self.watch = SessionWatch(
            self.orders,
            ConditionSet.of(requirements),
            clock=self.clock,
            zone=UTC,
            window_end=more.pop("window_end", None),
            dawn=lambda _now: more.get("dawn"),
            judge=lambda _now: self.verdicts,
            safety=lambda: self.decision,
            policy=lambda: self.policy,
            carried_out=lambda _now: self.own,
            news=lambda: self.event,
            goes_on=self.goes_on,
        )
        self.kind = more.get("kind", EndKind.LIMIT)

    async def goes_on(self, when: datetime) -> EndKind:
        assert when == self.clock.now()
        return self.kind

    async def news(self, seconds: float = 0.001) -> None:
        event, self.event = self.event, asyncio.Event()
        event.set()
        await self.clock.sleep(seconds)

    def say(self, state: SafetyState, *reasons: str, level: SafetyLevel = SafetyLevel.WARNING) -> None:
        self.decision = SafetyDecision(state, level, reasons, {}, AT, "wait")


def watched(story: Callable[[Watched], Awaitable[None]], **more: Any) -> None:
    async def main() -> None:
        stand = Watched(**more)
        task = asyncio.create_task(stand.watch.watch())
        await stand.clock.sleep(0.001)
        await story(stand)
        task.cancel()

    run_virtual(main())


@pytest.mark.parametrize(
    ("limits", "ending"),
    [
        (
            {"window_end": AT + timedelta(seconds=90)},
            Ending(EndKind.LIMIT, Reason.WINDOW, "The session's window closed."),
        ),
        (
            {"dawn": AT + timedelta(seconds=90)},
            Ending(EndKind.LIMIT, Reason.TWILIGHT, "It is dawn, or the Sun comes too near."),
        ),
    ],
)
def test_a_session_ends_with_its_window_and_with_the_dawn(limits: dict[str, Any], ending: Ending) -> None:
    async def story(stand: Watched) -> None:
        await stand.clock.sleep(89.9)
        assert stand.orders.ending is None
        await stand.clock.sleep(0.2)
        assert stand.orders.ending == ending

    watched(story, **limits)


def test_weather_that_matters_pauses_until_it_is_safe() -> None:
    async def story(stand: Watched) -> None:
        stand.say(UNSAFE, "rain", "wind")
        await stand.news()
        assert stand.orders.hold is None, "it is ignored"
        stand.policy = WeatherPolicy.WAIT
        await stand.news()
        until = (AT + timedelta(minutes=10)).strftime("%H:%M")
        message = f"rain; wind. It waits until {until} at the latest."
        assert stand.orders.hold == Hold(Reason.WEATHER, message)
        assert stand.orders.holders == ("weather",)
        stand.say(UNSAFE)
        await stand.news()
        message = f"The weather is unsafe. It waits until {until} at the latest."
        assert stand.orders.hold == Hold(Reason.WEATHER, message)
        stand.decision = None
        await stand.news()
        assert stand.orders.hold == Hold(
            Reason.WEATHER, f"nothing tells of the weather. It waits until {until} at the latest."
        )
        stand.say(SAFE)
        await stand.news()
        assert stand.orders.hold is None

    watched(story)


def test_unsafe_weather_ends_the_session_after_the_wait_that_is_allowed() -> None:
    async def story(stand: Watched) -> None:
        stand.policy = WeatherPolicy.WAIT
        stand.say(UNSAFE, "rain.")
        await stand.news(500)
        stand.say(SAFE)
        await stand.news(10)
        stand.say(UNSAFE, "rain.")
        await stand.news(599)
        assert stand.orders.ending is None
        await stand.clock.sleep(61)
        assert stand.orders.ending == Ending(
            EndKind.LIMIT, Reason.WEATHER, "rain. It lasted more than 10 min."
        )

    watched(story)


@pytest.mark.parametrize(
    ("policy", "level", "kind"),
    [
        (WeatherPolicy.ABORT, SafetyLevel.WARNING, EndKind.LIMIT),
        (WeatherPolicy.WAIT, SafetyLevel.ALERT, EndKind.END_NIGHT),
        (WeatherPolicy.ABORT, SafetyLevel.ALERT, EndKind.END_NIGHT),
    ],
)
def test_weather_that_ends_the_session_at_once(
    policy: WeatherPolicy, level: SafetyLevel, kind: EndKind
) -> None:
    async def story(stand: Watched) -> None:
        stand.policy = policy
        stand.say(UNSAFE, "storm", level=level)
        await stand.news()
        assert stand.orders.ending == Ending(kind, Reason.WEATHER, "storm")
        assert stand.orders.hold is None

    watched(story)


LOW = Verdict(False, Reason.ALTITUDE, "It is low.")
OTHERS = [Reason.WEATHER, Reason.LOST_CONNECTION, Reason.HELD_BY_OTHER, Reason.WINDOW]


def test_a_session_waits_while_the_telescope_carries_out_its_own_schedule() -> None:
    async def story(stand: Watched) -> None:
        assert stand.orders.hold is None
        stand.own = OwnSchedule(id="1", name="from the app", begins=AT, ends=AT + timedelta(hours=1))
        await stand.news()
        why = "The telescope carries out its own schedule 'from the app'."
        assert stand.orders.hold == Hold(Reason.OWN_SCHEDULE, why)
        stand.own = None
        await stand.clock.sleep(61)
        assert stand.orders.hold is None

    watched(story)


def test_a_condition_that_is_lost_pauses_until_it_is_back() -> None:
    async def story(stand: Watched) -> None:
        stand.verdicts = [Verdict(True), *(Verdict(False, reason, "x") for reason in OTHERS)]
        await stand.news()
        assert stand.orders.hold is None, "others look after these"
        stand.verdicts = [LOW]
        await stand.news()
        assert stand.orders.hold == Hold(Reason.ALTITUDE, "It is low.")
        assert stand.orders.holders == ("conditions",)
        stand.verdicts = []
        await stand.clock.sleep(60)  # it looks by itself
        assert stand.orders.hold is None
        assert stand.orders.ending is None

    watched(story)


def test_a_condition_that_stays_lost_ends_the_session() -> None:
    async def story(stand: Watched) -> None:
        stand.verdicts = [LOW]
        await stand.news(500)
        stand.verdicts = []
        await stand.news()
        stand.verdicts = [LOW]
        await stand.news(599)
        assert stand.orders.ending is None, "counted anew"
        await stand.clock.sleep(61)
        assert stand.orders.ending == Ending(EndKind.LIMIT, Reason.ALTITUDE, "It is low.")

    watched(story)


@pytest.mark.parametrize(
    ("verdict", "on_lost", "ends", "holds"),
    [
        (LOW, OnLost.PAUSE, False, True),
        (LOW, OnLost.END, True, False),
        (LOW, OnLost.IGNORE, False, False),
        (Verdict(False, Reason.BATTERY, "Empty.", final=True), OnLost.PAUSE, True, False),
        (Verdict(False, Reason.MOON, "Up.", until=AT + timedelta(seconds=599)), OnLost.PAUSE, False, True),
        (Verdict(False, Reason.MOON, "Up.", until=AT + timedelta(seconds=700)), OnLost.PAUSE, True, False),
        (Verdict(False, None, "So."), OnLost.END, True, False),
    ],
)
def test_what_a_lost_condition_does(verdict: Verdict, on_lost: OnLost, ends: bool, holds: bool) -> None:
    async def story(stand: Watched) -> None:
        stand.verdicts = [verdict]
        await stand.news()
        assert (stand.orders.ending is not None, stand.orders.hold is not None) == (ends, holds)
        if stand.orders.ending is not None:
            reason = verdict.reason or Reason.SCHEDULE
            assert stand.orders.ending == Ending(EndKind.LIMIT, reason, verdict.message)

    watched(story, on_lost=on_lost)


@pytest.mark.parametrize("kind", [EndKind.GIVE_BACK, EndKind.NEXT_NIGHT, EndKind.LIMIT])
@pytest.mark.parametrize("on_lost", OnLost)
def test_a_sky_that_is_lost_gives_the_turn_back_unless_somebody_wants_it_otherwise(
    kind: EndKind, on_lost: OnLost
) -> None:
    async def story(stand: Watched) -> None:
        stand.verdicts = [replace(LOW, rule="altitude")]
        await stand.news()
        assert stand.orders.hold is None
        ends = {OnLost.PAUSE: kind, OnLost.END: EndKind.LIMIT}.get(on_lost)
        expected = None if ends is None else Ending(ends, Reason.ALTITUDE, "It is low.")
        assert stand.orders.ending == expected

    watched(story, on_lost=on_lost, kind=kind)


# -- the status ---------------------------------------------------------------------------------------------


class Shown:
    def __init__(self) -> None:
        self.said: list[StatusChanged] = []
        self.clock = LoopClock(AT)
        self.status = StationStatus("scope", self.clock, self.said.append)

    def last(self) -> tuple[str, Reason | None, str, str, str]:
        shown = self.said[-1]
        session = shown.session.session_id if shown.session else ""
        return shown.status.value, shown.reason, shown.message, shown.step, session


def shown(story: Callable[[Shown], None]) -> None:
    async def main() -> None:
        story(Shown())

    run_virtual(main())


def test_the_status_is_that_of_the_weightiest_part() -> None:
    def story(stand: Shown) -> None:
        status, brief = stand.status, SessionBrief("m42", "M 42")
        assert status.status is Status.OFFLINE
        assert status.again().status is Status.OFFLINE
        status.link(ConnectionState.CONNECTED)
        assert stand.last() == ("idle", None, "", "", "")
        status.parked(True)
        assert stand.last()[0] == "parked"
        status.session_began(brief)
        assert stand.last() == ("preparing", None, "", "", "m42")
        status.say(Status.IMAGING, step="Capture", reason=Reason.RETRY, message="frames")
        assert stand.last() == ("imaging", Reason.RETRY, "frames", "Capture", "m42")
        status.safing(Status.STOPPING, Reason.WEATHER, "rain")
        assert stand.last() == ("stopping", Reason.WEATHER, "rain", "", "m42")
        status.manual_done()
        status.safing(Status.PARKED)
        assert stand.last()[:3] == ("parked", None, "")
        status.safing(None)
        assert stand.last()[0] == "imaging", "a session says what it does until it ended"
        told = len(stand.said)
        status.say(Status.IMAGING, step="Capture", reason=Reason.RETRY, message="frames")
        assert len(stand.said) == told, "only changes are told"
        problem = Problem("x", "It failed.")
        status.session_ended(problem)
        assert stand.last() == ("parked", None, "", "", "")
        assert stand.said[-1].problem == problem
        status.problem("disk", Problem("y", "Full."))
        assert stand.said[-1].problem == problem, "the oldest is shown"
        status.session_ended(None)
        assert stand.said[-1].problem == Problem("y", "Full.")
        status.problem("disk", None)
        status.problem("disk", None)
        assert stand.said[-1].problem is None
        status.say(Status.SLEWING, step="goto", reason=Reason.USER)
        assert stand.last() == ("slewing", Reason.USER, "", "goto", "")
        status.manual_done()
        assert stand.last()[0] == "parked"
        assert status.status is Status.PARKED

    shown(story)


@pytest.mark.parametrize(
    ("state", "message", "expected"),
    [
        (ConnectionState.CONNECTED, "", ("idle", None, "")),
        (ConnectionState.RESTING, "x", ("idle", None, "left alone, so that the phone app can connect")),
        (
            ConnectionState.HELD_BY_OTHER,
            "x",
            ("idle", Reason.HELD_BY_OTHER, "another client holds the telescope"),
        ),
        (ConnectionState.CLOSED, "bye", ("offline", Reason.AGENT_STOPPED, "bye")),
        (ConnectionState.CLOSED, "", ("offline", Reason.LOST_CONNECTION, "")),
        (ConnectionState.CONNECTING, "no route", ("offline", Reason.LOST_CONNECTION, "no route")),
    ],
)
def test_what_the_link_means(
    state: ConnectionState, message: str, expected: tuple[str, Reason | None, str]
) -> None:
    def story(stand: Shown) -> None:
        stand.status.link(state, message)
        assert stand.last() == (*expected, "", "")

    shown(story)


def test_waking_a_telescope_is_no_loss_until_it_fails() -> None:
    def story(stand: Shown) -> None:
        stand.status.link(ConnectionState.RESTING)
        stand.status.link(ConnectionState.CONNECTING)
        assert stand.last()[0] == "idle"
        stand.status.link(ConnectionState.CONNECTING, "no route")
        assert stand.last()[0] == "offline"

    shown(story)


def test_availability_follows_the_link() -> None:
    told: list[tuple[bool, bool, str]] = []
    made = Availability(
        "scope", lambda event: told.append((event.online, event.heard, event.message)), lambda: AT
    )
    assert (made.event().online, made.event().heard, made.event().at) == (False, False, AT)
    for state, message in (
        (ConnectionState.CONNECTING, ""),
        (ConnectionState.CONNECTED, ""),
        (ConnectionState.CONNECTING, ""),
        (ConnectionState.CONNECTING, "no route"),
        (ConnectionState.HELD_BY_OTHER, "held"),
        (ConnectionState.RESTING, ""),
        (ConnectionState.CLOSED, "bye"),
    ):
        made.link(state, message)
    assert told == [
        (False, False, ""),
        (True, True, ""),
        (True, False, ""),
        (False, False, "no route"),
        (True, False, "held"),
        (True, False, ""),
        (False, False, "bye"),
    ]


@pytest.mark.parametrize(
    ("goal", "capturing", "parked", "attempts", "expected"),
    [
        ((False, False), True, False, 1, ("stopping", "stopping the telescope: rain")),
        ((True, True), False, False, 2, ("stopping", "stopping the telescope: rain")),
        ((False, False), False, False, 1, ("offline", "")),
        ((True, False), False, True, 1, ("offline", "")),
        ((True, False), False, False, 1, ("finishing", "parking the telescope: rain")),
        ((True, True), False, False, 1, ("finishing", "parking the telescope: rain")),
        ((True, True), False, True, 1, ("finishing", "switching off the telescope: rain")),
        ((False, True), False, False, 1, ("finishing", "switching off the telescope: rain")),
    ],
)
def test_what_an_attempt_is_called(
    goal: tuple[bool, bool], capturing: bool, parked: bool, attempts: int, expected: tuple[str, str]
) -> None:
    def story(stand: Shown) -> None:
        safing = SafingStatus(stand.status)
        stand.status.link(ConnectionState.CONNECTING)
        safing.attempts = attempts
        safing.begins(Goal(*goal, Reason.WEATHER, "rain"), capturing=capturing, parked=parked)
        assert (stand.last()[0], stand.last()[2]) == expected
        assert stand.last()[1] is (Reason.WEATHER if expected[1] else Reason.LOST_CONNECTION)

    shown(story)


@pytest.mark.parametrize(
    ("goal", "capturing", "word"),
    [
        ((False, False), False, "stopped"),
        ((True, False), False, "parked"),
        ((True, True), False, "switched off"),
        ((True, True), True, "stopped"),
    ],
)
def test_what_stands_in_the_way_is_told_until_it_does_not(
    goal: tuple[bool, bool], capturing: bool, word: str
) -> None:
    def story(stand: Shown) -> None:
        safing = SafingStatus(stand.status)
        stand.status.link(ConnectionState.CONNECTED)
        safing.attempts = 1
        safing.fails(Goal(*goal, Reason.WEATHER, "rain"), "it is stuck.", "Push it.", capturing=capturing)
        assert safing.trouble == "it is stuck."
        message = f"The telescope is not {word} yet: it is stuck. The agent goes on trying."
        assert stand.said[-1].problem == Problem("not_safe", message, "Push it.")
        assert stand.last()[0] == ("stopping" if capturing else "idle")
        safing.fails(Goal(*goal, Reason.WEATHER, "rain"), "it is stuck", "", capturing=capturing)
        assert stand.said[-1].problem == Problem("not_safe", message, "Look after it if you can.")
        safing.over()
        assert stand.said[-1].problem is None
        assert (safing.attempts, safing.trouble, stand.last()[0]) == (0, "", "idle")

    shown(story)
