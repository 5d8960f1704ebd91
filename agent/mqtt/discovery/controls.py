"""What a person can press and set on a telescope."""

from __future__ import annotations

import json
from typing import Any

from agent.mqtt.discovery.bridge import needs_something_to_go_on_with, needs_telescope
from agent.mqtt.discovery.model import (
    DATETIME_SINCE,
    NO_FILE,
    Component,
    DiscoveryOptions,
    TelescopeFacts,
)
from agent.mqtt.discovery.parts import CONFIG, Make, reads, value
from agent.requests import Verb

MAX_WAIT_MINUTES = 1440


def buttons(make: Make, facts: TelescopeFacts, options: DiscoveryOptions) -> dict[str, Component]:
    """Return the buttons. Those of the selected session are about the one chosen in `session_file`."""

    def button(
        key: str, verb: Verb, name: str, icon: str, *, selected: bool = False, **more: Any
    ) -> Component:
        told = {"command": verb.value, "reason": f"{name}, pressed in Home Assistant."} | (
            {"selected": True} if selected else {}
        )
        press = json.dumps(told, separators=(",", ":"))
        pressed = {"command_topic": "~/command", "payload_press": press, "name": name, "icon": icon}
        return make(key, "button", pressed, more)

    at_telescope = needs_telescope(options)
    power = {**at_telescope, "entity_category": CONFIG}
    buttons = {
        "abort": button("abort", Verb.ABORT, "Abort", "mdi:stop-circle-outline"),
        "pause": button("pause", Verb.PAUSE, "Pause", "mdi:pause-circle-outline"),
        "resume": button(
            "resume",
            Verb.RESUME,
            "Resume",
            "mdi:play-circle-outline",
            **needs_something_to_go_on_with(options),
        ),
        "skip": button("skip", Verb.SKIP, "Skip session", "mdi:skip-next-circle-outline"),
        "stop_after_this": button(
            "stop_after_this", Verb.STOP_AFTER_THIS, "Stop after this session", "mdi:page-last"
        ),
        "end_night": button("end_night", Verb.END_NIGHT, "End the night", "mdi:weather-sunset-up"),
        "run_selected": button(
            "run_selected", Verb.RUN, "Run selected session", "mdi:play-box-outline", selected=True
        ),
        "remove_selected": button(
            "remove_selected", Verb.REMOVE, "Remove selected session", "mdi:trash-can-outline", selected=True
        ),
        "park": button("park", Verb.PARK, "Park", "mdi:parking", **at_telescope),
        "autofocus": button(
            "autofocus", Verb.AUTOFOCUS, "Focus", "mdi:image-filter-center-focus", **at_telescope
        ),
        "calibrate": button("calibrate", Verb.CALIBRATE, "Calibrate", "mdi:crosshairs-gps", **at_telescope),
        "align": button("align", Verb.ALIGN, "Polar alignment", "mdi:compass-outline", **at_telescope),
        "shutdown": button("shutdown", Verb.SHUTDOWN, "Shut down", "mdi:power", **power),
        "reboot": button("reboot", Verb.REBOOT, "Reboot", "mdi:restart", device_class="restart", **power),
    }
    if facts.can_provision:
        buttons["provision"] = button(
            "provision",
            Verb.PROVISION,
            "Reconnect over Bluetooth",
            "mdi:bluetooth-connect",
            entity_category=CONFIG,
        )
    return buttons


def settings(make: Make, facts: TelescopeFacts, options: DiscoveryOptions) -> dict[str, Component]:
    """Return what is read from the settings topic and set below `set/`, under the same key."""
    topic = "~/settings"

    def setting(key: str, platform: str, name: str, path: str, icon: str, *parts: Component) -> Component:
        both_ways = {"command_topic": f"~/set/{path}", "name": name, "icon": icon}
        return make(key, platform, reads(topic, value(path)), both_ways, *parts)

    def switch(key: str, name: str, icon: str) -> Component:
        states = {"state_on": "True", "state_off": "False", "entity_category": CONFIG}
        return setting(key, "switch", name, key, icon, states)

    def choice(key: str, name: str, icon: str, choices: tuple[str, ...], *parts: Component) -> Component:
        return setting(key, "select", name, key, icon, {"options": list(choices)}, *parts)

    parts = {
        "scheduler": switch("scheduler", "Scheduler", "mdi:calendar-check-outline"),
        "armed": switch("armed", "Controls armed", "mdi:shield-lock-open-outline"),
        "max_wait": setting(
            "max_wait",
            "number",
            "Longest wait",
            "max_wait_min",
            "mdi:timer-pause-outline",
            {"device_class": "duration", "unit_of_measurement": "min", "mode": "box"},
            {"min": 0, "max": MAX_WAIT_MINUTES, "step": 5, "entity_category": CONFIG},
        ),
        "session_file": choice(
            "session_file",
            "Session file",
            "mdi:file-star-outline",
            (NO_FILE, *facts.session_files),
        ),
    }
    if facts.weather_policies:
        parts["weather_policy"] = choice(
            "weather_policy",
            "Weather policy",
            "mdi:weather-partly-rainy",
            facts.weather_policies,
            {"entity_category": CONFIG},
        )
    if facts.has_enclosure:
        parts["enclosure_mode"] = setting(
            "enclosure_mode",
            "select",
            "Enclosure mode",
            "enclosure",
            "mdi:garage-variant",
            {"options": ["auto", "open", "closed"], "entity_category": CONFIG},
        )
    if facts.filters:
        parts["filter"] = choice(
            "filter", "Filter", "mdi:circle-opacity", facts.filters, needs_telescope(options)
        )
    if options.ha_min_version >= DATETIME_SINCE:
        parts["not_before"] = setting(
            "not_before",
            "datetime",
            "Not before",
            "not_before",
            "mdi:clock-start",
            {"entity_category": CONFIG},
        )
    return parts
