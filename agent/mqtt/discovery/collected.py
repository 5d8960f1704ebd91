"""What was collected, fetched and measured: sensors that tell of more than the running session."""

from __future__ import annotations

from typing import Any

from agent.afterwards import DownloadState
from agent.mqtt.discovery.model import Component, DiscoveryOptions, TelescopeFacts
from agent.mqtt.discovery.names import GERMAN
from agent.mqtt.discovery.parts import Make, attributes, reads, value, without

MAX_GROUPS_SHOWN = 20  # the discovery message stays small; the topics tell of all groups


def groups(make: Make, facts: TelescopeFacts, options: DiscoveryOptions) -> dict[str, Component]:
    """What each group has collected; its entity goes with the group."""
    what = GERMAN["integration"] if options.language == "de" else "integration"
    hours = "{{ (value_json.collected_s / 3600) | round(2) }}"
    return {
        f"{word}_integration": make(
            f"{word}_integration",
            "sensor",
            reads(f"~/group/{word}", hours, name=f"{group} {what}", icon="mdi:progress-clock"),
            attributes(f"~/group/{word}", without("collected_s")),
            {"device_class": "duration", "unit_of_measurement": "h", "suggested_display_precision": 1},
            state_class="measurement",
        )
        for word, group in facts.groups[:MAX_GROUPS_SHOWN]
    }


def download(make: Make) -> dict[str, Component]:
    """Return how fetching into the archive stands."""
    topic = "~/download"
    return {
        "download": make(
            "download",
            "sensor",
            reads(topic, value("state"), name="Download", icon="mdi:download"),
            {"device_class": "enum", "options": [state.value for state in DownloadState]},
            attributes(topic, without("state")),
        ),
        "download_progress": make(
            "download_progress",
            "sensor",
            reads(topic, value("percent"), name="Download progress", icon="mdi:progress-download"),
            unit_of_measurement="%",
            suggested_display_precision=0,
        ),
    }


def totals(make: Make) -> dict[str, Component]:
    """Return the sums that only grow."""

    def sensor(key: str, path: str, name: str, unit: str | None, icon: str, **more: Any) -> Component:
        shown = {"state_class": "total_increasing", **more}
        if unit is not None:
            shown["unit_of_measurement"] = unit
        return make(key, "sensor", reads("~/totals", value(path), name=name, icon=icon), shown)

    hours = {"device_class": "duration", "suggested_display_precision": 1}
    return {
        "light_total": sensor(
            "light_total", "light_hours", "Light collected", "h", "mdi:weather-night", **hours
        ),
        "sessions_completed": sensor(
            "sessions_completed", "completed", "Sessions completed", None, "mdi:check-all"
        ),
        "nights_imaged": sensor("nights_imaged", "nights", "Nights imaged", None, "mdi:moon-full"),
    }


def polar_alignment(make: Make) -> dict[str, Component]:
    """Return the error of the polar alignment; which knob to turn is in the attributes."""
    topic = "~/polar_alignment"

    def error(key: str, name: str, icon: str) -> Component:
        more = {"unit_of_measurement": "°", "suggested_display_precision": 2}
        return make(key, "sensor", reads(topic, value(key), name=name, icon=icon), attributes(topic), more)

    return {
        "azimuth_error": error("azimuth_error", "Azimuth error", "mdi:rotate-right"),
        "altitude_error": error("altitude_error", "Altitude error", "mdi:arrow-up-down"),
    }
