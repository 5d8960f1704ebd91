"""What the announced remembers."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from agent.mqtt.discovery.announced import Announced, Entry, slug
from tests.mqtt.discovery.samples import telescope


def test_entries_and_pins_survive_a_restart(tmp_path: Path) -> None:
    announced = Announced(tmp_path / "state" / "discovery.json")
    entry = Entry({"status": "sensor"}, {"old": "button"})
    announced.put("homeassistant/device/a/config", entry)
    pins = announced.pin("a", hardware_id="1a2b3c", name="Dwarf 3")
    announced.save()
    again = Announced(tmp_path / "state" / "discovery.json")
    assert again.get("homeassistant/device/a/config") == entry
    assert again.pin("a", hardware_id="other", name="Renamed") == pins


def test_what_a_file_in_a_former_place_knows_is_taken_over_once(tmp_path: Path) -> None:
    former, path = tmp_path / "first" / "discovery.json", tmp_path / "discovery.json"
    former.parent.mkdir()
    pins = {"a": {"hardware_id": "1a2b3c", "entity_prefix": "scope"}}
    entry = {"components": {"status": "sensor"}, "owned": ["dwarf/a/status"], "leaving": {}}
    former.write_text(json.dumps({"version": 1, "topics": {"ha/a": entry}, "pins": pins}))
    announced = Announced(path, [former, path, tmp_path / "none.json"])
    assert announced.get("ha/a") == Entry({"status": "sensor"})
    assert announced.retained == {"dwarf/a/status"}
    announced.save()
    assert not former.exists()
    again = Announced(path, [former])
    assert again.pin("a", hardware_id="x", name="x").entity_prefix == "scope"
    assert again.retained == {"dwarf/a/status"}


def test_ids_stay_as_first_published_when_name_and_serial_are_learned_later(tmp_path: Path) -> None:
    announced = Announced(tmp_path / "discovery.json")
    first = announced.pin("balcony", hardware_id="", name="Dwarf 3 öst")
    assert (first.hardware_id, first.entity_prefix) == ("balcony", "dwarf_3_ost")
    assert announced.pin("balcony", hardware_id="1a2b3c", name="Other") == first


def test_a_configured_prefix_wins_over_the_remembered_one(tmp_path: Path) -> None:
    announced = Announced(tmp_path / "discovery.json")
    announced.pin("a", hardware_id="x", name="Dwarf 3")
    assert (
        announced.pin("a", hardware_id="x", name="Dwarf 3", entity_prefix="Scope A").entity_prefix
        == "scope_a"
    )


def test_a_name_of_any_length_leaves_room_for_what_tells_the_entities_apart(tmp_path: Path) -> None:
    announced = Announced(tmp_path / "discovery.json")
    pins = announced.pin("a", hardware_id="x", name="The long telescope " * 20)
    assert len(pins.entity_prefix) <= 64
    assert pins.entity_prefix.startswith("the_long_telescope_the")
    assert not pins.entity_prefix.endswith("_")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"topics": {"a": 1}, "pins": {}}', '{"topics": {}}'])
def test_a_damaged_file_is_put_aside_and_said(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "discovery.json"
    path.write_text(text)
    with caplog.at_level(logging.WARNING):
        announced = Announced(path)
    assert announced.entries == {}
    assert (tmp_path / "discovery.json.bad").read_text() == text
    assert "discovery.json" in caplog.text
    announced.pin("a", hardware_id="x", name="A")
    announced.save()
    assert Announced(path).pin("a", hardware_id="y", name="B").hardware_id == "x"


def test_a_folder_that_cannot_be_written_is_said_and_nothing_breaks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    announced = Announced(tmp_path / "elsewhere" / "discovery.json")
    (tmp_path / "elsewhere").write_text("in the way")
    with caplog.at_level(logging.WARNING):
        announced.save()
    assert "cannot keep" in caplog.text


def test_a_component_that_left_or_changed_its_platform_is_gone() -> None:
    entry = Entry({**telescope().components, "ghost": "sensor", "status": "binary_sensor"})
    assert entry.gone_from(telescope()) == {"ghost": "sensor", "status": "binary_sensor"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Dwarf 3", "dwarf_3"), ("  Öst-Balkon!! ", "ost_balkon"), ("望远镜", ""), ("a__b", "a_b")],
)
def test_slugs_look_like_entity_ids(name: str, expected: str) -> None:
    assert slug(name) == expected
