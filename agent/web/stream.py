"""Server-sent events: what is new, to each viewer through a bounded queue."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable

from aiohttp import web

from agent.web.agent import News, Window
from agent.web.guard import Refusal

MAX_VIEWERS = 16
MAX_FRIENDS = 8  # among them that may only watch: they never take the places of those who can stop something
MAX_WAITING = 64  # news a viewer may be behind; one that is slower is cut, and looks at everything anew
WRITE_S = 10.0
PING_S = 4.0  # how a browser knows that the agent is there


class Feed:
    """Owner of the viewers' queues."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._viewers = 0
        self._friends = 0
        self._open = True
        self._tasks: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        """Let everybody go."""
        self._open = False
        for task in tuple(self._tasks):
            task.cancel()

    async def serve(
        self,
        request: web.Request,
        wanted: Callable[[News], bool] = lambda _: True,
        *,
        friend: bool = False,
    ) -> web.StreamResponse:
        """Send news until the viewer leaves or cannot follow; a `friend` may only watch."""
        most, there = (MAX_FRIENDS, self._friends) if friend else (MAX_VIEWERS, self._viewers)
        if there >= most or not self._open:
            raise Refusal(503, "busy", f"{most} pages are open already.", "Close one of them.")
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream; charset=utf-8",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            }
        )
        queue: asyncio.Queue[News | None] = asyncio.Queue(MAX_WAITING)

        def hear(news: News) -> None:
            if not wanted(news):
                return
            try:
                queue.put_nowait(news)
            except asyncio.QueueFull:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(None)

        end = self._window.listen(hear)
        self._viewers += 1
        self._friends += friend
        task = asyncio.ensure_future(self._send(request, response, queue))
        self._tasks.add(task)
        try:
            await task
        except asyncio.CancelledError:
            task.cancel()
            if self._open:
                raise
        finally:
            end()
            self._viewers -= 1
            self._friends -= friend
            self._tasks.discard(task)
        return response

    async def _send(
        self, request: web.Request, response: web.StreamResponse, queue: asyncio.Queue[News | None]
    ) -> None:
        await response.prepare(request)
        with contextlib.suppress(ConnectionError, TimeoutError):
            await self._write(response, b"retry: 2000\nevent: hello\ndata: {}\n\n")
            while True:
                try:
                    news = await asyncio.wait_for(queue.get(), PING_S)
                except TimeoutError:
                    await self._write(response, b"event: ping\ndata: {}\n\n")
                    continue
                if news is None:
                    return
                await self._write(response, event_of(news))

    async def _write(self, response: web.StreamResponse, data: bytes) -> None:
        async with asyncio.timeout(WRITE_S):
            await response.write(data)


def event_of(news: News) -> bytes:
    """Return news as a server-sent event."""
    kind = news.name if news.name in ("event", "image") else "state"
    body = {"telescope": news.telescope, "name": news.name, "body": news.body}
    return f"event: {kind}\ndata: {json.dumps(body, ensure_ascii=False, default=str)}\n\n".encode()
