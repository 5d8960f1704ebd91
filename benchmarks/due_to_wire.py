"""From a session's start instant to its first command at the telescope."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from benchmarks.reporting import quiet, say, spread
from benchmarks.stage import document, now, staged

SESSIONS = 10
AHEAD_S = 4


async def measure(sessions: int = SESSIONS) -> None:
    """Let that many sessions become due, each after the one before has ended: none has to make room."""
    late = []
    async with staged() as stage:
        for number in range(sessions):
            start = now().replace(microsecond=0) + timedelta(seconds=AHEAD_S)
            stage.drop(f"s{number:03}.json", document(at=start))
            await stage.results(number + 1, limit_s=60)
            began = min(one.at for one in stage.received_since(start))
            late.append((began - start).total_seconds() * 1000)
    say("due_to_wire", unit="ms", **spread(late))


if __name__ == "__main__":
    quiet()
    asyncio.run(measure())
