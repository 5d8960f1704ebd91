"""One thing at a time on a telescope, broken off when something more important comes."""

from __future__ import annotations

import asyncio
import gc

import pytest

from agent.goals import Level, PreemptedError
from agent.station.turn import Turn
from agent.telescope.errors import UnreachableError
from tests.app.hands_stand import Stand, stood, wish


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("up_to", Level)
def test_work_is_broken_off_up_to_a_level(level: Level, up_to: Level) -> None:
    async def story(stand: Stand) -> None:
        turn = Turn(stand.clock)
        turn.break_off(wish(message="early"), up_to=Level.SAFETY)  # nothing to break off
        task = asyncio.create_task(turn.perform(level, stand.clock.sleep(10)))
        await stand.soon()
        assert turn.busy
        turn.break_off(wish(message="first"), up_to=up_to)
        turn.break_off(wish(message="second"), up_to=up_to)
        if level <= up_to:
            with pytest.raises(PreemptedError) as caught:
                await task
            assert caught.value.wish.message == "first"
            assert stand.clock.monotonic() < 1
        else:
            await task
            assert stand.clock.monotonic() >= 10
        assert not turn.busy

    stood(story)


def test_work_that_ended_in_time_has_its_result_although_it_was_to_be_broken_off() -> None:
    async def story(stand: Stand) -> None:
        turn = Turn(stand.clock)

        async def finishes() -> str:
            try:
                await stand.clock.sleep(10)
            except asyncio.CancelledError:
                return "closed"
            return "done"

        task = asyncio.create_task(turn.perform(Level.SESSION, finishes()))
        await stand.soon()
        turn.break_off(wish(), up_to=Level.SAFETY)
        assert await task == "closed"

    stood(story)


def test_work_that_does_not_let_go_is_left_to_itself_after_five_seconds() -> None:
    async def story(stand: Stand) -> None:
        turn = Turn(stand.clock)

        async def clings() -> None:
            while stand.clock.monotonic() < 60:
                try:
                    await stand.clock.sleep(60)
                except asyncio.CancelledError:
                    continue

        task = asyncio.create_task(turn.perform(Level.SESSION, clings()))
        await stand.soon()
        turn.break_off(wish(), up_to=Level.SAFETY)
        with pytest.raises(PreemptedError):
            await task
        assert stand.clock.monotonic() == pytest.approx(5.0, abs=0.01)
        assert not turn.busy

    stood(story)


def test_whoever_is_cancelled_takes_its_work_along() -> None:
    async def story(stand: Stand) -> None:
        turn = Turn(stand.clock)
        ended: list[bool] = []

        async def work() -> None:
            try:
                await stand.clock.sleep(100)
            finally:
                ended.append(True)

        task = asyncio.create_task(turn.perform(Level.SESSION, work()))
        await stand.soon()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended == [True]
        assert not turn.busy

    stood(story)


@pytest.mark.parametrize(
    ("ends", "told"), [(UnreachableError("The link is lost."), False), (KeyError("a defect"), True)]
)
@pytest.mark.parametrize("at_once", [True, False], ids=["as it is broken off", "long after"])
def test_of_work_that_nobody_waits_for_any_more_only_a_defect_is_told(
    caplog: pytest.LogCaptureFixture, ends: Exception, *, told: bool, at_once: bool
) -> None:
    async def story(stand: Stand) -> None:
        turn = Turn(stand.clock)

        async def fails() -> None:
            try:
                await stand.clock.sleep(100)
            except asyncio.CancelledError:
                if not at_once:
                    await stand.clock.sleep(10)
                raise ends from None

        cancelled = asyncio.create_task(turn.perform(Level.SESSION, fails()))
        await stand.soon()
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        if not at_once:
            preempted = asyncio.create_task(turn.perform(Level.SESSION, fails()))
            await stand.soon()
            turn.break_off(wish(), up_to=Level.SAFETY)
            with pytest.raises(PreemptedError):
                await preempted
        await stand.clock.sleep(20)

    stood(story)
    gc.collect()
    assert not [one for one in caplog.records if one.name == "asyncio"]
    assert bool([one for one in caplog.records if one.exc_info]) is told
