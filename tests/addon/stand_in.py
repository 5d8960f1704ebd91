"""A stand-in for Home Assistant's Supervisor, as far as this add-on asks it anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TOKEN = "a-supervisor-token"
PLACE = {
    "latitude": 48.8534,
    "longitude": 2.3488,
    "elevation": 35,
    "time_zone": "Europe/Paris",
    "version": "x",
}


@dataclass
class StandIn:
    """Answers as the Supervisor does. Set `broker` to let a broker appear; `core_up` false: Core restarts."""

    broker: dict[str, Any] | None = None
    place: dict[str, Any] = field(default_factory=lambda: dict(PLACE))
    core_up: bool = True
    asked: list[str] = field(default_factory=list)
    notices: dict[str, str] = field(default_factory=dict)
    url: str = ""
    _runner: web.AppRunner | None = field(default=None, repr=False)

    async def __aenter__(self) -> StandIn:
        app = web.Application()
        app.router.add_get("/services/mqtt", self._services_mqtt)
        app.router.add_get("/core/api/config", self._config)
        app.router.add_post("/core/api/services/persistent_notification/{verb}", self._notice)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def _refusal(self, request: web.Request) -> web.Response | None:
        self.asked.append(request.path)
        if request.headers.get("Authorization") == f"Bearer {TOKEN}":
            return None
        return web.json_response({"result": "error", "message": "unauthorized"}, status=401)

    async def _services_mqtt(self, request: web.Request) -> web.Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        if self.broker is None:
            return web.json_response({"result": "error", "message": "Service not enabled"}, status=400)
        return web.json_response({"result": "ok", "data": self.broker})

    async def _config(self, request: web.Request) -> web.Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        if not self.core_up:
            return web.Response(status=502, text="Bad Gateway")
        return web.json_response(self.place)

    async def _notice(self, request: web.Request) -> web.Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        body = await request.json()
        if request.match_info["verb"] == "create":
            self.notices[body["notification_id"]] = body["message"]
        else:
            self.notices.pop(body["notification_id"], None)
        return web.json_response([])


def broker_data(port: int = 1883, **changes: Any) -> dict[str, Any]:
    """Return what the Supervisor says of its broker."""
    return {
        "host": "127.0.0.1",
        "port": port,
        "ssl": False,
        "username": "addons",
        "password": "secret-1",
        "protocol": "3.1.1",
        "addon": "core_mosquitto",
        **changes,
    }
