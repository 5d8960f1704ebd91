"""The page's door: whole requests as bytes on a socket, to a page that is really served."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from urllib.parse import urlsplit

from agent.clock import SystemClock
from agent.web.door import Door as PageDoor
from agent.web.server import PageServer
from tests.web.conftest import FakeAgent

_PATIENCE_S = 10.0  # of real time: a request is answered, or its connection closed
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")

SESSION = {"command": {"goto_manual": {"do_action": True, "target": "M 42"}}, "request_id": "r"}


def _request(method: str, path: str, body: bytes = b"", kind: str = "application/json") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAccept-Language: de\r\n"
    if body:
        head += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


EXAMPLES = (
    _request("GET", "/tonight?telescope=scope&night=2026-12-27"),
    _request("GET", "/new/search?q=M%2031&telescope=scope"),
    _request("GET", "/api/telescopes/scope/state/status"),
    _request("GET", "/nights/2026-12-26/report"),
    _request("GET", "/static/x/style.css"),
    _request("POST", "/api/telescopes/scope/command", b'{"command": "abort", "request_id": "r"}'),
    _request("POST", "/api/telescopes/scope/sessions", json.dumps(SESSION).encode()),
    _request(
        "POST", "/new/plan", b'{"telescope": "scope", "target": "M 31", "exposure": "15", "count": "60"}'
    ),
    _request("POST", "/tonight/change", b'{"telescope": "scope", "order": ["rosette"], "removed": "x"}'),
    _request("POST", "/sign-in", b"password=x&next=%2Ftonight", "application/x-www-form-urlencoded"),
)


class HostedPage:
    """A page in a loop of its own, which runs while it is asked."""

    def __init__(self) -> None:
        self._agent = FakeAgent()
        self._runner = asyncio.Runner()
        address = self._runner.run(self._start())
        self._port = urlsplit(address).port

    async def _start(self) -> str:
        self._server = PageServer(self._agent, PageDoor("127.0.0.1", 0), SystemClock())
        return await self._server.start()

    def enter(self, data: bytes) -> None:
        """Send a request; AssertionError for an answer that blames the page, or for none in time."""
        self._runner.run(self._ask(data))
        self._agent.asked.clear()
        self._agent.listeners.clear()

    async def _ask(self, data: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        answer = b""
        with contextlib.suppress(ConnectionError):
            writer.write(data)
            writer.write_eof()
            async with asyncio.timeout(_PATIENCE_S):
                answer = await reader.read(1 << 16)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        for status in _STATUS.findall(answer):
            assert int(status) < 500 or int(status) == 505, answer[:2000]

    def close(self) -> None:
        """Serve no more."""
        self._runner.run(self._server.stop())
        self._runner.close()
