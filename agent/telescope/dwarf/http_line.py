"""A question to a telescope's HTTP service on a connection of its own: nothing is unpacked or followed.

What goes over the line is h11's; a client that can more would be an eighth of what an idle agent takes.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import quote

import h11

_PIECE = 65536
_NEXT_ADDRESS_S = 0.25  # of a name with several, RFC 8305
_LEFT_ALONE = "/:@!$&'()*+,;="  # in a path, RFC 3986
_LONGEST_LENGTH = 18  # digits


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
        return f"http://{self.authority}"

    @property
    def authority(self) -> str:
        """Host and port as an address has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == 80 else f"{host}:{self.port}"


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
    method: str,
    address: Address,
    headers: Mapping[str, str],
    body: bytes = b"",
    *,
    connect_s: float,
    silence_s: float,
) -> AsyncIterator[Answer]:
    """Ask, and hold the connection while its answer is read.

    TimeoutError when nobody is there within `connect_s` or falls silent for `silence_s` (of the loop's time);
    NobodyError when nothing listens, OSError for a line that breaks; NoHttpError for what is no answer;
    ValueError for a header that cannot be sent.
    """
    http = h11.Connection(h11.CLIENT)
    question = _question(http, method, address, headers, body)
    try:
        async with asyncio.timeout(connect_s):
            reader, writer = await asyncio.open_connection(
                address.host, address.port, happy_eyeballs_delay=_NEXT_ADDRESS_S
            )
    except TimeoutError:
        raise
    except OSError as error:
        raise NobodyError(f"Nothing answers at {address.origin} ({_reason(error)})") from error
    try:
        writer.write(question)
        line = _Line(http, reader, silence_s)
        head = await line.head()
        told = {name.decode(): value.decode("latin-1") for name, value in head.headers}
        yield Answer(head.status_code, told, _length(told), line.pieces())
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


class _Line:
    """What comes in on a connection, none of it waited for without end."""

    def __init__(self, http: h11.Connection, reader: asyncio.StreamReader, silence_s: float) -> None:
        self._http = http
        self._reader = reader
        self._silence_s = silence_s

    async def head(self) -> h11.Response:
        async with asyncio.timeout(self._silence_s):  # in all: it may be put off for ever
            while isinstance(event := await self._next(), h11.InformationalResponse):
                pass
        if not isinstance(event, h11.Response):
            raise NoHttpError("it breaks off before its answer")
        return event

    async def pieces(self) -> AsyncIterator[bytes]:
        while isinstance(event := await self._next(), h11.Data):
            yield bytes(event.data)

    async def _next(self) -> object:
        async with asyncio.timeout(self._silence_s):
            try:
                while (event := self._http.next_event()) is h11.NEED_DATA:
                    self._http.receive_data(await self._reader.read(_PIECE))
            except h11.RemoteProtocolError as error:
                raise NoHttpError(f"what answers speaks no HTTP, or breaks off: {error}") from error
        return event


def _question(
    http: h11.Connection, method: str, address: Address, headers: Mapping[str, str], body: bytes
) -> bytes:
    lines = {"Host": address.authority, "Accept": "*/*", "Accept-Encoding": "identity", **headers}
    if body:
        lines["Content-Length"] = str(len(body))
    lines["Connection"] = "close"
    told = [(name.encode(), value.encode("latin-1")) for name, value in lines.items()]
    try:
        events = (
            h11.Request(method=method, target=address.target, headers=told),
            *([h11.Data(body)] if body else []),
            h11.EndOfMessage(),
        )
        return b"".join(http.send(event) or b"" for event in events)
    except h11.LocalProtocolError as error:
        raise ValueError(str(error)) from error


def _length(headers: Mapping[str, str]) -> int | None:
    told = headers.get("content-length")
    if told is None or "transfer-encoding" in headers:
        return None
    if len(told) > _LONGEST_LENGTH:
        raise NoHttpError(f"it does not say how long it is ({told[:40]!r})")
    return int(told)


def _reason(error: OSError) -> str:
    if error.errno is not None and error.errno > 0:  # below 0 it is a name's; asyncio words the others itself
        return os.strerror(error.errno)
    return error.strerror or "Connection failed"
