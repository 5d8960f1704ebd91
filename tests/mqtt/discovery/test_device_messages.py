"""What the device messages say."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from typing import Any, get_args, get_type_hints

import pytest

from agent.app.mqtt_side import SHOWN_FILES
from agent.capabilities import Camera, CameraCapabilities, Capabilities, Filter
from agent.events import Outcome, Status
from agent.mqtt import bodies
from agent.mqtt.discovery.announced import slug
from agent.mqtt.discovery.collected import MAX_GROUPS_SHOWN
from agent.mqtt.discovery.model import NO_FILE, filter_names
from agent.mqtt.parsing import read_command
from agent.mqtt.topics import Address, Kind, Topics, check_telescope_id
from agent.mqtt.vocabulary import EventType
from agent.requests import Verb
from agent.session.identity import MAX_LENGTH
from agent.station.switches import Switches
from tests.mqtt.discovery.samples import OPTIONS, bridge, components, telescope

BRIDGE = "dwarf/bridge/availability"
TELESCOPE = "dwarf/d3_1a2b3c/availability"
NEEDS_TELESCOPE = {
    "battery",
    "charging",
    "storage_free",
    "temperature",
    "filter",
    "park",
    "autofocus",
    "calibrate",
    "align",
    "shutdown",
    "reboot",
}
BODIES: dict[str, Any] = {
    "status": bodies.StatusBody,
    "progress": bodies.ProgressBody,
    "telemetry": bodies.TelemetryBody,
    "queue": bodies.QueueBody,
    "own_schedule": bodies.OwnScheduleBody,
    "darkness": bodies.DarknessBody,
    "enclosure": bodies.EnclosureBody,
    "download": bodies.DownloadBody,
    "night": bodies.NightBody,
    "totals": bodies.TotalsBody,
    "result": bodies.ResultBody,
    "safety": bodies.SafetyBody,
    "event": bodies.EventBody,
    "info": bodies.InfoBody,
}


def test_only_what_means_nothing_without_the_telescope_hides_with_it() -> None:
    message = telescope()
    assert message.payload["availability"] == [{"topic": BRIDGE}]
    needs = {key: part.get("availability", []) for key, part in components(message).items()}
    hidden = {key for key, topics in needs.items() if {"topic": TELESCOPE} in topics}
    assert hidden == NEEDS_TELESCOPE
    for key in hidden:
        part = components(message)[key]
        assert part["availability"] == [{"topic": BRIDGE}, {"topic": TELESCOPE}]
        assert part["availability_mode"] == "all"


def test_the_event_entity_is_always_available_so_that_no_old_event_fires_again() -> None:
    assert components(telescope())["session"]["availability"] == []


def test_the_agents_own_connectivity_can_say_that_it_is_gone() -> None:
    assert components(bridge())["connectivity"]["availability"] == []


def test_lists_of_words_are_those_that_the_code_says() -> None:
    parts = components(telescope())
    assert parts["status"]["options"] == [status.value for status in Status]
    assert parts["last_result"]["options"] == [outcome.value for outcome in Outcome]
    assert parts["session"]["event_types"] == [kind.value for kind in EventType]


def test_weather_is_unsafe_unless_said_safe_but_unknown_where_nobody_was_asked() -> None:
    weather = components(telescope())["weather"]
    assert weather["device_class"] == "safety"
    assert weather["value_template"] == "{{ not value_json.safe if value_json.sources else none }}"
    assert (weather["payload_on"], weather["payload_off"]) == ("True", "False")


def test_every_button_sends_a_command_that_the_inbox_reads(now: Any) -> None:
    pressed = {
        key: read_command(part["payload_press"].encode(), now).verb
        for key, part in components(telescope()).items()
        if part["platform"] == "button"
    }
    assert pressed == {
        "abort": Verb.ABORT,
        "pause": Verb.PAUSE,
        "resume": Verb.RESUME,
        "skip": Verb.SKIP,
        "stop_after_this": Verb.STOP_AFTER_THIS,
        "end_night": Verb.END_NIGHT,
        "run_selected": Verb.RUN,
        "remove_selected": Verb.REMOVE,
        "park": Verb.PARK,
        "autofocus": Verb.AUTOFOCUS,
        "calibrate": Verb.CALIBRATE,
        "align": Verb.ALIGN,
        "shutdown": Verb.SHUTDOWN,
        "reboot": Verb.REBOOT,
        "provision": Verb.PROVISION,
    }


@pytest.mark.parametrize("message", [telescope(), bridge()], ids=["telescope", "bridge"])
def test_every_command_topic_is_one_that_the_agent_listens_to(message: Any) -> None:
    kinds = {"button": {Kind.COMMAND, Kind.BRIDGE}, "notify": {Kind.SUBMIT, Kind.COMMAND}}
    for key, part in components(message).items():
        if "command_topic" not in part:
            continue
        address = Topics().address(part["command_topic"])
        assert isinstance(address, Address), key
        assert address.kind in kinds.get(part["platform"], {Kind.SET, Kind.BRIDGE}), key
        assert part["qos"] == 1, key


def test_every_setting_is_one_that_the_agent_keeps() -> None:
    known = {field.name for field in fields(Switches)}
    told = telescope(replace(OPTIONS, ha_min_version=(2026, 11)))
    for key, part in components(told).items():
        if part.get("state_topic") == "dwarf/d3_1a2b3c/settings":
            (read,) = paths(part["value_template"])
            assert read in known, key
            assert part["command_topic"] == f"dwarf/d3_1a2b3c/set/{read}", key


def test_templates_read_only_keys_that_the_bodies_have() -> None:
    checked = 0
    for message in (telescope(), bridge()):
        for key, part in components(message).items():
            for topic_key, template_key in (
                ("state_topic", "value_template"),
                ("json_attributes_topic", "json_attributes_template"),
                ("topic", "value_template"),
            ):
                stem, _, last = part.get(topic_key, "").rpartition("/")
                body = BODIES.get("group" if stem.endswith("/group") else last)
                if body is None or template_key not in part:
                    continue
                for path in paths(part[template_key]):
                    assert reaches(body, path.split(".")), f"{key}: {path} is not in {body.__name__}"
                    checked += 1
    assert checked > 30


def test_ids_come_from_hardware_and_prefix_and_never_from_the_name() -> None:
    renamed = telescope(name="Moon Killer", telescope_id="other")
    assert renamed.topic == telescope().topic == "homeassistant/device/dwarf_agent_d3_1a2b3c/config"
    for before, after in zip(components(telescope()).values(), components(renamed).values(), strict=True):
        assert before.get("unique_id") == after.get("unique_id")
        assert before.get("default_entity_id") == after.get("default_entity_id")


def test_the_status_is_the_main_entity_of_the_device() -> None:
    status = components(telescope())["status"]
    assert status["name"] is None
    assert status["default_entity_id"] == "sensor.dwarf_3_status"


def test_the_telescope_belongs_to_the_bridge_whatever_the_base_topic() -> None:
    for base in ("dwarf", "home/scopes"):
        options = replace(OPTIONS, topics=Topics.below(base))
        (identifier,) = bridge(options).payload["device"]["identifiers"]
        assert telescope(options).payload["device"]["via_device"] == identifier
        assert re.fullmatch(r"homeassistant/device/[a-zA-Z0-9_-]+/config", bridge(options).topic)


def test_what_is_not_known_is_left_out_instead_of_empty() -> None:
    bare = telescope(firmware="", serial="", model="", filters=(), can_provision=False)
    assert "" not in bare.payload["device"].values()
    assert "filter" not in components(bare)
    assert "provision" not in components(bare)


def test_the_session_file_select_has_an_entry_for_none_that_is_not_the_word_none() -> None:
    options = components(telescope())["session_file"]["options"]
    assert options == [NO_FILE, "m31", "horsehead"]
    assert NO_FILE.lower() != "none"


def test_platforms_that_older_cores_refuse_wait_for_the_option() -> None:
    assert "not_before" not in components(telescope())
    newest = telescope(replace(OPTIONS, ha_min_version=(2026, 11)))
    assert components(newest)["not_before"]["platform"] == "datetime"


RICHEST = replace(OPTIONS, language="de", ha_min_version=(2026, 11))


def test_the_message_stays_small() -> None:
    assert len(telescope(RICHEST).wire.encode()) < 26 * 1024


def test_no_broker_refuses_the_largest_message_there_can_be() -> None:
    """Home Assistant and mosquitto set no limit that matters; of hosted brokers the least takes 128 KiB."""
    longest = replace(RICHEST, topics=Topics.below("b" * 128))
    message = telescope(
        longest,
        telescope_id=check_telescope_id("t" * 64),
        hardware_id="h" * 64,
        name="Ü" * 200,
        entity_prefix=slug("e" * 500),
        filters=tuple(f"Filter {number}" for number in range(12)),
        session_files=tuple(f"{number:03}".rjust(MAX_LENGTH, "s") for number in range(SHOWN_FILES)),
        groups=tuple((f"{number:03}".rjust(64, "g"), "Ü" * 64) for number in range(2 * MAX_GROUPS_SHOWN)),
    )
    assert len(message.wire.encode()) < 128 * 1024


def test_filters_are_those_of_the_cameras_each_once() -> None:
    def camera(*names: str) -> CameraCapabilities:
        filters = tuple(Filter(value, name) for value, name in enumerate(names))
        return CameraCapabilities(exposures=(), gains=(), filters=filters)

    cameras = {Camera.TELE: camera("VIS", "Astro"), Camera.WIDE: camera("VIS")}
    assert filter_names(Capabilities("D3", cameras)) == ("VIS", "Astro")


def test_the_digest_changes_with_the_content_alone() -> None:
    assert telescope().digest == telescope().digest
    assert telescope().digest != telescope(session_files=("m31",)).digest
    assert json.loads(telescope().wire)["cmps"]["status"]["stat_t"] == "dwarf/d3_1a2b3c/status"


def paths(template: str) -> list[str]:
    """Return the value paths a template reads."""
    return [path.removesuffix(".items") for path in re.findall(r"value_json\.([\w.]+)", template)]


def reaches(body: Any, path: list[str]) -> bool:
    """Tell whether a typed body has this path."""
    hints = get_type_hints(body)
    if path == ["items"]:
        return True
    if path[0] not in hints:
        return False
    if len(path) == 1:
        return True
    inner = [kind for kind in (hints[path[0]], *get_args(hints[path[0]])) if hasattr(kind, "__annotations__")]
    return any(reaches(kind, path[1:]) for kind in inner)
