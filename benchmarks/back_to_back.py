"""From one session's closed shutter to the next one's open one, with fifty sessions due."""

from __future__ import annotations

import asyncio

from agent.telescope.simulator.history import ShutterClosed, ShutterOpened
from benchmarks.reporting import quiet, say, spread
from benchmarks.stage import document, staged

SESSIONS = 50


async def measure(sessions: int = SESSIONS) -> None:
    """Run that many due sessions."""
    async with staged() as stage:
        for number in range(sessions):
            stage.drop(f"s{number:03}.json", document())
        await stage.results(sessions)
        closed = stage.sim.history.of(ShutterClosed)
        opened = stage.sim.history.of(ShutterOpened)
    pairs = zip(closed, opened[1:], strict=False)
    gaps = [(later.at - earlier.at).total_seconds() * 1000 for earlier, later in pairs]
    say("back_to_back", unit="ms", **spread(gaps))


if __name__ == "__main__":
    quiet()
    asyncio.run(measure())
