"""What a person finds in Home Assistant: few things, in his language, none that claims too much."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import partial
from typing import Any

from agent.mqtt.discovery.names import GERMAN
from agent.mqtt.parsing import read_command
from agent.mqtt.vocabulary import EventType
from tests.mqtt.discovery.samples import OPTIONS, bridge, components, telescope

RESET_WITH_EACH_SESSION = {
    "progress",
    "frames_taken",
    "frames_stacked",
    "frames_total",
    "integration",
    "time_remaining",
    "queue",
    "download_progress",
}


def enabled(parts: dict[str, dict[str, Any]]) -> set[str]:
    return {
        key
        for key, part in parts.items()
        if "unique_id" in part and part.get("enabled_by_default", True) is not False
    }


def test_nothing_claims_to_know_the_newest_firmware() -> None:
    assert "update" not in {part["platform"] for part in components(telescope()).values()}
    assert telescope().payload["device"]["sw_version"] == "1.4.2"


def test_no_statistics_are_kept_of_counters_that_begin_anew_with_each_session() -> None:
    parts = components(telescope())
    assert {key for key, part in parts.items() if "state_class" in part} & RESET_WITH_EACH_SESSION == set()
    assert "state_class" in parts["battery"]
    assert "state_class" not in components(bridge())["errors"]


def test_one_of_something_reads_as_well_as_many() -> None:
    units = {
        part["unit_of_measurement"]
        for message in (telescope(), bridge())
        for part in components(message).values()
        if "unit_of_measurement" in part
    }
    assert not {unit for unit in units if re.fullmatch(r"[a-z]{2,}s", unit)}


def test_the_next_session_is_the_first_of_the_queue_whether_or_not_it_has_a_start() -> None:
    parts = components(telescope())
    assert "value_json.next.target" in parts["next_session"]["value_template"]
    assert "device_class" not in parts["next_session"]
    assert parts["next_start"]["device_class"] == "timestamp"


def test_what_a_person_looks_at_is_enabled_and_the_rest_only_waits() -> None:
    parts = components(telescope(has_enclosure=False, archives=False, groups=()))
    shown = enabled(parts)
    assert 20 <= len(shown) <= 32
    assert {"status", "progress", "weather", "abort", "pause", "image", "last_result", "submit"} <= shown
    assert {"shutdown", "reboot", "frames_taken", "own_schedule", "max_wait"}.isdisjoint(shown)


def test_every_name_has_a_german_one_and_ids_know_no_language() -> None:
    german = replace(OPTIONS, language="de", ha_min_version=(2026, 11))
    english = replace(german, language="en")
    for make, name in ((partial(telescope, groups=()), "telescope"), (bridge, "bridge")):
        before, after = components(make(english)), components(make(german))
        named = {key for key, part in before.items() if part.get("name")}
        assert named <= set(GERMAN), named - set(GERMAN)
        for key in before:
            told = {part.pop("name", None) for part in (before[key], after[key])}
            for part in (before[key], after[key]):
                part.pop("unit_of_measurement", None)  # some are words
            assert before[key] == after[key], f"{name}: {key}"
            assert (len(told) == 2) is (key in named and GERMAN[key] in told and len(told) == 2)
    assert components(telescope(german))["abort"]["name"] == "Abbrechen"


def test_units_that_are_words_are_german_too_but_for_those_of_statistics() -> None:
    german = components(telescope(replace(OPTIONS, language="de")))
    english = components(telescope())
    worded = {key for key, part in english.items() if len(part.get("unit_of_measurement", "")) > 3}
    assert worded >= {"queue", "frames_stacked"}
    for key in worded:
        assert "state_class" not in english[key], "Home Assistant would ask what the new unit means"
        assert german[key]["unit_of_measurement"] != english[key]["unit_of_measurement"], key


def test_automations_can_be_made_of_what_happens_without_knowing_a_topic() -> None:
    triggers = {
        part["payload"]: part
        for part in components(telescope()).values()
        if part["platform"] == "device_automation"
    }
    assert set(triggers) == {
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
    }
    assert {part["topic"] for part in triggers.values()} == {"dwarf/d3_1a2b3c/event"}, "never a retained one"


def test_a_pressed_button_says_that_it_was_one(now: Any) -> None:
    for key, part in components(telescope()).items():
        if part["platform"] == "button":
            command = read_command(part["payload_press"].encode(), now)
            assert "Home Assistant" in command.reason, key


def test_an_automation_can_give_a_command_with_its_reason() -> None:
    part = components(telescope())["command"]
    assert (part["platform"], part["command_topic"]) == ("notify", "dwarf/d3_1a2b3c/command")


def test_progress_carries_what_a_card_says_about_it() -> None:
    template = components(telescope())["progress"]["json_attributes_template"]
    for key in ("frames", "integration_s", "remaining_s", "step"):
        assert f"'{key}'" in template
    assert "estimated_end" not in template, "each of its changes would be another state"
    assert json.loads(telescope().wire)["cmps"]["frames_taken"]["en"] is False
