"""From a session's start instant to its first command at the telescope."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from benchmarks.reporting import quiet, say, spread
from benchmarks.stage import document, now, staged

SESSIONS = 12
EVERY_S = 6  # a session with a telescope that needs no time is over before the next one


async def measure(sessions: int = SESSIONS) -> None:
    """Let that many sessions become due, one after the other."""
    async with staged() as stage:
        first = now().replace(microsecond=0) + timedelta(seconds=4)
        starts = [first + timedelta(seconds=EVERY_S * number) for number in range(sessions)]
        for number, start in enumerate(starts):
            stage.drop(f"s{number:03}.json", document(at=start))
        await stage.results(sessions, limit_s=sessions * EVERY_S + 30)
        await asyncio.sleep(0.1)
        late = [
            (min(one.at for one in stage.received_since(start)) - start).total_seconds() * 1000
            for start in starts
        ]
    say("due_to_wire", unit="ms", **spread(late))


if __name__ == "__main__":
    quiet()
    asyncio.run(measure())
