"""The radio as the protocol needs it. `bleak_transport` has the real one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

CHARACTERISTIC = "00009999-0000-1000-8000-00805f9b34fb"  # written to and notifying, on every model
NAME_PREFIX = "DWARF"

_SERVICES = {  # two services were reported for the mini
    "0000daf2-0000-1000-8000-00805f9b34fb": "D2",
    "0000daf3-0000-1000-8000-00805f9b34fb": "D3",
    "0000daf4-0000-1000-8000-00805f9b34fb": "mini",
    "0000daf5-0000-1000-8000-00805f9b34fb": "mini",
}
_UNNAMED_SERVICES = frozenset(  # the phone app looks for these as well; nobody says of which model
    {"0000daf6-0000-1000-8000-00805f9b34fb", "000daf07-0000-1000-8000-00805f9b34fb"}
)
_NAMES = (("DWARF_MINI_", "mini"), ("DWARFMINI_", "mini"), ("DWARF3_", "D3"), ("DWARF_", "D2"))


@dataclass(frozen=True, slots=True)
class Sighting:
    """A device heard while scanning. `signal` in dBm (nearer to 0 is stronger), `services` in lower case."""

    address: str
    name: str
    signal: int
    services: tuple[str, ...] = ()

    @property
    def is_telescope(self) -> bool:
        """Whether this is a DWARFLAB telescope, by its name or by what it offers."""
        return self.name.upper().startswith(NAME_PREFIX) or any(
            one in _SERVICES or one in _UNNAMED_SERVICES for one in self.services
        )


class BleLink(Protocol):
    """A connection to one telescope, its notifications switched on."""

    @property
    def services(self) -> tuple[str, ...]:
        """UUIDs of the services the telescope offers, in lower case."""

    async def write(self, data: bytes) -> None:
        """Write one frame. LinkLostError when the connection is gone."""

    async def receive(self) -> bytes:
        """Wait for the bytes of one notification. LinkLostError when the connection is gone."""


class BleTransport(Protocol):
    """The radio. One conversation at a time: `turn` is held by whoever uses it."""

    turn: asyncio.Lock

    async def scan(self, seconds: float, enough: Callable[[Sighting], bool]) -> list[Sighting]:
        """Listen that long, or until `enough` says so of a sighting; latest sighting of each device.

        NoBluetoothError when this machine cannot.
        """

    def connect(self, address: str) -> AbstractAsyncContextManager[BleLink]:
        """Connect to a device seen before. LinkLostError when that fails, NoBluetoothError as above."""


def model_of(name: str, services: tuple[str, ...] = ()) -> str:
    """Return "D2", "D3" or "mini" by the service, else by the advertised name; "" when neither tells."""
    for service in services:
        if service in _SERVICES:
            return _SERVICES[service]
    return next((model for prefix, model in _NAMES if name.upper().startswith(prefix)), "")
