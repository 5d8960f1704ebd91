"""A line to the telescope on which one thing is asked at a time, and everything that follows is heard."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from google.protobuf.message import Message

from agent.clock import Clock
from agent.telescope.dwarf.link.connection import Connection, LinkLostError
from agent.telescope.dwarf.link.recorder import Recorder
from agent.telescope.dwarf.proto import common_pb2
from agent.telescope.dwarf.wire.commands import Module, module_of
from agent.telescope.dwarf.wire.envelope import ANSWER_TYPES, M, MalformedError, Packet, PacketType, decode

ANSWER_S = 5.0  # settings and simple questions are answered within one
_MINOR = 20  # of the envelope, as clients of newer firmware send it
_CLIENT_ID = str(uuid.uuid5(uuid.NAMESPACE_DNS, "first-light.dwarf-agent"))
_TRIES, _PAUSE_S = 5, 5.0  # to connect again


@dataclass(frozen=True, slots=True)
class Place:
    """Where a telescope listens, service by service."""

    host: str
    port: int = 9900
    http_port: int = 8082
    files_port: int = 80
    pictures_port: int = 8092
    video_port: int = 554

    @property
    def url(self) -> str:
        """The address of the control port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"ws://{host}:{self.port}/?client_id={_CLIENT_ID}"


@dataclass(frozen=True, slots=True)
class Heard:
    """One packet from the telescope; `at` is in seconds of the clock."""

    at: float
    packet: Packet

    @property
    def cmd(self) -> int:
        """Its number."""
        return self.packet.cmd

    @property
    def is_notice(self) -> bool:
        """Whether the telescope said it unasked."""
        return self.packet.type == PacketType.NOTIFICATION or self.packet.module_id == Module.NOTIFY

    def read(self, kind: type[M]) -> M:
        """Its message; an empty one where the bytes fit none."""
        try:
            return decode(kind, self.packet.data)
        except MalformedError:
            return kind()

    @property
    def code(self) -> int:
        """The code of an answer that has it in its first field, as most have."""
        return self.read(common_pb2.ComResponse).code


class Line:
    """One connection. LinkLostError from whatever waits when it breaks; `ensure` makes a new one."""

    def __init__(self, place: Place, clock: Clock, recorder: Recorder | None = None) -> None:
        self.place = place
        self.clock = clock
        self.device_id = 0  # the telescope's own, once heard
        self._recorder = recorder
        self._connection: Connection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._lost: LinkLostError | None = None
        self._heard: list[Heard] = []
        self._bell = asyncio.Event()

    async def open(self) -> None:
        """Connect; LinkLostError when nobody answers, or another client holds the telescope."""
        await self.close()
        self._lost = None
        self._connection = await Connection.open(self.place.url, self._recorder)
        self._reader = asyncio.create_task(self._read(self._connection), name="first light reader")
        if self._recorder is not None:
            self._recorder.event("connected")

    async def close(self) -> None:
        """Hang up."""
        reader, self._reader = self._reader, None
        connection, self._connection = self._connection, None
        if reader is not None:
            reader.cancel()
            with suppress(asyncio.CancelledError):
                await reader
        if connection is not None:
            await connection.close()

    async def ensure(self) -> None:
        """Connect again if the connection is gone; LinkLostError when that does not work for some time."""
        if self._connection is not None and self._lost is None:
            return
        for left in reversed(range(_TRIES)):
            try:
                await self.open()
            except LinkLostError:
                if not left:
                    raise
                await self.clock.sleep(_PAUSE_S)
            else:
                return

    async def send(self, cmd: int, message: Message | None = None) -> Asked:
        """Send a command; the result hears what follows."""
        if self._connection is None:
            raise LinkLostError("The telescope is not connected.")
        if self._lost is not None:
            raise self._lost
        asked = self.since(cmd)
        packet = Packet(
            module_id=module_of(cmd),
            cmd=cmd,
            data=message.SerializeToString() if message is not None else b"",
            device_id=self.device_id or 1,
            client_id=_CLIENT_ID,
            minor_version=_MINOR,
        )
        await self._connection.send(packet.encode())
        return asked

    async def ask(self, cmd: int, message: Message | None = None, within: float = ANSWER_S) -> Heard | None:
        """Send a command and return its first answer; None for silence."""
        return await (await self.send(cmd, message)).answer(within)

    def since(self, cmd: int = 0) -> Asked:
        """Hear what comes from now on, without asking."""
        return Asked(self, cmd, len(self._heard), self.clock.monotonic())

    def heard_from(self, position: int) -> list[Heard]:
        """Everything heard from a position on."""
        return self._heard[position:]

    async def wait(self, position: int, fits: Callable[[Heard], bool], within: float) -> Heard | None:
        """Return the first packet from a position on that fits; None when none comes in time."""
        try:
            async with self.clock.timeout(within):
                while True:
                    bell = self._bell
                    while position < len(self._heard):
                        one = self._heard[position]
                        position += 1
                        if fits(one):
                            return one
                    if self._lost is not None:
                        raise self._lost
                    await bell.wait()
        except TimeoutError:
            return None

    async def lost(self, within: float) -> LinkLostError | None:
        """Wait so long for the telescope to close the connection; why it did, None when it did not."""
        try:
            await self.wait(len(self._heard), lambda _: False, within)
        except LinkLostError as error:
            return error
        return None

    async def _read(self, connection: Connection) -> None:
        try:
            await connection.run(self._receive)
        except LinkLostError as error:
            self._lost = error
            if self._recorder is not None:
                self._recorder.event("lost", error.message)
        finally:
            self._ring()

    def _receive(self, packet: Packet) -> None:
        heard = Heard(self.clock.monotonic(), packet)
        if heard.is_notice and packet.device_id:
            self.device_id = packet.device_id
        self._heard.append(heard)
        self._ring()

    def _ring(self) -> None:
        bell, self._bell = self._bell, asyncio.Event()
        bell.set()


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was sent, and what came since."""

    line: Line
    cmd: int
    position: int
    at: float

    def answers(self) -> list[Heard]:
        """Every answer to the request so far; telescopes were seen to answer twice."""
        return [one for one in self.line.heard_from(self.position) if self._is_answer(one)]

    def notices(self, *cmds: int) -> list[Heard]:
        """Every notification of these numbers so far; of all without any."""
        heard = self.line.heard_from(self.position)
        return [one for one in heard if one.is_notice and (not cmds or one.cmd in cmds)]

    async def answer(self, within: float = ANSWER_S) -> Heard | None:
        """The first answer; None for silence."""
        return await self.line.wait(self.position, self._is_answer, within)

    async def notice(
        self, *cmds: int, within: float, where: Callable[[Heard], bool] = lambda _: True
    ) -> Heard | None:
        """The first notification of these numbers that fits."""
        return await self.line.wait(
            self.position, lambda one: one.is_notice and one.cmd in cmds and where(one), within
        )

    async def any_of(self, fits: Callable[[Heard], bool], within: float) -> Heard | None:
        """The first packet that fits."""
        return await self.line.wait(self.position, fits, within)

    async def listen(self, seconds: float) -> None:
        """Let time pass; LinkLostError when the link breaks meanwhile."""
        await self.any_of(lambda _: False, seconds)

    def after(self, heard: Heard) -> float:
        """Seconds from the request to what was heard."""
        return round(heard.at - self.at, 2)

    def _is_answer(self, one: Heard) -> bool:
        return one.cmd == self.cmd and not one.is_notice and one.packet.type in ANSWER_TYPES
