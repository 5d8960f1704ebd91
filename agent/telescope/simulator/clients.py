"""The connected clients: who controls the telescope, and what each of them is sent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from itertools import count

from google.protobuf.message import Message
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from agent.telescope.dwarf.proto import envelope_pb2 as envelope
from agent.telescope.simulator import notices
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.faults import (
    CutNames,
    DuplicateAnswers,
    DuplicateNotifications,
    GarbledFrames,
    NoAnswer,
    Occupied,
    RefuseConnection,
    SlaveMode,
    SlowAnswers,
    TruncatedFrames,
    UnknownNotifications,
)
from agent.telescope.simulator.notices import Notice
from agent.telescope.simulator.options import Generation

NOTIFICATION = 2
NOTIFY_MODULE = 9
_OCCUPIED = 4409  # WebSocket close code of a telescope that another client holds
_GOING_AWAY = 1001
_UNKNOWN_NOTICE = 15399  # a number of the notification range that nobody ever saw
_MINOR = {Generation.V2: 9, Generation.V3: 8}  # envelope versions seen in answers


class Client:
    """One connection. Frames leave in the order they were given."""

    def __init__(self, clients: Clients, connection: ServerConnection) -> None:
        self.clients = clients
        self.connection = connection
        self.client_id = ""
        self.frozen = False
        chosen = clients.device.options.generation
        self.generation: Generation = Generation.V2 if chosen == Generation.BOTH else chosen
        self._outbox: asyncio.Queue[bytes | str] = asyncio.Queue()
        self._held_until = 0.0

    # -- Peer -------------------------------------------------------------------------------------------

    def send(self, *items: Notice) -> None:
        """Notify this client alone."""
        faults = self.clients.device.faults
        for notice in items:
            message = notice.v3 if self.generation == Generation.V3 else notice.v2
            if message is None:
                continue
            if faults.use(UnknownNotifications, notice.cmd):
                self._put(self._pack(NOTIFY_MODULE, _UNKNOWN_NOTICE, NOTIFICATION, b"\x08\x2a"), 0)
            copies = 2 if faults.use(DuplicateNotifications, notice.cmd) else 1
            cut = faults.use(CutNames, notice.cmd)
            told = _with_cut_name(message, cut.after) if cut else message.SerializeToString()
            data = self._pack(NOTIFY_MODULE, notice.cmd, NOTIFICATION, told)
            for _ in range(copies):
                self._put(data, notice.cmd)

    def reply(self, module: int, cmd: int, message: Message) -> None:
        """Answer this client; nothing happens once it has gone."""
        device = self.clients.device
        if device.faults.use(NoAnswer, cmd):
            return
        data = self._pack(module, cmd, device.options.answer_type, message.SerializeToString())
        slow = device.faults.use(SlowAnswers, cmd)
        twice = device.faults.use(DuplicateAnswers, cmd)
        self._put_later(data, cmd, slow.seconds if slow else 0.0)
        for _ in range(1, twice.copies if twice else 1):
            self._put_later(data, cmd, (slow.seconds if slow else 0.0) + (twice.later_s if twice else 0.0))

    def claim(self, *, lock: bool) -> None:
        """Take or give back the master lock."""
        self.clients.claim(self, lock=lock)

    @property
    def slave(self) -> bool:
        """Whether somebody else controls the telescope."""
        return self.clients.is_slave(self)

    @property
    def locked(self) -> bool:
        """Whether the lock is held by anybody."""
        return self.clients.locked

    # -- transport --------------------------------------------------------------------------------------

    def text(self, words: str) -> None:
        """Send a text frame."""
        self._outbox.put_nowait(words)

    def hold_up(self, seconds: float) -> None:
        """Take nothing more from this client for so long."""
        self._held_until = self.clients.device.clock.monotonic() + seconds

    async def held_up(self) -> None:
        """Return when this client is heard again, or has gone."""
        clock = self.clients.device.clock
        if (left := self._held_until - clock.monotonic()) > 0:
            waits = [asyncio.ensure_future(one) for one in (clock.sleep(left), self.connection.wait_closed())]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()

    async def write(self) -> None:
        """Send what is put in the outbox, until the connection ends."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                frame = await self._outbox.get()
                if not self.frozen:
                    await self.connection.send(frame)

    def _put(self, data: bytes, cmd: int) -> None:
        device = self.clients.device
        if device.faults.use(TruncatedFrames, cmd):
            data = data[: len(data) // 2]
        if device.faults.use(GarbledFrames, cmd):
            data = bytes(
                one ^ (1 << device.rng.randrange(8)) if device.rng.random() < 0.3 else one for one in data
            )
        self._outbox.put_nowait(data)

    def _put_later(self, data: bytes, cmd: int, seconds: float) -> None:
        if seconds <= 0:
            self._put(data, cmd)
            return

        async def later() -> None:
            await self.clients.device.clock.sleep(seconds)
            self._put(data, cmd)

        self.clients.device.start(f"late answer {next(self.clients.numbers)}", later())

    def _pack(self, module: int, cmd: int, kind: int, data: bytes) -> bytes:
        stamp = (
            self.clients.controller_id if kind == NOTIFICATION and self.generation == Generation.V3 else ""
        )
        packet = envelope.Packet(
            major_version=1,
            minor_version=_MINOR[self.generation],
            device_id=self.clients.device.profile.device_id,
            module_id=module,
            cmd=cmd,
            type=kind,
            data=data,
            client_id=stamp,
        )
        return packet.SerializeToString()


class Clients:
    """All clients of one telescope. The first is host, the others are slaves."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.clients: list[Client] = []
        self.numbers = count(1)
        self._host: Client | None = None
        self._holder: Client | None = None
        self._stranger = False  # a client that is not there holds the lock
        self._refuse_until = 0.0
        device.links = self

    # -- admission --------------------------------------------------------------------------------------

    def refuses(self) -> bool:
        """Tell whether a new connection is cut at once (and count it)."""
        device = self.device
        if device.power != "on" or device.clock.monotonic() < self._refuse_until:
            return True
        return device.faults.use(RefuseConnection) is not None

    def occupied(self) -> bool:
        """Tell whether a new client is turned away because another controls the telescope."""
        if self.device.faults.use(Occupied) is not None:
            return True
        return bool(self.device.options.exclusive) and (
            self._stranger or any(not one.frozen for one in self.clients)
        )

    def turning_away(self) -> tuple[int, str]:
        """Return the close code and words for a client that another one keeps away."""
        return _OCCUPIED, "DEVICE_OCCUPIED" if self.device.options.habits.occupied == "reason" else ""

    def enter(self, client: Client) -> None:
        """Welcome a client."""
        self.clients.append(client)

    def introduce(self, client: Client) -> None:
        """Give a client that said who it is its role; one that comes back takes its own place again."""
        if self._host is None or self._host.client_id == client.client_id:
            before, self._host = self._host, client
            if self._holder is before:
                self._holder = client if before is not None else None

    def leave(self, client: Client) -> None:
        """Forget a client; the next one becomes host."""
        if client in self.clients:
            self.clients.remove(client)
        if self._holder is client:
            self._holder = None
        if self._host is client:
            self._host = next((one for one in self.clients if one.client_id), None)
            if self._host is not None:
                self._tell_roles()

    # -- control ----------------------------------------------------------------------------------------

    @property
    def locked(self) -> bool:
        """Whether the lock is held by anybody."""
        return self._stranger or self._holder is not None or self.device.faults.holds(SlaveMode)

    @property
    def controller_id(self) -> str:
        """The id of the client in control."""
        return self._host.client_id if self._host is not None else ""

    def is_slave(self, client: Client) -> bool:
        """Tell whether somebody else controls the telescope."""
        return self._stranger or self.device.faults.holds(SlaveMode) or self._host not in (None, client)

    def claim(self, client: Client, *, lock: bool) -> None:
        """Take or give back the lock; tells roles when something changed, and the loser in any case."""
        if not lock:
            if self._holder is client:
                self._holder = None
                self._tell_roles()
            return
        taken = self._holder is not None and self._holder.client_id != client.client_id
        if taken or self._stranger or self.device.faults.use(SlaveMode):
            client.send(notices.host_slave(slave=True, locked=True))
        elif self._holder is not client or self._host is not client:
            self._host = self._holder = client
            self._tell_roles()

    def take_control(self, for_s: float) -> None:
        """Let a client that is not there hold the lock, for a while or (0) until `give_control_back`."""
        self._stranger, self._holder = True, None
        self._tell_roles()
        if self.device.options.exclusive:
            for client in list(self.clients):
                self._close(client, *self.turning_away())
        if for_s:

            async def later() -> None:
                await self.device.clock.sleep(for_s)
                self.give_control_back()

            self.device.start("stranger", later())

    def give_control_back(self) -> None:
        """Let the client go that is not there."""
        self._stranger = False
        self._tell_roles()

    # -- Links ------------------------------------------------------------------------------------------

    def push(self, items: Iterable[Notice]) -> None:
        """Send notifications to every client."""
        told = list(items)
        for client in self.clients:
            client.send(*told)

    def cut(self, refuse_s: float) -> None:
        """Cut every connection without a goodbye and refuse new ones for so many seconds."""
        self._refuse_until = self.device.clock.monotonic() + refuse_s
        for client in list(self.clients):
            client.connection.transport.abort()

    def freeze(self) -> None:
        """Leave every connection half open: nothing is read or sent, TCP stays."""
        for client in self.clients:
            client.frozen = True

    def shut(self, *, announced: bool) -> None:
        """Let everybody go, who is not there as well: in good order, or without a goodbye."""
        self._stranger = False
        if not announced:
            self.cut(0)
            return
        for client in list(self.clients):
            self._close(client, _GOING_AWAY, "")

    def _close(self, client: Client, code: int, reason: str) -> None:
        async def close() -> None:
            await client.connection.close(code, reason)

        # named without "power": it must outlive the switching off that asked for it
        self.device.start(f"fault close {next(self.numbers)}", close())

    def _tell_roles(self) -> None:
        for client in self.clients:
            client.send(notices.host_slave(self.is_slave(client), self.locked))


def _with_cut_name(message: Message, after: int) -> bytes:
    """The message's bytes with the name of its target cut off, whatever letter that hits."""
    if "target_name" not in message.DESCRIPTOR.fields_by_name:
        return message.SerializeToString()
    whole: str = getattr(message, "target_name")  # noqa: B009 - not every message has one
    kept = whole.encode()[:after]
    cut = type(message)()
    cut.CopyFrom(message)
    blank = "\x7f" * len(kept)  # no text of a telescope has it
    setattr(cut, "target_name", blank)  # noqa: B010
    return cut.SerializeToString().replace(blank.encode(), kept) if blank else cut.SerializeToString()
