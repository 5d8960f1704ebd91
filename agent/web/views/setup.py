"""Set-up: find the telescope, say where it stands and what tells of the weather; saved as settings."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from agent.errors import AgentError
from agent.web.agent import SETUP_FIELDS, SettingUp, Window
from agent.web.guard import Refusal, base_of, json_body, json_object, who
from agent.web.render import answer, page
from agent.web.views.common import asked
from agent.web.views.entrance import Entrance, words_for
from agent.web.words import languages


class SetupViews:
    """These addresses of an agent that runs (`window`), or that has nothing to begin with yet."""

    def __init__(self, setting_up: SettingUp, window: Window | None = None) -> None:
        self._setting_up = setting_up
        self._window = window

    def routes(self) -> list[web.RouteDef]:
        """Return them."""
        return [web.get("/setup", self._setup), web.post("/api/setup", self._save)]

    async def _setup(self, request: web.Request) -> web.Response:
        setting_up = self._setting_up
        looked = "look" in request.query
        found = await setting_up.look_around() if looked else ()
        t = words_for(request, setting_up.zone)
        values: dict[str, Any] = {
            "set": dict.fromkeys(SETUP_FIELDS, "") | dict(setting_up.values()),
            "file": setting_up.file,
            "problems": [t.said(one) for one in setting_up.problems],
            "looked": looked,
            "found": found,
            "languages": languages(),
        }
        if found and not values["set"]["telescope_host"]:
            values["set"]["telescope_host"] = found[0].host
        if self._window is None:
            return page(request, "first.html", t, values)
        ask = asked(request, self._window)
        return page(request, "setup.html", ask.t, ask.values("settings", ask.t("setup.title")) | values)

    async def _save(self, request: web.Request) -> web.Response:
        payload = await json_body(request)
        try:
            body = json_object(payload, "The settings are unreadable", "Settings are a JSON object.")
        except AgentError as error:
            raise Refusal(400, error.code, error.message) from None
        for name, value in body.items():
            if name not in SETUP_FIELDS or not isinstance(value, str):
                hint = f"Send texts, by the names {', '.join(SETUP_FIELDS)}."
                raise Refusal(400, "invalid", f"{name[:40]} is not set like this.", hint)
        told = await self._setting_up.write(body, who(request))
        return answer(request, told.body, 200 if told.ok else 400)


class FirstPages:
    """All that is served while there is no telescope to work with: the way to one."""

    def __init__(self, setting_up: SettingUp) -> None:
        self._setup = SetupViews(setting_up)
        self._entrance = Entrance(setting_up, home="setup")

    def routes(self) -> list[web.RouteDef]:
        """Return them."""
        return [
            *self._entrance.routes(),
            *self._setup.routes(),
            web.route("*", "/api/{rest:.*}", self._not_yet),
            web.get("/{rest:.*}", self._lead),
        ]

    def trouble(self, request: web.Request, status: int, body: dict[str, Any]) -> web.Response:
        """Return a page that says what went wrong."""
        return self._entrance.trouble(request, status, body)

    async def _lead(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(f"{base_of(request)}/setup")

    async def _not_yet(self, _request: web.Request) -> web.StreamResponse:
        raise Refusal(503, "unreachable", "No telescope is set up yet.", "Open the page, or send /api/setup.")
