"""HTTP/1.1 as far as a telescope's service needs it: a connection a question, nothing unpacked or followed.

A library that can more would be an eighth of what an idle agent takes.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import quote

PIECE = 65536
_LONGEST_HEAD = 2 * PIECE
_NEXT_ADDRESS_S = 0.25  # of a name with several, RFC 8305
_LEFT_ALONE = "/:@!$&'()*+,;="  # in a path, RFC 3986
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-9]\d\d)(?: [^\r\n]*)?")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~\w-]+):[ \t]*([^\r\n]*?)[ \t]*", re.ASCII)
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")


class NobodyError(OSError):
    """Nothing answers at the address."""


class NoHttpError(ValueError):
    """What came is no answer, or breaks off."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a path is asked for."""

    host: str
    port: int
    target: str  # the path as `written`

    def __str__(self) -> str:
        return f"{self.origin}{self.target}"

    @property
    def origin(self) -> str:
        """The address without its path."""
        return f"http://{self._authority}"

    @property
    def _authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == 80 else f"{host}:{self.port}"

    def head(self, method: str, headers: Mapping[str, str]) -> bytes:
        """Return what a question begins with; UnicodeEncodeError for what no header can say."""
        lines = {"Host": self._authority, "Accept": "*/*", "Accept-Encoding": "identity", **headers}
        lines["Connection"] = "close"
        told = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"{method} {self.target} HTTP/1.1\r\n{told}\r\n".encode("latin-1")


def written(path: str) -> str:
    """Return a path as an address has it; UnicodeEncodeError for half a surrogate pair."""
    return quote("/" + path.lstrip("/"), safe=_LEFT_ALONE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]  # by names in lower case
    length: int | None  # bytes of the body; None when that is not told
    pieces: AsyncIterator[bytes]  # the body; TimeoutError, OSError or NoHttpError when it does not come whole


@asynccontextmanager
async def asked(
    address: Address, question: bytes, *, connect_s: float, silence_s: float
) -> AsyncIterator[Answer]:
    """Ask, and hold the connection while its answer is read.

    TimeoutError when nobody is there within `connect_s` or falls silent for `silence_s` (of the loop's time);
    NobodyError when nothing listens, OSError for a line that breaks; NoHttpError for what is no answer.
    """
    try:
        async with asyncio.timeout(connect_s):
            reader, writer = await asyncio.open_connection(
                address.host, address.port, limit=_LONGEST_HEAD, happy_eyeballs_delay=_NEXT_ADDRESS_S
            )
    except TimeoutError:
        raise
    except OSError as error:
        raise NobodyError(f"Nothing answers at {address.origin} ({_reason(error)})") from error
    try:
        writer.write(question)
        line = _Line(reader, silence_s)
        status, headers = _read_head(await line.until(b"\r\n\r\n"))
        chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        length = None if chunked else _length(headers)
        yield Answer(status, headers, length, line.chunks() if chunked else line.body(length))
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


class _Line:
    """What comes in on a connection, none of it waited for without end."""

    def __init__(self, reader: asyncio.StreamReader, silence_s: float) -> None:
        self._reader = reader
        self._silence_s = silence_s

    async def until(self, end: bytes) -> bytes:
        try:
            async with asyncio.timeout(self._silence_s):
                return await self._reader.readuntil(end)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise NoHttpError("what answers speaks no HTTP, or breaks off") from error

    async def body(self, length: int | None) -> AsyncIterator[bytes]:
        """Give that many bytes, or all until the connection ends."""
        left = length
        while left != 0:
            async with asyncio.timeout(self._silence_s):
                piece = await self._reader.read(PIECE if left is None else min(left, PIECE))
            if not piece:
                if left is None:
                    return
                raise NoHttpError(f"it broke off {left} bytes before its end")
            if left is not None:
                left -= len(piece)
            yield piece

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give what comes in chunks, each after its size; what follows the last is not read."""
        while size := _chunk_size(await self.until(b"\r\n")):
            async for piece in self.body(size):
                yield piece
            if await self.until(b"\r\n") != b"\r\n":
                raise NoHttpError("a chunk is longer than it said")


def _reason(error: OSError) -> str:
    if error.errno is not None and error.errno > 0:  # below 0 it is a name's; asyncio words the others itself
        return os.strerror(error.errno)
    return error.strerror or "Connection failed"


def _read_head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    status = _STATUS.fullmatch(first)
    found = [_HEADER.fullmatch(line) for line in lines]
    if status is None or None in found:
        raise NoHttpError("what answers speaks no HTTP")
    headers: dict[str, str] = {}
    for name, value in (each.groups() for each in found if each):
        known = headers.get(key := name.decode().lower())
        headers[key] = value.decode("latin-1") if known is None else f"{known}, {value.decode('latin-1')}"
    return int(status[1]), headers


def _length(headers: Mapping[str, str]) -> int | None:
    told = headers.get("content-length")
    if told is None:
        return None
    if not _LENGTH.fullmatch(told):
        raise NoHttpError(f"it does not say how long it is ({told[:40]!r})")
    return int(told)


def _chunk_size(line: bytes) -> int:
    match = _CHUNK.fullmatch(line)
    if match is None:
        raise NoHttpError("a chunk does not say how long it is")
    return int(match[1], 16)
