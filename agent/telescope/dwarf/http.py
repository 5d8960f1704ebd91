"""The telescope's HTTP service: JSON questions and files, each bounded in time and size."""

from __future__ import annotations

import asyncio
import json
import logging
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from agent.telescope.dwarf.link.recorder import Recorder
from agent.telescope.errors import ProtocolError, UnreachableError

_LOGGER = logging.getLogger(__name__)

# Seconds of the loop's time.
CONNECT_LIMIT_S = 5.0  # the service answers on the same network or not at all
ANSWER_LIMIT_S = 15.0  # album listings of full cards were reported to take several seconds
FILE_LIMIT_S = 60.0  # a stacked picture over weak Wi-Fi
MAX_JSON_BYTES = 8 * 1024 * 1024  # the largest catalogues and listings stay far below
MAX_FILE_BYTES = 32 * 1024 * 1024  # a stacked JPEG of 8 megapixels is about 5 MB


class HttpError(UnreachableError):
    """The HTTP service gives no usable answer: it is down, slow, or says no."""

    code = "http"


class DwarfHttp:
    """A client for one telescope. Opens its session at the first question; `close` ends it."""

    def __init__(self, host: str, port: int, recorder: Recorder | None = None) -> None:
        self.host = host
        self.port = port
        self._recorder = recorder
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def answers(self) -> bool:
        """Whether anything listens there, without asking it anything."""
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                _, writer = await asyncio.open_connection(self.host, self.port)
        except OSError:
            return False
        writer.close()
        return True

    async def ask(self, method: str, path: str, body: dict[str, object] | None = None) -> object:
        """Return the `data` of a JSON answer whose code is 0; HttpError or ProtocolError otherwise."""
        raw = await self._fetch(method, self._url(self.port, path), ANSWER_LIMIT_S, MAX_JSON_BYTES, body)
        try:
            answer = json.loads(raw)
        except ValueError as error:
            raise ProtocolError(f"{method} {path} did not answer with JSON.") from error
        if self._recorder is not None:
            self._recorder.http(method, path, 200, answer)
        if not isinstance(answer, dict) or "data" not in answer:
            raise ProtocolError(f"{method} {path} answered without data.")
        if answer.get("code", 0) != 0:
            raise HttpError(f"{method} {path} answered with code {answer.get('code')}.")
        return answer["data"]

    async def file(self, port: int, path: str) -> bytes:
        """Return a file of at most `MAX_FILE_BYTES`; HttpError when it is not there or too large."""
        return await self._fetch("GET", self._url(port, path), FILE_LIMIT_S, MAX_FILE_BYTES, None)

    def _url(self, port: int, path: str) -> URL:
        return URL.build(scheme="http", host=self.host, port=port, path="/" + path.lstrip("/"))

    async def _fetch(
        self, method: str, url: URL, limit_s: float, max_bytes: int, body: dict[str, object] | None
    ) -> bytes:
        session = self._session
        if session is None:
            session = self._session = aiohttp.ClientSession(trust_env=False)
        limits = aiohttp.ClientTimeout(total=limit_s, connect=CONNECT_LIMIT_S)
        try:
            async with session.request(
                method, url, json=body, timeout=limits, allow_redirects=True, max_redirects=3
            ) as response:
                if response.status != 200:
                    raise HttpError(f"{method} {url} answered {response.status}.")
                chunks, size = [], 0
                async for chunk in response.content.iter_chunked(65536):
                    size += len(chunk)
                    if size > max_bytes:
                        raise HttpError(f"{method} {url} is larger than {max_bytes // 1024 // 1024} MB.")
                    chunks.append(chunk)
                return b"".join(chunks)
        except TimeoutError as error:
            raise HttpError(f"{method} {url} did not answer within {limit_s:.0f} s.") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise HttpError(f"{method} {url}: {error or type(error).__name__}.") from error
