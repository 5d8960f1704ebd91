"""What discovery is built from, and the message it becomes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal

from agent.capabilities import Capabilities
from agent.mqtt.discovery.abbreviations import abbreviate
from agent.mqtt.topics import Topics

Component = dict[str, Any]

ORIGIN_NAME = "dwarf-agent"
SUPPORT_URL = "https://github.com/dwarf-agent/dwarf-agent"

MODEL_NAMES = {"D2": "DWARF II", "D3": "DWARF 3", "mini": "DWARF mini"}
MODEL_IDS = {"D2": "DWARF2", "D3": "DWARF3", "mini": "DWARFMINI"}

OLDEST_HOME_ASSISTANT = (2025, 10)  # the first core that knows default_entity_id
DATETIME_SINCE = (2026, 11)  # the oldest core whose MQTT datetime platform is proven with our message

NO_FILE = (
    "(no file)"  # the session file select's entry for "none": Home Assistant reads the bare word as unknown
)


@dataclass(frozen=True, slots=True)
class DiscoveryOptions:
    """How discovery is published. `ha_min_version` picks the richest message that this core takes whole."""

    topics: Topics = field(default_factory=Topics)
    prefix: str = "homeassistant"
    ha_min_version: tuple[int, int] = OLDEST_HOME_ASSISTANT
    agent_version: str = ""
    language: Literal["en", "de"] = "en"


@dataclass(frozen=True, slots=True)
class TelescopeFacts:
    """What one telescope's device message says.

    `telescope_id` names its topics. `hardware_id` (a stable hardware fact) and `entity_prefix` are those the
    announced pinned at the first publication, so neither a new name nor a new address makes a second device.
    `session_files` are the files that `run_selected` can start, `groups` the words and names of the groups
    whose progress is told.
    """

    telescope_id: str
    name: str
    model: str
    hardware_id: str
    entity_prefix: str
    firmware: str = ""
    serial: str = ""
    filters: tuple[str, ...] = ()
    weather_policies: tuple[str, ...] = ()
    session_files: tuple[str, ...] = ()
    can_provision: bool = False
    groups: tuple[tuple[str, str], ...] = ()
    has_enclosure: bool = False
    archives: bool = False


@dataclass(frozen=True, slots=True)
class BridgeFacts:
    """What the agent's own device message says."""

    log_levels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeviceMessage:
    """One retained discovery message. `payload` has Home Assistant's full key names."""

    topic: str
    payload: dict[str, Any]

    @property
    def components(self) -> dict[str, str]:
        """Component key -> platform."""
        return {key: part["platform"] for key, part in self.payload["components"].items()}

    @property
    def wire(self) -> str:
        """The payload as published: compact, abbreviated."""
        return json.dumps(abbreviate(self.payload), ensure_ascii=False, separators=(",", ":"))

    @property
    def digest(self) -> str:
        """A hash that changes when the payload does."""
        return hashlib.sha256(self.wire.encode()).hexdigest()

    def with_removed(self, removed: dict[str, str]) -> DeviceMessage:
        """Return the message that also takes these components (key -> platform) out of Home Assistant.

        A key that is still in use with another platform is removed first; the plain message brings it back.
        """
        tombstones = {key: {"platform": platform} for key, platform in removed.items()}
        components = {**self.payload["components"], **tombstones}
        return DeviceMessage(self.topic, {**self.payload, "components": components})


def origin(options: DiscoveryOptions) -> dict[str, str]:
    """Return who publishes: Home Assistant refuses a device message without it, and logs it beside errors."""
    about = {"name": ORIGIN_NAME, "sw_version": options.agent_version, "support_url": SUPPORT_URL}
    return {key: given for key, given in about.items() if given}


def filter_names(capabilities: Capabilities) -> tuple[str, ...]:
    """Return the names of all filters of a telescope, in the order of its tables, each once."""
    names = [item.name for camera in capabilities.cameras.values() for item in camera.filters]
    return tuple(dict.fromkeys(names))
