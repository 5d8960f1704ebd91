"""The device messages in Home Assistant's own hands, wherever it is importable."""

from __future__ import annotations

import asyncio
import importlib
import json
import tempfile
from dataclasses import replace
from typing import Any

import pytest

from agent.mqtt.discovery.model import DATETIME_SINCE, OLDEST_HOME_ASSISTANT, DeviceMessage
from tests.mqtt.discovery.samples import OPTIONS, bridge, telescope

pytestmark = pytest.mark.home_assistant

discovery: Any = pytest.importorskip("homeassistant.components.mqtt.discovery")
schemas: Any = pytest.importorskip("homeassistant.components.mqtt.schemas")
core: Any = pytest.importorskip("homeassistant.core")
about: Any = pytest.importorskip("homeassistant.const")

VERSION = (about.MAJOR_VERSION, about.MINOR_VERSION)
if VERSION < OLDEST_HOME_ASSISTANT:
    pytest.skip(f"Home Assistant {about.__version__} is older than what we support", allow_module_level=True)

OPTIONS_HERE = replace(
    OPTIONS, ha_min_version=VERSION if VERSION >= DATETIME_SINCE else OLDEST_HOME_ASSISTANT
)
MODULES = {"device_automation": "device_trigger"}


class Payload(dict[str, Any]):
    """A mapping with room for the attributes Home Assistant puts on its own."""


@pytest.mark.parametrize(
    "message", [telescope(OPTIONS_HERE), bridge(OPTIONS_HERE)], ids=["telescope", "bridge"]
)
def test_home_assistant_takes_the_message_whole_and_drops_nothing(message: DeviceMessage) -> None:
    refused, dropped = asyncio.run(hand_over(message))
    assert refused == {}
    assert dropped == {}


async def hand_over(message: DeviceMessage) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Return what was refused (place -> why) and dropped (place -> keys)."""
    assert discovery.TOPIC_MATCHER.match(message.topic.partition("/")[2])
    with tempfile.TemporaryDirectory() as folder:
        hass = core.HomeAssistant(folder)
        try:
            return _hand_over(message)
        finally:
            await hass.async_stop(force=True)


def _hand_over(message: DeviceMessage) -> tuple[dict[str, str], dict[str, set[str]]]:
    refused: dict[str, str] = {}
    dropped: dict[str, set[str]] = {}
    payload = Payload(json.loads(message.wire))
    discovery._replace_all_abbreviations(payload)
    taken = schemas.DEVICE_DISCOVERY_SCHEMA(payload)
    for key, given in taken["components"].items():
        part = {**given, "device": dict(taken["device"]), "origin": taken["origin"]}
        for shared in schemas.SHARED_OPTIONS:
            if shared in taken:
                part.setdefault(shared, taken[shared])
        platform = part.pop("platform") if given["platform"] not in MODULES else given["platform"]
        module = importlib.import_module(f"homeassistant.components.mqtt.{MODULES.get(platform, platform)}")
        schema = getattr(module, "TRIGGER_DISCOVERY_SCHEMA", None) or module.DISCOVERY_SCHEMA
        try:
            kept = schema(dict(part))
        except Exception as error:
            refused[key] = str(error)
            continue
        lost = set(given) - {"platform"} - set(kept)
        if lost:
            dropped[key] = lost
    return refused, dropped
