"""The device messages against what Home Assistant accepts, oldest supported and newest tested release."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.mqtt.discovery.model import DeviceMessage
from tests.mqtt.discovery.samples import OPTIONS, bridge, components, telescope

FACTS: dict[str, Any] = json.loads((Path(__file__).parent / "facts.json").read_text(encoding="utf-8"))
OLDEST, NEWEST = "2025.10.0", "2026.11.0"
RELEASES = pytest.mark.parametrize("release", [OLDEST, NEWEST])
GOLDEN = Path(__file__).parent / "golden"

UNIQUE_ID_NOT_NEEDED = {"device_automation"}
FILLED_IN = {"device", "origin"}  # by Home Assistant, from the top of the message


def messages(release: str) -> list[DeviceMessage]:
    """The richest messages a release must accept."""
    year, month, _ = release.split(".")
    options = replace(OPTIONS, ha_min_version=(int(year), int(month)))
    return [bridge(options), telescope(options)]


def parts(release: str) -> list[tuple[str, dict[str, Any]]]:
    return [item for message in messages(release) for item in components(message).items()]


@RELEASES
def test_nothing_at_the_top_makes_the_whole_message_refused(release: str) -> None:
    facts = FACTS[release]
    for message in messages(release):
        assert set(message.payload) <= set(facts["message_keys"])
        assert set(message.payload["device"]) <= set(facts["device_keys"])
        assert set(message.payload["origin"]) <= set(facts["origin_keys"])
        assert message.payload["origin"]["name"]
        for key, part in components(message).items():
            assert part["platform"] in facts["platforms"], key
            assert part.get("unique_id") or part["platform"] in UNIQUE_ID_NOT_NEEDED, key


@RELEASES
def test_no_component_has_a_key_that_is_dropped_or_lacks_one_that_is_needed(release: str) -> None:
    for key, part in parts(release):
        known = FACTS[release]["platforms"][part["platform"]]["keys"]
        assert set(part) - {"platform"} <= set(known), key
        needed = {name for name, required in known.items() if required} - FILLED_IN
        assert needed <= set(part), key


@RELEASES
def test_classes_units_and_state_classes_go_together(release: str) -> None:
    facts = FACTS[release]
    for key, part in parts(release):
        platform, device_class = part["platform"], part.get("device_class")
        if device_class is None:
            continue
        assert device_class in facts["platforms"][platform]["device_classes"], key
        units = facts[f"{platform}_units"].get(device_class) if platform in ("sensor", "number") else None
        if units is not None:
            assert part["unit_of_measurement"] in units, key
        if platform == "sensor" and "state_class" in part:
            assert part["state_class"] in facts["sensor_state_classes"][device_class], key


@RELEASES
def test_categories_are_those_a_platform_may_have(release: str) -> None:
    for key, part in parts(release):
        category = part.get("entity_category")
        assert category in (None, "diagnostic", "config"), key
        if part["platform"] in ("sensor", "binary_sensor"):
            assert category != "config", key


@RELEASES
def test_enumerations_have_options_and_neither_unit_nor_state_class(release: str) -> None:
    for key, part in parts(release):
        if part["platform"] == "sensor" and ("options" in part or part.get("device_class") == "enum"):
            assert part["device_class"] == "enum", key
            assert part["options"], key
            assert not {"unit_of_measurement", "state_class"} & set(part), key


@RELEASES
def test_entity_ids_fit_their_platform_and_are_unique(release: str) -> None:
    entities = [part for _, part in parts(release) if "unique_id" in part]
    assert all(part["default_entity_id"].startswith(f"{part['platform']}.") for part in entities)
    for name in ("default_entity_id", "unique_id"):
        assert len({part[name] for part in entities}) == len(entities)


@RELEASES
def test_short_names_on_the_wire_mean_what_we_meant(release: str) -> None:
    facts = FACTS[release]

    def full(found: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
        return {names.get(key, key): value for key, value in found.items()}

    def lists(found: dict[str, Any]) -> dict[str, Any]:
        if "availability" in found:
            found["availability"] = [full(entry, facts["abbreviations"]) for entry in found["availability"]]
        return found

    for message in messages(release):
        wire = lists(full(json.loads(message.wire), facts["abbreviations"]))
        wire["device"] = full(wire["device"], facts["device_abbreviations"])
        wire["origin"] = full(wire["origin"], facts["origin_abbreviations"])
        wire["components"] = {
            key: lists(full(part, facts["abbreviations"])) for key, part in wire["components"].items()
        }
        assert wire == message.payload


@pytest.mark.parametrize(("name", "message"), [("telescope", telescope()), ("bridge", bridge())])
def test_the_messages_are_the_golden_ones(name: str, message: DeviceMessage) -> None:
    """A change here changes what owners see: look at it, then run tests/homeassistant/golden.py."""
    golden = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    assert {"topic": message.topic, "payload": message.payload} == golden
