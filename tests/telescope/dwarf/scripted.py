"""A device whose telescope is a script: for the rules of commands that no simulated telescope reaches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from agent.capabilities import Camera
from agent.clock import LoopClock
from agent.telescope.dwarf.device import Device
from agent.telescope.dwarf.limits import Limits
from agent.telescope.dwarf.models import capabilities_for
from agent.telescope.dwarf.state import CaptureRecord, DeviceState, Phase, Snapshot
from agent.telescope.interface import ConnectionState
from tests.support.virtual_loop import run_virtual

NIGHT = datetime(2026, 7, 1, 21, 0, tzinfo=UTC)
TELE, WIDE = Camera.TELE, Camera.WIDE
LIMITS = Limits()


class Stage:
    """A device whose telescope is a script: `says` is its answer to what it does, `album` its records."""

    def __init__(self) -> None:
        self.clock = LoopClock(NIGHT)
        self.says: Snapshot | None = None
        self.asked: list[float] = []
        self.album: list[dict[str, Any]] = []
        self.link = ConnectionState.CONNECTED
        self.trouble: Exception | None = None
        self.device = Device(
            exchange=None,  # type: ignore[arg-type]
            state=DeviceState(lambda _event: None, lambda: None),
            http=self,  # type: ignore[arg-type]
            dialect=self,  # type: ignore[arg-type]
            clock=self.clock,
            limits=LIMITS,
            capabilities=capabilities_for("D3"),
            link_state=lambda: self.link,
        )
        self.device.zone = UTC

    @property
    def record(self) -> CaptureRecord:
        return self.device.state.captures[TELE]

    async def ask(self, *_: object) -> list[dict[str, Any]]:
        return self.album

    async def query(self, _device: object) -> Snapshot | None:
        self.asked.append(self.clock.monotonic())
        if self.trouble is not None:
            raise self.trouble
        return self.says

    def running(self, **facts: Any) -> CaptureRecord:
        """A capture of ours that runs."""
        record = self.record
        record.begin(self.clock.now())
        record.phase = Phase.RUNNING
        record.confirmed = True
        for name, value in facts.items():
            setattr(record, name, value)
        return record

    def ended(self, **facts: Any) -> CaptureRecord:
        record = self.running(**facts)
        record.phase = Phase.ENDED
        return record


def staged(story: Callable[[Stage], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        return await story(Stage())

    return run_virtual(main())
