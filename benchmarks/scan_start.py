"""From a folder full of sessions to a queue: the first look, the next one, and the memory they take."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.clock import SystemClock
from agent.store.store import SessionStore
from benchmarks.reporting import quiet, say
from benchmarks.stage import document

SIZES = (10, 1_000, 10_000)
ALL_SIZES = (*SIZES, 50_000)
_KIB_OR_BYTES = 1024 if sys.platform == "darwin" else 1  # macOS counts bytes


async def measure(sizes: tuple[int, ...] = SIZES) -> None:
    """Look at folders of these sizes, each in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        for size in sizes:
            say("scan_start", unit="ms", files=size, **pool.submit(_look, size).result())


def _look(size: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        todo = Path(folder) / "ToDo"
        todo.mkdir()
        text = json.dumps(document(), indent=4)
        for number in range(size):
            (todo / f"s{number:05}.json").write_text(text, encoding="utf-8")
        before = _peak_mb()
        store = SessionStore(Path(folder), SystemClock(), zone=ZoneInfo("UTC"))
        store.prepare()
        first = _timed(store)
        again = _timed(store)
        memory = _peak_mb() - before
        store.close()
    return {"first": first, "again": again, "more_mb": round(memory, 1)}


def _timed(store: SessionStore) -> float:
    began = time.perf_counter()
    store.scan()
    return round((time.perf_counter() - began) * 1000, 1)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB_OR_BYTES / 1024


if __name__ == "__main__":
    quiet()
    asyncio.run(measure(ALL_SIZES))
