"""A small Home Assistant in this process: its core, automations and scripts made from our blueprints."""

from __future__ import annotations

import asyncio
import importlib
import json
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.homeassistant.shipped import FOLDER


class House:
    """Home Assistant with services that only write down what they are told."""

    def __init__(self, hass: Any) -> None:
        self.hass = hass
        self.told: list[tuple[str, dict[str, Any]]] = []

    def stub(self, domain: str, service: str) -> None:
        """Have a service that writes its calls down."""

        async def hear(call: Any) -> None:
            self.told.append((f"{domain}.{service}", dict(call.data)))

        self.hass.services.async_register(domain, service, hear)

    def say(self, entity: str, state: str, **attributes: Any) -> None:
        """Set an entity's state."""
        self.hass.states.async_set(entity, state, attributes)

    async def settle_soon(self) -> None:
        """Let what began get as far as it does without waiting for anything."""
        for _ in range(20):
            await asyncio.sleep(0.02)

    def phone(self) -> str:
        """Have a phone with the app, which only writes down what it is told; return its device's id."""
        entries = importlib.import_module("homeassistant.config_entries")
        registry = importlib.import_module("homeassistant.helpers.device_registry")
        about = {"version": 1, "minor_version": 1, "domain": "mobile_app", "title": "phone", "data": {}}
        more = {
            "source": "user",
            "options": {},
            "unique_id": None,
            "discovery_keys": {},
            "subentries_data": (),
        }
        entry = entries.ConfigEntry(**about, **more)
        self.hass.config_entries._entries[entry.entry_id] = entry
        device = registry.async_get(self.hass).async_get_or_create(
            config_entry_id=entry.entry_id, identifiers={("mobile_app", "phone")}, name="phone"
        )
        self.stub("notify", "mobile_app_phone")
        return str(device.id)

    async def talk(self, sentence: str) -> str:
        """Say something to the voice assistant and return its answer."""
        setup = importlib.import_module("homeassistant.setup")
        core = importlib.import_module("homeassistant.core")
        assert await setup.async_setup_component(self.hass, "conversation", {})
        await self.settle()
        agent = importlib.import_module("homeassistant.components.conversation")
        said = await agent.async_converse(self.hass, sentence, None, core.Context(), language="en")
        return str(said.response.speech["plain"]["speech"])

    def of_mqtt(self, entity: str) -> None:
        """Let an entity be one of the MQTT integration."""
        helper = importlib.import_module("homeassistant.helpers.entity")
        helper.entity_sources(self.hass)[entity] = {"domain": "mqtt"}

    async def settle(self) -> None:
        """Let everything that began come to its end."""
        await self.hass.async_block_till_done()

    def sent(self, service: str = "notify.send_message") -> list[Any]:
        """The messages sent, decoded where they are JSON."""
        return [
            _decoded(data.get("message", data.get("payload"))) for name, data in self.told if name == service
        ]

    async def automation(self, blueprint: str, **inputs: Any) -> None:
        """Set up an automation from one of our blueprints."""
        await self.automations(blueprint, inputs)

    async def automations(self, blueprint: str, *inputs: dict[str, Any]) -> None:
        """Set up one for each of the inputs."""
        made = [{"alias": f"{blueprint} {n}", **_use(blueprint, one)} for n, one in enumerate(inputs)]
        await self._set_up("automation", made)

    async def script(self, blueprint: str, **inputs: Any) -> None:
        """Set up a script of the blueprint's name."""
        await self._set_up("script", {blueprint: {"alias": blueprint, **_use(blueprint, inputs)}})

    def stub_answer(self, domain: str, service: str, answer: dict[str, Any]) -> None:
        """Have a service that answers."""
        core = importlib.import_module("homeassistant.core")

        async def reply(_call: Any) -> dict[str, Any]:
            return answer

        only = core.SupportsResponse.ONLY
        self.hass.services.async_register(domain, service, reply, supports_response=only)

    async def run(self, script: str, **fields: Any) -> Any:
        """Run a script and return its response."""
        call = self.hass.services.async_call
        return await call("script", script, fields, blocking=True, return_response=True)

    def problems(self) -> list[str]:
        """What was left unavailable for a mistake in it."""
        states = self.hass.states.async_all(["automation", "script"])
        return [state.entity_id for state in states if state.state == "unavailable"]

    async def _set_up(self, domain: str, config: Any) -> None:
        setup = importlib.import_module("homeassistant.setup")
        assert await setup.async_setup_component(self.hass, domain, {domain: config})
        await self.settle()
        assert self.problems() == []


def live(story: Callable[[House], Awaitable[Any]]) -> Any:
    """Play a story in a Home Assistant that lives for it alone."""

    async def play() -> Any:
        core = importlib.import_module("homeassistant.core")
        loader = importlib.import_module("homeassistant.loader")
        setup = importlib.import_module("homeassistant.setup")
        bootstrap = importlib.import_module("homeassistant.bootstrap")
        config_entries = importlib.import_module("homeassistant.config_entries")
        auth = importlib.import_module("homeassistant.auth")
        with tempfile.TemporaryDirectory() as folder:
            for kind in ("automation", "script", "template"):
                shutil.copytree(FOLDER / "blueprints" / kind, Path(folder) / "blueprints" / kind / "dwarf")
            hass = core.HomeAssistant(folder)
            hass.config.skip_pip = True
            loader.async_setup(hass)
            hass.config_entries = config_entries.ConfigEntries(hass, {})
            assert await bootstrap.async_load_base_functionality(hass) is not False
            hass.auth = await auth.auth_manager_from_config(hass, [], [])
            await setup.async_setup_component(hass, "homeassistant", {})
            hass.set_state(core.CoreState.running)
            house = House(hass)
            for domain, service in (
                ("notify", "send_message"),
                ("mqtt", "publish"),
                ("persistent_notification", "create"),
            ):
                house.stub(domain, service)
            try:
                return await story(house)
            finally:
                await hass.async_stop(force=True)

    return asyncio.run(play())


def _use(blueprint: str, inputs: dict[str, Any]) -> dict[str, Any]:
    return {"use_blueprint": {"path": f"dwarf/{blueprint}.yaml", "input": inputs}}


def _decoded(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text
