"""The simulator's own endpoint: look inside, and make things go wrong. Only for callers on this machine."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import asdict
from typing import Any

from aiohttp import web

from agent.telescope.simulator.answers import body_of
from agent.telescope.simulator.clients import Clients
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.faults import FAULTS, FaultError, fault_from_json

PREFIX = "/simulator"


class Admin:
    """The control endpoint's requests."""

    def __init__(self, device: Device, clients: Clients) -> None:
        self.device = device
        self.clients = clients

    async def state(self, request: web.Request) -> web.Response:
        """Tell everything about the telescope."""
        _local(request)
        device = self.device
        return web.json_response(
            {
                "model": device.options.model,
                "generation": device.options.generation,
                "power": device.power,
                "now": device.now().isoformat(),
                "clients": [
                    {"client_id": one.client_id, "generation": one.generation, "slave": one.slave}
                    for one in self.clients.clients
                ],
                "faults": self._faults(),
                "errors": [repr(error) for error in device.errors],
                "state": asdict(device.state),
            },
            dumps=_dumps,
        )

    async def history(self, request: web.Request) -> web.Response:
        """Tell what happened on the hardware."""
        _local(request)
        entries = [{"what": type(one).__name__, **asdict(one)} for one in self.device.history]
        return web.json_response(entries, dumps=_dumps)

    async def broken_rules(self, request: web.Request) -> web.Response:
        """Tell which rules of the hardware a client broke."""
        _local(request)
        told = [{"code": one.rule.name.lower(), **asdict(one)} for one in self.device.broken_rules]
        return web.json_response(told, dumps=_dumps)

    async def faults(self, request: web.Request) -> web.Response:
        """List the faults in force, and those there are."""
        _local(request)
        known = {name: kind.help for name, kind in sorted(FAULTS.items())}
        return web.json_response({"active": self._faults(), "known": known})

    async def add(self, request: web.Request) -> web.Response:
        """Put a fault in force: the JSON form, or {"fault": "text form"}."""
        _local(request)
        body = await body_of(request)
        try:
            text = body.get("fault")
            wanted: Any = text if isinstance(text, str) and ":" in text else body
            number = self.device.faults.add(fault_from_json(wanted))
        except FaultError as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"number": number}, status=201)

    async def remove(self, request: web.Request) -> web.Response:
        """Take one fault away by its number, or all."""
        _local(request)
        number = request.match_info.get("number")
        if number is None:
            self.device.faults.clear()
            self.clients.give_control_back()
            return web.json_response({"removed": "all"})
        if not number.isdigit() or not self.device.faults.remove(int(number)):
            return web.json_response({"error": f"There is no fault {number}."}, status=404)
        return web.json_response({"removed": int(number)})

    async def act(self, request: web.Request) -> web.Response:
        """Do something to the telescope: {"action": "power-on" | "give-control-back"}."""
        _local(request)
        body = await body_of(request)
        action = body.get("action")
        if action == "power-on":
            self.device.start("power", self.device.power_on())
        elif action == "give-control-back":
            self.clients.give_control_back()
        else:
            return web.json_response(
                {"error": f"There is no action {action!r}; there are power-on and give-control-back."},
                status=400,
            )
        return web.json_response({"done": action})

    def _faults(self) -> dict[str, dict[str, object]]:
        return {str(number): fault.to_json() for number, fault in self.device.faults.active.items()}


def routes(device: Device, clients: Clients) -> list[web.RouteDef]:
    """Return the control endpoint's routes."""
    control = Admin(device, clients)
    return [
        web.get(f"{PREFIX}/state", control.state),
        web.get(f"{PREFIX}/history", control.history),
        web.get(f"{PREFIX}/broken-rules", control.broken_rules),
        web.get(f"{PREFIX}/faults", control.faults),
        web.post(f"{PREFIX}/faults", control.add),
        web.delete(f"{PREFIX}/faults", control.remove),
        web.delete(f"{PREFIX}/faults/{{number}}", control.remove),
        web.post(f"{PREFIX}/actions", control.act),
    ]


def _local(request: web.Request) -> None:
    try:
        local = ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        local = False
    if not local:
        raise web.HTTPForbidden(text="The simulator takes orders from this machine only.")


def _dumps(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)
