"""Makes a fetched session's folder a project of Siril: a script beside each camera's lights, and the dark."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agent.archive import siril
from agent.archive.errors import ChangedError
from agent.archive.layout import LIGHTS, WIDE
from agent.archive.lock import held, locked
from agent.archive.manifest import Entry, Manifest
from agent.store import disk
from agent.telescope.card import CardFile, CardFileMissingError


@dataclass(frozen=True, slots=True)
class Handover:
    """`note_of` and `files` ask the card, `bring` fetches a file of it; all three are patient."""

    archive: Path
    folder: Path
    note_of: Callable[[str], Awaitable[Mapping[str, object]]]
    files: Callable[[str], Awaitable[tuple[CardFile, ...]]]
    bring: Callable[[Entry, Path], Awaitable[None]]

    async def run(self, manifest: Manifest, *, mosaic: bool) -> None:
        """Write what is to be written. OSError from the disk, UnreachableError from the card."""
        for wide in (False, True):
            lights = [one for one in manifest.files if one.done and _is_light(one, wide=wide)]
            if len(lights) < siril.FEWEST:
                continue
            place = self.folder / WIDE if wide else self.folder
            dark = await self._dark(manifest.telescope, lights, place, wide=wide)
            text = siril.script(manifest.target, len(lights), dark, mosaic=mosaic)
            await asyncio.to_thread(disk.write, place / siril.SCRIPT, text.encode())

    async def _dark(self, telescope: str, lights: list[Entry], place: Path, *, wide: bool) -> str | None:
        """Bring the card's dark for these lights into the archive, once, and link it; return its name."""
        master = await self._fitting(lights, wide=wide)
        if master is None:
            return None
        path = siril.kept_at(self.archive, telescope, master, wide=wide)
        file = master.file
        if not await asyncio.to_thread(_has, path, file.size):
            entry = Entry(
                siril.masters_folder(lights[0].folder, wide=wide), file.path, "", file.size, file.modified
            )
            try:
                async with held(partial(_alone, path.parent)):
                    await self.bring(entry, path)
            except (CardFileMissingError, ChangedError):
                return None
        return (await asyncio.to_thread(siril.link, path, place / siril.DARKS)).name

    async def _fitting(self, lights: list[Entry], *, wide: bool) -> siril.Master | None:
        settings = {siril.settings_of(await self.note_of(one)) for one in {light.folder for light in lights}}
        known = settings.pop() if len(settings) == 1 else None
        if known is None:  # not told, or captures that want different darks
            return None
        try:
            found = siril.masters(await self.files(siril.masters_folder(lights[0].folder, wide=wide)))
        except CardFileMissingError:
            return None
        return siril.fitting(found, known, (light.source for light in lights))


def _is_light(entry: Entry, *, wide: bool) -> bool:
    return entry.name.startswith(f"{WIDE}/{LIGHTS}/" if wide else f"{LIGHTS}/")


def _alone(folder: Path) -> int | None:
    """Keep those out who fetch another session of the same darks, until the handle is closed."""
    folder.mkdir(parents=True, exist_ok=True)
    return locked(folder)


def _has(path: Path, size: int | None) -> bool:
    return path.is_file() and size in (None, path.stat().st_size)
