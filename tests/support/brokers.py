"""Real MQTT brokers on loopback: mosquitto as users have it, in a temporary directory of its own."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

_MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
_START_TRIES = 200
_START_PAUSE_S = 0.02


def free_port() -> int:
    """Return a TCP port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Mosquitto:
    """A mosquitto process. `extra` are further lines of its configuration."""

    directory: Path
    port: int = 0
    extra: tuple[str, ...] = ()
    listener_extra: tuple[str, ...] = ()
    anonymous: bool = True
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    async def start(self) -> Mosquitto:
        """Start it (again), on the same port, and wait until it listens."""
        if _MOSQUITTO is None:
            pytest.skip("mosquitto is not installed (Debian: apt-get install mosquitto)")
        self._launch()
        for _ in range(_START_TRIES):
            if self._listens():
                return self
            if self._process is None or self._process.poll() is not None:
                break
            await asyncio.sleep(_START_PAUSE_S)
        self.stop()
        raise RuntimeError(f"mosquitto did not start:\n{(self.directory / 'mosquitto.log').read_text()}")

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def _launch(self) -> None:
        self.port = self.port or free_port()
        config = self.directory / "mosquitto.conf"
        lines = (
            "set_tcp_nodelay true",
            "persistence false",
            "user root",
            *self.extra,
            f"listener {self.port} 127.0.0.1",
            f"allow_anonymous {'true' if self.anonymous else 'false'}",
            *self.listener_extra,
        )
        config.write_text("\n".join(lines) + "\n")
        with (self.directory / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(
                [_MOSQUITTO or "mosquitto", "-c", str(config)], stdout=log, stderr=log
            )

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
