"""An agent that can be killed at any instant: nothing of it reaches disk, telescope or broker any more."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.safety.rig import Rig
from tests.soak.mortal import Life, MortalPort, begin


@dataclass
class MortalRig(Rig):
    """To be run by `run_mortal`."""

    life: Life | None = None

    async def begin(self) -> None:
        life = self.life = Life()
        self.port = lambda: MortalPort(self.broker, life)
        await super().begin()

    def start(self, work: Any) -> asyncio.Task[int]:
        assert self.life is not None
        return begin(self.life, work)

    async def kill(self) -> None:
        """End the agent as a power cut does; its connections break, the telescopes go on."""
        assert self.life is not None
        self.killed, self.agent = True, None
        refused = {name: sim.faults.add("refuse-connection") for name, sim in self.sims.items()}
        self.life.at_death(lambda: [sim.clients.cut(0) for sim in self.sims.values()])
        self.life.kill()
        await self.life.bury()
        for name, number in refused.items():
            self.sims[name].faults.remove(number)


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """Every write fails for want of space while the context is open; files can still be moved."""

    def no_room(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", no_room)
        yield
