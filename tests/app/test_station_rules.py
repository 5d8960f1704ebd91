"""Small rules of a station: how far its guard looks ahead, and the box around its telescope."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from agent.clock import LoopClock
from agent.conditions import ConditionSet, Requirements, SunLimitError
from agent.errors import Problem
from agent.events import (
    EnclosureChanged,
    Event,
    Lid,
    OwnScheduleChanged,
    SessionBrief,
    SessionEnded,
    SessionStarted,
    Telemetry,
    TelemetryChanged,
)
from agent.settings.enclosure import EnclosureSettings
from agent.station.enclosure import Enclosure
from agent.station.enclosure_problems import Sight, problem_of
from agent.station.gate import SessionGuard
from agent.station.link import Link
from agent.targets import Site, SolarBody, SolarTarget
from agent.telescope.interface import ConnectionChanged, ConnectionState, SchedulesReport, TelemetryReport
from tests.app.hands_stand import DUSK, Stand
from tests.store.support import result
from tests.support.virtual_loop import run_virtual

PARIS = Site(48.8566, 2.3522, 35.0, "Europe/Paris")
BEFORE_DAWN = datetime(
    2026, 1, 20, 5, tzinfo=UTC
)  # Mercury stands a degree from the Sun, which rises in 2.5 h
MERCURY = SolarTarget("Mercury", SolarBody.MERCURY)


def test_a_guard_looks_as_far_ahead_as_the_session_points_there() -> None:
    async def story() -> None:
        conditions = ConditionSet.of(Requirements())
        guard = SessionGuard(conditions, PARIS, LoopClock(BEFORE_DAWN), sun_filter=False)
        guard.permit(MERCURY, seconds=3600)
        for seconds in (4 * 3600, None):
            with pytest.raises(SunLimitError):
                guard.permit(MERCURY, seconds=seconds)

    run_virtual(story())


class Filter:
    """Hears of the link, and shows nothing."""

    def link(self, _state: ConnectionState) -> None: ...


def test_news_of_a_telescope_has_its_conditions_looked_at_and_its_link_kicks() -> None:
    async def story() -> None:
        stand = Stand()
        told: list[Event] = []
        asked: list[str] = []
        unused: Any = None
        link = Link(
            *(stand.ground, stand.status, Filter(), unused),
            kick=lambda: asked.append("kick"),
            look=lambda: asked.append("look"),
            look_again=unused,
            poll_s=10,
        )
        link.begin()
        stand.ground.bus.subscribe(told.append)
        stand.telescope.tell(TelemetryReport(Telemetry(battery=7)))
        stand.telescope.tell(SchedulesReport(()))
        assert [type(one) for one in told] == [TelemetryChanged, OwnScheduleChanged]
        assert asked == ["look", "look"]
        stand.telescope.tell(ConnectionChanged(ConnectionState.CONNECTING, "no route"))
        assert asked == ["look", "look", "kick"]

    run_virtual(story())


def lid_of(stand: Stand) -> Enclosure:
    """A lid over that telescope, seen open, with a session that is due."""
    due = SimpleNamespace(resume=False, start=stand.clock.now())
    around: dict[str, Any] = {
        "nights": SimpleNamespace(left=lambda: (due,)),
        "switches": SimpleNamespace(values=SimpleNamespace(enclosure="auto"), listen=lambda _: None),
    }
    sky: Any = SimpleNamespace(holds=False, unsafe="", decision=None)
    words = {"lid": "roof/set OPEN CLOSE", "lid_open": "roof is 1", "lid_closed": "roof is 0"}
    settings = EnclosureSettings(**words, idle_min=60)
    box = Enclosure(stand.ground, stand.hands, stand.status, sky, settings, **around)
    box.seen.see("lid_open", True)
    box.seen.see("lid_closed", False)
    return box


def test_the_lid_waits_open_for_what_is_due_so_many_minutes_and_not_longer() -> None:
    async def story() -> None:
        stand = Stand()
        told: list[Event] = []
        stand.ground.bus.subscribe(told.append)
        box = lid_of(stand)
        serving = asyncio.create_task(box.serve())
        stand.ground.bus.publish(
            SessionStarted(telescope="scope", at=stand.clock.now(), session=SessionBrief("a", "M 42"))
        )
        await stand.clock.sleep(100)
        stand.ground.bus.publish(SessionEnded(telescope="scope", at=stand.clock.now(), result=result("a")))
        await stand.clock.sleep(2 * 3600)
        serving.cancel()
        changes = [one for one in reversed(told) if isinstance(one, EnclosureChanged)]
        wanted = {one.wanted_open: (one.at - DUSK).total_seconds() for one in changes}
        assert wanted == {True: 0.0, False: 100.0 + 60 * 60.0}

    run_virtual(story())


def test_a_lid_that_is_to_be_open_waits_for_no_telescope_that_is_away() -> None:
    async def story() -> None:
        stand = Stand()
        told: list[Event] = []
        stand.ground.bus.subscribe(told.append)
        serving = asyncio.create_task(lid_of(stand).serve())
        stand.ground.bus.publish(
            SessionStarted(telescope="scope", at=stand.clock.now(), session=SessionBrief("a", "M 42"))
        )
        stand.telescope.tell(ConnectionChanged(ConnectionState.CONNECTING, "no route"))
        await stand.clock.sleep(600)
        serving.cancel()
        changes = [one for one in told if isinstance(one, EnclosureChanged)]
        assert {(one.wanted_open, one.message) for one in changes} == {(True, "")}

    run_virtual(story())


@pytest.mark.parametrize(
    ("sight", "problem"),
    [
        (Sight(None, wanted=True, lid_trouble="it was told three times"), None),
        (Sight(Lid.OPEN, wanted=True), None),
        (
            Sight(Lid.CONTRADICTS, wanted=True),
            Problem(
                "lid_contradicts",
                "The lid is seen open and closed at once.",
                "Look at its switches: one of them does not say the truth.",
            ),
        ),
        (
            Sight(Lid.UNKNOWN, wanted=True),
            Problem(
                "lid_unknown",
                "The lid is not seen.",
                "Look after what shows it: it is not opened while nobody sees it.",
            ),
        ),
        (
            Sight(Lid.BETWEEN, wanted=True, moved_by_others=True, lid_trouble="x"),
            Problem(
                "lid_disagrees",
                "The lid was open for a session, and is neither open nor closed.",
                "It was not the agent: put it back. An unsafe sky has it closed in any case.",
            ),
        ),
        (
            Sight(Lid.OPEN, wanted=False, moved_by_others=True),
            Problem(
                "lid_disagrees",
                "The lid was closed, and is open.",
                "It was not the agent: put it back. An unsafe sky has it closed in any case.",
            ),
        ),
        (
            Sight(Lid.CLOSED, wanted=True, lid_trouble="it was told three times", power_trouble="x"),
            Problem(
                "lid_stuck",
                "The lid has not opened: it was told three times.",
                "Nothing is imaged; the session waits.",
            ),
        ),
        (
            Sight(Lid.BETWEEN, wanted=False, lid_trouble="it was told three times", unparked="x"),
            Problem(
                "lid_stuck", "The lid has not closed: it was told three times.", "Look after it at once."
            ),
        ),
        (
            Sight(Lid.OPEN, wanted=False, unparked="a motor jams"),
            Problem(
                "lid_waits",
                "The lid stays open: the telescope is not seen to be parked (a motor jams).",
                "Close it by hand, or set lid_first where the lid cannot hit the telescope.",
            ),
        ),
        (
            Sight(Lid.OPEN, wanted=True, power_trouble="it is off", mains=False, mains_left_s=60.0),
            Problem("power_stuck", "The power is not as it was switched: it is off.", "Look at the plug."),
        ),
        (
            Sight(None, wanted=True, mains=False, mains_left_s=61.0),
            Problem(
                "no_mains",
                "There is no mains power. The night ends in 2 min.",
                "It goes on when the power is back.",
            ),
        ),
        (
            Sight(None, wanted=True, mains=None, mains_left_s=0.0),
            Problem("no_mains", "Nothing tells whether there is mains power.", "Look after what shows it."),
        ),
    ],
)
def test_the_worst_that_is_wrong_with_the_box_is_told(sight: Sight, problem: Problem | None) -> None:
    assert problem_of(sight) == problem
