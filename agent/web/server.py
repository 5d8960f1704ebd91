"""The server: it listens at the door, and answers through guard, API and views."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any, Protocol

from aiohttp import web

from agent.clock import Clock
from agent.web.agent import Agent, SettingUp
from agent.web.api import Api
from agent.web.door import Door
from agent.web.guard import (
    ALL_TRIES,
    CLOCK,
    DOOR,
    HEAD_S,
    MAX_BODY,
    TRIES,
    Handler,
    add_headers,
    error_body,
    guard,
)
from agent.web.live import LiveRelay
from agent.web.password import Buckets
from agent.web.render import answer
from agent.web.stream import Feed
from agent.web.views import Views
from agent.web.views.setup import FirstPages

KEEP_ALIVE_S = 30.0
MAX_CONNECTIONS = 64
_LOOK_S = 5.0
_SHUTDOWN_S = 1.0


class Pages(Protocol):
    """What is served: addresses, and the page that says what went wrong."""

    def routes(self) -> Sequence[web.RouteDef]: ...

    def trouble(self, request: web.Request, status: int, body: dict[str, Any]) -> web.Response: ...


class Server:
    """Owner of the listening port. `start`, then `stop`."""

    def __init__(self, pages: Pages, door: Door, clock: Clock) -> None:
        self._pages = pages
        self._door = door
        self._clock = clock
        self._runner: web.AppRunner | None = None
        self._listening: asyncio.Server | None = None
        self._arrived = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Listen, and return the address to open; OSError when the port is not to be had."""
        app = make_app(self._pages, self._door, self._clock)
        runner = web.AppRunner(
            app, access_log=None, keepalive_timeout=KEEP_ALIVE_S, shutdown_timeout=_SHUTDOWN_S
        )
        await runner.setup()
        loop = asyncio.get_running_loop()
        try:
            self._listening = await loop.create_server(
                lambda: self._arrive(runner), self._door.host, self._door.port, backlog=32
            )
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self._keeper = asyncio.create_task(self._cut_silent(runner), name="page-keeper")
        host, port = self._listening.sockets[0].getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{port}"

    async def stop(self) -> None:
        """Let everybody go."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        if self._listening is not None:
            self._listening.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def _arrive(self, runner: web.AppRunner) -> asyncio.Protocol:
        """Take a connection, which somebody has to look after from now on."""
        self._arrived.set()
        assert runner.server is not None
        return runner.server()

    async def _cut_silent(self, runner: web.AppRunner) -> None:
        """Close connections that ask for nothing, and those beyond what a small machine bears.

        While nobody is connected it sleeps, so that an idle machine is left alone.
        """
        loop = asyncio.get_running_loop()
        silent_since: dict[web.RequestHandler, float] = {}
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            await asyncio.sleep(_LOOK_S)
            connections = list(runner.server.connections) if runner.server is not None else []
            if connections:
                self._arrived.set()
            asking = runner.app[ASKING]
            silent = [one for one in connections if one not in asking]
            silent_since = {one: silent_since.get(one, loop.time()) for one in silent}
            patience_s = HEAD_S if len(connections) <= MAX_CONNECTIONS else 0.0
            for one, since in silent_since.items():
                if loop.time() - since > patience_s:
                    one.force_close()
                    if one.transport is not None:
                        one.transport.abort()


class PageServer(Server):
    """The page and the REST interface of a whole agent."""

    def __init__(self, agent: Agent, door: Door, clock: Clock) -> None:
        self._feed = Feed(agent)
        super().__init__(AgentPages(agent, self._feed), door, clock)

    async def stop(self) -> None:
        """Let everybody go."""
        self._feed.close()
        await super().stop()


class AgentPages(Views):
    """Everything that a whole agent answers."""

    def __init__(self, agent: Agent, feed: Feed) -> None:
        super().__init__(agent, feed)
        self._api = Api(agent, feed, LiveRelay())

    def routes(self) -> list[web.RouteDef]:
        """Return them."""
        return [*self._api.routes(), *super().routes()]


class FirstServer(Server):
    """The way to a first telescope, and nothing else."""

    def __init__(self, setting_up: SettingUp, door: Door, clock: Clock) -> None:
        super().__init__(FirstPages(setting_up), door, clock)


ASKING: web.AppKey[set[object]] = web.AppKey("asking", set)


def make_app(pages: Pages, door: Door, clock: Clock) -> web.Application:
    """Put the parts together."""

    @web.middleware
    async def told(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer what went wrong in words, and note which connections are being answered."""
        app[ASKING].add(request.protocol)
        try:
            return await handler(request)
        except web.HTTPRedirection:
            raise
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001
            status, body = error_body(error)
            if request.path.startswith("/api/") or request.method not in ("GET", "HEAD"):
                return answer(request, body, status)
            return pages.trouble(request, status, body)
        finally:
            app[ASKING].discard(request.protocol)

    app = web.Application(middlewares=[told, guard(door, clock)], client_max_size=MAX_BODY)
    app[DOOR] = door
    app[CLOCK] = clock
    app[ASKING] = set()
    app[TRIES] = Buckets(5, 30.0, clock.monotonic)
    app[ALL_TRIES] = Buckets(30, 10.0, clock.monotonic)
    app.on_response_prepare.append(add_headers)
    app.add_routes(pages.routes())
    return app
