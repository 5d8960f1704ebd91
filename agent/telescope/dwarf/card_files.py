"""The card over HTTP: the index that newer firmware gives of each folder, and files in ranges."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from agent.telescope.card import Card, CardFile, CardFileMissingError, Content
from agent.telescope.dwarf.card import linked
from agent.telescope.dwarf.card_ftp import FtpCard, FtpError
from agent.telescope.dwarf.http import DwarfHttp, HttpError, MissingError, read_json
from agent.telescope.dwarf.media import SESSION_QUESTIONS
from agent.telescope.errors import ProtocolError, RefusedError

_LOGGER = logging.getLogger(__name__)

_DEPTH = 2  # folders below a session's own: thumbnails lie in one
_MOST = 20_000  # files of one session
_NOTE = "shotsInfo.json"
_KNOWN = ("stacked.jpg", "stacked_thumbnail.jpg", _NOTE)  # beside the frames, where nothing lists them
_ENTRY = re.compile(r'<a href="([^"]+)">[^<]*</a>\s+(\d\d?-\w{3}-\d{4} \d\d:\d\d)\s+(\S+)')
_SIZE = re.compile(r"[0-9]{1,18}")
_LINK = re.compile(r'<a\s+href="(?!\.\./")', re.IGNORECASE)
_NAMED = {"mediaType", "filePath", "fileName"}  # what the album is asked to delete a session by
_UNFIT = re.compile(r"[\x00-\x1f\x7f/\\]")


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A line of an index. A folder's name ends in a slash; `size` None is one that is told roughly."""

    name: str
    size: int | None
    modified: str

    @property
    def is_folder(self) -> bool:
        return self.name.endswith("/")


class HttpCard(Card):
    """One telescope's card; several folders may be read at once. `ftp` reads folders without an index."""

    def __init__(self, http: DwarfHttp, ftp: FtpCard | None = None) -> None:
        self._http = http
        self._ftp = ftp
        self._by_ftp: set[str] = set()  # folders that HTTP does not list

    async def files(self, folder: str) -> tuple[CardFile, ...]:
        bare = folder.rstrip("/")
        self._by_ftp.discard(bare)
        try:
            found = await self._listed(bare, "", _DEPTH)
        except MissingError:
            if await self._lists(bare.rpartition("/")[0]):
                raise CardFileMissingError(f"{bare} is not on the telescope's card any more.") from None
            if self._ftp is not None:
                with suppress(FtpError):
                    files = await self._ftp.files(bare)
                    self._by_ftp.add(bare)
                    return files
            found = await self._without_index(bare)
        return tuple(sorted(found, key=lambda file: file.path)[:_MOST])

    @asynccontextmanager
    async def open(
        self, folder: str, file: str, offset: int = 0, tag: str = "", most: int | None = None
    ) -> AsyncIterator[Content]:
        path = f"{folder.rstrip('/')}/{file}"
        if self._ftp is not None and folder.rstrip("/") in self._by_ftp:
            async with self._ftp.open(folder, file, offset) as content:
                yield content
            return
        try:
            async with self._http.stream(self._http.card_port, path, offset, tag, most) as content:
                yield content
        except MissingError as error:
            raise CardFileMissingError(f"{file} is not on the telescope's card any more.") from error

    async def note(self, folder: str) -> dict[str, object]:
        try:
            found = read_json(await self._http.file(self._http.card_port, f"{folder.rstrip('/')}/{_NOTE}"))
        except MissingError:
            return {}
        except (ValueError, RecursionError) as error:
            _LOGGER.debug("%s of %s cannot be read: %s", _NOTE, folder, error)
            return {}
        return found if isinstance(found, dict) else {}

    async def delete(self, folder: str) -> None:
        bare = folder.rstrip("/")
        try:
            seen = await self._seen(bare, "", _DEPTH)
        except MissingError:  # no index: other listings leave out what they cannot read
            raise _more_than_seen(bare) from None
        if seen > _MOST:
            raise _more_than_seen(bare)
        item = await self._item(bare)
        wanted = {
            "mediaType": item["mediaType"],
            "filePath": item["filePath"],
            "fileName": item["fileName"],
            "subType": item.get("astroSubType", 0),
        }
        answer = await self._http.ask("POST", "/album/delete", {"datas": [wanted]})
        done = answer[0] if isinstance(answer, list) and answer else None
        if not isinstance(done, dict) or done.get("isSuccess") is not True:
            raise RefusedError(f"The telescope does not delete {bare}.", code="not_deleted")

    async def _seen(self, folder: str, below: str, depth: int) -> int:
        """Count the files that are listed; RefusedError where there is more that `files` leaves out."""
        page = (await self._http.file(self._http.card_port, f"{folder}/{below}")).decode("utf-8", "replace")
        entries = read_index(page)
        folders = [entry.name for entry in entries if entry.is_folder]
        if len(_LINK.findall(page)) != len(entries) or (folders and not depth):
            raise _more_than_seen(folder)
        counts = [await self._seen(folder, below + name, depth - 1) for name in folders]
        return len(entries) - len(folders) + sum(counts)

    async def _item(self, bare: str) -> dict[str, object]:
        """The album's record of the session in a folder."""
        for question in SESSION_QUESTIONS:
            try:
                listed = await self._http.ask("POST", "/album/list/mediaInfos", {**question, "pageSize": 0})
            except HttpError as error:
                if not error.answered:
                    raise
                continue
            for item in listed if isinstance(listed, list) else []:
                path = item.get("filePath") if isinstance(item, dict) else None
                if isinstance(path, str) and path.rpartition("/")[0] == bare and item.keys() >= _NAMED:
                    return dict(item)
        raise RefusedError(f"The telescope's album does not list {bare}.", code="not_deleted")

    async def _listed(self, folder: str, below: str, depth: int) -> list[CardFile]:
        page = await self._http.file(self._http.card_port, f"{folder}/{below}")
        found: list[CardFile] = []
        for entry in read_index(page.decode("utf-8", "replace")):
            if not entry.is_folder:
                found.append(CardFile(below + entry.name, entry.size, entry.modified))
            elif depth:
                found += await self._listed(folder, below + entry.name, depth - 1)
        return found

    async def _lists(self, folder: str) -> bool:
        try:
            await self._http.file(self._http.card_port, f"{folder}/")
        except MissingError:
            return False
        return True

    async def _without_index(self, bare: str) -> list[CardFile]:
        """The frames as the album lists them, and the files that every session has."""
        try:
            data = await self._http.ask("POST", "/album/astro/fitsList", {"srcDir": f"{bare}/"})
        except ProtocolError as error:
            raise HttpError(error.message) from error
        except HttpError as error:
            if not error.answered:
                raise
            raise CardFileMissingError(f"{bare} is not on the telescope's card any more.") from error
        frames = data.get("fitsInfo") if isinstance(data, dict) else None
        names: list[str] = []
        for frame in frames if isinstance(frames, list) else []:
            path = frame.get("filePath") if isinstance(frame, dict) else None
            if isinstance(path, str) and path.startswith(f"{bare}/") and _fits(path.rpartition("/")[2]):
                names.append(path.rpartition("/")[2])
        return [CardFile(name, None) for name in dict.fromkeys((*names, *_KNOWN))]


def _more_than_seen(folder: str) -> RefusedError:
    return RefusedError(f"{folder} has more on the card than could be listed.", code="not_deleted")


def read_index(page: str) -> list[IndexEntry]:
    """Read nginx' index of a folder. Names that are no names in this folder are left out."""
    found: list[IndexEntry] = []
    for link, modified, told in _ENTRY.findall(page):
        name = linked(link)
        if _fits(name.removesuffix("/")):
            found.append(IndexEntry(name, int(told) if _SIZE.fullmatch(told) else None, modified))
    return found


def _fits(name: str) -> bool:
    return bool(name) and name not in (".", "..") and _UNFIT.search(name) is None and len(name) <= 255
