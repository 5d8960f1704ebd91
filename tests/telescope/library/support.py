"""A driver over the stand-in library, whose telescope is a script."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.targets import Site
from agent.telescope.dwarf.telescope import DwarfAddress
from agent.telescope.interface import TelescopeEvent
from agent.telescope.library.core import LibraryOptions
from agent.telescope.library.limits import Limits
from agent.telescope.library.telescope import LibraryTelescope

STAND_IN = Path(__file__).with_name("stand_in")
BASEL = Site(47.5, 7.6, 280.0, "Europe/Zurich")
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
HOST = f"127.0.93.{_WORKER + 1}"  # the library's port is fixed, so each test process has an address to itself
CLOSED_PORT = 1  # nobody's HTTP service
QUICK = Limits(
    settle=0.05,
    poll=0.1,
    listen=0.3,
    grace=0.5,
    news=0.05,
    simple=5.0,
    calibrate=5.0,
    calibrate_at_least=0.05,
    goto=5.0,
    stop=5.0,
    lock=5.0,
    go_live=5.0,
    retry_first=0.05,
    retry_most=0.1,
    missing=0.1,
    quit=3.0,
    farewell=0.1,
)
HOSTED = [("host", True), ("result", "OK", 0)]


@dataclass(slots=True)
class Bench:
    """The driver under test and what its library was asked."""

    telescope: LibraryTelescope
    events: list[TelescopeEvent] = field(default_factory=list)
    journal_file: Path = Path()

    def journal(self, *names: str) -> list[dict[str, Any]]:
        """What was called, oldest first; of these names only."""
        if not self.journal_file.exists():
            return []
        lines = self.journal_file.read_text(encoding="utf-8").splitlines()
        calls = [json.loads(line) for line in lines]
        return [call for call in calls if not names or call["call"] in names]

    def calls(self, *names: str) -> list[str]:
        """The names of what was called."""
        return [call["call"] for call in self.journal(*names)]

    async def called(self, name: str) -> None:
        """Wait until a function was called."""
        async with asyncio.timeout(20):
            while not self.calls(name):  # noqa: ASYNC110 - another process writes the journal
                await asyncio.sleep(0.01)

    @property
    def pid(self) -> int | None:
        """The library's process."""
        return self.telescope._core.process.pid


@asynccontextmanager
async def bench(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    *,
    connect: str | None = None,
    model: str = "D3",
    limits: Limits = QUICK,
    wait: bool = True,
    **steps: str,
) -> AsyncIterator[Bench]:
    """A driver whose library does, for each function, what these steps (as Python text) say."""
    journal = folder / "journal"
    lines = [f"JOURNAL = {str(journal)!r}", f"CONNECT = {connect or HOSTED}", "STEPS = {"]
    lines += [f"    {name!r}: {text}," for name, text in steps.items()]
    (folder / "behaviour.py").write_text("\n".join([*lines, "}"]) + "\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(folder), str(STAND_IN))))
    async with AsyncExitStack() as stack:
        door = await asyncio.start_server(lambda _reader, writer: writer.close(), HOST, 9900)
        await stack.enter_async_context(door)
        telescope = LibraryTelescope(
            DwarfAddress(HOST, 9900, CLOSED_PORT), options=LibraryOptions(model=model), limits=limits
        )
        made = Bench(telescope, journal_file=journal)
        telescope.listen(made.events.append)
        await telescope.open()
        stack.push_async_callback(telescope.close)
        if wait:
            async with asyncio.timeout(20):
                await telescope.wait_connected()
        yield made
