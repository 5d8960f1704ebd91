"""Files that are whole at every instant: atomic writes, and moves that never overwrite.

Everything here works on a name in a folder and raises plain `OSError`. A crash between any two lines leaves
at most a temporary file (`is_temporary`) or, on file systems without an exclusive rename, an empty
placeholder at the destination; `sweep` removes both.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import itertools
import os
import platform
import re
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

REASON_SUFFIX = ".reason.txt"

_TEMPORARY_PREFIX = ".dwarf-agent-"
_TEMPORARY_SUFFIX = ".tmp"
_NAME_BYTES = 255 - len(REASON_SUFFIX)  # most file systems' limit, with room for a reason beside the file
_RENAME_NOREPLACE = 1  # <linux/fs.h>
_AT_FDCWD = -100  # <fcntl.h>
_RENAMEAT2 = {"x86_64": 316, "aarch64": 276}  # system call numbers, for C libraries without a wrapper
_UNSUPPORTED = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}

_BINARY = getattr(os, "O_BINARY", 0)
_READ_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | _BINARY  # no links, no pipes

_NUMBERED = re.compile(r"(.+)--([1-9]\d{0,5})", re.ASCII)

_numbers = itertools.count()


class Stamp(NamedTuple):
    """What tells one state of a file from another without reading it."""

    mtime_ns: int
    size: int
    inode: int
    mode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """Return the stamp of a stat result."""
        return cls(status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode)

    @property
    def regular(self) -> bool:
        """Whether this is a plain file: no link, folder, pipe or device."""
        return stat.S_ISREG(self.mode)


def read(path: Path, limit: int) -> tuple[bytes, Stamp] | None:
    """Return a plain file's bytes (at most `limit` + 1) and stamp; None when it changed while being read."""
    handle = os.open(path, os.O_RDONLY | _READ_FLAGS)
    try:
        before = Stamp.of(os.fstat(handle))
        if not before.regular:
            raise OSError(errno.EINVAL, "not a plain file", str(path))
        chunks: list[bytes] = []
        missing = limit + 1
        while missing > 0 and (chunk := os.read(handle, missing)):
            chunks.append(chunk)
            missing -= len(chunk)
        if Stamp.of(os.fstat(handle)) != before:
            return None
        return b"".join(chunks), before
    finally:
        os.close(handle)


def write(path: Path, data: bytes) -> None:
    """Replace (or create) a file atomically; readers see the old bytes or the new, never a part."""
    temporary = _write_temporary(path.parent, data, like=path)
    try:
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def create(folder: Path, name: str, data: bytes) -> Path:
    """Write a new file under the first free name (`name`, `stem--2`, ...); never overwrites."""
    temporary = _write_temporary(folder, data)
    try:
        return move(temporary, folder, name)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def move(source: Path, folder: Path, name: str) -> Path:
    """Move a file into a folder of the same file system under the first free name; never overwrites."""
    for candidate in names(name):
        target = folder / candidate
        try:
            rename_exclusive(source, target)
        except FileExistsError:
            continue
        sync_folder(folder)
        if source.parent != folder:
            sync_folder(source.parent)
        return target
    raise AssertionError("names() never ends")


def step_aside(path: Path, name: str) -> Path | None:
    """Free a name: its file takes the first free one from `name` on. None when no file with content has it.

    An empty file is nobody's yet: it is being written, or is the placeholder of a move that was cut off.
    """
    try:
        return move(path, path.parent, name) if path.lstat().st_size else None
    except FileNotFoundError:
        return None


def names(name: str) -> Iterator[str]:
    """Yield `name`, then `stem--2.ext`, `stem--3.ext`, ... cut to what file systems take.

    A name that has a number already goes on counting from it.
    """
    stem, dot, extension = name.rpartition(".")
    if not dot:
        stem, extension = name, ""
    yield _fitted(stem, dot + extension)
    stem, number = split_number(stem)
    for following in itertools.count(number + 1):
        yield _fitted(stem, f"--{following}{dot}{extension}")


def split_number(stem: str) -> tuple[str, int]:
    """Return "m31", 2 for "m31--2", and "m31", 1 for "m31"."""
    match = _NUMBERED.fullmatch(stem)
    return (match[1], int(match[2])) if match else (stem, 1)


def rename_exclusive(source: Path, target: Path) -> None:
    """Rename, or raise FileExistsError: the target is never overwritten, not even in a race."""
    if _rename_noreplace is not None:
        number = _rename_noreplace(os.fsencode(source), os.fsencode(target))
        if number == 0:
            return
        if number not in _UNSUPPORTED:
            raise OSError(number, os.strerror(number), str(source), None, str(target))
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        source.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            target.unlink()
        raise


def make_folder(folder: Path) -> None:
    """Make a folder two levels below the tree's root if need be; a tree that is not there stays away.

    What is made where an unmounted share should be would lie hidden below it afterwards.
    """
    folder.parent.mkdir(exist_ok=True)
    folder.mkdir(exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Make renames in this folder durable where the system can; they happened, so failures are ignored."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def is_temporary(name: str) -> bool:
    """Whether a file of this name is ours and half-way written."""
    return name.startswith(_TEMPORARY_PREFIX) and name.endswith(_TEMPORARY_SUFFIX)


def sweep(folder: Path) -> None:
    """Remove temporary files that a crash left behind."""
    with os.scandir(folder) as entries:
        leftovers = [entry.name for entry in entries if is_temporary(entry.name)]
    for name in leftovers:
        with contextlib.suppress(OSError):
            (folder / name).unlink()


def _write_temporary(folder: Path, data: bytes, like: Path | None = None) -> Path:
    while True:
        path = folder / f"{_TEMPORARY_PREFIX}{os.getpid()}-{next(_numbers)}{_TEMPORARY_SUFFIX}"
        try:
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, 0o666)
            break
        except FileExistsError:
            continue
    try:
        try:
            if like is not None:
                _keep_owner(handle, like)  # before there is anything to read in it
            view = memoryview(data)
            while view:
                view = view[os.write(handle, view) :]
            os.fsync(handle)
        finally:
            os.close(handle)
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise
    return path


def _keep_owner(handle: int, like: Path) -> None:
    """Give the new file the old one's permissions and owner, as far as we may."""
    with contextlib.suppress(OSError, AttributeError):
        old = like.lstat()
        if stat.S_ISREG(old.st_mode):
            os.fchmod(handle, stat.S_IMODE(old.st_mode))
            os.fchown(handle, old.st_uid, old.st_gid)


def _fitted(stem: str, ending: str) -> str:
    room = _NAME_BYTES - len(os.fsencode(ending))
    if len(os.fsencode(stem + ending)) <= _NAME_BYTES or room <= 0:
        return stem + ending
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return stem + ending


def _find_rename_noreplace() -> Callable[[bytes, bytes], int] | None:
    """Return Linux' exclusive rename as a function giving 0 or an errno; None elsewhere."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None, use_errno=True)
    prefix: tuple[int, ...] = ()
    function = getattr(library, "renameat2", None)
    if function is None:  # musl before 1.2.6
        machine = platform.machine()
        if machine not in _RENAMEAT2 or sys.maxsize < 2**32:
            return None
        function, prefix = library.syscall, (_RENAMEAT2[machine],)
    place = (ctypes.c_int, ctypes.c_char_p)
    function.argtypes = [*([ctypes.c_long] * len(prefix)), *place, *place, ctypes.c_uint]

    def rename(source: bytes, target: bytes) -> int:
        if function(*prefix, _AT_FDCWD, source, _AT_FDCWD, target, _RENAME_NOREPLACE) == 0:
            return 0
        return ctypes.get_errno()

    return rename


_rename_noreplace = _find_rename_noreplace()
