"""The simulated loop itself."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

from agent.clock import LoopClock
from tests.support.virtual_loop import run_virtual

DUSK = datetime(2026, 3, 12, 18, 0, tzinfo=UTC)


def test_a_night_of_sleep_takes_no_time() -> None:
    async def night() -> datetime:
        clock = LoopClock(DUSK)
        await clock.sleep(12 * 3600)
        return clock.now()

    assert run_virtual(night()) == DUSK + timedelta(hours=12)


def test_loopback_sockets_answer_before_time_jumps() -> None:
    async def echo() -> float:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readexactly(4))
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, asyncio.timeout(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"ping")
            assert await reader.readexactly(4) == b"ping"
            writer.close()
        return asyncio.get_running_loop().time()

    assert run_virtual(echo()) < 5


def test_work_in_threads_is_waited_for() -> None:
    async def work() -> float:
        async with asyncio.timeout(3600):
            await asyncio.to_thread(time.sleep, 0.01)
        return asyncio.get_running_loop().time()

    assert run_virtual(work()) == 0
