"""News and live pictures: to everybody who looks, within bounds, and only while they look."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from agent.web.agent import News
from agent.web.live import MAX_LOOKING
from agent.web.stream import MAX_VIEWERS, MAX_WAITING, event_of
from tests.web.conftest import FakeAgent

Served = Callable[..., Any]
FRAME = b"--x\r\nContent-Type: image/jpeg\r\nContent-Length: 4\r\n\r\n\xff\xd8\xff\xd9\r\n"


async def next_event(answer: Any, kind: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            line = (await answer.content.readline()).decode().strip()
            if line == f"event: {kind}":
                data = (await answer.content.readline()).decode().removeprefix("data: ")
                return dict(json.loads(data))


async def test_two_viewers_hear_the_same_at_once(served: Served) -> None:
    async with served() as page, page.get("/events") as one, page.get("/api/events") as other:
        for answer in (one, other):
            assert answer.content_type == "text/event-stream"
            await next_event(answer, "hello")
        page.agent.tell("status", {"state": "paused"})
        for answer in (one, other):
            told = await asyncio.wait_for(next_event(answer, "state"), 1)
            assert told == {"telescope": "scope", "name": "status", "body": {"state": "paused"}}
    assert page.agent.listeners == []


async def test_a_silent_agent_is_told_from_a_lost_one(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.web.stream.PING_S", 0.05)
    async with served() as page, page.get("/events") as answer:
        await next_event(answer, "ping")


async def test_friends_hear_that_something_is_new_and_of_no_answers(served: Served) -> None:
    async with served(watch=True) as page, page.get("/watch/events") as answer:
        await next_event(answer, "hello")
        page.agent.tell("response", {"message": "secret"})
        page.agent.tell("settings", {"armed": True})
        page.agent.tell("status", {"state": "imaging"})
        assert (await next_event(answer, "state"))["name"] == "status"


async def test_a_viewer_that_cannot_follow_is_cut_and_comes_back(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served() as page, page.get("/events") as answer:
        await next_event(answer, "hello")
        for _ in range(MAX_WAITING + 2):
            page.agent.tell("progress")
        async with asyncio.timeout(10):
            assert b"progress" not in await answer.content.read()  # the end, without what came too fast
        async with page.get("/events") as again:
            await next_event(again, "hello")


async def test_friends_never_take_the_places_of_those_who_can_stop_something(served: Served) -> None:
    async with served(watch=True) as page, contextlib.AsyncExitStack() as stack:
        watching = [await stack.enter_async_context(page.get("/watch/events")) for _ in range(MAX_VIEWERS)]
        assert {answer.status for answer in watching} == {200, 503}
        async with page.get("/events") as mine:
            await next_event(mine, "hello")


async def test_there_is_an_end_of_viewers(served: Served) -> None:
    async with served() as page, contextlib.AsyncExitStack() as stack:
        for _ in range(MAX_VIEWERS):
            answer = await stack.enter_async_context(page.get("/events"))
            assert answer.status == 200
        async with page.get("/api/events") as one_more:
            assert one_more.status == 503
            assert (await one_more.json())["code"] == "busy"


async def test_the_server_ends_under_open_pages(served: Served) -> None:
    async with contextlib.AsyncExitStack() as stack:
        page = await stack.enter_async_context(served())
        answer = await page.session.get(page.address + "/events")
        await next_event(answer, "hello")
        async with asyncio.timeout(5):
            await stack.aclose()


def test_no_text_breaks_out_of_its_event() -> None:
    told = event_of(News("scope", "status", {"message": "a\n\ndata: b\r\nevent: c"}))
    assert told.count(b"\n") == 3
    assert told.count(b"event:") == 2  # its own, and that inside the text
    assert json.loads(told.split(b"data: ", 1)[1])["body"]["message"] == "a\n\ndata: b\r\nevent: c"


# -- live pictures ----------------------------------------------------------------------------------------


class Camera:
    """A telescope's picture service that counts who asks."""

    def __init__(self, kind: str = "multipart/x-mixed-replace; boundary=x") -> None:
        self.kind = kind
        self.asked = self.open = 0

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        self.open += 1
        try:
            response = web.StreamResponse(headers={"Content-Type": self.kind})
            await response.prepare(request)
            while True:
                await response.write(FRAME)
                await asyncio.sleep(0.01)
        finally:
            self.open -= 1


@contextlib.asynccontextmanager
async def camera_at(agent: FakeAgent, camera: Camera) -> AsyncIterator[None]:
    app = web.Application()
    app.add_routes([web.get("/mainstream", camera.serve)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    agent.streams = lambda _: {"tele_jpeg": f"http://127.0.0.1:{port}/mainstream"}  # type: ignore[method-assign]
    try:
        yield
    finally:
        await runner.cleanup()


async def test_the_live_picture_is_asked_for_only_while_somebody_looks(served: Served) -> None:
    agent, camera = FakeAgent(), Camera()
    async with camera_at(agent, camera), served(agent) as page:
        await page.text("/now")
        assert camera.asked == 0
        async with page.get("/api/telescopes/scope/live/tele") as answer:
            assert answer.content_type == "multipart/x-mixed-replace"
            assert FRAME in await answer.content.readexactly(2 * len(FRAME))
            assert camera.open == 1
        async with asyncio.timeout(5):
            while camera.open:  # noqa: ASYNC110 - the end is seen by the other side alone
                await asyncio.sleep(0.01)


async def test_only_so_many_look_at_once_and_what_is_no_picture_is_not_passed_on(served: Served) -> None:
    agent, camera = FakeAgent(), Camera()
    async with camera_at(agent, camera), served(agent) as page, contextlib.AsyncExitStack() as stack:
        for _ in range(MAX_LOOKING):
            await stack.enter_async_context(page.get("/api/telescopes/scope/live/tele"))
        async with page.get("/api/telescopes/scope/live/tele") as answer:
            assert answer.status == 503
    agent, camera = FakeAgent(), Camera(kind="text/html")
    async with camera_at(agent, camera), served(agent) as page:
        async with page.get("/api/telescopes/scope/live/tele") as answer:
            assert answer.status == 502
        async with page.get("/api/telescopes/scope/live/wide") as answer:
            assert answer.status == 404
    async with served() as page, page.get("/api/telescopes/scope/live/tele") as answer:
        assert answer.status == 502
