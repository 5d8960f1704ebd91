"""Networks between a driver and a telescope, as small TCP proxies: good ones, and ones that hurt."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_CHUNK = 65536
_HTTP_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Transport:
    """How bytes travel.

    `piece` is how many are passed on at a time (0: as they come), each piece `late_s` seconds late at most.
    A connection breaks in the middle of its traffic after a number of bytes from `lasts` (None: never).
    With `doubles` every WebSocket frame from the telescope arrives twice.
    """

    name: str
    piece: int = 0
    late_s: float = 0.0
    lasts: tuple[int, int] | None = None
    doubles: bool = False

    def __str__(self) -> str:
        return self.name


PERFECT = Transport("perfect")
BYTE_BY_BYTE = Transport("byte by byte", piece=1)
SLOW = Transport("slow", late_s=1.5)
DROPPING = Transport("dropping", lasts=(1000, 6000))
DOUBLING = Transport("doubling", doubles=True)
TRANSPORTS = (PERFECT, BYTE_BY_BYTE, SLOW, DROPPING, DOUBLING)


def for_http(transport: Transport) -> Transport:
    """The same network for the telescope's HTTP port, whose answers are larger by far and no frames."""
    return Transport(transport.name, piece=200 * transport.piece, late_s=transport.late_s)


@dataclass(slots=True)
class Proxy:
    """One listening end of a network. `broken` counts the connections it broke by itself."""

    transport: Transport
    rng: random.Random
    port: int = 0
    connections: int = 0
    broken: int = 0
    refusing: bool = False
    noise: float = 0.0  # the share of bytes from the telescope of which one bit is flipped
    _target: tuple[str, int] = ("", 0)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _budget: int | None = None

    def cut(self) -> None:
        """Break every connection now, without a goodbye."""
        for writer in self._writers:
            writer.transport.abort()

    def cut_after(self, size: int) -> None:
        """Break the connection once, when that many more bytes came from the telescope."""
        self._budget = size

    async def serve(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Carry one connection to its end."""
        self._writers.add(back)
        try:
            if not self.refusing:
                self.connections += 1
                await self._carry(client, back)
        finally:
            back.transport.abort()
            self._writers.discard(back)

    async def _carry(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        try:
            telescope, onward = await asyncio.open_connection(*self._target)
        except OSError:
            return
        self._writers.add(onward)
        left = self.rng.randint(*self.transport.lasts) if self.transport.lasts else None
        pumps = [
            asyncio.create_task(self._pump(client, onward), name="proxy up"),
            asyncio.create_task(self._pump(telescope, back, left=left, down=True), name="proxy down"),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(0)  # a goodbye on its way gets through
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            onward.transport.abort()
            self._writers.discard(onward)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        left: int | None = None,
        down: bool = False,
    ) -> None:
        doubler = Doubler() if down and self.transport.doubles else None
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(_CHUNK):
                sent = data if doubler is None else doubler.feed(data)
                if down and self.noise:
                    sent = self._flipped(sent)
                if down and self._budget is not None:
                    left, self._budget = self._budget, None
                if left is not None and len(sent) >= left:
                    writer.write(sent[: max(0, left)])
                    self.broken += 1
                    return
                left = None if left is None else left - len(sent)
                for piece in self._pieces(sent):
                    await asyncio.sleep(self.rng.uniform(0, self.transport.late_s))
                    await asyncio.sleep(0)  # twice: what was written before is read before more comes
                    writer.write(piece)
                    await writer.drain()

    def _flipped(self, data: bytes) -> bytes:
        rng = self.rng
        return bytes(one ^ (1 << rng.randrange(8)) if rng.random() < self.noise else one for one in data)

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        size = self.transport.piece or max(1, len(data))
        for start in range(0, len(data), size):
            yield data[start : start + size]


class Doubler:
    """Takes a telescope's side of a WebSocket connection, and returns it with every data frame twice."""

    def __init__(self) -> None:
        self._held = b""
        self._upgraded = False

    def feed(self, data: bytes) -> bytes:
        """Return what can be passed on after these bytes."""
        self._held += data
        out = b""
        if not self._upgraded:
            head, end, rest = self._held.partition(_HTTP_END)
            if not end:
                return b""
            self._upgraded, self._held, out = True, rest, head + end
        while size := _frame_size(self._held):
            frame, self._held = self._held[:size], self._held[size:]
            is_data = frame[0] & 0x0F in (1, 2)
            out += frame * 2 if is_data else frame
        return out


def _frame_size(data: bytes) -> int:
    """Return the length of the unmasked frame that begins here; 0 when it is not complete."""
    if len(data) < 2:
        return 0
    length, header = data[1] & 0x7F, 2
    if length >= 126:
        header = 4 if length == 126 else 10
        if len(data) < header:
            return 0
        length = int.from_bytes(data[2:header], "big")
    size = header + length
    return size if len(data) >= size else 0


@asynccontextmanager
async def proxied(
    target: tuple[str, int], transport: Transport, seed: int = 1, at: tuple[str, int] = ("127.0.0.1", 0)
) -> AsyncIterator[Proxy]:
    """A proxy to a loopback port, listening on one of its own (`at`: host, and port or 0 for any)."""
    proxy = Proxy(transport, random.Random(seed))
    proxy._target = target
    server = await asyncio.start_server(proxy.serve, *at)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
        await server.wait_closed()
        await asyncio.sleep(0)
