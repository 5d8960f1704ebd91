"""The device message of the agent itself; every telescope points to it."""

from __future__ import annotations

import re

from agent.mqtt.discovery.model import BridgeFacts, Component, DeviceMessage, DiscoveryOptions, origin
from agent.mqtt.discovery.names import as_shown
from agent.mqtt.discovery.parts import CONFIG, DIAGNOSTIC, attributes, maker, picked, reads, value

_DEFAULT_BASE = "dwarf"


def bridge_id(options: DiscoveryOptions) -> str:
    """Return the agent's device identifier; agents with different base topics are different devices."""
    base = options.topics.base
    if base == _DEFAULT_BASE:
        return "dwarf_agent_bridge"
    return f"dwarf_agent_bridge_{re.sub(r'[^a-zA-Z0-9_-]', '_', base)}"


def bridge_prefix(options: DiscoveryOptions) -> str:
    """Return what the ids of the agent's own entities begin with."""
    return bridge_id(options).removesuffix("_bridge")


def bridge_availability(options: DiscoveryOptions) -> Component:
    """Return the availability that tells whether the agent runs."""
    return {"topic": options.topics.availability}


def needs_telescope(options: DiscoveryOptions) -> Component:
    """Return the keys of an entity that means nothing while the telescope is away."""
    return _available_with(options, {"topic": "~/availability"})


def needs_something_to_go_on_with(options: DiscoveryOptions) -> Component:
    """Return the keys of an entity that means nothing unless a session runs or a night was ended."""
    template = "{{ 'online' if value_json.running or value_json.night_over else 'offline' }}"
    return _available_with(options, {"topic": "~/status", "value_template": template})


def _available_with(options: DiscoveryOptions, source: Component) -> Component:
    return {"availability": [bridge_availability(options), source], "availability_mode": "all"}


def build_bridge_device(facts: BridgeFacts, options: DiscoveryOptions) -> DeviceMessage:
    """Build the retained message that makes the agent itself appear in Home Assistant."""
    identifier = bridge_id(options)
    device = {
        "identifiers": [identifier],
        "name": "DWARF agent",
        "manufacturer": "dwarf-agent",
        "model": "Session agent",
        "sw_version": options.agent_version,
    }
    make = maker(
        identifier, bridge_prefix(options), options.topics.availability.removesuffix("/availability")
    )
    info, request = "~/info", "~/request"
    shown = {"entity_category": DIAGNOSTIC}
    components = {
        "connectivity": make(
            "connectivity",
            "binary_sensor",
            {"state_topic": "~/availability", "payload_on": "online", "payload_off": "offline"},
            shown,
            availability=[],  # else it would be unavailable at the moment it has something to say
            name="Connectivity",
            device_class="connectivity",
        ),
        "version": make(
            "version",
            "sensor",
            reads(info, value("version"), name="Version", icon="mdi:tag-outline"),
            attributes(info, picked("api_version", "time_zone", "mqtt_protocol", "config_hash")),
            shown,
        ),
        "started": make(
            "started",
            "sensor",
            reads(info, value("started_at"), name="Started", icon="mdi:clock-start"),
            shown,
            device_class="timestamp",
        ),
        "telescopes": make(
            "telescopes",
            "sensor",
            reads(info, "{{ value_json.telescopes | count }}", name="Telescopes", icon="mdi:telescope"),
            shown,
        ),
        "errors": make(
            "errors",
            "sensor",
            reads(info, value("errors"), name="Errors", icon="mdi:alert-circle-outline"),
            shown,
        ),
        "log_level": make(
            "log_level",
            "select",
            reads(info, value("log_level"), name="Log level", icon="mdi:text-box-search-outline"),
            command_topic=f"{request}/log_level",
            command_template="{{ {'level': value} | tojson }}",
            options=list(facts.log_levels),
            entity_category=CONFIG,
        ),
        "restart": make(
            "restart",
            "button",
            {"command_topic": f"{request}/restart", "payload_press": "{}"},
            name="Restart",
            device_class="restart",
            entity_category=CONFIG,
        ),
        "announce": make(
            "announce",
            "button",
            {"command_topic": f"{request}/discovery/resend", "payload_press": "{}"},
            name="Announce again",
            icon="mdi:bullhorn-outline",
            entity_category=DIAGNOSTIC,
        ),
    }
    return DeviceMessage(
        topic=f"{options.prefix}/device/{identifier}/config",
        payload={
            "device": {key: given for key, given in device.items() if given},
            "origin": origin(options),
            "availability": [bridge_availability(options)],
            "components": as_shown(components, options.language),
        },
    )
