"""The pieces components are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent.mqtt.discovery.model import Component

MAX_STATE = 255  # characters; a longer state becomes unknown in Home Assistant
QOS = 1

DIAGNOSTIC = "diagnostic"
CONFIG = "config"

Make = Callable[..., Component]


def value(path: str) -> str:
    """Return the template that reads one value of a JSON body; null becomes `None`, which is unknown."""
    return "{{ value_json." + path + " }}"


def text(path: str) -> str:
    """Return the template that reads a text, cut to what a state can hold."""
    return "{{ value_json." + path + " | string | truncate(" + str(MAX_STATE) + ", true, '…', 0) }}"


def picked(*keys: str) -> str:
    """Return the template that makes these keys of a JSON body the attributes."""
    pairs = ", ".join(f"'{key}': value_json.{key}" for key in keys)
    return "{{ {" + pairs + "} | tojson }}"


def without(*keys: str) -> str:
    """Return the template that makes all but these keys of a JSON body the attributes."""
    names = ", ".join(f"'{key}'" for key in keys)
    return "{{ dict(value_json.items() | rejectattr(0, 'in', [" + names + "])) | tojson }}"


def reads(topic: str, template: str, **more: Any) -> Component:
    """Return the keys of an entity that shows one value of a topic."""
    return {"state_topic": topic, "value_template": template, **more}


def flag(topic: str, path: str, **more: Any) -> Component:
    """Return the keys of a binary sensor that shows one boolean of a JSON body; null is unknown."""
    return reads(topic, value(path), payload_on="True", payload_off="False", **more)


def attributes(topic: str, template: str | None = None) -> Component:
    """Return the keys that fill an entity's attributes from a JSON body."""
    keys: Component = {"json_attributes_topic": topic}
    if template is not None:
        keys["json_attributes_template"] = template
    return keys


def maker(stem: str, prefix: str, base: str) -> Make:
    """Return the function that completes a component with its ids.

    `stem` begins the unique ids, `prefix` the entity ids. `base` stands for `~` in topics: Home Assistant
    refuses a device message that has the `~` shorthand at its top.
    """

    def full(given: Any) -> Any:
        if isinstance(given, list):
            return [full(entry) for entry in given]
        if isinstance(given, dict):
            return {key: full(entry) for key, entry in given.items()}
        return base + given[1:] if isinstance(given, str) and given.startswith("~/") else given

    def make(key: str, platform: str, *parts: Component, **more: Any) -> Component:
        component: Component = {
            "platform": platform,
            "unique_id": f"{stem}_{key}",
            "default_entity_id": f"{platform}.{prefix}_{key}",
        }
        for part in (*parts, more):
            component.update(full(part))
        if "command_topic" in component:
            component["qos"] = QOS
        return component

    return make
