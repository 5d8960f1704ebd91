"""Plays a recording of a real telescope back to a client: its answers, its notifications, its HTTP answers.

A recording is JSON lines: a head `{"format": "dwarf-agent recording", "version": 1}`, then frames
`{"t": seconds, "dir": "out" | "in", "hex": frame}` (out: from the client) and HTTP exchanges
`{"t": seconds, "http": "GET /path", "status": 200, "json": body}`. Other lines are events and are skipped.

Each recorded request keeps what followed it until the next request, with the delays of the recording. A
request that comes in plays the next exchange recorded for its command, or the last one again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import math
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from google.protobuf.message import DecodeError
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from agent.clock import Clock, SystemClock
from agent.errors import AgentError
from agent.telescope.dwarf.proto import common_pb2 as common
from agent.telescope.dwarf.proto import envelope_pb2 as envelope

logger = logging.getLogger(__name__)

FORMAT = "dwarf-agent recording"
VERSION = 1
_REQUEST, _NOTIFICATION = 0, 2
_NOT_UNDERSTOOD = -1

Key = tuple[int, int]


class RecordingError(AgentError):
    """A recording that cannot be read."""

    code = "recording"


@dataclass(slots=True)
class Exchange:
    """What followed one request: frames, and seconds after the request at which each came."""

    frames: list[tuple[float, bytes]] = field(default_factory=list)


@dataclass(slots=True)
class Recording:
    """A recording taken apart by what the client asked. `opening` came before the first request."""

    opening: list[tuple[float, bytes]] = field(default_factory=list)
    exchanges: dict[Key, list[Exchange]] = field(default_factory=dict)
    web: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Recording:
        """Read a recording from a file; RecordingError names the line that is wrong."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RecordingError(f"The recording {path} cannot be read: {error}.") from error
        return cls.parse(text.splitlines(), str(path))

    @classmethod
    def parse(cls, lines: Iterable[str], name: str = "recording") -> Recording:
        """Take the lines of a recording apart; RecordingError names the line that is wrong."""
        recording = cls()
        current: tuple[float, Exchange] | None = None
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            place = f"{name}, line {number}"
            entry = _entry(line, place)
            if "format" in entry:
                _check_head(entry, place)
                current = None
            elif "http" in entry:
                status = entry.get("status")
                if not isinstance(status, int):
                    raise RecordingError(f"{place}: an HTTP exchange has a number status.")
                recording.web.setdefault(str(entry["http"]), []).append((status, entry.get("json")))
            elif "hex" in entry:
                current = recording._frame(entry, current, place)
        return recording

    def _frame(
        self, entry: dict[str, Any], current: tuple[float, Exchange] | None, place: str
    ) -> tuple[float, Exchange] | None:
        try:
            at, raw = float(entry["t"]), bytes.fromhex(entry["hex"])
            if not math.isfinite(at):
                raise ValueError("t is not finite")  # noqa: TRY301 - one error for all of them
        except (KeyError, TypeError, ValueError) as error:
            raise RecordingError(f"{place}: a frame has a number t and a text hex.") from error
        if entry.get("dir") == "out":
            with contextlib.suppress(DecodeError):
                packet = envelope.Packet.FromString(raw)
                exchange = Exchange()
                self.exchanges.setdefault((packet.module_id, packet.cmd), []).append(exchange)
                return at, exchange
            return current
        if entry.get("dir") != "in":
            raise RecordingError(f'{place}: dir is "in" or "out".')
        if current is None:
            self.opening.append((at, raw))
        else:
            current[1].frames.append((max(0.0, at - current[0]), raw))
        return current


class ReplayedDwarf:
    """A telescope that says what a recorded one said. Inside `async with` it has `port` and `http_port`."""

    def __init__(
        self,
        recording: Recording,
        clock: Clock | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        http_port: int = 0,
    ) -> None:
        self.port = port
        self.http_port = http_port
        self.unknown: list[Key] = []
        self._recording = recording
        self._clock = clock or SystemClock()
        self._host = host
        self._played: dict[Key, int] = {}
        self._asked: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            app = web.Application()
            app.add_routes([web.route("*", "/{path:.*}", self._web)])
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, self._host, self.http_port).start()
            self.http_port = int(runner.addresses[0][1])
            server = await stack.enter_async_context(
                serve(
                    self._client, self._host, self.port, compression=None, ping_interval=None, close_timeout=1
                )
            )
            self.port = int(next(iter(server.sockets)).getsockname()[1])
            stack.push_async_callback(self._stop)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _client(self, connection: ServerConnection) -> None:
        self._play(connection, self._recording.opening)
        with contextlib.suppress(ConnectionClosed):
            async for frame in connection:
                if isinstance(frame, str):
                    if frame == "ping":
                        await connection.send("pong")
                    continue
                with contextlib.suppress(DecodeError):
                    await self._request(connection, envelope.Packet.FromString(frame))

    async def _request(self, connection: ServerConnection, packet: envelope.Packet) -> None:
        key = (packet.module_id, packet.cmd)
        known = self._recording.exchanges.get(key)
        if known is None:
            logger.warning("The recording has no command %d of module %d", packet.cmd, packet.module_id)
            self.unknown.append(key)
            refusal = envelope.Packet(
                major_version=1,
                minor_version=packet.minor_version,
                device_id=packet.device_id,
                module_id=packet.module_id,
                cmd=packet.cmd,
                type=3,
                data=common.ComResponse(code=_NOT_UNDERSTOOD).SerializeToString(),
            )
            await connection.send(refusal.SerializeToString())
            return
        turn = self._played.get(key, 0)
        self._played[key] = turn + 1
        self._play(connection, known[min(turn, len(known) - 1)].frames)

    def _play(self, connection: ServerConnection, frames: list[tuple[float, bytes]]) -> None:
        async def play() -> None:
            begun = self._clock.monotonic()
            with contextlib.suppress(ConnectionClosed):
                for after, raw in frames:
                    await self._clock.sleep(max(0.0, after - (self._clock.monotonic() - begun)))
                    await connection.send(raw)

        task = asyncio.create_task(play(), name="replay")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _web(self, request: web.Request) -> web.Response:
        key = f"{request.method} {request.path}"
        answers = self._recording.web.get(key)
        if not answers:
            raise web.HTTPNotFound
        turn = self._asked.get(key, 0)
        self._asked[key] = turn + 1
        status, body = answers[min(turn, len(answers) - 1)]
        return web.json_response(body, status=status)


def _entry(line: str, place: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise RecordingError(f"{place}: this is no JSON ({error}).") from error
    if not isinstance(entry, dict):
        raise RecordingError(f"{place}: a line is a JSON object.")
    return entry


def _check_head(entry: dict[str, Any], place: str) -> None:
    if entry["format"] != FORMAT or entry.get("version") != VERSION:
        raise RecordingError(
            f"{place}: this is {entry['format']!r} {entry.get('version')!r}, not {FORMAT!r} {VERSION}.",
            hint="Make the recording with this version of the program.",
        )
