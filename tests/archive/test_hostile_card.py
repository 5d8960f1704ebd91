"""A card whose service says odd things: it costs a retry or a sentence, never a wrong file."""

from __future__ import annotations

import errno
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from agent.archive.errors import ArchiveMissingError
from agent.archive.manifest import load
from agent.session.fields import DownloadWhat
from agent.telescope.dwarf.http import DwarfHttp, HttpError, MissingError
from tests.archive.support import Stand, at_stand
from tests.support.small_sensors import small_sensors as small_sensors

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def streamed(answer: Answer, offset: int = 0, tag: str = "") -> tuple[int | None, int, bytes]:
    """Size, offset and bytes of a file as such a service gives it."""
    async with AsyncExitStack() as stack:
        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = int(runner.addresses[0][1])
        http = DwarfHttp("127.0.0.1", port, card_port=port)
        content = await stack.enter_async_context(http.stream(port, "/a b?.fits", offset, tag, None))
        return content.size, content.offset, b"".join([chunk async for chunk in content.chunks])


async def test_a_file_that_became_shorter_than_what_is_there_comes_whole() -> None:
    async def answer(request: web.Request) -> web.Response:
        if "Range" in request.headers:
            return web.Response(status=416, headers={"Content-Range": "bytes */3"})
        return web.Response(body=b"abc")

    assert await streamed(answer, offset=9) == (3, 0, b"abc")


async def test_a_part_that_was_not_asked_for_is_refused() -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=206, body=b"c", headers={"Content-Range": "bytes 2-2/3"})

    with pytest.raises(HttpError, match="not asked for"):
        await streamed(answer, offset=1)


@pytest.mark.parametrize(("status", "error"), [(404, MissingError), (302, HttpError), (500, HttpError)])
async def test_other_answers_are_no_file(status: int, error: type[HttpError]) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status, body=b"no", headers={"Location": "http://192.0.2.1/"})

    with pytest.raises(error, match=str(status)):
        await streamed(answer)


@pytest.mark.parametrize("index", ["exact", "none"])
def test_a_part_that_was_whole_when_the_agent_died_is_taken_up(tmp_path: Path, index: str) -> None:
    async def work(stand: Stand) -> None:
        await stand.fetch().run()
        folder = tmp_path / "M 42" / "2026-03-12_m42"
        known = load(folder)
        assert known is not None
        for entry in known.files:
            entry.done = False
            path = folder / entry.name
            path.rename(path.with_name(f".{path.name}.part"))
        known.partial = {entry.name: _tag(stand, entry.folder, entry.source) for entry in known.files}
        known.save(folder)
        again = await stand.fetch().run()
        served = stand.served()
        assert {entry.source for entry in again.files if entry.done} == {
            entry.source for entry in known.files
        }
        for entry in again.files:
            assert (folder / entry.name).read_bytes() == served[entry.source]

    at_stand(tmp_path, work, habits={"card_index": index})


def _tag(stand: Stand, folder: str, file: str) -> str:
    card = stand.sim.device.card
    path = f"{folder}/{file}"
    content = card.read(path) or (b"", "")
    return f'"{int(card.modified(path).timestamp()):x}-{len(content[0]):x}"'


def test_a_disk_that_stops_answering_is_not_taken_for_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(_handle: int, _data: Any) -> int:
        raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")

    async def work(stand: Stand) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("agent.archive.transfer.os.write", write)
            with pytest.raises(ArchiveMissingError, match="timed out"):
                await stand.fetch(DownloadWhat.STACKED).run()

    at_stand(tmp_path, work)
