"""A minimal client of the wire, for looking at the simulator from outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from google.protobuf.message import Message
from websockets.asyncio.client import ClientConnection, connect

from agent.clock import LoopClock
from agent.telescope.dwarf.proto import common_pb2 as common
from agent.telescope.dwarf.proto import envelope_pb2 as envelope
from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions

DUSK = datetime(2026, 3, 12, 20, 0, tzinfo=UTC)
_RANGES = {10: 1, 11: 3, 12: 2, 14: 6, 15: 8}

M = TypeVar("M", bound=Message)


class Frame(NamedTuple):
    """One frame from the telescope, and the loop time it came at."""

    at: float
    module: int
    cmd: int
    type: int
    data: bytes
    device: int = 0

    def read(self, kind: type[M]) -> M:
        return kind.FromString(self.data)


def module_of(cmd: int) -> int:
    """Return the module a command belongs to."""
    if 13000 <= cmd < 14000:
        return 4 if cmd < 13500 else 5
    if 16100 <= cmd < 16400:
        return 13
    if cmd >= 16000:
        return 14 if cmd < 16600 else 15
    return _RANGES[cmd // 1000]


class WireClient:
    """Sends requests, keeps every frame it saw."""

    def __init__(self, socket: ClientConnection, *, minor: int, client_id: str) -> None:
        self.socket = socket
        self.frames: list[Frame] = []
        self.texts: list[str] = []
        self._minor = minor
        self._client_id = client_id

    async def send(self, cmd: int, message: Message | None = None, *, module: int | None = None) -> None:
        packet = envelope.Packet(
            major_version=1,
            minor_version=self._minor,
            device_id=1,
            module_id=module_of(cmd) if module is None else module,
            cmd=cmd,
            data=b"" if message is None else message.SerializeToString(),
            client_id=self._client_id,
        )
        await self.socket.send(packet.SerializeToString())

    async def until(self, matches: Callable[[Frame], bool]) -> Frame:
        """Read frames until one matches."""
        while True:
            raw = await self.socket.recv()
            if isinstance(raw, str):
                self.texts.append(raw)
                continue
            packet = envelope.Packet.FromString(raw)
            now = asyncio.get_running_loop().time()
            frame = Frame(now, packet.module_id, packet.cmd, packet.type, packet.data, packet.device_id)
            self.frames.append(frame)
            if matches(frame):
                return frame

    async def notice(self, cmd: int, data: bytes | None = None) -> Frame:
        """Read until a notification comes (with exactly that payload)."""
        return await self.until(lambda one: one.cmd == cmd and data in (None, one.data))

    async def ask(self, cmd: int, message: Message | None = None, *, module: int | None = None) -> Frame:
        """Send a request and read until its answer."""
        await self.send(cmd, message, module=module)
        return await self.until(lambda one: one.cmd == cmd and one.type != 2)

    async def code(self, cmd: int, message: Message | None = None) -> int:
        """Send a request and return the code of its plain answer."""
        return (await self.ask(cmd, message)).read(common.ComResponse).code

    def told(self, cmd: int) -> list[bytes]:
        """Return the payloads of every notification of that number so far."""
        return [frame.data for frame in self.frames if frame.cmd == cmd]


@asynccontextmanager
async def client_of(
    sim: SimulatedDwarf, *, minor: int = 9, client_id: str = "one"
) -> AsyncIterator[WireClient]:
    """Connect to a simulated telescope."""
    address = f"ws://127.0.0.1:{sim.port}/?client_id={client_id}"
    async with connect(address, proxy=None, ping_interval=None, compression=None) as socket:
        yield WireClient(socket, minor=minor, client_id=client_id)


@asynccontextmanager
async def telescope(**options: object) -> AsyncIterator[SimulatedDwarf]:
    """Switch a simulated telescope on, at dusk, on the running loop's time; it serves either generation."""
    asked = {"generation": "both", **options}
    async with SimulatedDwarf(SimulatorOptions.from_mapping(asked), LoopClock(DUSK)) as sim:
        yield sim


@asynccontextmanager
async def connected(**options: object) -> AsyncIterator[tuple[SimulatedDwarf, WireClient]]:
    """Switch a simulated telescope on and connect to it."""
    async with telescope(**options) as sim, client_of(sim) as client:
        yield sim, client
