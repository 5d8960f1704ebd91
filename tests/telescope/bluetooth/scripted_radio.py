"""A radio without air: a `BleTransport` over peripherals in memory."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from agent.telescope.dwarf.bluetooth.errors import LinkLostError
from agent.telescope.dwarf.bluetooth.transport import BleLink, Sighting
from tests.telescope.bluetooth.peripheral import Peripheral


class ScriptedRadio:
    """Hears every peripheral at once; `others` are devices that are no telescopes."""

    def __init__(self, *peripherals: Peripheral, others: tuple[Sighting, ...] = ()) -> None:
        self.turn = asyncio.Lock()
        self.peripherals = list(peripherals)
        self.others = others
        self.scans = 0
        self.connections = 0
        self.open = 0

    async def scan(self, seconds: float, enough: Callable[[Sighting], bool]) -> list[Sighting]:
        assert self.turn.locked()
        self.scans += 1
        found = [*self.others, *(one.sighting for one in self.peripherals)]
        await asyncio.sleep(1.0 if any(enough(one) for one in found) else seconds)
        return found

    @contextlib.asynccontextmanager
    async def connect(self, address: str) -> AsyncIterator[BleLink]:
        assert self.turn.locked()
        peripheral = next((one for one in self.peripherals if one.address == address), None)
        await asyncio.sleep(0.5)
        if peripheral is None or peripheral.refuses_connections > 0:
            if peripheral is not None:
                peripheral.refuses_connections -= 1
            raise LinkLostError("The Bluetooth connection could not be made.")
        self.connections += 1
        self.open += 1
        peripheral.connected()
        try:
            yield ScriptedLink(peripheral)
        finally:
            self.open -= 1


class ScriptedLink:
    def __init__(self, peripheral: Peripheral) -> None:
        self.services = peripheral.services
        self._peripheral = peripheral
        self._incoming: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._gone = False

    async def write(self, data: bytes) -> None:
        if self._gone:
            raise LinkLostError("The Bluetooth connection broke.")
        await asyncio.sleep(0.05)
        for notification in self._peripheral.write(data):
            self._incoming.put_nowait(notification)

    async def receive(self) -> bytes:
        data = await self._incoming.get()
        if data is None:
            self._gone = True
            raise LinkLostError("The Bluetooth connection broke.")
        return data
