"""A frame measured in a process of its own: the same numbers, and nothing of it is left."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytest.importorskip("numpy", reason="the extra `quality` is not installed")
pytest.importorskip("sep", reason="the extra `quality` is not installed")

from agent.quality import apart
from agent.quality.apart import measured_apart
from agent.quality.measure import measure
from agent.telescope.errors import UnreachableError
from tests.support.star_fields import Conditions, StarField, fits

FRAME = fits(StarField(1).expose(Conditions()))


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece


async def test_it_tells_what_it_would_tell_here(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await measured_apart(pieces(FRAME[:70_000], FRAME[70_000:]))
    assert found == measure(FRAME)
    assert found is not None
    assert found.stars > 80
    assert await measured_apart(pieces(b"no frame")) is None
    monkeypatch.setattr(apart, "MOST_BYTES", 80_000)
    assert await measured_apart(pieces(FRAME[:70_000], FRAME[70_000:])) is None


async def test_what_lies_where_the_agent_was_started_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("agent.py", "json.py"):
        (tmp_path / name).write_text("raise SystemExit('not the agent')")
    monkeypatch.chdir(tmp_path)
    assert await measured_apart(pieces(FRAME)) == measure(FRAME)


async def test_a_line_that_breaks_or_an_end_of_the_agent_leaves_no_process() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield FRAME[:70_000]
        raise UnreachableError("The line broke.")

    async def silent() -> AsyncIterator[bytes]:
        yield FRAME[:70_000]
        await asyncio.Event().wait()

    with pytest.raises(UnreachableError):
        await measured_apart(broken())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await measured_apart(silent())
    assert _children() == []


async def test_a_process_that_cannot_measure_costs_the_frame_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart.sys, "executable", "/bin/false")
    assert await measured_apart(pieces(*[FRAME] * 20)) is None
    monkeypatch.setattr(apart.sys, "executable", "/nowhere/python")
    with pytest.raises(OSError, match="nowhere"):
        await measured_apart(pieces(FRAME))


def _children() -> list[str]:
    """Processes that this one began and that are still there, on Linux."""
    return Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
