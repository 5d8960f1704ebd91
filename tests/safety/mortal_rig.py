"""An agent that can be killed at any instant: nothing of it reaches disk, telescope or broker any more."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from agent.telescope.simulator import SimulatedDwarf
from tests.safety.rig import Rig
from tests.soak.mortal import Life, MortalPort, begin


@dataclass
class MortalRig(Rig):
    """To be run by `run_mortal`."""

    life: Life | None = None
    mqtt: MortalPort | None = None
    next_life: Callable[[], Life] = Life
    refused: list[tuple[SimulatedDwarf, int]] = field(default_factory=list)

    async def begin(self) -> None:
        life = self.life = self.next_life()
        life.at_death(self._break_connections)
        port = self.mqtt = MortalPort(self.broker, life)
        self.port = lambda: port
        await super().begin()

    def start(self, work: Any) -> asyncio.Task[int]:
        assert self.life is not None
        return begin(self.life, work)

    async def kill(self) -> None:
        """End the agent as a power cut does; its connections break, the telescopes go on."""
        assert self.life is not None
        self.life.kill()
        await self.bury()

    async def bury(self) -> None:
        """Clear away a life that ended."""
        assert self.life is not None
        await self.life.bury()
        for sim, number in self.refused:
            sim.faults.remove(number)
        self.refused.clear()

    def _break_connections(self) -> None:
        self.killed, self.agent = True, None
        for sim in self.sims.values():
            self.refused.append((sim, sim.faults.add("refuse-connection")))
            sim.clients.cut(0)


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """Every write fails for want of space while the context is open; files can still be moved."""

    def no_room(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", no_room)
        yield
