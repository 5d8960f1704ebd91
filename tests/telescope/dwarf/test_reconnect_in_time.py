"""How soon a telescope that was away is found again, and how seldom one that stays away is knocked at."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve

from agent.telescope.interface import ConnectionState
from tests.support.tables import every
from tests.support.virtual_loop import run_virtual
from tests.telescope.dwarf.test_link import Watched, watched


class Flaky:
    """A peer that cuts what comes in while it is `away`, before the handshake ends."""

    def __init__(self) -> None:
        self.away = False
        self.mute = False  # it takes connections, and drops them a moment later
        self.knocks: list[float] = []
        self.port = 0
        self._open: list[ServerConnection] = []

    def cut(self) -> None:
        self.away = True
        for socket in self._open:
            socket.transport.abort()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        async def admit(socket: ServerConnection, _request: object) -> None:
            self.knocks.append(asyncio.get_running_loop().time())
            if self.away:
                socket.transport.abort()

        async def stay(socket: ServerConnection) -> None:
            self._open.append(socket)
            if self.mute:
                await asyncio.sleep(3)
                socket.transport.abort()
            await socket.wait_closed()

        async with serve(stay, "127.0.0.1", 0, process_request=admit, ping_interval=None) as server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            yield


async def _lost_for(far: Flaky, near: Watched, seconds: float) -> float:
    await near.connected()
    await asyncio.sleep(100)
    far.cut()
    await asyncio.sleep(seconds)
    far.away = False
    back = asyncio.get_running_loop().time()
    await near.until(lambda: near.link.state is ConnectionState.CONNECTED, seconds=600)
    return asyncio.get_running_loop().time() - back


@pytest.mark.parametrize("minutes", every(3, [1, 5, 30, 55]))
def test_a_telescope_that_was_away_for_minutes_is_found_within_five_seconds(minutes: float) -> None:
    async def run() -> float:
        far = Flaky()
        async with far.listening(), watched(far.port) as near:
            return await _lost_for(far, near, minutes * 60)

    assert run_virtual(run()) <= 5


def test_a_telescope_that_stays_away_is_knocked_at_seldom_and_then_once_a_minute() -> None:
    async def run() -> list[float]:
        far = Flaky()
        async with far.listening(), watched(far.port) as near:
            await near.connected()
            await asyncio.sleep(100)
            far.cut()
            await asyncio.sleep(3 * 3600)
        began = 100.0
        return [knock - began for knock in far.knocks[1:]]

    knocks = run_virtual(run())
    pauses = [later - earlier for earlier, later in itertools.pairwise(knocks)]
    assert min(pauses[3:]) >= 2.5
    assert len([knock for knock in knocks if knock > 2 * 3600]) <= 3600 / 48


def test_a_telescope_that_drops_every_connection_is_left_in_peace_for_longer_and_longer() -> None:
    async def run() -> int:
        far = Flaky()
        async with far.listening(), watched(far.port, greet=lambda: asyncio.sleep(60)) as near:
            far.mute = True
            await asyncio.sleep(3600)
            assert near.link.state is not ConnectionState.CONNECTED
        return len(far.knocks)

    assert run_virtual(run()) <= 80
