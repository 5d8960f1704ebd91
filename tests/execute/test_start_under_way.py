"""The agent died between asking for a capture and seeing it run: the telescope may still be opening up."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from agent.capabilities import Camera
from agent.events import Outcome, Reason, SessionResult
from agent.execute.orders import Ending, EndKind, Hold
from agent.station.hands import AGAIN_CAPTURING_S
from tests.execute.conftest import Bench, session
from tests.support.virtual_loop import run_virtual

COUNT = 12


def _left_open(bench: Bench, *, ago_s: float) -> None:
    """What the journal holds of a capture that was asked for and never seen to run."""
    asked_at = bench.clock.now() - timedelta(seconds=ago_s)
    capture = {"camera": "tele", "started_at": asked_at.isoformat(), "planned": COUNT}
    bench.journal.facts = {"started_at": asked_at.isoformat(), "capture": capture}


@pytest.mark.parametrize("late_s", [0.5, 4.0, 20.0])
def test_a_capture_that_begins_after_the_agent_came_back_is_found_and_followed(
    bench: Bench, late_s: float
) -> None:
    async def main() -> SessionResult | None:
        _left_open(bench, ago_s=1)
        running = asyncio.create_task(bench.run_of(session()).execute())
        await bench.clock.sleep(late_s)
        bench.telescope.expose(Camera.TELE, COUNT, 15, "M 42")
        return await running

    result = run_virtual(main())
    assert result is not None
    assert (result.outcome, result.frames.taken) == (Outcome.COMPLETED, COUNT)
    assert [capture.taken for capture in bench.telescope.captures] == [COUNT]


def test_a_capture_that_never_began_is_asked_for_again_soon(bench: Bench) -> None:
    async def main() -> float:
        _left_open(bench, ago_s=1)
        running = asyncio.create_task(bench.run_of(session()).execute())
        while not bench.telescope.captures:
            await bench.clock.sleep(1)
        waited = bench.clock.monotonic()
        result = await running
        assert result is not None
        assert result.frames.taken == COUNT
        return waited

    assert run_virtual(main()) < 150  # it points again before
    assert [capture.taken for capture in bench.telescope.captures] == [COUNT]


def test_what_began_long_ago_is_not_waited_for(bench: Bench) -> None:
    """It is over, or in the album; the wait is for what may still be opening its shutter."""

    async def main() -> list[str]:
        _left_open(bench, ago_s=600)
        running = asyncio.create_task(bench.run_of(session()).execute())
        await bench.clock.sleep(0.5)
        calls = list(bench.telescope.calls)
        running.cancel()
        await asyncio.wait([running])
        return calls

    assert "recorded_captures" in run_virtual(main())


@pytest.mark.parametrize("kind", [EndKind.ABORT, EndKind.END_NIGHT, EndKind.AGENT_STOP])
def test_what_begins_after_an_end_was_ordered_is_stopped(bench: Bench, kind: EndKind) -> None:
    """A stop that came before the shutter opened was heard by nobody."""

    async def main() -> SessionResult | None:
        _left_open(bench, ago_s=1)
        running = asyncio.create_task(bench.run_of(session()).execute())
        await bench.clock.sleep(3)
        bench.orders.end(Ending(kind, Reason.USER, "Stop."))
        await bench.clock.sleep(17)
        bench.telescope.expose(Camera.TELE, COUNT, 15, "M 42")
        await bench.clock.sleep(AGAIN_CAPTURING_S + 1)
        assert not bench.telescope.captures[-1].running
        return await running

    result = run_virtual(main())
    assert (result is None) == (kind is EndKind.AGENT_STOP)


def test_a_pause_that_is_taken_back_before_it_begins_follows_it(bench: Bench) -> None:
    async def main() -> SessionResult | None:
        _left_open(bench, ago_s=1)
        running = asyncio.create_task(bench.run_of(session()).execute())
        await bench.clock.sleep(3)
        bench.orders.pause("user", Hold(Reason.USER, "Wait."))
        await bench.clock.sleep(5)
        bench.orders.resume("user")
        await bench.clock.sleep(5)
        bench.telescope.expose(Camera.TELE, COUNT, 15, "M 42")
        return await running

    result = run_virtual(main())
    assert result is not None
    assert result.frames.taken == COUNT
    assert [capture.taken for capture in bench.telescope.captures] == [COUNT]


def test_what_may_still_begin_is_waited_for_no_longer_than_that(bench: Bench) -> None:
    async def main() -> float:
        _left_open(bench, ago_s=40)
        running = asyncio.create_task(bench.run_of(session()).execute())
        await bench.clock.sleep(1)
        began = bench.clock.monotonic()
        bench.orders.end(Ending(EndKind.ABORT, Reason.USER, "Stop."))
        await running
        return bench.clock.monotonic() - began

    assert run_virtual(main()) <= AGAIN_CAPTURING_S + 5


async def _goes_on_after(bench: Bench, taken: int) -> SessionResult | None:
    """Run a session of both cameras whose capture ended unseen, with so many frames."""
    _left_open(bench, ago_s=600)
    ended = bench.telescope.expose(Camera.TELE, COUNT, 15, "M 42")
    ended.began = bench.clock.now() - timedelta(seconds=599)
    ended.taken = ended.stacked = taken
    ended.running = False
    wide = {"do_action": True, "exposure": "10", "gain": 60, "count": 3}
    return await bench.run_of(session(setup_wide_camera=wide)).execute()


def test_after_a_capture_that_ended_unseen_the_next_camera_points_again(bench: Bench) -> None:
    """The telescope may have been parked meanwhile, as it is in the rain."""

    async def main() -> SessionResult | None:
        return await _goes_on_after(bench, COUNT)

    result = run_virtual(main())
    assert result is not None
    assert (result.outcome, result.frames.taken) == (Outcome.COMPLETED, COUNT + 3)
    calls = bench.telescope.calls
    assert calls.index("goto") < calls.index("start_capture")


def test_after_a_capture_that_ended_unseen_it_is_pointed_again_once(bench: Bench) -> None:
    async def main() -> SessionResult | None:
        return await _goes_on_after(bench, COUNT - 4)

    result = run_virtual(main())
    assert result is not None
    assert (result.outcome, result.frames.taken) == (Outcome.COMPLETED, COUNT + 3)
    assert bench.telescope.calls.count("goto") == 1
