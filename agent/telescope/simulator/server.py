"""The WebSocket side: accepts connections, reads requests, and hands them to the table of commands."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from types import TracebackType
from typing import Any, Self

from google.protobuf.message import DecodeError, Message
from websockets.asyncio.server import Server as WebSocketServer
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from agent.telescope.dwarf.proto import common_pb2 as common
from agent.telescope.dwarf.proto import envelope_pb2 as envelope
from agent.telescope.simulator import commands
from agent.telescope.simulator.broken_rules import HardwareRule
from agent.telescope.simulator.clients import Client, Clients
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.faults import AnswerCode, Deaf, NoPong
from agent.telescope.simulator.history import Received
from agent.telescope.simulator.options import Generation
from agent.telescope.simulator.registry import NOT_UNDERSTOOD, Call, find, understood

logger = logging.getLogger(__name__)
_quiet = logging.getLogger(f"{__name__}.handshake")
_quiet.setLevel(logging.CRITICAL)  # clients that are cut on purpose are no news

_STACKING_PONG_S = 9.0  # newer firmware is that late while it stacks
_V3_MODULES = (14, 15)
_V3_FROM_MINOR = 10  # older clients send at most 9

assert commands.__all__, "importing the commands fills their table"


class Server:
    """The telescope's WebSocket port."""

    def __init__(self, device: Device, clients: Clients) -> None:
        self.device = device
        self.clients = clients
        self.received: list[Received] = []
        self._server: WebSocketServer | None = None

    async def __aenter__(self) -> Self:
        clients = self.clients

        class Connection(_Connection):
            gate = clients

        options = self.device.options
        self._server = await serve(
            self._client,
            options.host,
            options.port,
            create_connection=Connection,
            compression=None,  # some clients repeat the extension header; not negotiating is safest
            ping_interval=None,  # the telescope does not ping
            close_timeout=1,
            logger=_quiet,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is None:
            return
        for client in self.clients.clients:
            if client.frozen:
                client.connection.transport.abort()
        self._server.close()
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        """The port in use."""
        if self._server is None:
            raise RuntimeError("the simulator is not running")
        return int(next(iter(self._server.sockets)).getsockname()[1])

    async def _client(self, connection: ServerConnection) -> None:
        if self.clients.occupied():
            await connection.close(*self.clients.turning_away())
            return
        client = Client(self.clients, connection)
        if isinstance(connection, _Connection):
            connection.client = client
        self.clients.enter(client)
        writer = asyncio.create_task(client.write(), name="simulator writer")
        try:
            with contextlib.suppress(ConnectionClosed):
                async for frame in connection:
                    await client.held_up()
                    self._frame(client, frame)
        finally:
            writer.cancel()
            self.clients.leave(client)

    def _frame(self, client: Client, frame: str | bytes) -> None:
        if isinstance(frame, str):
            if frame == "ping" and not self.device.faults.use(NoPong):
                self._pong(client)
            return
        try:
            packet = envelope.Packet.FromString(frame)
        except DecodeError:
            logger.debug("simulator: a frame of %d bytes is no packet", len(frame))
            return
        if not client.client_id:
            client.client_id = packet.client_id or "unknown"
            self.clients.introduce(client)
        newer = packet.minor_version >= _V3_FROM_MINOR or packet.module_id in _V3_MODULES
        if newer and self.device.options.generation == Generation.BOTH:
            client.generation = Generation.V3
        try:
            self._request(client, packet)
        except Exception as error:  # a bug of the simulator must not end the client's connection
            self.device.errors.append(error)
            logger.exception("simulator: command %d failed", packet.cmd)

    def _pong(self, client: Client) -> None:
        device = self.device
        if not (device.options.is_v3 and device.state.capturing()):
            client.text("pong")
            return

        async def later() -> None:
            await device.clock.sleep(_STACKING_PONG_S)
            client.text("pong")

        device.start(f"pong {next(self.clients.numbers)}", later())

    def _request(self, client: Client, packet: envelope.Packet) -> None:
        device, module, cmd = self.device, packet.module_id, packet.cmd
        command = find(module, cmd)
        request: Message | None = None
        if command is not None:
            kind: Any = command.request or common.ComResponse
            with contextlib.suppress(DecodeError):
                request = kind.FromString(packet.data)
        self.received.append(Received(device.clock.now(), module, cmd, request, client.client_id))
        logger.debug("simulator: received %d/%d %s", module, cmd, request)
        for event in device.faults.on_command(cmd):
            device.happen(event)
        if client.frozen or device.faults.use(Deaf, cmd):
            return
        call = Call(client, module, cmd, request)
        if command is None or request is None:
            call.code(NOT_UNDERSTOOD)
            return
        if not understood(command, device.options.generation):
            if not command.silent_on_v3 or not device.options.is_v3:
                call.answer(command.answer(code=NOT_UNDERSTOOD))
            elif command.hold_up_s:
                device.broke(HardwareRule.OLD_OPENING, client.client_id, str(cmd))
                client.hold_up(command.hold_up_s)
            else:
                device.broke(HardwareRule.SILENT_COMMAND, client.client_id, str(cmd))
            return
        refused = device.faults.use(AnswerCode, cmd)
        if refused is not None:
            call.answer(command.answer(code=refused.code))
            return
        answer = command.handler(device, call)
        if isinstance(answer, int):
            call.code(answer)
        elif answer is not None:
            call.answer(answer)


class _Connection(ServerConnection):
    """A connection that can be refused at the door, or fall silent without closing."""

    gate: Clients
    client: Client | None = None
    refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self.gate.refuses():
            self.refused = True
            if isinstance(transport, asyncio.Transport):
                transport.abort()
            return
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self.refused or (self.client is not None and self.client.frozen):
            return
        super().data_received(data)

    def eof_received(self) -> None:
        if not self.refused:
            super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.refused:
            super().connection_lost(exc)
