"""The card over FTP, where HTTP gives no index of it: anonymous, passive, read-only."""

from __future__ import annotations

import asyncio
import contextlib
import ftplib
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from agent.telescope.card import Card, CardFile, CardFileMissingError, Content
from agent.telescope.errors import RefusedError, UnreachableError

FTP_PORT = 21
CONNECT_LIMIT_S = 5.0
SILENCE_LIMIT_S = 20.0
CHUNK = 65536

_DEPTH = 2  # folders below a session's own
_MOST = 20_000
_LINE = re.compile(r"([d-])\S+\s+\d+\s+\S+\s+\S+\s+(\d{1,18})\s+(\w{3}\s+\d+\s+[\d:]+)\s+(.+)")


class FtpError(UnreachableError):
    """The FTP service gives no usable answer."""

    code = "ftp"


class FtpCard(Card):
    """One telescope's card; each answer has a connection of its own."""

    def __init__(self, host: str, port: int = FTP_PORT) -> None:
        self.host = host
        self.port = port

    async def files(self, folder: str) -> tuple[CardFile, ...]:
        return await asyncio.to_thread(self._files, folder)

    @asynccontextmanager
    async def open(
        self,
        folder: str,
        file: str,
        offset: int = 0,
        tag: str = "",  # noqa: ARG002 - FTP tells none
        most: int | None = None,  # noqa: ARG002 - FTP gives no parts
    ) -> AsyncIterator[Content]:
        ftp, data, size = await asyncio.to_thread(self._begin, folder, file, offset)
        try:
            yield Content(size, offset, "", _chunks(ftp, data))
        finally:
            with contextlib.suppress(OSError):
                data.shutdown(socket.SHUT_RDWR)  # a thread that still reads gets its end
            data.close()
            ftp.close()

    async def delete(self, folder: str) -> None:
        raise RefusedError(f"Nothing is deleted by FTP: {folder}.", code="no_delete")

    async def note(self, folder: str) -> dict[str, object]:  # noqa: ARG002 - HTTP has it
        return {}

    def _files(self, folder: str) -> tuple[CardFile, ...]:
        with _told(), self._connected() as ftp:
            _enter(ftp, folder)
            found = sorted(_listed(ftp, "", _DEPTH), key=lambda file: file.path)
        return tuple(found[:_MOST])

    def _begin(self, folder: str, file: str, offset: int) -> tuple[ftplib.FTP, socket.socket, int | None]:
        with _told():
            ftp = self._connected()
            try:
                _enter(ftp, folder)
                ftp.voidcmd("TYPE I")
                size = ftp.size(file)
                data = ftp.transfercmd(f"RETR {file}", rest=offset or None)
                data.settimeout(SILENCE_LIMIT_S)
            except BaseException:
                ftp.close()
                raise
        return ftp, data, size

    def _connected(self) -> ftplib.FTP:
        ftp = ftplib.FTP(encoding="utf-8")  # noqa: S321 - it is all that this firmware offers
        ftp.connect(self.host, self.port, timeout=CONNECT_LIMIT_S)
        ftp.login()
        return ftp


def _enter(ftp: ftplib.FTP, folder: str) -> None:
    """Go into a folder; whether the card's root is a part of its path here depends on the model."""
    parts = folder.strip("/").split("/")
    at = parts.index("Astronomy") if "Astronomy" in parts else 0
    paths = [f"/{'/'.join(parts[start:])}" for start in (at, max(0, at - 1))]
    for path in dict.fromkeys(paths):
        with contextlib.suppress(ftplib.error_perm):
            ftp.cwd(path)
            return
    raise CardFileMissingError(f"{folder} is not on the telescope's card any more.")


def _listed(ftp: ftplib.FTP, below: str, depth: int) -> Iterator[CardFile]:
    lines: list[str] = []
    ftp.retrlines(f"LIST {below}".rstrip(), lines.append)
    for line in lines:
        entry = _LINE.fullmatch(line.strip())
        if entry is None or "/" in entry[4] or entry[4] in (".", ".."):
            continue
        if entry[1] == "-":
            yield CardFile(below + entry[4], int(entry[2]), entry[3])
        elif depth:
            yield from _listed(ftp, f"{below}{entry[4]}/", depth - 1)


async def _chunks(ftp: ftplib.FTP, data: socket.socket) -> AsyncIterator[bytes]:
    with _told():
        while chunk := await asyncio.to_thread(data.recv, CHUNK):
            yield chunk
        data.close()
        await asyncio.to_thread(ftp.voidresp)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Make errors of the line and of the service what they mean."""
    try:
        yield
    except ftplib.error_perm as error:
        raise CardFileMissingError(f"The card does not give it: {error}.") from error
    except (OSError, EOFError, ftplib.Error, UnicodeError, ValueError) as error:
        raise FtpError(f"FTP: {error or type(error).__name__}.") from error
