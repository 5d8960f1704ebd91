"""Measuring a frame in a process of its own: its memory, and that of the libraries, is gone with it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator

from agent.quality.trend import Measure

MOST_BYTES = 64 << 20
_ANSWER = 1 << 16  # bytes; of some hundred numbers


async def measured_apart(chunks: AsyncIterator[bytes]) -> Measure | None:
    """Measure the frame that comes in these pieces; None when it is none. OSError when no process begins."""
    ours = os.pathsep.join(filter(None, sys.path))  # and nothing of the folder that it begins in
    lean = {**os.environ, "PYTHONPATH": ours, "OPENBLAS_NUM_THREADS": "1"}  # each would keep megabytes
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "agent.quality"), stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=lean
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        left = MOST_BYTES
        with contextlib.suppress(ConnectionError):  # it ended: what it said is what counts
            async for chunk in chunks:
                child.stdin.write(chunk)
                await child.stdin.drain()
                left -= len(chunk)
                if left < 0:
                    return None
            child.stdin.close()
        return _read(await child.stdout.read(_ANSWER))
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()


def _read(told: bytes) -> Measure | None:
    try:
        found = json.loads(told)
    except ValueError:
        return None
    return Measure(**{**found, "light": tuple(found["light"])}) if found is not None else None
