"""A telescope's HTTP service that is broken, or somebody else's: it costs an answer, never more."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.telescope.dwarf import http as dwarf_http
from agent.telescope.dwarf.catalogue import read_catalogue, read_config
from agent.telescope.dwarf.http import DwarfHttp, HttpError, read_json
from agent.telescope.dwarf.media import Album
from agent.telescope.errors import ProtocolError
from agent.telescope.interface import CaptureReport
from tests.support.brokers import free_port
from tests.support.chance import often

ZURICH = ZoneInfo("Europe/Zurich")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def hostile(handler: Handler) -> AsyncIterator[DwarfHttp]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield DwarfHttp("127.0.0.1", runner.addresses[0][1])
    finally:
        await runner.cleanup()


def saying(body: bytes, content_type: str = "application/json", **headers: str) -> Handler:
    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type=content_type, headers=headers)

    return handler


@asynccontextmanager
async def raw(answer: bytes, *, then: float = 0.0, again: bytes = b" ") -> AsyncIterator[DwarfHttp]:
    """A service that sends these bytes whatever it is asked, and goes on slowly for ever if told so."""
    tasks: set[asyncio.Task[None] | None] = set()

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        try:
            writer.write(answer)
            await writer.drain()
            while then:
                writer.write(again)
                await writer.drain()
                await asyncio.sleep(then)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield DwarfHttp("127.0.0.1", server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in tasks:
            if task is not None:
                task.cancel()


@pytest.mark.parametrize("opening", ["[", '{"data":', '{"data":['])
async def test_an_answer_nested_beyond_reason_is_a_protocol_error(
    opening: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with hostile(saying(opening.encode() * 100_000)) as client:
        for _ in range(3):
            with pytest.raises(ProtocolError):
                await client.ask("GET", "/getDefaultParamsConfig")
        assert await Album(client).captures(ZURICH) == []
    warned = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert len(warned) == 2, "once for each question"
    assert "usable JSON" in warned[0]


@pytest.mark.parametrize("depth", [50, 150, 300, 450, 600, 900])
async def test_an_answer_nested_just_within_reason_breaks_nothing_that_reads_it(depth: int) -> None:
    nested = b"[" * depth + b"]" * depth
    body = b'{"code":0,"data":{"id":2,"name":%s,"fwMajorVersion":%s,"cameras":%s}}' % (nested, nested, nested)
    async with hostile(saying(body)) as client:
        try:
            config = read_config(await client.ask("GET", "/getDefaultParamsConfig"))
        except ProtocolError:
            return
    assert (config.device_id, config.name, config.firmware) == (2, "", "")


async def test_half_a_surrogate_pair_in_a_path_is_text_that_can_be_written() -> None:
    item = (
        b'{"filePath":"/Astronomy/DWARF_RAW_\\ud800/stacked.jpg","modificationTime":1772000000,'
        b'"astroImageDetails":{"target":"\\udfff M 31","srcDir":"/Astronomy/\\uD800","shotsTaken":3}}'
    )
    async with hostile(saying(b'{"code":0,"data":[%s]}' % item)) as client:
        album = Album(client)
        (entry,) = await album.captures(ZURICH)
        for text in (entry.path, entry.folder, entry.target, json.dumps([entry.folder], ensure_ascii=False)):
            text.encode()
        assert await album.picture(entry) is None
        with suppress(HttpError):
            await client.file(client.port, "/\ud800")


async def test_no_number_and_numbers_beyond_all_measure_are_unknown() -> None:
    item = (
        b'{"filePath":"/a/b.jpg","modificationTime":%d,"camId":Infinity,"astroImageDetails":{"target":"M 31",'
        b'"shotsTaken":NaN,"shotsStacked":-Infinity,"shotsToTake":1e999,"floatHourRa":1e999,'
        b'"floatDegreeDec":NaN,"params":{"exp":1e999},"srcDir":"/a"}}' % 10**400
    )
    async with hostile(saying(b'{"code":0,"data":[%s]}' % item)) as client:
        (entry,) = await Album(client).captures(ZURICH)
    report = entry.report()
    assert (entry.taken, entry.stacked, entry.to_take, entry.modified) == (0, 0, 0, None)
    assert (report.ra_hours, report.dec_degrees, report.exposure_s, report.began) == (None,) * 4


@pytest.mark.parametrize("announced", [10**9, None], ids=["told", "not told"])
async def test_a_body_of_a_gigabyte_is_not_read(announced: int | None) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        if announced is None:
            response.enable_chunked_encoding()
        else:
            response.content_length = announced
        await response.prepare(request)
        chunk = bytes(1 << 20)
        while sent < 10**9:
            await response.write(chunk)
            sent += len(chunk)
        return response

    async with hostile(endless) as client:
        with pytest.raises((HttpError, ProtocolError)):
            await client.ask("GET", "/getDefaultParamsConfig")
    assert sent < 64 * 1024 * 1024


async def test_a_picture_takes_little_more_than_its_own_size() -> None:
    size = 8_000_000

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"\xff" * size)

    async with hostile(handler) as client:
        port = client.port
        await client.file(port, "warm")
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        assert len(await client.file(port, "a.jpg")) == size
        most = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
    assert most < 2.6 * size  # one is the server's


async def test_a_packed_answer_that_would_unpack_to_gigabytes_is_not_unpacked() -> None:
    packed = gzip.compress(bytes(100_000_000), 9)
    body = saying(packed, **{"Content-Encoding": "gzip"})
    async with hostile(body) as client:
        began = time.process_time()
        with pytest.raises(ProtocolError):
            await client.ask("GET", "/getDefaultParamsConfig")
        assert await client.file(client.port, "/stacked.jpg") == packed
        assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" + b"a" * 1_000_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9" + b"9" * 5000 + b"\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}}",
        b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n{}",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
        b"HTTP/1.1 99999 \xff\xfe\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000,
        b"\x00\xff" * 5000,
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ],
    ids=[
        "nothing",
        "short",
        "long",
        "negative",
        "digits",
        "chunk",
        "long chunk",
        "two lengths",
        "folded",
        "bare",
        "status",
        "header",
        "noise",
        "ssh",
    ],
)
async def test_what_is_no_http_is_an_error(answer: bytes) -> None:
    async with raw(answer) as client:
        with pytest.raises((HttpError, ProtocolError)):
            await client.ask("GET", "/getDefaultParamsConfig")
        with suppress(HttpError):
            assert len(await client.file(client.port, "/a.jpg")) < 10


async def test_a_port_without_a_service_is_named_in_plain_words() -> None:
    port = free_port()
    words = rf"^Nothing answers at http://127\.0\.0\.1:{port} \(Connect\w*[^\[\]]*\)\. Is it on\?"
    client = DwarfHttp("127.0.0.1", port)
    with pytest.raises(HttpError, match=words):
        await client.ask("GET", "/getDefaultParamsConfig")
    with pytest.raises(HttpError, match=words):
        async with client.stream(port, "/a.fits", 0, "", None):
            pass


async def test_an_answer_that_is_put_off_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dwarf_http, "SILENCE_LIMIT_S", 0.3)
    later = b"HTTP/1.1 102 Processing\r\n\r\n"
    async with raw(later, then=0.02, again=later) as client, asyncio.timeout(5):
        with pytest.raises(HttpError, match="fell silent"):
            async with client.stream(client.port, "/a.fits", 0, "", None):
                pass


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n{"], ids=repr
)
async def test_an_answer_that_trickles_for_ever_is_given_up(
    head: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dwarf_http, "ANSWER_LIMIT_S", 0.3)
    async with raw(head, then=0.02) as client:
        with pytest.raises(HttpError):
            await client.ask("GET", "/getDefaultParamsConfig")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_to_another_host_nor_at_all(status: int) -> None:
    asked: list[str] = []

    async def elsewhere(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.json_response({"code": 0, "data": {"id": 2}})

    async with hostile(elsewhere) as other:

        async def redirect(request: web.Request) -> web.StreamResponse:
            asked.append(request.path)
            return web.Response(status=status, headers={"Location": f"http://localhost:{other.port}/other"})

        async with hostile(redirect) as client:
            with pytest.raises(HttpError, match=str(status)):
                await client.ask("POST", "/deviceInfo", {})
            with pytest.raises(HttpError, match=str(status)):
                await client.file(client.port, "/stacked.jpg")
    assert asked == ["/deviceInfo", "/stacked.jpg"]


async def test_a_page_of_a_router_is_neither_an_answer_nor_a_picture() -> None:
    page = b"<html><body>Please log in</body></html>"
    item = {"filePath": "/a/stacked.jpg", "thumbnailPath": "/a/t.jpg", "modificationTime": 1772000000}
    async with hostile(saying(page, "text/html")) as client:
        with pytest.raises(ProtocolError, match="JSON"):
            await client.ask("GET", "/getDefaultParamsConfig")
        assert await Album(client).captures(ZURICH) == []

    async def mixed(request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            return web.json_response({"code": 0, "data": [item]})
        return web.Response(body=page, content_type="image/jpeg")

    async with hostile(mixed) as client:
        album = Album(client)
        (entry,) = await album.captures(ZURICH)
        assert await album.picture(entry) is None


KEYS = """
    id name cameras supportParams gearMode values index cameraParams cameraId specialParams
    exp gain range techId minValue maxValue currentValue generalParams shootingTechSettings
    paramId filterType stackCount filePath srcDir camId modificationTime astroImageDetails
    params shotsTaken shotsStacked shotsToTake target thumbnailPath floatHourRa
    floatDegreeDec majorVersion fwMajorVersion
"""
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.characters(), max_size=8)
    | st.sampled_from(["1/0", "15", "nan", "-1", "1e999", "2026-13-45-99-99-99"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=6)
    ),
    max_leaves=25,
)


@settings(deadline=None, max_examples=often(300))
@given(JSON)
def test_whatever_is_said_is_read_or_refused(value: object) -> None:
    from agent.telescope.dwarf.media import _entry, _items

    said = read_json(json.dumps(value).encode())
    with suppress(ProtocolError):
        read_config(said)
    read_catalogue(said)
    for item in _items(said):
        entry = _entry(item, ZURICH)
        if entry is not None:
            assert isinstance(entry.report(), CaptureReport)
            json.dumps([entry.folder, entry.path, entry.target], ensure_ascii=False).encode()
