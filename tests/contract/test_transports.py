"""The networks themselves: a contract is worth what its networks do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.contract.transports import (
    BYTE_BY_BYTE,
    DOUBLING,
    DROPPING,
    SLOW,
    Doubler,
    Proxy,
    Transport,
    proxied,
)
from tests.support.virtual_loop import run_virtual

FRAMES = [b"", b"x", b"y" * 125, "pong", b"z" * 126, b"w" * 70000]


@asynccontextmanager
async def raw(
    transport: Transport,
) -> AsyncIterator[tuple[Proxy, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection through a proxy to a server that says 4000 bytes for every byte it hears."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1):
            writer.write(b"0123456789" * 400)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server, proxied(server.sockets[0].getsockname(), transport) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        yield proxy, reader, writer
        writer.transport.abort()


def test_one_byte_at_a_time_is_one_byte_at_a_time() -> None:
    sizes: list[int] = []

    class Counting(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            sizes.append(len(data))

    async def run() -> None:
        async with raw(BYTE_BY_BYTE) as (proxy, _, _):
            transport, _ = await asyncio.get_running_loop().create_connection(
                Counting, "127.0.0.1", proxy.port
            )
            transport.write(b"?")
            await asyncio.sleep(1)
            transport.abort()

    run_virtual(run())
    assert sizes == [1] * 4000


def test_a_slow_network_is_late_and_complete() -> None:
    async def run() -> float:
        async with raw(SLOW) as (_, reader, writer):
            loop = asyncio.get_running_loop()
            for _ in range(20):
                writer.write(b"?")
                assert len(await reader.readexactly(4000)) == 4000
            return loop.time()

    assert 20 < run_virtual(run()) < 60


def test_a_dropping_network_breaks_after_some_bytes_and_serves_again() -> None:
    async def run() -> None:
        for _ in range(3):
            async with raw(DROPPING) as (proxy, reader, writer):
                writer.write(b"?")
                got = bytearray()
                try:
                    while data := await reader.read(65536):
                        got += data
                except ConnectionError:
                    pass
                assert 0 < len(got) < 4000
                assert proxy.broken == 1

    run_virtual(run())


def test_a_cut_network_refuses_until_it_may_not() -> None:
    async def run() -> None:
        async with raw(Transport("perfect")) as (proxy, reader, _):
            proxy.cut()
            assert await reader.read() == b""
            proxy.refusing = True
            refused, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            assert await refused.read(1) == b""
            writer.close()
            assert proxy.connections == 1

    run_virtual(run())


def test_every_data_frame_arrives_twice_and_in_order() -> None:
    async def talk(socket: ServerConnection) -> None:
        for frame in FRAMES:
            await socket.send(frame)
        await socket.recv()

    async def run() -> list[str | bytes]:
        async with (
            serve(talk, "127.0.0.1", 0, compression=None) as server,
            proxied(server.sockets[0].getsockname(), DOUBLING) as proxy,
            connect(f"ws://127.0.0.1:{proxy.port}", proxy=None, compression=None) as socket,
        ):
            got = [await socket.recv() for _ in range(2 * len(FRAMES))]
            await (await socket.ping())
            await socket.send("enough")
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            assert socket.close_code == 1000
            return got

    assert run_virtual(run()) == [frame for frame in FRAMES for _ in range(2)]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=6), st.integers(1, 40))
def test_doubling_does_not_depend_on_how_the_bytes_come(payloads: list[bytes], piece: int) -> None:
    head = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
    frames = []
    for payload in payloads:
        length = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + len(payload).to_bytes(2, "big")
        frames.append(b"\x82" + length + payload)
    whole, doubler = head + b"".join(frames), Doubler()
    out = b"".join(doubler.feed(whole[at : at + piece]) for at in range(0, len(whole), piece))
    assert out == head + b"".join(frame * 2 for frame in frames)
