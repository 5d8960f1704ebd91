"""A running Home Assistant, spoken to as its frontend does: a throw-away one, for our telescope stays in it.

Environment: HA_URL, HA_TOKEN (an owner's long-lived token), and MQTT_HOST and MQTT_PORT of the broker of its
MQTT integration.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.homeassistant.shipped import BLUEPRINTS

VARIABLES = ("HA_URL", "HA_TOKEN", "MQTT_HOST", "MQTT_PORT")
PATIENCE_S = 60.0
_LOOK_S = 0.25


def at_hand() -> bool:
    """Whether there is one to try on."""
    return all(os.environ.get(name) for name in VARIABLES)


class RealHome:
    """One connection; services, states, blueprints and templates over it."""

    def __init__(self, http: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._http = http
        self._socket = socket
        self._id = 0

    async def ask(self, kind: str, **arguments: Any) -> Any:
        """Send a WebSocket command and return its result."""
        self._id += 1
        await self._socket.send_json({"id": self._id, "type": kind, **arguments})
        while True:
            reply = await self._socket.receive_json()
            if reply.get("id") == self._id and reply["type"] == "result":
                assert reply["success"], reply.get("error")
                return reply["result"]

    async def rest(self, method: str, path: str, body: Any = None) -> Any:
        """Make a REST call."""
        async with self._http.request(method, f"{os.environ['HA_URL']}{path}", json=body) as answer:
            text = await answer.text()
            assert answer.status < 400, f"{method} {path}: {answer.status} {text}"
            return json.loads(text) if answer.content_type == "application/json" else text

    async def call(self, service: str, *, answers: bool = False, **data: Any) -> Any:
        """Perform an action; return its response if it `answers`."""
        domain, _, name = service.partition(".")
        more = {"return_response": True} if answers else {}
        result = await self.ask("call_service", domain=domain, service=name, service_data=data, **more)
        return result.get("response")

    async def press(self, button: str) -> str:
        """Press a telescope's button and return what it answered."""
        before = await self.state("sensor.evening_last_response")
        await self.call("button.press", entity_id=f"button.evening_{button}")
        fresh = await self.until(
            "sensor.evening_last_response", lambda now: now["last_updated"] != before["last_updated"]
        )
        return str(fresh["state"])

    async def state(self, entity: str) -> dict[str, Any]:
        """Return an entity's state with its attributes."""
        found: dict[str, Any] = await self.rest("GET", f"/api/states/{entity}")
        return found

    async def say(self, entity: str, state: str, name: str) -> None:
        """Have a sensor of the house say something."""
        attributes = {"friendly_name": name}
        await self.rest("POST", f"/api/states/{entity}", {"state": state, "attributes": attributes})

    async def until(
        self, entity: str, holds: str | Callable[[dict[str, Any]], bool], limit_s: float = PATIENCE_S
    ) -> dict[str, Any]:
        """Wait for a state, or for what `holds` of one; return it."""
        now: dict[str, Any] = {}
        try:
            async with asyncio.timeout(limit_s):
                while True:
                    if entity in {each["entity_id"] for each in await self.ask("get_states")}:
                        now = await self.state(entity)
                        if now["state"] == holds if isinstance(holds, str) else holds(now):
                            return now
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            raise AssertionError(f"{entity} is still {now}") from None

    async def render(self, template: str) -> str:
        """Render a template."""
        return str(await self.rest("POST", "/api/template", {"template": template}))

    async def bring_blueprints(self) -> None:
        """Import our blueprints, as the badges do."""
        for path in (each for each in BLUEPRINTS if each.parent.name != "template"):  # that one is for YAML
            await self.ask(
                "blueprint/save",
                domain=path.parent.name,
                path=f"dwarf/{path.name}",
                yaml=path.read_text(encoding="utf-8"),
                allow_override=True,
            )

    async def make(self, domain: str, ident: str, blueprint: str, **inputs: Any) -> None:
        """Make an automation or a script of a blueprint, as the editor does."""
        use = {"path": f"dwarf/{blueprint}.yaml", "input": inputs}
        body = {"alias": ident, "use_blueprint": use}
        await self.rest("POST", f"/api/config/{domain}/config/{ident}", body)

    async def add(self, integration: str, **fields: Any) -> str:
        """Add an integration, as its dialog does; return its entry's id."""
        flows = "/api/config/config_entries/flow"
        step = await self.rest("POST", flows, {"handler": integration})
        while step["type"] == "form":
            assert not step["errors"], step["errors"]
            wanted = {one["name"] for one in step["data_schema"]}
            given = {name: value for name, value in fields.items() if name in wanted}
            step = await self.rest("POST", f"{flows}/{step['flow_id']}", given)
        assert step["type"] == "create_entry", step
        return str(step["result"]["entry_id"])

    async def remove(self, entry: str) -> None:
        """Take an integration out again."""
        await self.rest("DELETE", f"/api/config/config_entries/entry/{entry}")

    async def entity_of(self, entry: str) -> str:
        """Return the entity that came with an integration's entry."""
        entities = await self.ask("config/entity_registry/list")
        return next(str(one["entity_id"]) for one in entities if one["config_entry_id"] == entry)

    async def picture(self, path: str) -> bytes:
        """Return the bytes behind a path."""
        async with self._http.get(f"{os.environ['HA_URL']}{path}") as answer:
            assert answer.status == 200, answer.status
            return await answer.content.readany()

    async def talk(self, sentence: str, language: str = "en") -> str:
        """Say something to Assist and return its answer."""
        said = await self.rest("POST", "/api/conversation/process", {"text": sentence, "language": language})
        return str(said["response"]["speech"]["plain"]["speech"])

    @asynccontextmanager
    async def phone(self, name: str) -> AsyncIterator[Phone]:
        """Have a phone with the companion app, whose notifications come over its own connection."""
        about = {
            "app_id": "io.robbie.HomeAssistant",
            "app_name": "Home Assistant",
            "app_version": "2026.11",
            "device_id": name,
            "device_name": name,
            "manufacturer": "Apple",
            "model": "iPhone",
            "os_name": "iOS",
            "os_version": "26",
            "supports_encryption": False,
            "app_data": {"push_websocket_channel": True},
        }
        registered = await self.rest("POST", "/api/mobile_app/registrations", about)
        async with logged_in() as (_, socket):
            phone = Phone(self, registered["webhook_id"], socket)
            await phone.listen()
            devices = await self.ask("config/device_registry/list")
            phone.device = next(one["id"] for one in devices if ["mobile_app", name] in one["identifiers"])
            try:
                yield phone
            finally:
                entries = await self.ask("config_entries/get", domain="mobile_app")
                for one in (one for one in entries if one["title"] == name):
                    await self.remove(one["entry_id"])

    async def drop(self, domain: str, ident: str) -> None:
        """Delete an automation or a script again."""
        await self.rest("DELETE", f"/api/config/{domain}/config/{ident}")


class Phone:
    """A phone with the companion app."""

    def __init__(self, home: RealHome, webhook: str, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.device = ""
        self._home = home
        self._webhook = webhook
        self._socket = socket

    async def listen(self) -> None:
        """Open the channel for notifications."""
        ask = {"id": 1, "type": "mobile_app/push_notification_channel", "webhook_id": self._webhook}
        await self._socket.send_json(ask)
        assert (await self._socket.receive_json())["success"]

    async def notified(self, limit_s: float = PATIENCE_S) -> dict[str, Any]:
        """Wait for the next notification."""
        async with asyncio.timeout(limit_s):
            while (told := await self._socket.receive_json())["type"] != "event":
                pass
        return dict(told["event"])

    async def tap(self, action: str) -> None:
        """Tap one of a notification's buttons."""
        event = {"event_type": "mobile_app_notification_action", "event_data": {"action": action}}
        body = {"type": "fire_event", "data": event}
        await self._home.rest("POST", f"/api/webhook/{self._webhook}", body)


@asynccontextmanager
async def logged_in() -> AsyncIterator[tuple[aiohttp.ClientSession, aiohttp.ClientWebSocketResponse]]:
    """Log in, as one more browser."""
    token = os.environ["HA_TOKEN"]
    address = os.environ["HA_URL"].replace("http", "ws", 1) + "/api/websocket"
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http,
        http.ws_connect(address, max_msg_size=0) as socket,
    ):
        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": token})
        assert (await socket.receive_json())["type"] == "auth_ok"
        yield http, socket


@asynccontextmanager
async def real_home() -> AsyncIterator[RealHome]:
    """Log in, with our blueprints imported."""
    async with logged_in() as (http, socket):
        home = RealHome(http, socket)
        await home.bring_blueprints()
        yield home
