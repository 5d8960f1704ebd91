"""More than one client."""

from __future__ import annotations

import asyncio

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from agent.telescope.dwarf.link.connection import OCCUPIED_CODE, OCCUPIED_REASON, LinkLostError
from agent.telescope.first_light import modes
from agent.telescope.first_light.check import Bench, Feature, check
from agent.telescope.first_light.finding import Finding, agrees, differs, skipped, unclear, variant

_LIMIT_S = 5.0
_HOST_SLAVE = 15223


@check(
    "How is a second client turned away, and does the first stay?",
    Feature.SHARING,
    belief="closed with 4409 and the words DEVICE_OCCUPIED; the first stays",
)
async def second_client(bench: Bench) -> Finding:
    closed = await _knock(bench)
    stays = await bench.line.lost(1.0) is None
    if not stays:
        await bench.line.ensure()
    facts: dict[str, object] = {"code": closed[0], "words": closed[1], "first_stays": stays}
    if not stays:
        return differs("The second client took over.", **facts)
    if closed[0] is None:
        return differs("The second client is let in.", **facts)
    if closed[0] == OCCUPIED_CODE and not closed[1]:
        return variant("Closed with 4409, without words.", {"occupied": "empty"}, **facts)
    if OCCUPIED_REASON in closed[1]:
        return agrees(
            f"Closed with {closed[0]} and the words {OCCUPIED_REASON}.", {"occupied": "reason"}, **facts
        )
    return differs("Closed in another way.", **facts)


async def _knock(bench: Bench) -> tuple[int | None, str]:
    """Connect a second time; the code and words it is closed with, None when it is not."""
    url = bench.place.url.partition("?")[0]
    try:
        async with asyncio.timeout(_LIMIT_S), connect(url, proxy=None, ping_interval=None) as socket:
            while True:
                await socket.recv()
    except ConnectionClosed as error:
        return (error.rcvd.code, error.rcvd.reason) if error.rcvd is not None else (1006, "")
    except TimeoutError:
        return None, ""
    except (OSError, WebSocketException):
        return 1006, ""


@check(
    "What happens when the phone app is opened while this program is connected?",
    Feature.SHARING,
    belief="the app is turned away, or takes over with 4409",
)
async def phone_app(bench: Bench) -> Finding:
    asked = bench.line.since()
    if not await bench.owner.agrees("Open the phone app and let it connect. Done?"):
        return skipped("The app was not opened.")
    lost = await bench.line.lost(3.0) if await _alive(bench) else LinkLostError("gone", held=True)
    roles = [one.packet.data.hex() for one in asked.notices(_HOST_SLAVE)]
    facts: dict[str, object] = {"lost": lost is not None, "held": bool(lost and lost.held), "roles": roles}
    if not await bench.owner.agrees("Close the app again, entirely. Done?"):
        return unclear("The app may still be there.", **facts)
    await bench.line.ensure()
    state = await modes.state_of(bench)
    facts["back"] = state is not None
    if state is None:
        return differs("The telescope does not take this program back.", **facts)
    return agrees("The app took over." if lost else "This program stayed.", **facts)


async def _alive(bench: Bench) -> bool:
    try:
        return await modes.state_of(bench) is not None
    except LinkLostError:
        return False
