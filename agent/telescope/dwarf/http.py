"""The telescope's HTTP service: JSON questions and files, each bounded in time and size."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from io import BytesIO
from typing import TypeVar

from agent.telescope.card import Content
from agent.telescope.dwarf.http_line import Address, Answer, NobodyError, asked, written
from agent.telescope.dwarf.link.recorder import Recorder
from agent.telescope.errors import ProtocolError, TelescopeError, UnreachableError

_LOGGER = logging.getLogger(__name__)

CARD_PORT = 80  # where newer firmware serves the files of its card

# Seconds of the loop's time.
CONNECT_LIMIT_S = 5.0  # the service answers on the same network or not at all
ANSWER_LIMIT_S = 15.0  # album listings of full cards were reported to take several seconds
FILE_LIMIT_S = 60.0  # a stacked picture over weak Wi-Fi
SILENCE_LIMIT_S = 20.0  # between two pieces of a file that is streamed
MAX_JSON_BYTES = 8 * 1024 * 1024  # the largest catalogues and listings stay far below
MAX_FILE_BYTES = 32 * 1024 * 1024  # a stacked JPEG of 8 megapixels is about 5 MB
_MAX_WARNINGS = 20  # different ones; after that the rest is silence
_LONGEST_TAG = 200
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)")
_NOBODY_THERE = "Is it on? The ports are telescope_http_port and telescope_card_port."
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
    """A client for one telescope."""

    def __init__(
        self, host: str, port: int, recorder: Recorder | None = None, *, card_port: int = CARD_PORT
    ) -> None:
        self.host = host
        self.port = port
        self.card_port = card_port
        self._recorder = recorder
        self._warned: set[str] = set()

    async def answers(self) -> bool:
        """Whether anything listens there, without asking it anything."""
        return await listens(self.host, self.port, CONNECT_LIMIT_S)

    async def ask(self, method: str, path: str, body: dict[str, object] | None = None) -> object:
        """Return the `data` of a JSON answer whose code is 0; HttpError or ProtocolError otherwise."""
        raw = await self._fetch(method, self._address(self.port, path), ANSWER_LIMIT_S, MAX_JSON_BYTES, body)
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
        return await self._fetch("GET", self._address(port, path), FILE_LIMIT_S, MAX_FILE_BYTES, None)

    def _unusable(self, error: Error) -> Error:
        """The error, told to the owner once: this is no telescope that is merely away."""
        level = logging.DEBUG if error.message in self._warned else logging.WARNING
        if len(self._warned) < _MAX_WARNINGS:
            self._warned.add(error.message)
            _LOGGER.log(level, "The telescope's HTTP service: %s", error.message)
        return error

    def _address(self, port: int, path: str) -> Address:
        try:
            return Address(self.host, port, written(path))
        except ValueError as error:
            raise HttpError(f"There is no address for the path {path[:200]!r}.") from error

    @asynccontextmanager
    async def stream(
        self, port: int, path: str, offset: int, tag: str, most: int | None
    ) -> AsyncIterator[Content]:
        """Fetch a file of any size, from `offset` on while it has that tag. HttpError when it breaks off."""
        wanted: dict[str, str] = {}
        if offset or most:
            wanted["Range"] = f"bytes={offset}-{offset + most - 1 if most else ''}"
            if tag:
                wanted["If-Range"] = tag
        address = self._address(port, path)
        async with AsyncExitStack() as line:
            with _broken_off(address):
                answer = await line.enter_async_context(
                    asked("GET", address, wanted, connect_s=CONNECT_LIMIT_S, silence_s=SILENCE_LIMIT_S)
                )
            if answer.status != 416 or not wanted:
                if answer.status == 404:
                    raise MissingError(f"GET {address} answered 404.")
                if answer.status not in (200, 206):
                    raise HttpError(f"GET {address} answered {answer.status}.")
                begins, size = 0, answer.length
                if answer.status == 206:
                    with _broken_off(address):
                        begins, size = _part(answer.headers.get("content-range", ""), offset)
                yield Content(size, begins, _tag(answer.headers), _pieces(answer, address))
                return
        async with self.stream(port, path, 0, "", None) as whole:  # it is shorter than it was
            yield whole

    async def _fetch(
        self, method: str, address: Address, limit_s: float, max_bytes: int, body: dict[str, object] | None
    ) -> bytes:
        said = b"" if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if said else {}
        try:
            async with (
                asyncio.timeout(limit_s),
                asked(method, address, headers, said, connect_s=CONNECT_LIMIT_S, silence_s=limit_s) as answer,
            ):
                return await self._whole(f"{method} {address}", answer, max_bytes)
        except TimeoutError as error:
            raise HttpError(f"{method} {address} did not answer within {limit_s:.0f} s.") from error
        except NobodyError as error:
            raise HttpError(f"{error}.", hint=_NOBODY_THERE) from error
        except (OSError, ValueError) as error:
            raise HttpError(f"{method} {address}: {error or type(error).__name__}.") from error

    async def _whole(self, asked_for: str, answer: Answer, max_bytes: int) -> bytes:
        if 300 <= answer.status < 400:
            message = f"{asked_for} answered {answer.status}, a redirect; none is followed."
            raise self._unusable(HttpError(message))
        if answer.status == 404:
            raise MissingError(f"{asked_for} answered 404.")
        if answer.status != 200:
            raise HttpError(f"{asked_for} answered {answer.status}.")
        too_large = HttpError(f"{asked_for} is larger than {max_bytes // 1024 // 1024} MB.")
        if (answer.length or 0) > max_bytes:
            raise self._unusable(too_large)
        whole = BytesIO()  # pieces that are joined would take twice the memory
        async for piece in answer.pieces:
            if whole.write(piece) and whole.tell() > max_bytes:
                raise self._unusable(too_large)
        return whole.getvalue()


def _part(told: str, asked: int) -> tuple[int, int | None]:
    """Where a part begins and how long the whole is; ValueError when it begins elsewhere than asked."""
    match = _CONTENT_RANGE.fullmatch(told.strip())
    if match is None or int(match[1]) != asked:
        raise ValueError(f"a part that was not asked for ({told[:60]!r})")
    return asked, int(match[2]) if match[2] != "*" else None


def _tag(headers: Mapping[str, str]) -> str:
    """What a later request can name this state of a file by: its strong tag, else its time."""
    tag = headers.get("etag", "")
    if tag.startswith('"') and len(tag) <= _LONGEST_TAG:
        return tag
    return headers.get("last-modified", "")[:_LONGEST_TAG]


async def _pieces(answer: Answer, address: Address) -> AsyncIterator[bytes]:
    with _broken_off(address):
        async for piece in answer.pieces:
            yield piece


@contextmanager
def _broken_off(address: Address) -> Iterator[None]:
    """Make what goes wrong on the line a HttpError."""
    try:
        yield
    except TimeoutError as error:
        raise HttpError(f"GET {address} fell silent for {SILENCE_LIMIT_S:.0f} s.") from error
    except NobodyError as error:
        raise HttpError(f"{error}.", hint=_NOBODY_THERE) from error
    except (OSError, ValueError) as error:
        raise HttpError(f"GET {address}: {error or type(error).__name__}.") from error


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
