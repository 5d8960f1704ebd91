"""One fetch of a session at a time, whichever process it is of."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from agent.archive.errors import ArchiveBusyError
from agent.text import printable

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def locked(folder: Path) -> int | None:
    """Keep other fetches out of a folder until the handle is closed; None where the disk takes no locks."""
    if fcntl is None:
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise ArchiveBusyError(
            f"{printable(folder.name)} is being fetched already.", hint="Let the other dwarf-agent finish."
        ) from error
    except OSError:
        os.close(handle)
        return None
    return handle


@contextlib.asynccontextmanager
async def held(take: Callable[[], int | None]) -> AsyncIterator[None]:
    """Hold what `take` locks in a thread; cancelled meanwhile, it is let go as soon as it is there."""
    taking = asyncio.create_task(asyncio.to_thread(take))
    try:
        lock = await asyncio.shield(taking)
    except asyncio.CancelledError:
        taking.add_done_callback(_let_go)
        raise
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)


def _let_go(taken: asyncio.Task[int | None]) -> None:
    lock = None if taken.cancelled() or taken.exception() is not None else taken.result()
    if lock is not None:
        os.close(lock)
