"""The telescope's live pictures, passed on while somebody looks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

import aiohttp
from aiohttp import web

from agent.web.guard import Refusal

MAX_LOOKING = 4  # each is a connection to the telescope, whose Wi-Fi carries few
CONNECT_S = 5.0
SILENT_S = 30.0  # long exposures change the picture rarely
WRITE_S = 5.0
_CHUNK = 32 * 1024


class LiveRelay:
    """Counts who looks. Nothing is asked of the telescope while nobody does."""

    def __init__(self) -> None:
        self._looking = 0

    async def serve(
        self, request: web.Request, streams: Mapping[str, str], camera: str
    ) -> web.StreamResponse:
        """Pass a camera's stream on until either side ends it."""
        address = streams.get(f"{camera}_jpeg")
        if address is None:
            raise Refusal(404, "unreachable", "The telescope has not told where its live picture is.")
        if self._looking >= MAX_LOOKING:
            raise Refusal(503, "busy", f"{MAX_LOOKING} already watch the live picture.")
        self._looking += 1
        try:
            limits = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=SILENT_S)
            async with aiohttp.ClientSession(
                timeout=limits, trust_env=False, auto_decompress=False
            ) as session:
                return await self._relay(request, session, address)
        finally:
            self._looking -= 1

    async def _relay(
        self, request: web.Request, session: aiohttp.ClientSession, address: str
    ) -> web.StreamResponse:
        try:
            source = await session.get(address, allow_redirects=False)
        except (aiohttp.ClientError, OSError, TimeoutError):
            raise Refusal(502, "unreachable", "The telescope shows no live picture now.") from None
        async with source:
            kind = source.headers.get("Content-Type", "")
            if source.status != 200 or not kind.startswith("multipart/x-mixed-replace"):
                raise Refusal(502, "unreachable", "The telescope shows no live picture now.")
            response = web.StreamResponse(headers={"Content-Type": kind[:200], "Cache-Control": "no-store"})
            await response.prepare(request)
            with contextlib.suppress(ConnectionError, TimeoutError, aiohttp.ClientError):
                async for chunk in source.content.iter_chunked(_CHUNK):
                    async with asyncio.timeout(WRITE_S):
                        await response.write(chunk)
            return response
