"""Facts from which tests build discovery messages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agent.mqtt.discovery.bridge import build_bridge_device
from agent.mqtt.discovery.model import BridgeFacts, DeviceMessage, DiscoveryOptions, TelescopeFacts
from agent.mqtt.discovery.telescope import build_telescope_device

OPTIONS = DiscoveryOptions(agent_version="0.1.0")
FACTS = TelescopeFacts(
    telescope_id="d3_1a2b3c",
    name="Dwarf 3",
    model="D3",
    hardware_id="d3_1a2b3c",
    entity_prefix="dwarf_3",
    firmware="1.4.2",
    serial="1a2b3c",
    filters=("VIS", "Astro", "Duo-Band"),
    weather_policies=("ignore", "wait", "abort"),
    session_files=("m31", "horsehead"),
    can_provision=True,
    groups=(("m_31", "M 31"),),
    has_enclosure=True,
    archives=True,
)


def telescope(options: DiscoveryOptions = OPTIONS, **changes: Any) -> DeviceMessage:
    """Build a telescope's message from the sample facts with changes."""
    return build_telescope_device(replace(FACTS, **changes), options)


def bridge(options: DiscoveryOptions = OPTIONS) -> DeviceMessage:
    """Build the agent's own message."""
    return build_bridge_device(BridgeFacts(log_levels=("debug", "info", "warning", "error")), options)


def components(message: DeviceMessage) -> dict[str, dict[str, Any]]:
    """Return the components of a message."""
    found: dict[str, dict[str, Any]] = message.payload["components"]
    return found
