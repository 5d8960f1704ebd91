"""Put what the Home Assistant of this environment accepts into facts.json.

Run it with the interpreter of a Home Assistant installation: python tests/homeassistant/make_facts.py. The
project itself need not be installed there.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "facts.json"
PLATFORMS = (
    "binary_sensor",
    "button",
    "datetime",
    "device_automation",
    "event",
    "image",
    "notify",
    "number",
    "select",
    "sensor",
    "switch",
    "update",
)
SENSOR_CLASSES = ("battery", "data_size", "duration", "enum", "signal_strength", "temperature", "timestamp")


def module(name: str) -> Any:
    """Import a part of Home Assistant's components."""
    return importlib.import_module(f"homeassistant.components.{name}")


def mappings(schema: Any, seen: set[int]) -> Iterator[dict[Any, Any]]:
    """Yield every mapping inside a schema, however it is wrapped."""
    if id(schema) in seen or isinstance(schema, str):
        return
    seen.add(id(schema))
    if isinstance(schema, dict):
        yield schema
    elif hasattr(schema, "validators"):
        for part in schema.validators:
            yield from mappings(part, seen)
    elif hasattr(schema, "schema"):
        yield from mappings(schema.schema, seen)


def keys(schema: Any) -> dict[str, bool]:
    """Return every key a schema knows, and whether it must be there."""
    found: dict[str, bool] = {}
    for mapping in mappings(schema, set()):
        for marker in mapping:
            name = getattr(marker, "schema", marker)
            if isinstance(name, str):
                needed = type(marker).__name__ == "Required" and not callable(
                    getattr(marker, "default", None)
                )
                found[name] = found.get(name, False) or needed
    return found


def words(values: Any) -> list[str]:
    """Return the words of a set or an enumeration, sorted."""
    return sorted(str(getattr(value, "value", value)) for value in values if value is not None)


def platform_facts(platform: str) -> dict[str, Any]:
    """Return the keys and device classes of one MQTT platform."""
    part = module(f"mqtt.{ {'device_automation': 'device_trigger'}.get(platform, platform) }")
    facts: dict[str, Any] = {
        "keys": keys(getattr(part, "TRIGGER_DISCOVERY_SCHEMA", None) or part.DISCOVERY_SCHEMA)
    }
    if platform != "device_automation":
        name = "".join(word.title() for word in platform.split("_")) + "DeviceClass"
        if classes := getattr(module(platform), name, None):
            facts["device_classes"] = words(classes)
    return facts


def facts() -> dict[str, Any]:
    """Return all that the tests ask about this release."""
    short, schemas = module("mqtt.abbreviations"), module("mqtt.schemas")
    sensor, number = module("sensor.const"), module("number.const")
    supported = set(map(str, module("mqtt.const").SUPPORTED_COMPONENTS))
    device = getattr(schemas, "MQTT_DEVICE_INFO_SCHEMA", None) or schemas.MQTT_ENTITY_DEVICE_INFO_SCHEMA
    return {
        "platforms": {name: platform_facts(name) for name in PLATFORMS if name in supported},
        "message_keys": keys(schemas.DEVICE_DISCOVERY_SCHEMA),
        "device_keys": keys(device),
        "origin_keys": keys(schemas.MQTT_ORIGIN_INFO_SCHEMA),
        "sensor_units": {
            str(name): words(units)
            for name, units in sensor.DEVICE_CLASS_UNITS.items()
            if name in SENSOR_CLASSES
        },
        "sensor_state_classes": {
            str(name): words(classes)
            for name, classes in sensor.DEVICE_CLASS_STATE_CLASSES.items()
            if name in SENSOR_CLASSES
        },
        "number_units": {"duration": words(number.DEVICE_CLASS_UNITS["duration"])},
        "abbreviations": dict(short.ABBREVIATIONS),
        "device_abbreviations": dict(short.DEVICE_ABBREVIATIONS),
        "origin_abbreviations": dict(short.ORIGIN_ABBREVIATIONS),
    }


def lines(node: Any, depth: int = 0) -> str:
    """Return JSON with one line for each leaf mapping, so that differences can be read."""
    if depth == 3 or not (isinstance(node, dict) and any(isinstance(value, dict) for value in node.values())):
        return json.dumps(node, sort_keys=True, ensure_ascii=False)
    pad = " " * (depth + 1)
    inner = ",\n".join(f"{pad}{json.dumps(key)}: {lines(node[key], depth + 1)}" for key in sorted(node))
    return "{\n" + inner + "\n" + pad[1:] + "}"


def main() -> None:
    """Add or replace this release's entry."""
    version = importlib.import_module("homeassistant.const").__version__
    body = json.loads(FILE.read_text(encoding="utf-8"))
    body[version] = facts()
    FILE.write_text(lines(body) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
