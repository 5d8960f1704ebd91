"""Deletes a session on the telescope's card, after each of its files was compared with the archive once more.

Only where a person set it. A session goes as a whole, and only when everything that the card has of it is
in the archive, byte for byte; whatever differs, is missing or cannot be read keeps it there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from agent.archive import headers
from agent.archive.errors import ArchiveMissingError
from agent.archive.lock import held, locked
from agent.archive.manifest import Entry, Manifest, State, load
from agent.archive.pace import Pace
from agent.clock import Clock
from agent.session.fields import DownloadWhat
from agent.telescope.card import Card, CardFile, CardFileMissingError
from agent.telescope.errors import TelescopeError, UnreachableError
from agent.text import printable

PIECE = 1 << 20  # bytes compared at a time
PATIENCE = 6  # breaks in a row that bring nothing, before the telescope counts as away
PAUSE_S = 2.0

Listed = Mapping[str, tuple[CardFile, ...]]


class KeptError(Exception):
    """The session stays on the card; the text says why."""


class Removal:
    """One session's second comparison and deletion. Begun again, it goes on where it was."""

    def __init__(self, card: Card, folder: Path, *, clock: Clock, pace: Pace) -> None:
        self._card = card
        self._folder = folder
        self._clock = clock
        self._pace = pace
        self._alike: set[tuple[str, CardFile]] = set()

    async def run(self) -> None:
        """Compare all of it, then delete it. KeptError keeps it; UnreachableError: begin again later."""
        try:
            async with held(partial(locked, self._folder)):
                await self._run(await asyncio.to_thread(self._whole))
        except OSError as error:
            if isinstance(error, FileNotFoundError) and self._folder.is_dir():
                raise KeptError(f"The archive cannot be read: {error.strerror or error}.") from error
            raise ArchiveMissingError(
                f"{printable(self._folder)} cannot be used: {error.strerror or error}."
            ) from error

    def _whole(self) -> Manifest:
        manifest = load(self._folder)
        if manifest is None or manifest.state is not State.COMPLETE or manifest.what is not DownloadWhat.ALL:
            raise KeptError("Not every file of it is in the archive.")
        return manifest

    async def _run(self, manifest: Manifest) -> None:
        listed = await self._list(manifest)
        known = {(entry.folder, entry.source): entry for entry in manifest.files}
        for folder, files in listed.items():
            for file in files:
                if file.size is None and not file.modified:
                    raise KeptError("The telescope does not list all that it has of it.")
                entry = known.get((folder, file.path))
                if entry is None or not entry.done:
                    raise KeptError(f"The card has {file.path}, and the archive has not.")
                if (folder, file) not in self._alike:
                    await self._compare(entry, file.size)
                    self._alike.add((folder, file))
        if await self._list(manifest) != listed:
            raise KeptError("The card changed while it was compared.")
        for folder, files in listed.items():
            if files:
                await self._delete(folder)
        manifest.state = State.REMOVED
        await asyncio.to_thread(manifest.save, self._folder)

    async def _list(self, manifest: Manifest) -> Listed:
        found: dict[str, tuple[CardFile, ...]] = {}
        for folder in manifest.folders:
            try:
                found[folder] = await self._card.files(folder)
            except CardFileMissingError:
                found[folder] = ()
        return found

    async def _delete(self, folder: str) -> None:
        try:
            await self._card.delete(folder)
        except UnreachableError:
            raise
        except TelescopeError as error:
            raise KeptError(error.message) from error
        try:
            left = await self._card.files(folder)
        except CardFileMissingError:
            return
        if left:
            raise KeptError(f"The telescope said that it deleted it, and still has {len(left)} files of it.")

    async def _compare(self, entry: Entry, listed: int | None) -> None:
        """See that a file of the archive is the card's, of so many bytes. KeptError when it is not."""
        path = self._folder / entry.name
        comparison = await asyncio.to_thread(_Comparison, path)
        differs = KeptError(f"{entry.source} is not in the archive as the card has it.")
        if {listed, entry.size} - {None, comparison.size}:  # an empty file would be like any
            raise differs
        have, tag, in_vain = 0, "", 0
        while have < comparison.size:
            before, buffer = have, bytearray()
            try:
                async with self._card.open(entry.folder, entry.source, have, tag) as content:
                    if content.size not in (None, comparison.size) or content.offset > have:
                        raise differs
                    have, tag = content.offset, content.tag
                    async for chunk in content.chunks:
                        buffer += chunk
                        if len(buffer) >= PIECE:
                            have = await self._alike_so_far(comparison, have, buffer, differs)
                            buffer = bytearray()
                        await self._pace.passed(len(chunk))
                    have, buffer = await self._alike_so_far(comparison, have, buffer, differs), bytearray()
                if have < comparison.size:
                    raise differs
            except CardFileMissingError as error:
                raise differs from error
            except UnreachableError:
                have = await self._alike_so_far(comparison, have, buffer, differs)
                in_vain = 0 if have > before else in_vain + 1
                if in_vain >= PATIENCE:
                    raise
                await self._clock.sleep(PAUSE_S)

    async def _alike_so_far(
        self, comparison: _Comparison, at: int, piece: bytearray, differs: KeptError
    ) -> int:
        if piece and not await asyncio.to_thread(comparison.alike, at, bytes(piece)):
            raise differs
        return at + len(piece)


class _Comparison:
    """A file of the archive beside the bytes that the card sends of it, from any byte on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as stream:
            header = headers.read_header(stream) if path.suffix.lower() in headers.SUFFIXES else None
        came = headers.came_with(path)
        if came is None:
            raise KeptError(f"{path.name} is not in the archive any more.")
        self.size = came
        self._ours = header or b""
        self._longer = path.stat().st_size - came
        self._header = len(self._ours) - self._longer  # bytes of the card's
        self._theirs = bytearray(self._header)

    def alike(self, at: int, piece: bytes) -> bool:
        """Whether these bytes from there on are ours too, but for what was added to a header."""
        if at + len(piece) > self.size:
            return False
        if at < self._header:
            head, piece = piece[: self._header - at], piece[self._header - at :]
            self._theirs[at : at + len(head)] = head
            at += len(head)
            if at == self._header and not headers.says_all_of(self._ours, bytes(self._theirs)):
                return False
        if not piece:
            return True
        with self._path.open("rb") as stream:
            stream.seek(at + self._longer)
            return stream.read(len(piece)) == piece
