"""`/watch`: for friends. It is made of a `Window`, and there is nothing in it that could send."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from agent.errors import AgentError
from agent.web.agent import News, Window
from agent.web.draw.timeline import numbers, timeline
from agent.web.render import page
from agent.web.stream import Feed
from agent.web.targets import about, named
from agent.web.views.common import Ask, asked, frame_counts
from agent.web.views.now import picture, reason_line
from agent.web.views.tonight import collected, darkness


class WatchViews:
    """The page, its picture and its news."""

    def __init__(self, window: Window, feed: Feed) -> None:
        self._window = window
        self._feed = feed

    def routes(self) -> list[web.RouteDef]:
        """Return them."""
        return [
            web.get("/watch", self._watch),
            web.get("/watch/picture", self._picture),
            web.get("/watch/events", self._events),
        ]

    async def _watch(self, request: web.Request) -> web.Response:
        ask = asked(request, self._window)
        try:
            view = await self._window.night(ask.telescope.id)
        except AgentError:
            view = None
        values = await asyncio.to_thread(_values, ask, view)
        return page(request, "watch.html", ask.t, values)

    async def _picture(self, request: web.Request) -> web.Response:
        jpeg = self._window.picture(asked(request, self._window).telescope.id)
        if jpeg is None:
            raise web.HTTPNotFound
        return web.Response(body=jpeg, content_type="image/jpeg")

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Say that something is new, and nothing of what it is."""
        telescope = asked(request, self._window).telescope.id

        def wanted(news: News) -> bool:
            return news.telescope == telescope and news.name in ("status", "progress", "image")

        return await self._feed.serve(request, wanted, friend=True)


def _values(ask: Ask, view: Any) -> dict[str, Any]:
    t, status = ask.t, ask.states.get("status", {})
    target = str(status.get("target") or "")
    known = named(target) if target else None
    taken, _, total = frame_counts(ask.states)
    rows = []
    if view is not None:
        count = numbers(view)
        for row in view.rows:
            if row.block is not None:
                found = about(row.target)
                rows.append(
                    {
                        "number": count[row.session_id],
                        "name": row.name,
                        "other": found.other_name if found else "",
                        "when": t.span(row.block.start, row.block.end),
                    }
                )
    return {
        **ask.values("watch", target or t("now.title"), live="watch", watching=True),
        "heading": " · ".join(part for part in (target, known.other_name if known else "") if part)
        or t(f"status.{ask.status}"),
        "picture": picture(ask, "watch/picture"),
        "frame": t("frames.of", taken=min(taken + 1, total), total=total) if total else "",
        "reason": reason_line(ask),
        "rows": rows,
        "timeline": timeline(view, t) if view is not None else None,
        "head_left": collected(view, t) if view is not None else "",
        "head_right": darkness(view, t) if view is not None else "",
    }
