"""The device message of one telescope: every entity a person sees."""

from __future__ import annotations

from typing import Any

from agent.events import Lid, Outcome, Status
from agent.mqtt.discovery.bridge import bridge_availability, bridge_id, needs_telescope
from agent.mqtt.discovery.collected import download, groups, polar_alignment, totals
from agent.mqtt.discovery.controls import buttons, settings
from agent.mqtt.discovery.model import (
    MODEL_IDS,
    MODEL_NAMES,
    Component,
    DeviceMessage,
    DiscoveryOptions,
    TelescopeFacts,
    origin,
)
from agent.mqtt.discovery.names import ON_DEMAND, as_shown
from agent.mqtt.discovery.parts import (
    DIAGNOSTIC,
    MAX_STATE,
    QOS,
    Make,
    attributes,
    flag,
    maker,
    picked,
    reads,
    text,
    value,
    without,
)
from agent.mqtt.vocabulary import EventType

TELEMETRY_EXPIRES_S = 900  # telemetry is told every few minutes while the telescope answers
MAX_QUEUE_SHOWN = 25  # sessions in the attribute; attributes above 16 KiB are not recorded

DEVICE_TRIGGERS = (
    EventType.SESSION_STARTED,
    EventType.IMAGING,
    EventType.PAUSED,
    EventType.WEATHER_UNSAFE,
    EventType.WEATHER_SAFE,
    EventType.SKY_DEGRADED,
    EventType.PROBLEM,
    EventType.SESSION_COMPLETED,
    EventType.SESSION_FAILED,
    EventType.SESSION_ABORTED,
    EventType.NIGHT_OVER,
    EventType.GOAL_REACHED,
)

# The first of the queue, whether or not it has a start of its own.
_NEXT = f"{{{{ value_json.next.target | truncate({MAX_STATE}, true, '…', 0) if value_json.next else none }}}}"

# Nobody has asked about the weather where no source is configured: unknown, not a red "unsafe" for ever.
_UNSAFE = "{{ not value_json.safe if value_json.sources else none }}"


def build_telescope_device(facts: TelescopeFacts, options: DiscoveryOptions) -> DeviceMessage:
    """Build the retained message that makes one telescope appear in Home Assistant."""
    device: dict[str, Any] = {
        "identifiers": [f"dwarf_agent_{facts.hardware_id}"],
        "name": facts.name,
        "manufacturer": "DWARFLAB",
        "via_device": bridge_id(options),
    }
    optional = {
        "model": MODEL_NAMES.get(facts.model, facts.model),
        "model_id": MODEL_IDS.get(facts.model, ""),
        "sw_version": facts.firmware,
        "serial_number": facts.serial,
    }
    device.update({key: given for key, given in optional.items() if given})
    base = f"{options.topics.base}/{facts.telescope_id}"
    make = maker(facts.hardware_id, facts.entity_prefix, base)
    entities = {
        **_session(make),
        **groups(make, facts, options),
        **polar_alignment(make),
        **_telemetry(make, options),
        **_safety(make),
        **(_enclosure(make) if facts.has_enclosure else {}),
        **(download(make) if facts.archives else {}),
        **totals(make),
        **buttons(make, facts, options),
        **settings(make, facts, options),
        **_messages(make),
    }
    return DeviceMessage(
        topic=f"{options.prefix}/device/dwarf_agent_{facts.hardware_id}/config",
        payload={
            "device": device,
            "origin": origin(options),
            "availability": [bridge_availability(options)],
            "components": {
                **as_shown(entities, options.language, ON_DEMAND),
                **_device_triggers(options.topics.state(facts.telescope_id, "event")),
            },
        },
    )


def _session(make: Make) -> dict[str, Component]:
    progress, status, queue, result = "~/progress", "~/status", "~/queue", "~/result"
    seconds = {"device_class": "duration", "unit_of_measurement": "s", "suggested_display_precision": 0}
    return {
        "status": make(
            "status",
            "sensor",
            reads(status, value("state"), name=None, icon="mdi:telescope"),
            {"device_class": "enum", "options": [state.value for state in Status]},
            attributes(status, picked("session_id", "target", "step", "reason", "message", "since")),
        ),
        "running": make(
            "running", "binary_sensor", flag(status, "running", name="Running", device_class="running")
        ),
        "target": make("target", "sensor", reads(status, text("target"), name="Target", icon="mdi:creation")),
        "problem": make(
            "problem",
            "binary_sensor",
            reads(status, "{{ value_json.problem is not none }}", payload_on="True", payload_off="False"),
            attributes(status, "{{ (value_json.problem or {}) | tojson }}"),
            name="Problem",
            device_class="problem",
            entity_category=DIAGNOSTIC,
        ),
        "progress": make(
            "progress",
            "sensor",
            reads(progress, value("percent"), name="Progress", icon="mdi:progress-star"),
            attributes(progress, picked("session_id", "frames", "integration_s", "remaining_s", "step")),
            unit_of_measurement="%",
            suggested_display_precision=0,
        ),
        "frames_taken": make(
            "frames_taken",
            "sensor",
            reads(progress, value("frames.taken"), name="Frames taken", icon="mdi:camera-iris"),
            unit_of_measurement="taken",
        ),
        "frames_stacked": make(
            "frames_stacked",
            "sensor",
            reads(progress, value("frames.stacked"), name="Frames stacked", icon="mdi:layers-triple"),
            unit_of_measurement="stacked",
        ),
        "frames_total": make(
            "frames_total",
            "sensor",
            reads(progress, value("frames.total"), name="Frames planned", icon="mdi:counter"),
            unit_of_measurement="planned",
        ),
        "pane": make(
            "pane",
            "sensor",
            reads(progress, value("pane"), name="Mosaic pane", icon="mdi:view-grid"),
            attributes(progress, "{{ {'panes': value_json.panes or []} | tojson }}"),
        ),
        "time_remaining": make(
            "time_remaining",
            "sensor",
            reads(progress, value("remaining_s"), name="Time remaining", icon="mdi:timer-sand"),
            seconds,
        ),
        "estimated_end": make(
            "estimated_end",
            "sensor",
            reads(progress, value("estimated_end"), name="Estimated end", icon="mdi:flag-checkered"),
            device_class="timestamp",
        ),
        "integration": make(
            "integration",
            "sensor",
            reads(progress, value("integration_s"), name="Integration", icon="mdi:camera-timer"),
            seconds,
        ),
        "queue": make(
            "queue",
            "sensor",
            reads(queue, value("count"), name="Queue", icon="mdi:playlist-star"),
            attributes(
                queue,
                "{{ {'next': value_json.next, 'sessions': value_json.sessions[:"
                + str(MAX_QUEUE_SHOWN)
                + "]} | tojson }}",
            ),
            unit_of_measurement="waiting",
        ),
        "next_session": make(
            "next_session",
            "sensor",
            reads(queue, _NEXT, name="Next session", icon="mdi:calendar-star"),
            attributes(queue, "{{ (value_json.next or {}) | tojson }}"),
        ),
        "next_start": make(
            "next_start",
            "sensor",
            reads(queue, value("next_at"), name="Next start", icon="mdi:calendar-clock"),
            device_class="timestamp",
        ),
        "darkness": make(
            "darkness",
            "sensor",
            reads("~/darkness", value("dark_from"), name="Dark from", icon="mdi:weather-night"),
            attributes("~/darkness"),
            device_class="timestamp",
        ),
        "own_schedule": make(
            "own_schedule",
            "sensor",
            reads("~/own_schedule", value("state"), name="Own schedule", icon="mdi:calendar-star"),
            {"device_class": "enum", "options": ["none", "waiting", "imaging"]},
            attributes("~/own_schedule", without("state")),
        ),
        "suggestions": make(
            "suggestions",
            "sensor",
            reads("~/suggestions", text("best"), name="Best tonight", icon="mdi:star-shooting"),
            attributes("~/suggestions", without("best", "count")),
        ),
        "last_result": make(
            "last_result",
            "sensor",
            reads(result, value("result"), name="Last result", icon="mdi:clipboard-check-outline"),
            {"device_class": "enum", "options": [outcome.value for outcome in Outcome]},
            attributes(result, without("steps", "files")),
        ),
    }


def _telemetry(make: Make, options: DiscoveryOptions) -> dict[str, Component]:
    topic = "~/telemetry"
    telling = {
        **needs_telescope(options),
        "entity_category": DIAGNOSTIC,
        "expire_after": TELEMETRY_EXPIRES_S,
    }

    def sensor(key: str, path: str, name: str, device_class: str | None, unit: str, **more: Any) -> Component:
        classed = {"device_class": device_class} if device_class else {}
        shown = {"state_class": "measurement", "unit_of_measurement": unit, **classed, **more}
        return make(key, "sensor", reads(topic, value(path), name=name), shown, telling)

    return {
        "connectivity": make(
            "connectivity",
            "binary_sensor",
            {"state_topic": "~/availability", "payload_on": "online", "payload_off": "offline"},
            name="Connectivity",
            device_class="connectivity",
            entity_category=DIAGNOSTIC,
        ),
        "battery": sensor("battery", "battery", "Battery", "battery", "%"),
        "charging": make(
            "charging",
            "binary_sensor",
            flag(topic, "charging", name="Charging", device_class="battery_charging"),
            telling,
        ),
        "storage_free": sensor(
            "storage_free",
            "storage.free_gb",
            "Storage free",
            "data_size",
            "GB",
            suggested_display_precision=1,
        ),
        "temperature": sensor(
            "temperature", "temperature", "Temperature", "temperature", "°C", suggested_display_precision=1
        ),
    }


def _safety(make: Make) -> dict[str, Component]:
    return {
        "weather": make(
            "weather",
            "binary_sensor",
            reads("~/safety", _UNSAFE, payload_on="True", payload_off="False"),
            attributes("~/safety", picked("state", "reasons", "policy", "since")),
            name="Weather",
            device_class="safety",
        ),
    }


def _enclosure(make: Make) -> dict[str, Component]:
    topic = "~/enclosure"
    return {
        "enclosure": make(
            "enclosure",
            "sensor",
            reads(topic, value("lid"), name="Enclosure", icon="mdi:garage-variant"),
            {"device_class": "enum", "options": [lid.value for lid in Lid]},
            attributes(topic, without("lid")),
        ),
    }


def _messages(make: Make) -> dict[str, Component]:
    return {
        "submit": make(
            "submit",
            "notify",
            command_topic="~/session/submit",
            name="Submit session",
            icon="mdi:send-outline",
        ),
        "command": make(
            "command",
            "notify",
            command_topic="~/command",
            name="Command",
            icon="mdi:console-line",
        ),
        "session": make(
            "session",
            "event",
            state_topic="~/event",
            event_types=[kind.value for kind in EventType],
            availability=[],  # an availability that comes back would fire the last event again
            qos=QOS,
            name="Session",
            icon="mdi:star-shooting-outline",
        ),
        "image": make(
            "image",
            "image",
            attributes("~/image_info"),
            image_topic="~/image",
            content_type="image/jpeg",
            name="Latest picture",
            icon="mdi:image-filter-hdr-outline",
        ),
        "night": make(
            "night",
            "sensor",
            reads("~/night", text("title"), name="Last night", icon="mdi:weather-night"),
            attributes("~/night", without("title")),
        ),
        "night_picture": make(
            "night_picture",
            "image",
            image_topic="~/night_picture",
            content_type="image/jpeg",
            name="Best picture of the night",
            icon="mdi:image-filter-hdr",
        ),
        "last_response": make(
            "last_response",
            "sensor",
            reads("~/response", text("message"), name="Last response", icon="mdi:message-reply-text-outline"),
            attributes("~/response"),
            entity_category=DIAGNOSTIC,
        ),
    }


def _device_triggers(topic: str) -> dict[str, Component]:
    return {
        f"on_{kind.value}": {
            "platform": "device_automation",
            "automation_type": "trigger",
            "type": kind.value,
            "subtype": "session",
            "topic": topic,
            "payload": kind.value,
            "value_template": value("event_type"),
            "qos": QOS,
        }
        for kind in DEVICE_TRIGGERS
    }
