"""A real browser. Where there is none, these tests are skipped, and say so."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.clock import SystemClock
from agent.web.door import Door
from agent.web.server import PageServer, Server
from tests.web.conftest import FakeAgent

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox",
    "--lang=en-GB",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-prefers-reduced-motion",
]
PHONE, DESKTOP = (390, 844), (1280, 900)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One after the other: a browser is as much as a small machine bears."""
    for item in items:
        if "tests/page" in str(item.path):
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="module")  # while it is open, no other test of this process could run an event loop
def chromium() -> Iterator[Any]:
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed (pip install playwright)"
    )
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("there is no browser (Debian: apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def look(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Open a page; whatever a script complains of fails the test."""
    contexts, complaints = [], []

    def opened(
        address: str,
        size: tuple[int, int] = DESKTOP,
        *,
        theme: str = "dark",
        scripts: bool = True,
        **more: Any,
    ) -> Any:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            java_script_enabled=scripts,
            locale="en-GB",
            **more,
        )
        origin = "/".join(address.split("/")[:3])
        context.add_cookies([{"name": "dwarf_theme", "value": theme, "url": origin}])
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda told: complaints.append(told.text) if "Content Security Policy" in told.text else None,
        )
        page.goto(address)
        contexts.append(context)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


class Served:
    """An agent of values and its page, in a thread of their own."""

    def __init__(
        self, agent: FakeAgent, door: dict[str, Any], make: Callable[[Door], Server] | None = None
    ) -> None:
        self.agent = agent
        self.make = make or (lambda door: PageServer(self.agent, door, SystemClock()))
        self._door = door
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: Server | None = None
        self.port = 0
        self.start()

    def start(self) -> None:
        door = Door("127.0.0.1", self.port, **self._door)
        self._server = self.make(door)
        address = self.do(self._server.start())
        self.port = int(address.rpartition(":")[2])
        self.address = address

    def stop(self) -> None:
        if self._server is not None:
            self.do(self._server.stop())
            self._server = None

    def do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def tell(self, name: str) -> None:
        self._loop.call_soon_threadsafe(self.agent.tell, name)

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    made: list[Served] = []

    def one(
        agent: FakeAgent | None = None, make: Callable[[Door], Server] | None = None, **door: Any
    ) -> Served:
        made.append(Served(agent or FakeAgent(), door, make))
        return made[-1]

    yield one
    for each in made:
        each.close()


@contextlib.contextmanager
def whole_agent(folder: Path, speed: float = 20.0, port: int = 0) -> Iterator[str]:
    """A whole agent as a process; yields the page's address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.page.stand", str(folder), "--speed", str(speed), "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://"), address + process.stdout.read()
        yield address
    finally:
        process.terminate()
        process.wait(60)
        assert process.stdout is not None
        process.stdout.close()
