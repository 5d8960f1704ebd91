"""What a dialect needs of the telescope it speaks to; `device.Device` offers it."""

from __future__ import annotations

from typing import Protocol

from google.protobuf.message import Message

from agent.capabilities import Camera, Capabilities
from agent.clock import Clock
from agent.telescope.dwarf.catalogue import DeviceConfig
from agent.telescope.dwarf.http import DwarfHttp
from agent.telescope.dwarf.limits import Limits
from agent.telescope.dwarf.link.requests import Exchange
from agent.telescope.dwarf.state import DeviceState


class Channel(Protocol):
    """One telescope, as far as questions and orders to it need to know it."""

    exchange: Exchange
    state: DeviceState
    http: DwarfHttp
    clock: Clock
    limits: Limits
    model: str
    capabilities: Capabilities  # replaced by the telescope's own tables once it tells them
    config: DeviceConfig | None
    filters: dict[Camera, int]  # as last applied

    def require_link(self) -> None:
        """Raise unless the telescope is connected."""

    async def ask(
        self, cmd: int, message: Message | None = None, *, within: float | None = None, attempts: int = 1
    ) -> bytes:
        """Send a command and return its answer's data; CommandTimeoutError when it stays away."""

    async def order(
        self,
        cmd: int,
        message: Message | None = None,
        *,
        doing: str,
        within: float | None = None,
        attempts: int = 2,
    ) -> None:
        """Send a command that is done when it is answered; the error of its code when it failed."""
