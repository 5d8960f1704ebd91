"""What can go wrong with the session folders; the class says what to do next."""

from __future__ import annotations

import errno
from pathlib import Path

from agent.errors import AgentError
from agent.text import printable


class StoreError(AgentError):
    """Root of the store's errors. Whatever was asked did not happen; no file was lost."""

    code = "store_error"


class NoSpaceError(StoreError):
    """The disk is full: free some space, then ask again."""

    code = "disk_full"


class NotWritableError(StoreError):
    """The folder or file may not be written: a person must change permissions or the mount."""

    code = "not_writable"


class FolderMissingError(StoreError):
    """A session folder is not there (an unmounted share, a deleted folder): try again later."""

    code = "folder_missing"


class FolderInUseError(StoreError):
    """Another agent already works on this folder."""

    code = "folder_in_use"


class UnknownSessionError(StoreError):
    """No session of that id is where it was looked for."""

    code = "unknown_session"


class SessionChangedError(StoreError):
    """The file changed since it was last looked at and cannot be used as it is now: scan again."""

    code = "session_changed"


_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_WRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS}


def store_error(error: OSError, doing: str, path: Path) -> StoreError:
    """Return the StoreError that says what an OSError means; `doing` is what was tried ("write x.json")."""
    place = printable(path)
    if error.errno in _NO_SPACE:
        return NoSpaceError(f"Cannot {doing}: no space left for {place}.", hint="Free some on that disk.")
    if error.errno in _NOT_WRITABLE:
        cause = "the disk is read-only" if error.errno == errno.EROFS else "permission denied"
        return NotWritableError(
            f"Cannot {doing}: {cause} for {place}.",
            hint="Let the account that runs dwarf-agent write there.",
        )
    if isinstance(error, FileNotFoundError):
        return FolderMissingError(
            f"Cannot {doing}: {place} is not there.",
            hint="Check that the disk or network share is mounted.",
        )
    return StoreError(f"Cannot {doing}: {error.strerror or error} ({place}).")
