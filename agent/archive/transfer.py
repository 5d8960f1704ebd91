"""One file from the card to the archive: to a temporary name, from where it broke off, renamed when whole."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from agent.archive import headers
from agent.archive.errors import ChangedError
from agent.archive.pace import Pace
from agent.store import disk
from agent.telescope.card import Card, Content

PIECE = 512 * 1024  # bytes written at a time: a disk that is slow holds up nothing else meanwhile

Count = Callable[[int], None]
"""Hears of each piece by its bytes; of bytes that turned out to be of no use, by a negative number."""

_MAGIC = {
    ".fits": b"SIMPLE  =",
    ".fit": b"SIMPLE  =",
    ".png": b"\x89PNG",
    ".jpg": b"\xff\xd8\xff",
    ".jpeg": b"\xff\xd8\xff",
}


def partial_path(path: Path) -> Path:
    """Return where a file lies until it is whole."""
    return path.with_name(f".{path.name}.part")


async def fetch(
    card: Card,
    folder: str,
    file: str,
    path: Path,
    *,
    size: int | None,
    tag: str,
    resume: bool,
    most: int | None,
    pace: Pace,
    count: Count,
    began: Callable[[str], None],
    cards: Sequence[headers.Card] = (),
) -> int:
    """Fetch a file of the card to `path`, which is there only once it is whole; return its bytes.

    Its folder is there. `size` is what the index tells (None: nothing), `tag` that of the part that is there,
    to `resume` from; `began` hears the tag of what comes. `most` bytes are asked for at a time. A FITS file
    that is whole gets those `cards` that it lacks. ChangedError when it is not the file of the index; OSError
    from the disk; TelescopeError from the card.
    """
    part = partial_path(path)
    there = await asyncio.to_thread(_length, part)
    have = there if resume else 0
    have = max(0, min(have, (there if size is None else size) - 1))  # with a byte comes what the whole is
    count(have - there)
    while True:
        async with card.open(folder, file, have, tag, most) as content:
            wanted = content.size if size is None else size
            if content.size is not None and content.size != wanted:
                raise ChangedError(f"{file} has {content.size} bytes, and the index told of {size}.")
            tag = content.tag
            began(tag)
            count(content.offset - have)
            length = await _write(part, content, wanted, pace, count)
        if wanted is None or length >= wanted or not most or length <= have:
            break
        have = length
    if wanted is not None and length != wanted:
        await asyncio.to_thread(part.unlink)
        count(-length)
        raise ChangedError(f"{file} came with {length} bytes instead of {wanted}.")
    if not await asyncio.to_thread(_is_what_it_says, part, path.suffix.lower()):
        await asyncio.to_thread(part.unlink)
        count(-length)
        raise ChangedError(f"{file} does not begin as a {path.suffix} file does.")
    await asyncio.to_thread(_finish, part, path, cards)
    return length


async def _write(part: Path, content: Content, wanted: int | None, pace: Pace, count: Count) -> int:
    """Write what comes behind what is there, and little more than wanted; it is kept however this ends."""
    flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0)
    handle = await asyncio.to_thread(os.open, part, flags, 0o666)
    buffer = bytearray()
    length = content.offset
    writing: asyncio.Task[None] | None = None  # of one piece, while the next one comes
    try:
        _begin_at(handle, content.offset)
        async for chunk in content.chunks:
            buffer += chunk
            length += len(chunk)
            count(len(chunk))
            if len(buffer) >= PIECE:
                if writing is not None:
                    await asyncio.shield(writing)
                full, buffer = buffer, bytearray()
                writing = asyncio.create_task(asyncio.to_thread(_write_all, handle, full), name="archive")
            if wanted is not None and length > wanted:
                break
            await pace.passed(len(chunk))
    finally:
        try:
            if writing is not None:  # a thread must not write to a file that is closed
                await _finished(writing)
            _write_all(handle, buffer)
        finally:
            os.close(handle)
    return length


async def _finished(writing: asyncio.Task[None]) -> None:
    """Wait for this whatever happens, and raise what it raised."""
    cancelled = False
    while not writing.done():
        try:
            await asyncio.wait([writing])
        except asyncio.CancelledError:
            cancelled = True
    writing.result()
    if cancelled:
        raise asyncio.CancelledError


def _begin_at(handle: int, offset: int) -> None:
    os.ftruncate(handle, offset)
    os.lseek(handle, offset, os.SEEK_SET)


def _write_all(handle: int, data: bytearray) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _length(part: Path) -> int:
    """The bytes that are there; what is no file of its own, such as a link, is taken out of the way."""
    try:
        status = part.lstat()
    except FileNotFoundError:
        return 0
    if stat.S_ISREG(status.st_mode):
        return status.st_size
    part.rmdir() if stat.S_ISDIR(status.st_mode) else part.unlink()
    return 0


def _is_what_it_says(path: Path, suffix: str) -> bool:
    magic = _MAGIC.get(suffix)
    if magic is None:
        return True
    with path.open("rb") as stream:
        return stream.read(len(magic)) == magic


def _finish(part: Path, path: Path, cards: Sequence[headers.Card]) -> None:
    whole = headers.complete(part, cards) if path.suffix.lower() in headers.SUFFIXES else part
    handle = os.open(whole, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    whole.replace(path)
    disk.sync_folder(path.parent)
