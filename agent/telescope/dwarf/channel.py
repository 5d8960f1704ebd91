"""What a dialect needs of the telescope it speaks to; `device.Device` offers it."""

from __future__ import annotations

from typing import Protocol

from google.protobuf.message import Message

from agent.capabilities import Capabilities
from agent.clock import Clock
from agent.telescope.dwarf.catalogue import DeviceConfig
from agent.telescope.dwarf.completion import Completion
from agent.telescope.dwarf.http import DwarfHttp
from agent.telescope.dwarf.limits import Limits
from agent.telescope.dwarf.link.requests import Exchange
from agent.telescope.dwarf.state import DeviceState, Snapshot
from agent.telescope.dwarf.wire.codes import CodeKind
from agent.telescope.interface import Identity


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
    identity: Identity | None

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

    async def query(self) -> Snapshot | None:
        """Ask what the telescope does now, and bring the state of its captures in line with it."""

    async def carry_out(
        self,
        cmd: int,
        message: Message | None,
        completion: Completion,
        *,
        total: float,
        news: float | None = None,
    ) -> None:
        """Send a command and follow what the telescope says until `completion` is content or raises."""

    def judge(self, code: int, doing: str) -> CodeKind:
        """Tell success from warning; raise the error of a code that is neither."""
