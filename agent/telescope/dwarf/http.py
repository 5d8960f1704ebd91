"""The telescope's HTTP service: JSON questions and files, each bounded in time and size."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from io import BytesIO
from types import TracebackType
from typing import Self, TypeVar

import aiohttp
from yarl import URL

from agent.telescope.card import Content
from agent.telescope.dwarf.link.recorder import Recorder
from agent.telescope.errors import ProtocolError, TelescopeError, UnreachableError

_LOGGER = logging.getLogger(__name__)

CARD_PORT = 80  # where newer firmware serves the files of its card

# Seconds of the loop's time.
CONNECT_LIMIT_S = 5.0  # the service answers on the same network or not at all
ANSWER_LIMIT_S = 15.0  # album listings of full cards were reported to take several seconds
FILE_LIMIT_S = 60.0  # a stacked picture over weak Wi-Fi
SILENCE_LIMIT_S = 20.0  # between two pieces of a file that is streamed
CHUNK = 65536
MAX_JSON_BYTES = 8 * 1024 * 1024  # the largest catalogues and listings stay far below
MAX_FILE_BYTES = 32 * 1024 * 1024  # a stacked JPEG of 8 megapixels is about 5 MB
_MAX_WARNINGS = 20  # different ones; after that the rest is silence
_LONGEST_TAG = 200
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)")
_MAX_DIGITS = 20  # of a 64-bit number; nothing a telescope counts is larger


Error = TypeVar("Error", bound=TelescopeError)


class HttpError(UnreachableError):
    """The HTTP service gives no usable answer: it is down, slow, or says no.

    `answered` is true when it did say no.
    """

    code = "http"
    answered = False


class MissingError(HttpError):
    """There is no such file."""

    answered = True


async def listens(host: str, port: int, within_s: float) -> bool:
    """Return whether anything listens there, without asking it anything; `within_s` of the loop's time."""
    try:
        async with asyncio.timeout(within_s):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, ValueError):  # no answer in time, or no name at all
        return False
    writer.close()
    return True


class DwarfHttp:
    """A client for one telescope. Opens its session at the first question; `close` ends it."""

    def __init__(
        self, host: str, port: int, recorder: Recorder | None = None, *, card_port: int = CARD_PORT
    ) -> None:
        self.host = host
        self.port = port
        self.card_port = card_port
        self._recorder = recorder
        self._session: aiohttp.ClientSession | None = None
        self._warned: set[str] = set()

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
        return await listens(self.host, self.port, CONNECT_LIMIT_S)

    async def ask(self, method: str, path: str, body: dict[str, object] | None = None) -> object:
        """Return the `data` of a JSON answer whose code is 0; HttpError or ProtocolError otherwise."""
        raw = await self._fetch(method, self._url(self.port, path), ANSWER_LIMIT_S, MAX_JSON_BYTES, body)
        try:
            answer = read_json(raw)
            if self._recorder is not None:
                self._recorder.http(method, path, 200, answer)
        except (ValueError, RecursionError) as error:
            raise self._unusable(
                ProtocolError(f"{method} {path} did not answer with usable JSON.")
            ) from error
        if not isinstance(answer, dict) or "data" not in answer:
            raise self._unusable(ProtocolError(f"{method} {path} answered without data."))
        if answer.get("code", 0) != 0:
            refusal = HttpError(f"{method} {path} answered with code {str(answer.get('code'))[:40]}.")
            refusal.answered = True
            raise refusal
        return answer["data"]

    async def file(self, port: int, path: str) -> bytes:
        """Return a file of at most `MAX_FILE_BYTES`; HttpError when it is not there or too large."""
        return await self._fetch("GET", self._url(port, path), FILE_LIMIT_S, MAX_FILE_BYTES, None)

    def _unusable(self, error: Error) -> Error:
        """The error, told to the owner once: this is no telescope that is merely away."""
        level = logging.DEBUG if error.message in self._warned else logging.WARNING
        if len(self._warned) < _MAX_WARNINGS:
            self._warned.add(error.message)
            _LOGGER.log(level, "The telescope's HTTP service: %s", error.message)
        return error

    def _url(self, port: int, path: str) -> URL:
        try:
            return URL.build(scheme="http", host=self.host, port=port, path="/" + path.lstrip("/"))
        except ValueError as error:
            raise HttpError(f"There is no address for the path {path[:200]!r}.") from error

    @asynccontextmanager
    async def stream(
        self, port: int, path: str, offset: int, tag: str, most: int | None
    ) -> AsyncIterator[Content]:
        """Fetch a file of any size, from `offset` on while it has that tag. HttpError when it breaks off."""
        url = self._url(port, path)
        asked: dict[str, str] = {}
        if offset or most:
            asked["Range"] = f"bytes={offset}-{offset + most - 1 if most else ''}"
            if tag:
                asked["If-Range"] = tag
        limits = aiohttp.ClientTimeout(total=None, connect=CONNECT_LIMIT_S, sock_read=SILENCE_LIMIT_S)
        with _broken_off(url):
            response = await self._opened().get(url, headers=asked, timeout=limits, allow_redirects=False)
        async with response:
            if response.status == 416 and asked:  # it is shorter than it was
                async with self.stream(port, path, 0, "", None) as whole:
                    yield whole
                return
            if response.status == 404:
                raise MissingError(f"GET {url} answered 404.")
            if response.status not in (200, 206):
                raise HttpError(f"GET {url} answered {response.status}.")
            begins, size = 0, response.content_length
            if response.status == 206:
                with _broken_off(url):
                    begins, size = _part(response.headers.get("Content-Range", ""), offset)
            yield Content(size, begins, _tag(response.headers), _pieces(response, url))

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            # Nothing is unpacked: some bytes of a packed answer can stand for gigabytes.
            self._session = aiohttp.ClientSession(
                trust_env=False, auto_decompress=False, headers={"Accept-Encoding": "identity"}
            )
        return self._session

    async def _fetch(
        self, method: str, url: URL, limit_s: float, max_bytes: int, body: dict[str, object] | None
    ) -> bytes:
        session = self._opened()
        limits = aiohttp.ClientTimeout(total=limit_s, connect=CONNECT_LIMIT_S)
        try:
            async with session.request(
                method, url, json=body, timeout=limits, allow_redirects=False
            ) as response:
                if 300 <= response.status < 400:
                    message = f"{method} {url} answered {response.status}, a redirect; none is followed."
                    raise self._unusable(HttpError(message))
                if response.status == 404:
                    raise MissingError(f"{method} {url} answered 404.")
                if response.status != 200:
                    raise HttpError(f"{method} {url} answered {response.status}.")
                too_large = HttpError(f"{method} {url} is larger than {max_bytes // 1024 // 1024} MB.")
                if (response.content_length or 0) > max_bytes:
                    raise self._unusable(too_large)
                whole = BytesIO()  # pieces that are joined would take twice the memory
                async for chunk in response.content.iter_chunked(65536):
                    if whole.write(chunk) and whole.tell() > max_bytes:
                        raise self._unusable(too_large)
                return whole.getvalue()
        except TimeoutError as error:
            raise HttpError(f"{method} {url} did not answer within {limit_s:.0f} s.") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _broken(method, url, error) from error


def _part(told: str, asked: int) -> tuple[int, int | None]:
    """Where a part begins and how long the whole is; ValueError when it begins elsewhere than asked."""
    match = _CONTENT_RANGE.fullmatch(told.strip())
    if match is None or int(match[1]) != asked:
        raise ValueError(f"a part that was not asked for ({told[:60]!r})")
    return asked, int(match[2]) if match[2] != "*" else None


def _tag(headers: Mapping[str, str]) -> str:
    """What a later request can name this state of a file by: its strong tag, else its time."""
    tag = headers.get("ETag", "")
    if tag.startswith('"') and len(tag) <= _LONGEST_TAG:
        return tag
    return headers.get("Last-Modified", "")[:_LONGEST_TAG]


async def _pieces(response: aiohttp.ClientResponse, url: URL) -> AsyncIterator[bytes]:
    with _broken_off(url):
        async for chunk in response.content.iter_chunked(CHUNK):
            yield chunk


@contextmanager
def _broken_off(url: URL) -> Iterator[None]:
    """Make what goes wrong on the line a HttpError."""
    try:
        yield
    except TimeoutError as error:
        raise HttpError(f"GET {url} fell silent for {SILENCE_LIMIT_S:.0f} s.") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise _broken("GET", url, error) from error


def _broken(method: str, url: URL, error: Exception) -> HttpError:
    if isinstance(error, aiohttp.ClientConnectorError):
        why = error.os_error.strerror or type(error.os_error).__name__
        return HttpError(f"Nothing answers at {url.origin()} ({why.partition(' [')[0]}).")
    return HttpError(f"{method} {url}: {error or type(error).__name__}.")


def read_json(raw: bytes) -> object:
    """Read JSON whose text can be written as UTF-8 and whose numbers are finite and of 64 bits.

    What is no such number reads as None, and half a surrogate pair as "?". ValueError or RecursionError for
    what is no JSON or nested beyond reason.
    """
    answer = _loads(raw.decode("utf-8-sig", "replace"))
    if b"\\ud" in raw.lower():
        answer = _loads(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace").decode())
    return answer


def _loads(text: str) -> object:
    return json.loads(text, parse_constant=lambda _: None, parse_float=_finite, parse_int=_counted)


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _counted(text: str) -> int | None:
    return int(text) if len(text) <= _MAX_DIGITS else None
