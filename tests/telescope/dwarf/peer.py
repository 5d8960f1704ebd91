"""A WebSocket peer of a few lines, for what the link does with a telescope that misbehaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from agent.telescope.dwarf.wire.commands import module_of
from agent.telescope.dwarf.wire.envelope import Packet, PacketType

Behaviour = Callable[["Peer", ServerConnection], Awaitable[None]]


@dataclass
class Peer:
    """Counts connections and texts, keeps what it got."""

    behaviour: Behaviour
    port: int = 0
    connections: int = 0
    requests: list[Packet] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    open: list[ServerConnection] = field(default_factory=list)

    async def serve(self, socket: ServerConnection) -> None:
        self.connections += 1
        self.open.append(socket)
        try:
            await self.behaviour(self, socket)
        except ConnectionClosed:
            pass
        finally:
            self.open.remove(socket)

    async def read(self, socket: ServerConnection) -> Packet:
        """The next request; pings are answered on the way."""
        while True:
            frame = await socket.recv()
            if isinstance(frame, bytes):
                packet = Packet.decode(frame)
                self.requests.append(packet)
                return packet
            self.texts.append(frame)
            await socket.send("pong")


async def answer(
    socket: ServerConnection, cmd: int, data: bytes = b"", kind: int = PacketType.ANSWER_V3
) -> None:
    await socket.send(Packet(module_of(cmd), cmd, kind, data, device_id=2).encode())


async def notify(socket: ServerConnection, cmd: int, data: bytes = b"") -> None:
    await socket.send(Packet(9, cmd, PacketType.NOTIFICATION, data, device_id=2).encode())


async def quiet(peer: Peer, socket: ServerConnection) -> None:
    """Answer pings, nothing else."""
    while True:
        await peer.read(socket)


@asynccontextmanager
async def peer(behaviour: Behaviour = quiet) -> AsyncIterator[Peer]:
    """A listening peer on a free port."""
    made = Peer(behaviour)
    async with serve(made.serve, "127.0.0.1", 0, ping_interval=None, close_timeout=0.1) as server:
        made.port = server.sockets[0].getsockname()[1]
        yield made
        for socket in list(made.open):
            socket.transport.abort()
        await asyncio.sleep(0)
