"""The agent's own word that it is alive: a local socket that answers whoever connects with one JSON object.

It needs neither broker nor network, so a container's health check can tell a broker that is down from an
agent that hangs. An answer proves that the event loop turns; what it says, that folders are still looked at.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from agent import __version__

if TYPE_CHECKING:  # the health check itself should start fast
    from agent.station.station import Station

_LOGGER = logging.getLogger(__name__)

SILENT_FOLDER_S = 300.0  # thousands of files on a slow share take minutes; longer, and the share hangs

Report = Mapping[str, Any]


def station_report(stations: Mapping[str, Station]) -> dict[str, Any]:
    """Return how the stations are; none yet means that the agent is still starting."""
    silent = [one.id for one in stations.values() if one.intake.silent_s > SILENT_FOLDER_S]
    report: dict[str, Any] = {
        "healthy": not silent,
        "state": "running" if stations else "starting",
        "telescopes": {
            one.id: {
                "status": one.status.status.value,
                "connection": one.telescope.connection.value,
                "queue": len(one.dispatcher.queue),
            }
            for one in stations.values()
        },
    }
    if silent:
        minutes = SILENT_FOLDER_S / 60
        report["problem"] = f"The session folder of {', '.join(silent)} hangs for over {minutes:.0f} minutes."
    return report


class HealthDoor:
    """Answers at `path` while the context is open. `report` is asked each time somebody knocks."""

    def __init__(self, path: Path, report: Callable[[], Report]) -> None:
        self._path = path
        self._report = report
        self._server: asyncio.AbstractServer | None = None

    async def __aenter__(self) -> HealthDoor:
        try:
            if _is_served(self._path):
                return self  # an agent that runs on the same sessions already: this one is refused them
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()
            self._server = await asyncio.start_unix_server(self._answer, self._path)
        except (OSError, AttributeError, NotImplementedError) as error:  # no such sockets on Windows
            _LOGGER.debug("Nobody can ask for the agent's health at %s: %s", self._path, error)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
            with contextlib.suppress(OSError):
                self._path.unlink()

    async def _answer(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.write(json.dumps({"version": __version__, **self._report()}, default=str).encode())
            await writer.drain()
            writer.close()
            await writer.wait_closed()


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as knock:
        knock.settimeout(1.0)
        return knock.connect_ex(str(path)) == 0
