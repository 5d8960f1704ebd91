"""Alarms at absolute instants."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from agent.clock import LoopClock, ScaledClock
from agent.schedule.timetable import HEARTBEAT_S, Timetable
from tests.support.scheduler_time import scheduler_reads
from tests.support.stepped_clock import SteppedClock
from tests.support.virtual_loop import run_virtual

DUSK = datetime(2026, 3, 12, 18, 0, tzinfo=UTC)


def test_alarms_ring_at_their_instants_in_time_order() -> None:
    async def night() -> list[tuple[str, float]]:
        clock = LoopClock(DUSK)
        rung: list[tuple[str, float]] = []
        with scheduler_reads(clock):
            timetable = Timetable(clock)
            timetable.start()
            for hours in (3, 1, 2):
                timetable.set(
                    f"{hours}",
                    DUSK + timedelta(hours=hours),
                    lambda h=hours: rung.append((f"{h}", clock.monotonic())),
                )
            await asyncio.sleep(4 * 3600)
            await timetable.stop()
        return rung

    rung = run_virtual(night())
    assert [key for key, _ in rung] == ["1", "2", "3"]
    assert all(abs(at - int(key) * 3600) < 0.1 for key, at in rung)


def test_an_alarm_rings_by_the_clock_it_was_given_whatever_the_machines_shows() -> None:
    async def evening() -> datetime:
        clock = ScaledClock(36_000, DUSK)
        rung: asyncio.Future[datetime] = asyncio.get_running_loop().create_future()
        timetable = Timetable(clock)
        timetable.start()
        timetable.set("session", DUSK + timedelta(hours=1), lambda: rung.set_result(clock.now()))
        async with asyncio.timeout(30):
            at = await rung
        await timetable.stop()
        return at

    assert asyncio.run(evening()) > DUSK + timedelta(minutes=59)


def test_an_alarm_in_the_past_rings_at_once_and_is_never_dropped() -> None:
    async def night() -> list[str]:
        clock = LoopClock(DUSK)
        rung: list[str] = []
        with scheduler_reads(clock):
            timetable = Timetable(clock)
            timetable.start()
            timetable.set("late", DUSK - timedelta(days=3), lambda: rung.append("late"))
            await asyncio.sleep(1)
            await timetable.stop()
        return rung

    assert run_virtual(night()) == ["late"]


def test_an_alarm_set_anew_rings_once_and_a_removed_one_never() -> None:
    async def night() -> list[str]:
        clock = LoopClock(DUSK)
        rung: list[str] = []
        with scheduler_reads(clock):
            timetable = Timetable(clock)
            timetable.start()
            timetable.set("a", DUSK + timedelta(hours=1), lambda: rung.append("first"))
            timetable.set("a", DUSK + timedelta(hours=2), lambda: rung.append("second"))
            timetable.set("b", DUSK + timedelta(hours=1), lambda: rung.append("removed"))
            timetable.remove("b")
            timetable.remove("never there")
            await asyncio.sleep(3 * 3600)
            await timetable.stop()
        return rung

    assert run_virtual(night()) == ["second"]


def test_a_clock_set_forward_rings_within_a_heartbeat_and_is_told() -> None:
    async def night() -> tuple[list[float], list[timedelta]]:
        clock = SteppedClock(DUSK)
        rung: list[float] = []
        steps: list[timedelta] = []
        with scheduler_reads(clock):
            timetable = Timetable(clock, steps.append)
            timetable.start()
            timetable.set("a", DUSK + timedelta(hours=1), lambda: rung.append(clock.monotonic()))
            await asyncio.sleep(60)
            clock.step = timedelta(hours=2)
            await asyncio.sleep(60)
            await timetable.stop()
        return rung, steps

    rung, steps = run_virtual(night())
    assert len(rung) == 1
    assert 60 <= rung[0] <= 60 + HEARTBEAT_S + 1
    assert [round(step / timedelta(seconds=1)) for step in steps] == [7200]


def test_a_clock_set_back_rings_later_at_the_wall_time_and_only_once() -> None:
    async def night() -> list[float]:
        clock = SteppedClock(DUSK)
        rung: list[float] = []
        with scheduler_reads(clock):
            timetable = Timetable(clock)
            timetable.start()
            timetable.set("a", DUSK + timedelta(hours=1), lambda: rung.append(clock.monotonic()))
            await asyncio.sleep(1800)
            clock.step = timedelta(hours=-1)
            await asyncio.sleep(3 * 3600)
            await timetable.stop()
        return rung

    rung = run_virtual(night())
    assert len(rung) == 1
    assert abs(rung[0] - 7200) <= HEARTBEAT_S


def test_a_defect_of_one_alarm_or_of_who_hears_of_a_step_keeps_no_other_from_ringing() -> None:
    def fails(_: object = None) -> None:
        raise RuntimeError("a defect")

    async def night() -> list[float]:
        clock = SteppedClock(DUSK)
        rung: list[float] = []
        with scheduler_reads(clock):
            timetable = Timetable(clock, fails)
            timetable.start()
            timetable.set("a", DUSK + timedelta(hours=1), fails)
            timetable.set("b", DUSK + timedelta(hours=1), lambda: rung.append(clock.monotonic()))
            await asyncio.sleep(60)
            clock.step = timedelta(minutes=30)
            await asyncio.sleep(3600)
            clock.step = timedelta(hours=2)
            timetable.set("c", clock.now() + timedelta(minutes=1), lambda: rung.append(clock.monotonic()))
            await asyncio.sleep(120)
            await timetable.stop()
        return rung

    rung = run_virtual(night())
    assert [round(at) for at in rung] == [1800, 3720]
