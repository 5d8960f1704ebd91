"""The rules of the hands: whose wish weighs more, what a telescope is told, and what is believed of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agent.errors import AgentError
from agent.events import Reason, Status
from agent.goals import Level, PreemptedError
from agent.telescope.errors import RefusedError, TransientError
from agent.telescope.interface import (
    CaptureEnd,
    CaptureProgress,
    CaptureReport,
    ConnectionChanged,
    ConnectionState,
    Telescope,
)
from tests.app.hands_stand import TELE, WIDE, Stand, stood, wish

CONNECTED, CONNECTING = ConnectionState.CONNECTED, ConnectionState.CONNECTING
RESTING, HELD, CLOSED = ConnectionState.RESTING, ConnectionState.HELD_BY_OTHER, ConnectionState.CLOSED
STOP = ["stop tele", "halt"]


async def nothing(_telescope: Telescope) -> str:
    return "done"


# -- who may move it ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("wanted", Level)
def test_a_wish_keeps_its_own_and_lower_levels_from_moving_it(level: Level, wanted: Level) -> None:
    async def story(stand: Stand) -> None:
        stand.hands.want("one", wish(wanted, "one"))
        kept = stand.hands.hold(level)
        blocks = wanted >= level and level is not Level.SAFETY
        assert (kept is not None) is blocks
        assert stand.hands.hold(level, besides="one") is None
        stand.hands.want("two", wish(Level.SAFETY, "two"))
        heaviest = stand.hands.hold(level)
        assert (heaviest is None) is (level is Level.SAFETY)
        if heaviest is not None:
            assert heaviest.message == ("one" if wanted is Level.SAFETY else "two")

    stood(story)


@pytest.mark.parametrize("doing", Level)
@pytest.mark.parametrize("wanted", Level)
def test_a_wish_breaks_off_work_of_lower_levels(doing: Level, wanted: Level) -> None:
    async def story(stand: Stand) -> None:
        async def work(_telescope: Telescope) -> None:
            await stand.clock.sleep(100)

        task = asyncio.create_task(stand.hands.perform(doing, work))
        await stand.soon()
        assert stand.hands.busy
        stand.hands.want("one", wish(wanted))
        await stand.soon()
        broken = doing < wanted
        assert task.done() is broken
        if broken:
            with pytest.raises(PreemptedError) as caught:
                await task
            assert caught.value.wish == wish(wanted)
            assert caught.value.message == "rain"
        else:
            stand.hands.stop_all("two", Reason.USER, "stop")
            with pytest.raises(PreemptedError) as caught:
                await task
            assert caught.value.wish.level is Level.SAFETY
            assert (caught.value.wish.reason, caught.value.wish.message) == (Reason.USER, "stop")

    stood(story)


def test_work_waits_until_nothing_keeps_it() -> None:
    async def story(stand: Stand) -> None:
        stand.hands.want("one", wish(standing=True))
        stand.hands.want("two", wish(Level.PERSON, standing=True))
        with pytest.raises(PreemptedError) as caught:
            await stand.hands.perform(Level.PERSON, nothing, wait=False)
        assert caught.value.wish.level is Level.SAFETY
        task = asyncio.create_task(stand.hands.perform(Level.PERSON, nothing))
        await stand.clock.sleep(5)
        assert not task.done()
        stand.hands.withdraw("one")
        await stand.soon()
        assert not task.done()
        stand.hands.withdraw("two")
        assert await task == "done"

    stood(story)


def test_what_kept_it_while_it_waited_for_its_turn_counts() -> None:
    async def story(stand: Stand) -> None:
        async def long(_telescope: Telescope) -> None:
            await stand.clock.sleep(100)

        first = asyncio.create_task(stand.hands.perform(Level.SAFETY, long))
        await stand.soon()
        second = asyncio.create_task(stand.hands.perform(Level.PERSON, nothing))
        await stand.clock.sleep(1)
        stand.hands.want("one", wish(standing=True))
        await first
        await stand.soon()
        assert not second.done()
        stand.hands.withdraw("one")
        assert await second == "done"

    stood(story)


def test_work_that_moves_it_takes_upkeep_back_and_no_other_wish() -> None:
    async def story(stand: Stand) -> None:
        upkeep = stand.hands.want("upkeep", wish(Level.UPKEEP, park=True))
        session = stand.hands.want("session", wish(Level.SESSION))
        await stand.hands.perform(Level.PERSON, nothing, moves=False)
        assert not upkeep.done()
        await stand.hands.perform(Level.PERSON, nothing)
        assert await upkeep is False
        assert not session.done()

    stood(story)


def test_what_was_seen_of_it_stays_true_only_while_it_is_not_moved() -> None:
    async def story(stand: Stand) -> None:
        await stand.hands.park()
        assert stand.telescope.names() == ["take_control", "halt", "park"]
        await stand.hands.perform(Level.PERSON, nothing, moves=False)
        assert stand.shown[0] is Status.PARKED
        reached = stand.hands.want("one", wish(park=True))
        stand.serve()
        assert await reached is True
        assert stand.telescope.names() == []
        await stand.hands.perform(Level.PERSON, nothing)
        assert stand.shown[0] is Status.IDLE
        reached = stand.hands.want("one", wish(park=True))
        assert await reached is True
        assert stand.telescope.names() == ["halt", "take_control", "park"]
        assert stand.shown[0] is Status.PARKED

    stood(story)


@pytest.mark.parametrize("weather", [True, False])
def test_a_person_parks_and_switches_off_whatever_the_weather_wants(weather: bool) -> None:
    async def story(stand: Stand) -> None:
        await stand.moved()
        if weather:
            stand.hands.want("weather", wish(standing=True))
        await stand.hands.park()
        assert stand.telescope.names() == ["take_control", *STOP, "park"]
        stand.opened(TELE)
        await stand.hands.switch_off()
        assert stand.telescope.names() == ["take_control", *STOP, "shutdown"]
        assert stand.hands.reached
        assert not stand.hands.busy

    stood(story)


def test_what_moves_nothing_is_done_beside_everything_else() -> None:
    async def story(stand: Stand) -> None:
        async def long(_telescope: Telescope) -> None:
            await stand.clock.sleep(100)

        async def asks(telescope: Telescope) -> bool:
            return telescope is stand.telescope

        task = asyncio.create_task(stand.hands.perform(Level.PERSON, long))
        stand.hands.want("weather", wish(Level.UPKEEP, standing=True))
        await stand.soon()
        assert await stand.hands.aside(asks)
        assert not task.done()
        task.cancel()

    stood(story)


def test_work_that_was_broken_off_by_an_error_leaves_the_turn_to_the_next() -> None:
    async def story(stand: Stand) -> None:
        async def fails(_telescope: Telescope) -> None:
            raise RefusedError("no")

        with pytest.raises(RefusedError):
            await stand.hands.perform(Level.PERSON, fails)
        assert not stand.hands._turn.busy
        assert await stand.hands.perform(Level.PERSON, nothing) == "done"

    stood(story)


# -- wishes and those who wait ------------------------------------------------------------------------------


def test_a_holder_has_one_wish_and_waits_once() -> None:
    async def story(stand: Stand) -> None:
        await stand.moved()
        first = stand.hands.want("one", wish(message="drizzle"))
        second = stand.hands.want("one", wish(message="rain", park=True))
        stand.serve()
        assert await first is True
        assert await second is True
        assert stand.telescope.names() == [*STOP, "take_control", "park"]
        assert stand.hands.hold(Level.SESSION) is None, "it is over"

    stood(story)


def test_a_standing_wish_is_told_once_and_holds_until_it_is_withdrawn() -> None:
    async def story(stand: Stand) -> None:
        await stand.moved()
        stand.serve()
        reached = stand.hands.want("one", wish(standing=True))
        assert await reached is True
        assert stand.hands.hold(Level.SESSION) is not None
        again = stand.hands.want("one", wish(park=True, standing=True))
        assert not again.done()
        assert await again is True
        assert stand.telescope.names() == [*STOP, "take_control", "park"]
        stand.hands.withdraw("one")
        assert stand.hands.hold(Level.SESSION) is None
        stand.hands.withdraw("one")

    stood(story)


def test_a_wish_that_is_withdrawn_was_not_reached() -> None:
    async def story(stand: Stand) -> None:
        await stand.moved()
        reached = stand.hands.want("one", wish())
        changed = asyncio.ensure_future(stand.hands.changed())
        await stand.soon()
        assert not changed.done()
        stand.hands.withdraw("one")
        assert await reached is False
        await stand.soon()
        assert changed.done()
        other = asyncio.ensure_future(stand.hands.changed())
        stand.hands.withdraw("one")
        await stand.soon()
        assert not other.done(), "there was none"
        other.cancel()

    stood(story)


def test_cancelling_one_who_waits_leaves_the_wish() -> None:
    async def story(stand: Stand) -> None:
        await stand.moved()
        waiting = stand.hands.want("one", wish())
        waiting.cancel()
        other = stand.hands.want("one", wish())
        stand.serve()
        assert await other is True

    stood(story)


def test_everything_is_stopped_even_if_it_is_at_rest() -> None:
    async def story(stand: Stand) -> None:
        stand.serve()
        await stand.hands.park()
        stand.telescope.names()
        assert await stand.hands.stop_all("one", Reason.USER, "stop") is True
        assert stand.telescope.names() == ["halt"]
        assert stand.hands.hold(Level.SESSION) is None

    stood(story)


@pytest.mark.parametrize("command", ["halt", "park"])
def test_a_stop_during_an_attempt_is_carried_out_after_it(command: str) -> None:
    async def story(stand: Stand) -> None:
        await stand.moved()
        stand.telescope.takes[command] = 5.0
        stand.serve()
        stand.hands.want("one", wish(park=True, standing=True))
        await stand.clock.sleep(2)
        stand.hands.stop_all("two", Reason.USER, "stop")
        await stand.clock.sleep(100)
        names = stand.telescope.names()
        assert names.count("halt") == 2, names
        assert names[-1] == "park"
        assert stand.hands.reached

    stood(story)


def test_a_stop_during_a_stop_is_carried_out_after_it() -> None:
    async def story(stand: Stand) -> None:
        await stand.moved()
        stand.telescope.takes["halt"] = 5.0
        stand.serve()
        first = stand.hands.stop_all("one", Reason.USER, "stop")
        await stand.clock.sleep(2)
        second = stand.hands.stop_all("two", Reason.USER, "stop")
        await stand.clock.sleep(4)
        assert (first.done(), second.done()) == (False, False)
        await stand.clock.sleep(100)
        assert (first.result(), second.result()) == (True, True)
        assert stand.telescope.names() == [*STOP, "halt"]

    stood(story)


def test_a_stop_of_everything_is_its_holders_to_take_back() -> None:
    async def story(stand: Stand) -> None:
        await stand.moved()
        stopped = stand.hands.stop_all("one", Reason.USER, "stop")
        stand.hands.withdraw("one")
        assert await stopped is False

    stood(story)


def test_one_that_was_switched_off_and_on_is_not_one_that_we_moved() -> None:
    async def story(stand: Stand) -> None:
        await stand.moved()
        await stand.hands.switch_off()
        for state in (CONNECTING, CONNECTED):
            stand.telescope.tell(ConnectionChanged(state))
        stand.telescope.names()
        stand.serve()
        assert await stand.hands.want("one", wish()) is True
        assert stand.telescope.names() == [], "only its shutters are looked at"

    stood(story)


def test_upkeep_is_too_late_after_twelve_hours() -> None:
    async def story(stand: Stand) -> None:
        await stand.moved()
        stand.telescope.tell(ConnectionChanged(CONNECTING))
        stand.serve()
        upkeep = stand.hands.want("night", wish(Level.UPKEEP, park=True))
        weather = stand.hands.want("weather", wish(park=True, standing=True))
        await stand.clock.sleep(12 * 3600)
        stand.telescope.tell(ConnectionChanged(CONNECTING))
        await stand.soon()
        assert not upkeep.done()
        await stand.clock.sleep(1)
        stand.telescope.tell(ConnectionChanged(CONNECTING))
        await stand.soon()
        assert await upkeep is False
        assert not weather.done(), "what is for safety is never too late"

    stood(story)


# -- the task -----------------------------------------------------------------------------------------------


def test_a_capture_is_stopped_then_folded_then_switched_off() -> None:
    async def story(stand: Stand) -> None:
        await stand.moved()
        stand.opened(WIDE)
        stand.serve()
        assert await stand.hands.want("one", wish(park=True, off=True)) is True
        names = stand.telescope.names()
        assert sorted(names[:2]) == ["stop tele", "stop wide"]
        assert names[2:] == ["halt", "take_control", "park", "take_control", "shutdown"]
        assert stand.hands.capturing == frozenset()
        report = CaptureReport(TELE, 7, 6, CaptureEnd.STOPPED, "/there", 12)
        assert stand.hands.take_report(TELE) == report
        assert stand.hands.take_report(TELE) is None, "each is told once"
        assert stand.hands.take_report(WIDE) is not None

    stood(story)


def test_a_new_capture_has_no_report_of_the_last_one() -> None:
    async def story(stand: Stand) -> None:
        await stand.moved()
        stand.serve()
        await stand.hands.want("one", wish())
        stand.hands.capture_opened(TELE)
        assert stand.hands.take_report(TELE) is None

    stood(story)


def test_a_shutter_that_stays_open_is_tried_again_every_ten_seconds_with_control(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("WARNING")

    async def story(stand: Stand) -> None:
        await stand.moved()
        stand.telescope.deaf = 2
        stand.serve()
        began = stand.clock.monotonic()
        assert await stand.hands.want("one", wish(message="rain")) is True
        assert [at - began for at in stand.telescope.times("halt")] == pytest.approx([0, 10, 20], abs=0.1)
        assert stand.telescope.names() == [*STOP, "take_control", *STOP, "take_control", *STOP]
        shown = [(one.status, one.message) for one in stand.said if one.status is Status.STOPPING]
        assert shown[0] == (Status.STOPPING, "stopping the telescope: rain")
        told = next(one.problem for one in stand.said if one.problem is not None)
        assert told.code == "not_safe"
        assert told.message == (
            "The telescope is not stopped yet: The tele camera still captures. The agent goes on trying."
        )
        assert stand.problem is None
        assert stand.hands.trouble() == ""
        assert caplog.text.count("is not stopped yet") == 1, "the log has it once"

    stood(story)


def test_a_shutter_nobody_knew_of_is_closed() -> None:
    async def story(stand: Stand) -> None:
        await stand.hands.perform(Level.SESSION, nothing)
        stand.telescope.shutters.add(WIDE)
        stand.telescope.deaf = 1
        stand.telescope.ends[WIDE] = CaptureReport(WIDE, 0, 0, CaptureEnd.UNKNOWN, None, 0)
        stand.serve()
        assert await stand.hands.want("one", wish()) is True
        assert stand.telescope.names() == ["halt", "take_control", "stop wide", "halt"]

    stood(story)


@pytest.mark.parametrize(
    ("error", "why", "hint"),
    [
        (TransientError("It is busy.", hint="Wait."), "It is busy.", "Wait."),
        (TimeoutError(), "it took too long", "Look after it if you can."),
        (
            ValueError("oops"),
            "the agent failed (ValueError)",
            "Please report it with the log.",
        ),
    ],
)
def test_an_attempt_that_failed_is_told_and_tried_again_after_a_minute(
    error: Exception, why: str, hint: str
) -> None:
    async def story(stand: Stand) -> None:
        stand.telescope.errors["park"] = [error]
        stand.serve()
        began = stand.clock.monotonic()
        reached = stand.hands.want("one", wish(park=True))
        await stand.clock.sleep(30)
        assert stand.problem is not None
        assert stand.problem.message == (
            f"The telescope is not parked yet: {why.rstrip('.')}. The agent goes on trying."
        )
        assert stand.problem.hint == hint
        assert stand.hands.trouble() == why
        assert stand.shown[0] is Status.FINISHING
        assert await reached is True
        assert [at - began for at in stand.telescope.times("park")] == pytest.approx([0, 60], abs=0.1)
        await stand.soon()
        assert stand.problem is None
        assert stand.shown[0] is Status.PARKED

    stood(story)


def test_an_attempt_that_takes_long_is_told_while_it_goes_on() -> None:
    async def story(stand: Stand) -> None:
        stand.telescope.takes["park"] = 80.0
        await stand.moved()
        stand.serve()
        reached = stand.hands.want("one", wish(park=True))
        await stand.clock.sleep(69.5)
        assert stand.problem is None
        assert stand.shown == (Status.FINISHING, Reason.WEATHER, "parking the telescope: rain")
        await stand.clock.sleep(1)
        assert stand.problem is not None
        assert "not parked yet: it does not obey." in stand.problem.message
        assert await reached is True
        await stand.soon()
        assert stand.problem is None

    stood(story)


def test_a_stop_that_takes_long_is_told_sooner() -> None:
    async def story(stand: Stand) -> None:
        stand.telescope.takes["stop tele"] = 30.0
        await stand.moved()
        stand.serve()
        reached = stand.hands.want("one", wish(park=True))
        await stand.clock.sleep(9.5)
        assert stand.problem is None
        await stand.clock.sleep(1)
        assert stand.problem is not None
        assert "not stopped yet: it does not obey." in stand.problem.message
        assert await reached is True

    stood(story)


def test_an_attempt_that_is_over_is_not_told_to_be_late() -> None:
    async def story(stand: Stand) -> None:
        stand.serve()
        assert await stand.hands.want("one", wish(park=True, standing=True)) is True
        await stand.clock.sleep(30)
        assert all(one.problem is None for one in stand.said)

    stood(story)


def test_what_is_withdrawn_during_an_attempt_is_not_done_any_more() -> None:
    async def story(stand: Stand) -> None:
        await stand.moved()
        stand.telescope.takes["halt"] = 5.0
        stand.serve()
        stand.hands.want("one", wish(standing=True))
        stand.hands.want("two", wish(park=True, off=True))
        await stand.clock.sleep(1)
        stand.hands.withdraw("two")
        await stand.clock.sleep(20)
        assert stand.telescope.names() == STOP

    stood(story)


def test_what_is_withdrawn_before_its_attempt_can_begin_is_not_begun() -> None:
    async def story(stand: Stand) -> None:
        async def long(_telescope: Telescope) -> None:
            await stand.clock.sleep(8)

        work = asyncio.create_task(stand.hands.perform(Level.SAFETY, long))
        await stand.soon()
        stand.serve()
        stand.hands.want("one", wish(park=True))
        await stand.clock.sleep(5)
        stand.hands.withdraw("one")
        await work
        await stand.soon()
        assert stand.telescope.asked == []
        assert all(one.problem is None for one in stand.said)

    stood(story)


def test_one_that_was_seen_to_stand_still_is_folded_without_another_look() -> None:
    async def story(stand: Stand) -> None:
        await stand.moved()
        stand.serve()
        await stand.hands.want("one", wish())
        stand.telescope.asked.clear()
        assert await stand.hands.want("one", wish(park=True)) is True
        assert [name for _, name in stand.telescope.asked] == ["take_control", "park"]

    stood(story)


def test_a_telescope_that_has_to_stand_still_is_looked_at_every_minute() -> None:
    async def story(stand: Stand) -> None:
        stand.serve()
        stand.hands.want("weather", wish(standing=True))
        await stand.clock.sleep(125)
        first = stand.telescope.times("running tele")
        assert first == pytest.approx([0, 60, 120], abs=0.1)
        stand.hands.withdraw("nobody")
        stand.hands.want("another", wish(standing=True))
        await stand.clock.sleep(50)
        assert len(stand.telescope.times("running tele")) == 3, "a minute from the last change on"
        stand.telescope.shutters.add(TELE)
        await stand.clock.sleep(60)
        assert stand.telescope.shutters == set()
        assert [name for _, name in stand.telescope.asked if not name.startswith("running")] == STOP
        assert stand.hands.capturing == frozenset()

    stood(story)


@pytest.mark.parametrize("error", [TransientError("busy"), ValueError("oops")])
def test_a_look_that_fails_changes_nothing(error: Exception) -> None:
    async def story(stand: Stand) -> None:
        stand.serve()
        stand.hands.want("weather", wish(standing=True))
        await stand.clock.sleep(30)
        stand.telescope.errors["running wide"] = [error]
        stand.telescope.shutters.add(TELE)
        await stand.clock.sleep(40)
        assert stand.hands.reached
        assert stand.telescope.names() == []
        await stand.clock.sleep(60)
        assert stand.telescope.names() == STOP

    stood(story)


def test_a_look_that_a_defect_keeps_from_being_done_is_told_until_one_is() -> None:
    async def story(stand: Stand) -> None:
        stand.serve()
        stand.hands.want("weather", wish(standing=True))
        for seen in (True, False):
            await stand.clock.sleep(30)
            stand.telescope.errors["running wide"] = [ValueError("oops")]
            await stand.clock.sleep(35)
            assert stand.problem is not None
            assert stand.problem.code == "not_seen"
            assert stand.problem.message == (
                "Whether the telescope still stands still is not seen: the agent failed (ValueError)."
                " The agent looks again."
            )
            assert stand.problem.hint == "Look after it if you can. Please report it with the log."
            if seen:
                await stand.clock.sleep(60)
            else:
                stand.hands.withdraw("weather")
                await stand.soon()
            assert stand.problem is None

    stood(story)


def test_a_telescope_that_is_away_is_not_looked_at() -> None:
    async def story(stand: Stand) -> None:
        stand.serve()
        stand.hands.want("weather", wish(standing=True))
        await stand.clock.sleep(30)
        stand.telescope.tell(ConnectionChanged(CONNECTING))
        stand.telescope.asked.clear()
        await stand.clock.sleep(600)
        assert stand.telescope.asked == []
        assert stand.hands.reached, "it was left at rest"

    stood(story)


# -- what is believed of it ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "linked"),
    [(CONNECTED, True), (HELD, True), (CONNECTING, False), (RESTING, False), (CLOSED, False)],
)
def test_a_telescope_is_there_if_it_can_be_told(link: ConnectionState, linked: bool) -> None:
    async def story(stand: Stand) -> None:
        stand.telescope.link = link
        assert stand.hands.linked is linked

    stood(story)


@pytest.mark.parametrize(
    ("link", "moved", "capturing", "rest"),
    [
        (CONNECTED, False, False, False),  # it is there: it has to be seen
        (CONNECTING, False, False, False),  # never seen
        (CONNECTING, True, False, False),
        (CONNECTING, True, True, False),
        (RESTING, True, False, True),  # we left it alone ourselves
        (RESTING, True, True, False),
        (HELD, False, False, False),
    ],
)
def test_one_out_of_sight_is_believed_at_rest_if_it_was_left_so(
    link: ConnectionState, moved: bool, capturing: bool, rest: bool
) -> None:
    async def story(stand: Stand) -> None:
        if moved:
            await stand.hands.perform(Level.SESSION, nothing)
        if capturing:
            stand.hands.capture_opened(TELE)
        stand.telescope.link = link
        assert stand.hands.reached, "nobody wants anything"
        assert not stand.hands.stopping
        stand.hands.want("one", wish(standing=True))
        assert stand.hands.reached is rest
        assert stand.hands.stopping is not rest
        assert stand.hands.busy is (capturing or (not rest and (moved or link is not CONNECTING)))

    stood(story)


@pytest.mark.parametrize(
    ("link", "more", "capturing", "tried"),
    [
        (CONNECTED, {}, False, True),
        (HELD, {}, False, True),
        (RESTING, {"park": True}, False, True),
        (RESTING, {"off": True}, False, True),
        (RESTING, {}, True, True),
        (CONNECTING, {"park": True}, True, False),
        (CLOSED, {"park": True}, True, False),
    ],
)
def test_there_is_a_way_to_one_that_is_there_or_was_left_alone(
    link: ConnectionState, more: dict[str, bool], capturing: bool, tried: bool
) -> None:
    async def story(stand: Stand) -> None:
        await stand.hands.perform(Level.SESSION, nothing)
        if capturing:
            stand.opened(TELE)
        stand.telescope.link = link
        stand.serve()
        stand.hands.want("one", wish(**more))
        await stand.clock.sleep(1)
        assert bool(stand.telescope.names()) is tried
        if not tried:
            assert stand.hands.trouble() == "it does not answer"
            assert stand.problem is not None
            assert stand.problem.hint == "It is done as soon as the telescope is back."
            stand.telescope.tell(ConnectionChanged(CONNECTED))
            await stand.clock.sleep(1)
            assert stand.hands.reached

    stood(story)


@pytest.mark.parametrize(
    ("known", "link", "more", "capturing", "told"),
    [
        (True, CONNECTING, {"park": True}, False, True),
        (True, CONNECTING, {"off": True}, False, True),
        (True, CONNECTING, {}, False, True),  # an ordered stop
        (True, CONNECTING, {}, True, True),
        (False, CONNECTING, {"park": True}, False, True),
        (
            False,
            CONNECTING,
            {"park": True, "standing": True},
            False,
            False,
        ),  # never seen
        (True, CONNECTING, {"park": True, "standing": True}, False, True),
        (True, CONNECTING, {"off": True, "standing": True}, False, True),
        (True, CONNECTING, {"standing": True}, False, False),  # it cannot do worse than it does
        (False, CONNECTING, {"level": Level.UPKEEP, "park": True}, False, False),
        (False, CONNECTING, {}, True, True),
    ],
)
def test_what_nobody_can_reach_is_told_if_somebody_has_to_look_after_it(
    known: bool, link: ConnectionState, more: dict[str, Any], capturing: bool, told: bool
) -> None:
    async def story(stand: Stand) -> None:
        await stand.hands.perform(Level.SESSION, nothing)
        if capturing:
            stand.hands.capture_opened(TELE)
        stand.telescope.known, stand.telescope.link = known, link
        stand.serve()
        stand.hands.want("one", wish(**more))
        await stand.clock.sleep(1)
        assert (stand.problem is not None) is told

    stood(story)


def test_a_telescope_that_fails_while_it_is_there_is_told() -> None:
    async def story(stand: Stand) -> None:
        stand.telescope.errors["running tele"] = [TransientError("busy")]
        stand.serve()
        stand.hands.want("one", wish())
        await stand.clock.sleep(1)
        assert stand.problem is not None

    stood(story)


@pytest.mark.parametrize(
    ("away", "states", "parked"),
    [
        (5, [CONNECTING], True),
        (5, [RESTING], False),
        (5, [HELD, CONNECTING], False),
        (5, [CLOSED, CONNECTING], False),
        (5, [CONNECTING, HELD, CONNECTING], False),
    ],
)
def test_one_that_others_could_have_had_is_not_known_to_be_folded(
    away: float, states: list[ConnectionState], parked: bool
) -> None:
    async def story(stand: Stand) -> None:
        await stand.hands.park()
        for state in states:
            stand.telescope.tell(ConnectionChanged(state))
            await stand.clock.sleep(away)
        stand.telescope.tell(ConnectionChanged(CONNECTED))
        stand.telescope.names()
        stand.serve()
        await stand.hands.want("one", wish(park=True))
        assert stand.telescope.names() == ([] if parked else ["take_control", "park"])
        # what was seen of others is over with the return
        stand.telescope.tell(ConnectionChanged(CONNECTING))
        stand.telescope.tell(ConnectionChanged(CONNECTED))
        await stand.hands.want("one", wish(park=True))
        assert stand.telescope.names() == []

    stood(story)


@pytest.mark.parametrize(
    ("away", "states", "off"),
    [
        (600.0, [CONNECTING], True),
        (601.0, [CONNECTING], False),
        (301.0, [CONNECTING, CONNECTING], False),  # counted from the loss on
        (3600.0, [RESTING], True),  # left alone is not lost
        (3600.0, [HELD, CONNECTING], True),
    ],
)
def test_one_that_somebody_switched_on_is_not_switched_off_for_upkeep(
    away: float, states: list[ConnectionState], off: bool
) -> None:
    async def story(stand: Stand) -> None:
        await stand.hands.perform(Level.SESSION, nothing)
        stand.hands.want("night", wish(Level.UPKEEP, off=True))
        for state in states:
            stand.telescope.tell(ConnectionChanged(state))
            await stand.clock.sleep(away)
        stand.telescope.tell(ConnectionChanged(CONNECTED))
        stand.serve()
        await stand.clock.sleep(10)
        assert ("shutdown" in stand.telescope.names()) is off

    stood(story)


def test_one_that_somebody_switched_on_is_switched_off_for_safety() -> None:
    async def story(stand: Stand) -> None:
        await stand.hands.perform(Level.SESSION, nothing)
        stand.hands.want("weather", wish(off=True))
        stand.telescope.tell(ConnectionChanged(CONNECTING))
        await stand.clock.sleep(4000)
        stand.telescope.tell(ConnectionChanged(CONNECTED))
        stand.serve()
        await stand.clock.sleep(10)
        assert "shutdown" in stand.telescope.names()

    stood(story)


def test_one_that_is_left_alone_is_folded_again_if_that_is_wanted_then() -> None:
    async def story(stand: Stand) -> None:
        await stand.hands.park()
        stand.telescope.tell(ConnectionChanged(RESTING))
        stand.telescope.names()
        stand.serve()
        assert await stand.hands.want("one", wish(park=True)) is True
        names = stand.telescope.names()
        assert (names[0], names[-1]) == ("take_control", "park")

    stood(story)


def test_one_that_was_seen_at_rest_is_believed_so_when_it_goes_before_it_was_looked_at_again() -> None:
    async def story(stand: Stand) -> None:
        await stand.hands.park()
        for state in (CONNECTING, CONNECTED, CONNECTING):
            stand.telescope.tell(ConnectionChanged(state))
        stand.hands.want("weather", wish(standing=True))
        assert stand.hands.reached

    stood(story)


def test_each_absence_is_counted_for_itself() -> None:
    async def story(stand: Stand) -> None:
        await stand.hands.perform(Level.SESSION, nothing)
        stand.hands.want("night", wish(Level.UPKEEP, off=True))
        for _ in range(3):
            stand.telescope.tell(ConnectionChanged(CONNECTING))
            await stand.clock.sleep(400)
            stand.telescope.tell(ConnectionChanged(CONNECTED))
            await stand.clock.sleep(400)
        stand.serve()
        await stand.clock.sleep(10)
        assert "shutdown" in stand.telescope.names()

    stood(story)


def test_one_that_comes_back_has_to_be_seen_at_rest_again() -> None:
    async def story(stand: Stand) -> None:
        stand.serve()
        stand.hands.want("weather", wish(standing=True))
        await stand.clock.sleep(1)
        stand.telescope.tell(ConnectionChanged(CONNECTING))
        await stand.clock.sleep(1)
        stand.telescope.shutters.add(TELE)
        stand.telescope.asked.clear()
        stand.telescope.tell(ConnectionChanged(CONNECTED))
        await stand.clock.sleep(0.5)
        assert "running tele" in [name for _, name in stand.telescope.asked]

    stood(story)


@pytest.mark.parametrize(("rests", "wanted"), [(True, True), (True, False), (False, True)])
def test_frames_of_a_telescope_that_has_to_stand_still_are_no_rest(rests: bool, wanted: bool) -> None:
    async def story(stand: Stand) -> None:
        if rests:
            await stand.hands.park()
        if wanted:
            stand.hands.want("one", wish(standing=True))
        stand.telescope.tell(CaptureProgress(WIDE, 1, 1, 12))
        assert stand.hands.capturing == (frozenset({WIDE}) if rests and wanted else frozenset())
        if rests and wanted:
            assert not stand.hands.reached

    stood(story)


# -- a session that closes, and what is remembered ----------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "closing", "off"),
    [
        (Level.SAFETY, False, True),
        (Level.SAFETY, True, False),
        (Level.PERSON, True, False),
        (Level.UPKEEP, True, True),
    ],
)
def test_a_session_that_closes_comes_before_a_switch(level: Level, closing: bool, off: bool) -> None:
    async def story(stand: Stand) -> None:
        await stand.hands.perform(Level.SESSION, nothing)
        stand.hands.closing = closing
        stand.serve()
        stand.hands.want("one", wish(level, park=True, off=True, standing=True))
        await stand.clock.sleep(10)
        names = stand.telescope.names()
        assert "park" in names
        assert ("shutdown" in names) is off

    stood(story)


def test_what_was_off_is_switched_off_again_after_it_was_wanted_no_more() -> None:
    async def story(stand: Stand) -> None:
        stand.serve()
        assert await stand.hands.want("one", wish(off=True)) is True
        await stand.soon()
        assert stand.telescope.names() == ["take_control", "shutdown"]
        assert await stand.hands.want("one", wish(off=True)) is True
        assert stand.telescope.names() == ["take_control", "shutdown"]

    stood(story)


def remembered(stand: Stand) -> Any:
    return stand.memory.facts["hands"]


def test_open_shutters_and_unreached_wishes_are_remembered() -> None:
    async def story(stand: Stand) -> None:
        stand.hands.capture_opened(TELE)
        assert remembered(stand) == {"capturing": ["tele"]}
        stand.hands.capture_closed(TELE)
        assert remembered(stand) is None
        stand.telescope.errors["park"] = [TransientError("busy")]
        stand.serve()
        stand.hands.want("one", wish(park=True, message="cold"))
        await stand.clock.sleep(1)
        assert remembered(stand) == {"wish": {"park": True, "reason": "weather", "message": "cold"}}
        await stand.clock.sleep(100)
        assert remembered(stand) is None

    stood(story)


def test_the_weathers_wish_is_made_anew_and_not_remembered() -> None:
    async def story(stand: Stand) -> None:
        stand.telescope.errors["park"] = [TransientError("busy")]
        stand.serve()
        stand.hands.want("weather", wish(park=True))
        await stand.clock.sleep(1)
        assert remembered(stand) is None

    stood(story)


@pytest.mark.parametrize("capturing", [["tele"], []])
def test_what_an_earlier_life_left_is_brought_to_its_end(capturing: list[str]) -> None:
    kept = {"capturing": capturing, "wish": {"park": True, "reason": "user", "message": "enough"}}

    async def story(stand: Stand) -> None:
        assert stand.hands.capturing == ({TELE} if capturing else set())
        stand.telescope.shutters |= stand.hands.capturing
        # what was done of two wishes lets the other be tried once more at once
        tries = 2 if capturing else 1
        stand.telescope.errors["park"] = [TransientError("busy") for _ in range(tries)]
        stand.serve()
        await stand.soon()
        held = {holder: one.wish for holder, one in stand.hands._held.items()}
        assert list(held) == ["before the restart: park"]
        assert held["before the restart: park"].level is Level.UPKEEP
        assert held["before the restart: park"].message == "enough"
        names = stand.telescope.names()
        assert names == [*(STOP if capturing else []), *["take_control", "park"] * tries]
        await stand.clock.sleep(100)
        assert stand.telescope.names() == ["take_control", "park"]
        assert remembered(stand) is None

    stood(story, hands=kept)


# -- the last word ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "takes", "stopped"),
    [
        (None, 0.0, True),
        (None, 4.0, True),
        (None, 6.0, False),
        (AgentError("no"), 0.0, False),
        (ValueError("oops"), 0.0, False),
    ],
)
def test_an_agent_that_goes_says_so_if_the_telescope_was_not_seen_to_stop(
    error: Exception | None, takes: float, stopped: bool
) -> None:
    async def story(stand: Stand) -> None:
        stand.telescope.errors["halt"] = [error] if error is not None else []
        stand.telescope.takes["halt"] = takes
        await stand.hands.tell_to_stop(5.0)
        assert stand.telescope.names() == ["halt"]
        assert stand.clock.monotonic() == pytest.approx(min(takes, 5.0))
        if stopped:
            assert stand.problem is None
        else:
            assert stand.problem is not None
            assert stand.problem.code == "not_safe"
            assert stand.problem.message == "The telescope was not seen to stop before the agent ended."
            assert stand.problem.hint == (
                "Look after it if you can. The agent goes on trying after its next start."
            )
            stand.serve()
            assert await stand.hands.want("one", wish()) is True
            await stand.soon()
            assert stand.problem is None, "it was seen to stop all the same"

    stood(story)
