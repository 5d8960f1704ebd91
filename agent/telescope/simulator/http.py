"""The HTTP side: configuration, album, files, live pictures, and the simulator's own control endpoint."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from aiohttp import web

from agent.telescope.simulator import admin, album, catalogue, catalogue_v3
from agent.telescope.simulator.answers import bad, body_of, good
from agent.telescope.simulator.card_files import CardFiles
from agent.telescope.simulator.clients import Clients
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.options import Generation
from agent.telescope.simulator.profiles import TELE, WIDE

logger = logging.getLogger(__name__)

_BOUNDARY = "frame"
_FRAME_S = 0.5  # real seconds between two preview pictures
_DEEP_SKY = 2
_LARGEST_BODY = 1 << 20

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HttpServer:
    """The telescope's HTTP ports."""

    def __init__(self, device: Device, clients: Clients) -> None:
        self.device = device
        self.clients = clients
        self._port = 0
        self._card_port: int | None = None
        self._stream_port: int | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        options = self.device.options
        async with AsyncExitStack() as stack:
            self._port = await self._serve(stack, self._application(), options.http_port)
            if options.stream_port is not None:
                self._stream_port = await self._serve(stack, self._streams(), options.stream_port)
            if options.card_port is not None:
                self._card_port = await self._serve(stack, self._card(), options.card_port)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def port(self) -> int:
        """The port in use."""
        return self._port

    @property
    def card_port(self) -> int | None:
        """The port in use for the files of the card; None without one of their own."""
        return self._card_port

    @property
    def stream_port(self) -> int | None:
        """The port in use for live pictures; None without one of their own."""
        return self._stream_port

    async def _serve(self, stack: AsyncExitStack, application: web.Application, port: int) -> int:
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, self.device.options.host, port)
        await site.start()
        return int(runner.addresses[0][1])

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._guard], client_max_size=_LARGEST_BODY)
        app.add_routes(
            [
                web.get("/getDefaultParamsConfig", self._default_config),
                web.post("/deviceInfo", self._device_info),
                web.get("/deviceInfo", self._nothing),
                web.route("*", "/firmwareVersion", self._firmware),
                web.get("/shootingMode/getSupportedShootingModes", self._modes),
                web.post("/shootingMode/getSupportedShootingModes", self._not_implemented),
                web.post("/shootingMode/getParamAndSetting", self._params),
                web.get("/logInfo", self._log_info),
                *album.routes(self.device),
                *admin.routes(self.device, self.clients),
                *self._stream_routes(),
                *self._files_beside(),
            ]
        )
        return app

    def _streams(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.add_routes([*self._stream_routes(), *self._files_beside()])
        return app

    def _card(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.add_routes([web.get("/{path:.*}", CardFiles(self.device).serve)])
        return app

    def _files_beside(self) -> list[web.RouteDef]:
        """Older firmware serves the card's files on every port, newer on one of their own."""
        return [] if self.device.options.is_v3 else [web.get("/{path:.*}", CardFiles(self.device).serve)]

    def _stream_routes(self) -> list[web.RouteDef]:
        wide = "/secondstream" if self.device.options.model == "D2" else "/thirdstream"
        return [web.get("/mainstream", self._tele_stream), web.get(wide, self._wide_stream)]

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self.device.power != "on" and not request.path.startswith(admin.PREFIX):
            if request.transport is not None:
                request.transport.abort()  # switched off: nobody is there
            raise web.HTTPServiceUnavailable
        return await handler(request)

    # -- identity and catalogue -------------------------------------------------------------------------

    async def _default_config(self, _request: web.Request) -> web.Response:
        return good(catalogue.default_config(self.device))

    async def _device_info(self, _request: web.Request) -> web.Response:
        return good(catalogue.identity(self.device))

    async def _firmware(self, _request: web.Request) -> web.Response:
        return good({"version": ".".join(map(str, catalogue.firmware(self.device)))})

    async def _log_info(self, _request: web.Request) -> web.Response:
        return good([])

    async def _modes(self, _request: web.Request) -> web.Response:
        self._newer_only()
        return good(catalogue_v3.shooting_modes(self.device))

    async def _nothing(self, _request: web.Request) -> web.Response:
        raise web.HTTPNotFound

    async def _not_implemented(self, _request: web.Request) -> web.Response:
        return web.json_response({"code": -1}, status=501)

    async def _params(self, request: web.Request) -> web.Response:
        self._newer_only()
        body = await body_of(request)
        mode = body.get("modeId", _DEEP_SKY)
        if not self.clients.clients:
            return bad("no session")  # the catalogue needs a live WebSocket session
        if not isinstance(mode, int):
            return bad("modeId")
        return good(catalogue_v3.params_and_settings(self.device, mode))

    def _newer_only(self) -> None:
        if self.device.options.generation == Generation.V2:
            raise web.HTTPNotFound

    # -- pictures ---------------------------------------------------------------------------------------

    async def _tele_stream(self, request: web.Request) -> web.StreamResponse:
        return await self._stream(request, TELE)

    async def _wide_stream(self, request: web.Request) -> web.StreamResponse:
        return await self._stream(request, WIDE)

    async def _stream(self, request: web.Request, camera: int) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": f"multipart/x-mixed-replace; boundary={_BOUNDARY}"}
        )
        await response.prepare(request)
        while self.device.power == "on":
            picture = await asyncio.to_thread(self._preview, camera)
            head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            try:
                await response.write(head.encode() + picture + b"\r\n")
            except ConnectionResetError:
                break
            await self.device.clock.sleep(_FRAME_S * self.device.options.speed)
        return response

    def _preview(self, camera: int) -> bytes:
        capture = self.device.state.cameras[camera].capture
        depth = capture.stacked if capture is not None else 1
        return self.device.card.preview(camera, self.device.state.pointing.target, depth)
