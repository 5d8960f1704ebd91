"""Real processes on loopback: mosquitto, the simulator, the agent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.brokers import Mosquitto

START_LIMIT_S = 20.0
PAUSE_S = 0.05


class Process:
    """A `dwarf-agent` command as a process of its own."""

    def __init__(self, *arguments: str, folder: Path, environment: dict[str, str] | None = None) -> None:
        self.log = folder / f"{arguments[0]}.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DWARF_")}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "agent", *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**kept, **(environment or {}), "PYTHONUNBUFFERED": "1", "TMPDIR": str(folder)},
            )

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    async def end(self, limit_s: float = 30) -> int:
        """Ask it to end as a service manager does; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self.process.wait, limit_s)


class Scene:
    """The place of one end-to-end test."""

    def __init__(self, folder: Path, broker: Mosquitto) -> None:
        self.folder = folder
        self.broker = broker
        self.sessions = folder / "Astro_Sessions"
        self.ports = (0, 0)
        self.processes: list[Process] = []

    async def simulator(self, *arguments: str) -> None:
        """Start a simulated telescope on free ports."""
        process = self._start("simulate", "--port", "0", "--http-port", "0", "--strict", *arguments)
        line = await self.until(
            lambda: next((w for w in process.output.splitlines() if "HTTP" in w), ""), process
        )
        words = line.replace(",", " ").replace(";", " ").replace(":", " ").split()
        numbers = [int(word) for word in words if word.isdigit() and int(word) > 1023]
        self.ports = (numbers[0], numbers[1])

    async def agent(self, **settings: str) -> Process:
        """Start the agent and wait until it looks for sessions."""
        return self._start(
            "run",
            environment={
                "DWARF_TELESCOPE_ID": "scope",
                "DWARF_TELESCOPE_HOST": "127.0.0.1",
                "DWARF_TELESCOPE_PORT": str(self.ports[0]),
                "DWARF_TELESCOPE_HTTP_PORT": str(self.ports[1]),
                "DWARF_MQTT_HOST": "127.0.0.1",
                "DWARF_MQTT_PORT": str(self.broker.port),
                "DWARF_SESSIONS_DIR": str(self.sessions),
                "DWARF_POLL_SECONDS": "0.3",
                "DWARF_PAGE_PORT": "0",
                **{f"DWARF_{name.upper()}": value for name, value in settings.items()},
            },
        )

    def drop(self, name: str, document: dict[str, Any]) -> None:
        todo = self.sessions / "ToDo"
        todo.mkdir(parents=True, exist_ok=True)
        (todo / name).write_text(json.dumps(document), encoding="utf-8")

    def files(self, folder: str) -> list[str]:
        place = self.sessions / folder
        return sorted(path.name for path in place.glob("*.json")) if place.exists() else []

    def read(self, folder: str, name: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.sessions / folder / name).read_text(encoding="utf-8"))
        return document["command"]

    def telescope(self, path: str) -> Any:
        """Ask the simulator's own endpoint what truly happened."""
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.ports[1]}/simulator/{path}", timeout=5
        ) as answer:
            return json.load(answer)

    def happened(self, what: str) -> list[dict[str, Any]]:
        return [entry for entry in self.telescope("history") if entry["what"] == what]

    async def until(
        self, condition: Any, process: Process | None = None, limit_s: float = START_LIMIT_S
    ) -> Any:
        """Return the condition's first true value."""
        async with asyncio.timeout(limit_s):
            while not (value := condition()):
                if process is not None and process.process.poll() is not None:
                    raise AssertionError(f"it ended early:\n{process.output}")
                await asyncio.sleep(PAUSE_S)
            return value

    def _start(self, *arguments: str, environment: dict[str, str] | None = None) -> Process:
        process = Process(*arguments, folder=self.folder, environment=environment)
        self.processes.append(process)
        return process


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    broker = await Mosquitto(tmp_path).start()
    place = Scene(tmp_path, broker)
    try:
        yield place
    finally:
        for process in place.processes:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        broker.stop()


@pytest.fixture
def listening(scene: Scene) -> Iterator[Path]:
    """A file with everything below `dwarf/#`, as `mosquitto_sub -v` prints it."""
    heard = scene.folder / "heard.txt"
    with heard.open("wb") as out:
        process = subprocess.Popen(
            ["mosquitto_sub", "-p", str(scene.broker.port), "-v", "-t", "dwarf/#"], stdout=out
        )
        try:
            yield heard
        finally:
            process.terminate()
            process.wait(10)
