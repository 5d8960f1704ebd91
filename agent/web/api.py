"""REST: what MQTT has, at addresses of its own and in the same bodies."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from agent.web.agent import Agent, Answer
from agent.web.guard import Refusal, base_of, body_of, json_body, who
from agent.web.live import LiveRelay
from agent.web.openapi import document
from agent.web.render import answer
from agent.web.stream import Feed

_STATUS = {
    "not_armed": 409,
    "not_running": 409,
    "busy": 409,
    "duplicate": 409,
    "not_allowed": 403,
    "unknown_telescope": 404,
    "unknown_session": 404,
    "unknown_setting": 404,
    "too_large": 413,
    "unreachable": 503,
    "timeout": 504,
    "failed": 500,
}
_ACCEPTED = frozenset({"accepted", "queued"})


class Api:
    """Every address below `/api/`."""

    def __init__(self, agent: Agent, feed: Feed, relay: LiveRelay) -> None:
        self._agent = agent
        self._feed = feed
        self._relay = relay

    def routes(self) -> list[web.RouteDef]:
        """Return them."""
        one = "/api/telescopes/{telescope}"
        return [
            web.get("/api/openapi.json", self._document),
            web.get("/api/telescopes", self._telescopes),
            web.get(one, self._states),
            web.get(one + "/state/{name}", self._state),
            web.get(one + "/picture", self._picture),
            web.get(one + "/live/{camera:tele|wide}", self._live),
            web.post(one + "/sessions", self._submit),
            web.get(one + "/sessions/{session}", self._session),
            web.post(one + "/command", self._command),
            web.put(one + "/settings/{key}", self._set),
            web.get(one + "/groups", self._groups),
            web.get(one + "/nights", self._nights),
            web.post("/api/requests/{verb:[a-z_/]+}", self._ask),
            web.get("/api/events", self._events),
            web.get("/api/diagnostics", self._diagnostics),
        ]

    def telescope(self, request: web.Request) -> str:
        """The telescope of an address; 404 for one that is not there."""
        name = request.match_info["telescope"]
        if name not in [facts.id for facts in self._agent.telescopes()]:
            raise Refusal(404, "unknown_telescope", "There is no such telescope.")
        return name

    async def _document(self, request: web.Request) -> web.Response:
        return web.json_response(document(self._agent.schemas(), base_of(request)))

    async def _telescopes(self, _request: web.Request) -> web.Response:
        found = [
            {"id": one.id, "name": one.name, "model": one.capabilities and one.capabilities.model}
            for one in self._agent.telescopes()
        ]
        return web.json_response({"telescopes": found})

    async def _states(self, request: web.Request) -> web.Response:
        return _json(dict(self._agent.states(self.telescope(request))))

    async def _state(self, request: web.Request) -> web.Response:
        body = self._agent.states(self.telescope(request)).get(request.match_info["name"])
        if body is None:
            raise Refusal(404, "invalid", "There is no such state.")
        return _json(body)

    async def _picture(self, request: web.Request) -> web.Response:
        jpeg = self._agent.picture(self.telescope(request))
        if jpeg is None:
            raise Refusal(404, "invalid", "There is no picture yet.")
        return web.Response(body=jpeg, content_type="image/jpeg")

    async def _live(self, request: web.Request) -> web.StreamResponse:
        streams = self._agent.streams(self.telescope(request))
        return await self._relay.serve(request, streams, request.match_info["camera"])

    async def _submit(self, request: web.Request) -> web.Response:
        telescope = self.telescope(request)
        return _told(request, await self._agent.submit(await json_body(request), telescope, who(request)))

    async def _session(self, request: web.Request) -> web.Response:
        found = await self._agent.document(self.telescope(request), request.match_info["session"])
        if found is None:
            raise Refusal(404, "unknown_session", "No such session waits or runs.")
        return _json(found)

    async def _command(self, request: web.Request) -> web.Response:
        telescope = self.telescope(request)
        told = await self._agent.command(telescope, await json_body(request), who(request))
        return _told(request, told)

    async def _set(self, request: web.Request) -> web.Response:
        telescope, key = self.telescope(request), request.match_info["key"]
        told = await self._agent.set_value(telescope, key, await json_body(request), who(request))
        return _told(request, told)

    async def _groups(self, request: web.Request) -> web.Response:
        return _json({"groups": list(self._agent.groups(self.telescope(request)))})

    async def _nights(self, request: web.Request) -> web.Response:
        nights = await self._agent.nights(self.telescope(request))
        return _json({"nights": [night_json(one) for one in nights]})

    async def _ask(self, request: web.Request) -> web.Response:
        body = await json_body(request) if request.can_read_body else await body_of(request)
        told = await self._agent.ask(request.match_info["verb"], body or b"{}", who(request))
        return _told(request, told)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        return await self._feed.serve(request)

    async def _diagnostics(self, _request: web.Request) -> web.Response:
        response = _json(await self._agent.diagnostics())
        response.headers["Content-Disposition"] = 'attachment; filename="dwarf-agent-diagnostics.json"'
        return response


def night_json(record: Any) -> dict[str, Any]:
    """Return a night's record as JSON."""
    return {
        "night": record.night.isoformat(),
        "integration_s": record.integration_s,
        "sessions": [
            {
                "session_id": one.session_id,
                "target": one.target,
                "result": one.outcome,
                "reason": one.reason or None,
                "message": one.message,
                "started_at": one.started and one.started.isoformat(),
                "ended_at": one.ended and one.ended.isoformat(),
                "frames": {"requested": one.requested, "taken": one.taken, "stacked": one.stacked},
                "integration_s": one.integration_s,
            }
            for one in record.sessions
        ],
    }


def _told(request: web.Request, told: Answer) -> web.Response:
    code = str(told.body.get("code"))
    good = 202 if code in _ACCEPTED else 200
    return answer(request, told.body, good if told.ok else _STATUS.get(code, 400))


def _json(body: Any) -> web.Response:
    return web.json_response(body, dumps=lambda value: json.dumps(value, ensure_ascii=False, default=str))
