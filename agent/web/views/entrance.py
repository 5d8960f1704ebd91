"""What is at the door: signing in, the language, the app's own files, and what is said of trouble."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from aiohttp import web

from agent.web import static_files
from agent.web.guard import CLOCK, COOKIE, DOOR, Refusal, base_of, body_of, check_password
from agent.web.password import SIGNED_IN_S
from agent.web.render import LANGUAGE_COOKIE, language_of, page
from agent.web.words import Words, languages, words

_YEAR_S = 365 * 86400


class Hall(Protocol):
    """What the door needs to know of what is behind it."""

    @property
    def zone(self) -> ZoneInfo:
        """The zone of local times."""


def words_for(request: web.Request, zone: ZoneInfo) -> Words:
    """The words of whoever asks."""
    return words(language_of(request), zone)


class Entrance:
    """These addresses. `home` is where a changed language shows itself."""

    def __init__(self, hall: Hall, home: str = "settings") -> None:
        self._hall = hall
        self._home = home

    def routes(self) -> list[web.RouteDef]:
        """Return them."""
        return [
            web.get("/sign-in", self._sign_in),
            web.post("/sign-in", self._sign_in_asked),
            web.post("/sign-out", self._sign_out),
            web.get("/language/{language}", self._language),
            web.get("/manifest.webmanifest", self._manifest),
            web.get("/icon.png", self._icon),
            web.get("/static/{version}/{name}", static_files.serve),
        ]

    def trouble(self, request: web.Request, status: int, body: dict[str, Any]) -> web.Response:
        """Return a page that says what went wrong."""
        t = words_for(request, self._hall.zone)
        values = {"message": t.said(body["message"]), "hint": t.said(body["hint"])}
        return page(request, "trouble.html", t, values, status)

    async def _sign_in(self, request: web.Request) -> web.Response:
        return self._sign_in_page(request, "")

    def _sign_in_page(self, request: web.Request, wrong: str, status: int = 200) -> web.Response:
        t = words_for(request, self._hall.zone)
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
            response.set_cookie(
                COOKIE,
                password.cookie(request.app[CLOCK].now().timestamp()),
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
        response = web.Response(status=303, headers={"Location": f"{base_of(request)}/{self._home}"})
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
