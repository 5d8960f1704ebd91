"""The brake by itself: which order it obeys, how long it waits to see the telescope stop, what it notes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from agent.capabilities import Camera
from agent.clock import LoopClock
from agent.errors import AgentError
from agent.events import Frames, Reason, Status, Waited
from agent.execute.brake import FAILED, Brake, EndedError, HeldError
from agent.execute.context import ExecutorOptions
from agent.execute.frame_counter import FrameCounter
from agent.execute.journal import Journal
from agent.execute.orders import Ending, EndKind, Hold, Orders
from agent.execute.recognition import Asked
from agent.goals import Level, PreemptedError, Wish
from agent.telescope.interface import CaptureEnd, CaptureProgress, CaptureReport
from tests.execute.conftest import DUSK, MemoryJournal, Said
from tests.support.virtual_loop import run_virtual

TELE = Camera.TELE
ABORT = Ending(EndKind.ABORT, Reason.USER, "A person stopped it.")
STOP = Wish(Level.SAFETY, Reason.USER, "A person stopped it.", own_schedule=True)
LEAVING = Ending(EndKind.AGENT_STOP, Reason.AGENT_STOPPED, "The agent stops.")
RAIN = Hold(Reason.WEATHER, "rain")
OPTIONS = ExecutorOptions(stop_limit_s=100, reconnect_limit_s=1000, agent_stop_limit_s=15, hold_limit_s=7200)


class ScriptedHands:
    """Hands that fulfil a wish when they are told to."""

    def __init__(self) -> None:
        self.linked = True
        self.wishes: dict[Hashable, Wish] = {}
        self.others: Wish | None = None
        self.reached: asyncio.Future[bool] | None = None
        self.wanted: list[Wish] = []
        self.withdrawn = 0
        self.report: CaptureReport | None = CaptureReport(TELE, 5, 4, CaptureEnd.STOPPED, "/a", 12)
        self.event = asyncio.Event()

    def want(self, holder: Hashable, wish: Wish) -> asyncio.Future[bool]:
        self.wishes[holder] = wish
        self.wanted.append(wish)
        self.reached = asyncio.get_running_loop().create_future()
        return self.reached

    def withdraw(self, holder: Hashable) -> None:
        self.withdrawn += 1
        self.wishes.pop(holder, None)

    def hold(self, level: Level, *, besides: Hashable = None) -> Wish | None:
        assert level is Level.SESSION
        assert isinstance(besides, Brake)
        return self.others

    def changed(self) -> Awaitable[object]:
        return self.event.wait()

    def change(self, others: Wish | None) -> None:
        self.others = others
        event, self.event = self.event, asyncio.Event()
        event.set()

    def take_report(self, camera: Camera) -> CaptureReport | None:
        assert camera is TELE
        return self.report

    def capture_opened(self, _camera: Camera) -> None:
        pass

    def capture_left_open(self, _camera: Camera, _stranger: object, _begins_s: float) -> None:
        pass

    def capture_closed(self, _camera: Camera, *, taken_over: bool = False) -> None:
        pass


class Bench:
    def __init__(self) -> None:
        self.clock = LoopClock(DUSK)
        self.hands = ScriptedHands()
        self.orders = Orders()
        self.said = Said()
        self.counter = FrameCounter(
            Journal(MemoryJournal(), self.clock), {TELE: Asked(12, 15.0)}, self.clock, self.hands
        )
        self.records: list[CaptureReport] = []
        self.brake = Brake(
            self.orders,
            self.hands,  # type: ignore[arg-type]
            self.counter,
            self.clock,
            self.said,
            OPTIONS,
            self.recorded,
        )

    async def recorded(self, camera: Camera, _since: datetime) -> list[CaptureReport]:
        assert camera is TELE
        return self.records

    async def captures(self) -> None:
        await self.counter.open(TELE, self.clock.now(), planned=12, settings={})
        await self.clock.sleep(60)
        self.counter.progress(CaptureProgress(TELE, 3, 3, 12))

    async def soon(self, seconds: float = 0.001) -> None:
        await self.clock.sleep(seconds)

    def see(self, reached: bool) -> None:
        """The telescope was seen to stop, or the wish was withdrawn."""
        assert self.hands.reached is not None
        self.hands.reached.set_result(reached)


def braked(story: Callable[[Bench], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        return await story(Bench())

    return run_virtual(main())


# -- obeying ------------------------------------------------------------------------------------------------


def test_without_an_order_the_session_goes_on_and_a_stopped_capture_is_counted() -> None:
    async def story(bench: Bench) -> None:
        await bench.captures()
        await bench.brake.obey()
        assert bench.counter.closed(TELE) == Frames(0, 5, 4)
        assert (bench.hands.wanted, bench.hands.withdrawn) == ([], 0)
        await bench.captures()
        bench.hands.report = None
        await bench.brake.obey()
        assert bench.counter.open_camera is TELE
        assert bench.said.lines == []

    braked(story)


@pytest.mark.parametrize("opened", [True, False])
def test_an_ending_stops_the_telescope_where_something_may_still_run(opened: bool) -> None:
    async def story(bench: Bench) -> None:
        if opened:
            await bench.captures()
        bench.orders.end(ABORT)
        task = asyncio.create_task(bench.brake.obey())
        await bench.soon()
        if opened:
            assert not task.done()
            assert bench.hands.wanted == [STOP]
            bench.see(True)
        with pytest.raises(EndedError) as caught:
            await task
        assert caught.value.ending is ABORT
        assert str(caught.value) == "A person stopped it."
        assert bool(bench.hands.wanted) is opened
        assert bench.counter.closed(TELE).taken == (5 if opened else 0)

    braked(story)


def test_an_ending_in_a_pause_stops_the_telescope_whose_wish_stands() -> None:
    async def story(bench: Bench) -> None:
        bench.orders.pause("user", RAIN)
        work = asyncio.create_task(bench.brake.attended(bench.clock.sleep(100)))
        await bench.soon()
        bench.see(True)
        with pytest.raises(HeldError):
            await work
        task = asyncio.create_task(bench.brake.obey())
        await bench.soon()
        assert not task.done()
        bench.orders.end(ABORT)
        await bench.soon()
        assert len(bench.hands.wanted) == 2
        assert bench.hands.wanted[1].level is Level.SAFETY
        bench.see(True)
        with pytest.raises(EndedError):
            await task
        bench.brake.leave()
        assert bench.hands.withdrawn == 0, "what a wish of an ending stands for is not ours to take back"

    braked(story)


def test_a_pause_is_waited_out_told_and_noted() -> None:
    async def story(bench: Bench) -> None:
        bench.orders.pause("user", RAIN)
        task = asyncio.create_task(bench.brake.obey())
        await bench.soon(40)
        assert bench.said.lines == [(Status.PAUSED, Reason.WEATHER, "rain")]
        bench.hands.change(Wish(Level.SAFETY, Reason.LOST_CONNECTION, "wind"))
        bench.orders.resume("user")
        await bench.soon(20)
        assert not task.done()
        bench.hands.change(None)
        await task
        assert bench.brake.waits == [Waited(Reason.WEATHER, 60.0)]

    braked(story)


def test_what_the_hands_want_pauses_the_session_too() -> None:
    async def story(bench: Bench) -> None:
        bench.hands.change(Wish(Level.PERSON, Reason.USER, "cap on"))
        task = asyncio.create_task(bench.brake.obey())
        await bench.soon(10.04)
        assert bench.said.lines == [(Status.PAUSED, Reason.USER, "cap on")]
        bench.hands.change(None)
        await task
        assert bench.brake.waits == [Waited(Reason.USER, 10.0)]

    braked(story)


def test_a_pause_that_lasts_too_long_ends_the_session() -> None:
    async def story(bench: Bench) -> None:
        bench.orders.pause("user", RAIN)
        with pytest.raises(EndedError) as caught:
            await bench.brake.obey()
        assert caught.value.ending == Ending(
            EndKind.LIMIT, Reason.WEATHER, "The pause lasted longer than 2 h: rain"
        )
        assert bench.clock.monotonic() == pytest.approx(7200)
        assert bench.brake.waits == [Waited(Reason.WEATHER, 7200.0)]
        assert bench.hands.wanted == []

    braked(story)


def test_a_wait_is_noted_even_if_it_fails() -> None:
    async def story(bench: Bench) -> None:
        async def fails() -> None:
            await bench.clock.sleep(12.34)
            raise AgentError("no")

        with pytest.raises(AgentError):
            await bench.brake.timed(Reason.TWILIGHT, fails())
        assert bench.brake.waits == [Waited(Reason.TWILIGHT, 12.3)]

    braked(story)


# -- work that is attended ----------------------------------------------------------------------------------


def test_work_that_ends_by_itself_is_left_alone() -> None:
    async def story(bench: Bench) -> None:
        await bench.brake.attended(bench.clock.sleep(5))
        assert bench.hands.wanted == []

        async def fails() -> None:
            raise AgentError("no")

        with pytest.raises(AgentError):
            await bench.brake.attended(fails())
        await bench.soon()
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        assert left == [], "nothing goes on waiting for an order"

    braked(story)


@pytest.mark.parametrize("ends", [True, False])
def test_an_order_stops_the_work_at_once(ends: bool) -> None:
    async def story(bench: Bench) -> None:
        broken: list[float] = []

        async def work() -> None:
            try:
                await bench.clock.sleep(1000)
            finally:
                broken.append(bench.clock.monotonic())

        task = asyncio.create_task(bench.brake.attended(work()))
        await bench.soon(3)
        if ends:
            bench.orders.end(ABORT)
        else:
            bench.orders.pause("user", RAIN)
        await bench.soon()
        assert broken == [pytest.approx(3.0, abs=0.01)]
        message = "A person stopped it." if ends else "rain"
        reason = Reason.USER if ends else Reason.WEATHER
        assert bench.said.lines == [(Status.STOPPING, reason, f"stopping the telescope: {message}")]
        level = Level.SAFETY if ends else Level.SESSION
        assert bench.hands.wanted == [Wish(level, reason, message, standing=not ends, own_schedule=ends)]
        bench.see(True)
        with pytest.raises(EndedError if ends else HeldError):
            await task

    braked(story)


def test_work_that_was_preempted_pauses_the_session() -> None:
    async def story(bench: Bench) -> None:
        wanted = Wish(Level.SAFETY, Reason.WEATHER, "rain")
        bench.hands.change(wanted)

        async def preempted() -> None:
            raise PreemptedError(wanted)

        task = asyncio.create_task(bench.brake.attended(preempted()))
        await bench.soon()
        assert bench.hands.wanted == [Wish(Level.SESSION, Reason.WEATHER, "rain", standing=True)]
        bench.see(True)
        with pytest.raises(HeldError):
            await task

    braked(story)


def test_work_that_fails_while_it_is_stopped_is_not_told() -> None:
    async def story(bench: Bench) -> None:
        async def work() -> None:
            try:
                await bench.clock.sleep(1000)
            except asyncio.CancelledError:
                raise AgentError("too late") from None

        task = asyncio.create_task(bench.brake.attended(work()))
        await bench.soon()
        bench.orders.end(ABORT)
        await bench.soon()
        bench.see(True)
        with pytest.raises(EndedError):
            await task

    braked(story)


# -- seeing it stop -----------------------------------------------------------------------------------------


def test_a_session_that_failed_stops_the_telescope_too() -> None:
    async def story(bench: Bench) -> None:
        task = asyncio.create_task(bench.brake.stop_telescope())
        await bench.soon()
        assert bench.hands.wanted == [Wish(Level.SAFETY, Reason.TELESCOPE, "the session failed")]
        bench.see(True)
        await task
        assert bench.brake.notes == []

    braked(story)


@pytest.mark.parametrize(
    ("ending", "linked", "seconds"),
    [
        (ABORT, True, 100),
        (ABORT, False, 1000),
        (LEAVING, True, 15),
        (LEAVING, False, 15),
    ],
)
def test_how_long_an_ending_session_waits_to_see_it_stop(
    ending: Ending, linked: bool, seconds: float
) -> None:
    async def story(bench: Bench) -> None:
        await bench.captures()
        began = bench.clock.monotonic()
        bench.hands.linked = linked
        bench.orders.end(ending)
        await bench.brake.stop_telescope()
        assert bench.clock.monotonic() - began == pytest.approx(seconds, abs=0.1)
        assert bench.brake.notes == ["the telescope was not seen to stop; the agent went on trying"]
        if ending is LEAVING:
            assert bench.counter.open_camera is TELE, "its frames are counted after the restart"
        else:
            assert bench.counter.open_camera is None
            assert bench.counter.closed(TELE).taken == 3

    braked(story)


@pytest.mark.parametrize(("target", "taken"), [("M 42", 8), ("M 31", 3)])
def test_what_the_telescope_recorded_counts_although_it_was_not_seen_to_stop(target: str, taken: int) -> None:
    async def story(bench: Bench) -> None:
        await bench.captures()
        bench.counter.begun()
        bench.counter.progress(CaptureProgress(TELE, 3, 3, 12, target="M 42", began=bench.counter.opened_at))
        bench.records = [CaptureReport(TELE, 8, 7, CaptureEnd.UNKNOWN, "/b", 12, target=target)]
        bench.orders.end(ABORT)
        await bench.brake.stop_telescope()
        assert bench.counter.closed(TELE).taken == taken
        assert bench.counter.folders == (("/b",) if target == "M 42" else ())

    braked(story)


def test_being_there_and_being_away_are_waited_for_apart() -> None:
    async def story(bench: Bench) -> None:
        bench.orders.end(ABORT)
        began = bench.clock.monotonic()
        task = asyncio.create_task(bench.brake.stop_telescope())
        await bench.soon(52)  # 55 s of the 100 s, by the look after this
        bench.hands.linked = False
        await bench.soon(502)
        bench.hands.linked = True
        await task
        assert bench.clock.monotonic() - began == pytest.approx(600, abs=0.1)

    braked(story)


@pytest.mark.parametrize("reached", [True, False])
def test_the_wait_is_over_as_soon_as_the_hands_know(reached: bool) -> None:
    async def story(bench: Bench) -> None:
        await bench.captures()
        bench.orders.end(ABORT)
        task = asyncio.create_task(bench.brake.stop_telescope())
        await bench.soon(3)
        bench.see(reached)
        await bench.soon()
        assert task.done()
        assert bench.counter.closed(TELE).taken == (5 if reached else 3)
        assert bool(bench.brake.notes) is not reached

    braked(story)


@pytest.mark.parametrize("seen", [True, False])
def test_a_pause_waits_for_the_stop_no_longer_than_it_lasts(seen: bool) -> None:
    async def story(bench: Bench) -> None:
        await bench.captures()
        bench.orders.pause("user", RAIN)
        task = asyncio.create_task(bench.brake.stop_telescope())
        await bench.soon(5000)
        assert not task.done()
        if seen:
            bench.see(True)
        else:
            bench.orders.resume("user")
        await task
        assert bench.counter.closed(TELE).taken == (5 if seen else 0)
        assert bench.brake.notes == []
        bench.brake.leave()
        bench.brake.leave()
        assert bench.hands.withdrawn == 1

    braked(story)


def test_a_pause_that_becomes_an_ending_is_told_as_one() -> None:
    async def story(bench: Bench) -> None:
        bench.orders.pause("user", RAIN)
        bench.orders.end(replace(ABORT, message="enough"))
        task = asyncio.create_task(bench.brake.stop_telescope())
        await bench.soon()
        assert bench.hands.wanted == [replace(STOP, message="enough")]
        bench.see(True)
        await task

    braked(story)


@pytest.mark.parametrize("seen", [True, False])
def test_what_ends_while_it_pauses_is_to_stop_whether_it_was_seen_to_or_not(seen: bool) -> None:
    """What stands goes with the session; the stop may not."""

    async def story(bench: Bench) -> None:
        await bench.captures()
        bench.orders.pause("user", RAIN)
        task = asyncio.create_task(bench.brake.stop_telescope())
        await bench.soon()
        if seen:
            bench.see(True)
        bench.orders.end(replace(ABORT, message="enough"))
        await bench.soon()
        assert bench.hands.wanted[-1] == replace(STOP, message="enough")
        bench.see(True)
        await task
        assert bench.counter.open_camera is None
        assert bench.hands.withdrawn == 0

    braked(story)


def test_what_is_over_although_it_is_paused_is_to_stop_and_not_until_it_goes_on() -> None:
    async def story(bench: Bench) -> None:
        await bench.captures()
        bench.orders.pause("user", RAIN)
        task = asyncio.create_task(bench.brake.stop_telescope(FAILED))
        await bench.soon()
        (wanted,) = bench.hands.wanted
        assert (wanted.level, wanted.standing) == (Level.SAFETY, False)
        bench.orders.resume("user")
        await bench.soon()
        assert not task.done()
        bench.see(True)
        await task
        assert bench.counter.open_camera is None

    braked(story)
