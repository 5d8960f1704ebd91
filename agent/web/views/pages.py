"""The addresses of the pages."""

from __future__ import annotations

import asyncio

from aiohttp import web

from agent.web.agent import Agent, News
from agent.web.guard import DOOR, base_of
from agent.web.render import page
from agent.web.stream import Feed
from agent.web.views.calendar import CalendarViews
from agent.web.views.change import ChangeViews
from agent.web.views.common import Ask, asked
from agent.web.views.entrance import Entrance
from agent.web.views.home_assistant import home_assistant_values
from agent.web.views.new import NewViews
from agent.web.views.nights import nights_values
from agent.web.views.now import now_values
from agent.web.views.report import ReportViews
from agent.web.views.settings import settings_values
from agent.web.views.setup import SetupViews
from agent.web.views.tonight import TonightViews
from agent.web.views.watch import WatchViews


class Views:
    """Every page. Those of `/watch` hold a `Window` and nothing that could send."""

    def __init__(self, agent: Agent, feed: Feed) -> None:
        self._agent = agent
        self._feed = feed
        self._tonight = TonightViews(agent)
        self._change = ChangeViews(agent)
        self._new = NewViews(agent)
        self._watch = WatchViews(agent, feed)
        self._calendar = CalendarViews(agent)
        self._report = ReportViews(agent)
        self._entrance = Entrance(agent)
        self.trouble = self._entrance.trouble
        setting_up = agent.setting_up
        self._setup = SetupViews(setting_up, agent) if setting_up else None

    def routes(self) -> list[web.RouteDef]:
        """Return them."""
        return [
            web.get("/", self._home),
            web.get("/now", self._now),
            web.get("/nights", self._nights),
            web.get("/nights/picture/{session}", self._kept),
            web.get("/settings", self._settings),
            web.get("/home-assistant", self._home_assistant),
            web.get("/picture", self._picture),
            web.get("/events", self._events),
            *self._entrance.routes(),
            *(self._setup.routes() if self._setup else ()),
            *self._tonight.routes(),
            *self._change.routes(),
            *self._new.routes(),
            *self._watch.routes(),
            *self._calendar.routes(),
            *self._report.routes(),
        ]

    def _asked(self, request: web.Request) -> Ask:
        return asked(request, self._agent)

    async def _home(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(f"{base_of(request)}/{'tonight' if self._agent.site else 'now'}")

    async def _now(self, request: web.Request) -> web.Response:
        ask = self._asked(request)
        session = str(ask.states.get("status", {}).get("session_id") or "")
        log = await self._agent.log(ask.telescope.id, session) if session else ()
        return page(request, "now.html", ask.t, now_values(ask, log))

    async def _nights(self, request: web.Request) -> web.Response:
        ask = self._asked(request)
        nights = await self._agent.nights(ask.telescope.id)
        values = await asyncio.to_thread(nights_values, ask, nights)
        return page(request, "nights.html", ask.t, values)

    async def _kept(self, request: web.Request) -> web.Response:
        ask = self._asked(request)
        session, small = request.match_info["session"], "small" in request.query
        jpeg = await self._agent.kept_picture(ask.telescope.id, session, small=small)
        return _jpeg(jpeg)

    async def _settings(self, request: web.Request) -> web.Response:
        ask = self._asked(request)
        values = await settings_values(ask, self._agent, request.app[DOOR])
        return page(request, "settings.html", ask.t, values)

    async def _home_assistant(self, request: web.Request) -> web.Response:
        ask = self._asked(request)
        return page(request, "home_assistant.html", ask.t, home_assistant_values(ask, self._agent))

    async def _picture(self, request: web.Request) -> web.Response:
        ask = self._asked(request)
        return _jpeg(self._agent.picture(ask.telescope.id))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        telescope = self._asked(request).telescope.id

        def wanted(news: News) -> bool:
            return news.telescope == telescope

        return await self._feed.serve(request, wanted)


def _jpeg(jpeg: bytes | None) -> web.Response:
    if jpeg is None:
        raise web.HTTPNotFound
    headers = {"Cache-Control": "private, max-age=86400"}
    return web.Response(body=jpeg, content_type="image/jpeg", headers=headers)
