"""One fetch of a session at a time, whichever process it is of."""

from __future__ import annotations

import os
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
