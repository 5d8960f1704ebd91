"""Orders to a running session."""

from __future__ import annotations

import asyncio

from agent.events import Reason
from agent.execute.orders import Ending, EndKind, Hold, Orders

RAIN = Hold(Reason.WEATHER, "rain")
USER = Hold(Reason.USER, "a person paused")


async def test_a_session_stays_paused_until_every_holder_resumed_it() -> None:
    orders = Orders()
    orders.pause("weather", RAIN)
    orders.pause("user", USER)
    cleared = asyncio.create_task(orders.released())
    assert orders.resume("weather")
    await asyncio.sleep(0)
    assert not cleared.done()
    assert orders.hold == USER
    assert orders.resume("user")
    await asyncio.wait_for(cleared, 1)


async def test_resuming_what_was_not_paused_says_so() -> None:
    assert not Orders().resume("user")


async def test_the_first_ending_wins_and_wakes_a_paused_session() -> None:
    orders = Orders()
    orders.pause("user", USER)
    cleared = asyncio.create_task(orders.released())
    first = Ending(EndKind.ABORT, Reason.USER, "stop")
    orders.end(first)
    orders.end(Ending(EndKind.SKIP, Reason.USER, "skip"))
    await asyncio.wait_for(cleared, 1)
    assert orders.ending == first


async def test_attention_comes_with_a_pause_and_with_an_ending() -> None:
    for order in (lambda c: c.pause("user", USER), lambda c: c.end(Ending(EndKind.ABORT, Reason.USER, ""))):
        orders = Orders()
        attention = asyncio.create_task(orders.attention())
        await asyncio.sleep(0)
        order(orders)
        await asyncio.wait_for(attention, 1)
