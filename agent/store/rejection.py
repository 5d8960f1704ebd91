"""Moving a file that cannot be used to Error/, unchanged, with the reasons in plain words beside it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from agent.errors import Problem
from agent.store import disk
from agent.store.documents import reason_text
from agent.store.folders import reason_path
from agent.text import printable


def move_to_error(path: Path, errors: Path, problems: Iterable[Problem]) -> Path:
    """Move whatever `path` is into the folder `errors`; return its new place. OSError leaves it where it is.

    The reason is written first: a file in Error/ always has one.
    """
    text = reason_text(printable(path.name), problems).encode()
    for name in disk.names(path.name):
        target = errors / name
        if target.exists() or target.is_symlink():
            continue
        reason = reason_path(target)
        disk.write(reason, text)
        try:
            disk.rename_exclusive(path, target)
        except FileExistsError:
            continue
        except OSError:
            with contextlib.suppress(OSError):
                reason.unlink()
            raise
        disk.sync_folder(errors)
        disk.sync_folder(path.parent)
        return target
    raise AssertionError("names() never ends")
