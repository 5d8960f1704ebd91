"""The addresses of the pages."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

from agent.web import static_files
from agent.web.agent import Agent, News
from agent.web.guard import COOKIE, DOOR, Refusal, base_of, body_of, check_password, document_policy
from agent.web.password import SIGNED_IN_S
from agent.web.render import LANGUAGE_COOKIE, page
from agent.web.stream import Feed
from agent.web.views.calendar import CalendarViews
from agent.web.views.common import Ask, asked
from agent.web.views.new import NewViews
from agent.web.views.nights import nights_values, report_values
from agent.web.views.now import now_values
from agent.web.views.settings import settings_values
from agent.web.views.tonight import TonightViews
from agent.web.views.watch import WatchViews
from agent.web.words import languages, preferred, words

_YEAR_S = 365 * 86400


class Views:
    """Every page. Those of `/watch` hold a `Window` and nothing that could send."""

    def __init__(self, agent: Agent, feed: Feed) -> None:
        self._agent = agent
        self._feed = feed
        self._tonight = TonightViews(agent)
        self._new = NewViews(agent)
        self._watch = WatchViews(agent, feed)
        self._calendar = CalendarViews(agent)

    def routes(self) -> list[web.RouteDef]:
        """Return them."""
        return [
            web.get("/", self._home),
            web.get("/now", self._now),
            web.get("/nights", self._nights),
            web.get("/nights/{night}/report", self._report),
            web.get("/nights/{night}/page", self._report_page),
            web.get("/nights/picture/{session}", self._kept),
            web.get("/settings", self._settings),
            web.get("/picture", self._picture),
            web.get("/events", self._events),
            web.get("/sign-in", self._sign_in),
            web.post("/sign-in", self._sign_in_asked),
            web.post("/sign-out", self._sign_out),
            web.get("/language/{language}", self._language),
            web.get("/manifest.webmanifest", self._manifest),
            web.get("/icon.png", self._icon),
            web.get("/static/{version}/{name}", static_files.serve),
            *self._tonight.routes(),
            *self._new.routes(),
            *self._watch.routes(),
            *self._calendar.routes(),
        ]

    def trouble(self, request: web.Request, status: int, body: dict[str, Any]) -> web.Response:
        """Return a page that says what went wrong."""
        language = preferred(
            request.headers.get("Accept-Language", ""), request.cookies.get(LANGUAGE_COOKIE, "")
        )
        values = {"message": body["message"], "hint": body["hint"]}
        return page(request, "trouble.html", words(language, self._agent.zone), values, status)

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
        return page(request, "nights.html", ask.t, nights_values(ask, nights))

    async def _report(self, request: web.Request) -> web.Response:
        ask, night = self._asked(request), request.match_info["night"]
        text = await self._agent.report(ask.telescope.id, night)
        if text is None:
            raise Refusal(404, "invalid", ask.t("nights.no_report"))
        if "download" in request.query:
            return web.Response(
                text=text,
                content_type="text/markdown",
                charset="utf-8",
                headers={"Content-Disposition": f'attachment; filename="report_night_{night}.md"'},
            )
        pictured = await self._agent.report_page(ask.telescope.id, night) is not None
        return page(request, "report.html", ask.t, report_values(ask, night, text, pictured=pictured))

    async def _report_page(self, request: web.Request) -> web.Response:
        ask = self._asked(request)
        text = await self._agent.report_page(ask.telescope.id, request.match_info["night"])
        if text is None:
            raise Refusal(404, "invalid", ask.t("nights.no_report"))
        policy = document_policy(request)
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def _kept(self, request: web.Request) -> web.Response:
        ask = self._asked(request)
        jpeg = await self._agent.kept_picture(ask.telescope.id, request.match_info["session"])
        return _jpeg(jpeg)

    async def _settings(self, request: web.Request) -> web.Response:
        ask = self._asked(request)
        values = await settings_values(ask, self._agent, request.app[DOOR])
        return page(request, "settings.html", ask.t, values)

    async def _picture(self, request: web.Request) -> web.Response:
        ask = self._asked(request)
        return _jpeg(self._agent.picture(ask.telescope.id))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        telescope = self._asked(request).telescope.id

        def wanted(news: News) -> bool:
            return news.telescope == telescope

        return await self._feed.serve(request, wanted)

    async def _sign_in(self, request: web.Request) -> web.Response:
        return self._sign_in_page(request, "")

    def _sign_in_page(self, request: web.Request, wrong: str, status: int = 200) -> web.Response:
        language = preferred(
            request.headers.get("Accept-Language", ""), request.cookies.get(LANGUAGE_COOKIE, "")
        )
        t = words(language, self._agent.zone)
        return page(request, "sign_in.html", t, {"wrong": t(wrong) if wrong else ""}, status)

    async def _sign_in_asked(self, request: web.Request) -> web.Response:
        await body_of(request)
        tried = str((await request.post()).get("password", ""))
        password = request.app[DOOR].password
        if password is not None:
            try:
                right = await check_password(request, tried)
            except Refusal as error:
                return self._sign_in_page(request, "sign_in.too_often", error.status_code)
            if not right:
                return self._sign_in_page(request, "sign_in.wrong", 403)
        response = web.Response(status=303, headers={"Location": f"{base_of(request)}/"})
        if password is not None:
            now = self._agent.now().timestamp()
            response.set_cookie(
                COOKIE,
                password.cookie(now),
                max_age=int(SIGNED_IN_S),
                httponly=True,
                samesite="Strict",
                secure=request.headers.get("X-Forwarded-Proto") == "https",
                path="/",
            )
        return response

    async def _sign_out(self, request: web.Request) -> web.Response:
        response = web.Response(status=303, headers={"Location": f"{base_of(request)}/sign-in"})
        response.del_cookie(COOKIE, path="/")
        return response

    async def _language(self, request: web.Request) -> web.Response:
        language = request.match_info["language"]
        if language not in languages():
            raise web.HTTPNotFound
        response = web.Response(status=303, headers={"Location": f"{base_of(request)}/settings"})
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR_S, samesite="Lax", path="/")
        return response

    async def _manifest(self, request: web.Request) -> web.Response:
        base = base_of(request)
        body = {
            "name": "DWARF Agent",
            "short_name": "DWARF",
            "start_url": f"{base}/",
            "scope": f"{base}/",
            "display": "standalone",
            "background_color": "#0b1016",
            "theme_color": "#0b1016",
            "icons": [{"src": f"{base}/icon.png", "sizes": "256x256", "type": "image/png", "purpose": "any"}],
        }
        return web.Response(text=json.dumps(body), content_type="application/manifest+json")

    async def _icon(self, request: web.Request) -> web.Response:
        return await asyncio.to_thread(static_files.answer, request, "icon.png")


def _jpeg(jpeg: bytes | None) -> web.Response:
    if jpeg is None:
        raise web.HTTPNotFound
    headers = {"Cache-Control": "private, max-age=86400"}
    return web.Response(body=jpeg, content_type="image/jpeg", headers=headers)
