"""Blueprints, dashboard and package: they load, and refer only to what discovery creates."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jinja2
import pytest

from agent.capabilities import Camera
from agent.events import Reason, Status
from agent.mqtt.vocabulary import EventType
from agent.sky.catalogue import resolve
from agent.telescope.dwarf.models import MODELS, capabilities_for
from tests.homeassistant.shipped import (
    BLUEPRINTS,
    DASHBOARDS,
    FOLDER,
    PACKAGES,
    Input,
    entities,
    inputs,
    load,
    walk,
)
from tests.mqtt.discovery.samples import bridge, components, telescope

REPOSITORY = "https://github.com/dwarf-agent/dwarf-agent/blob/main/homeassistant/"
OLDEST = "2025.10.0"
EXPECTED = {
    "automation/abort_on_rain",
    "automation/agent_offline",
    "automation/ask_me_tonight",
    "automation/assist",
    "automation/low_battery_or_storage",
    "automation/queue_tonight",
    "automation/rescue_in_the_rain",
    "automation/resume_when_clear",
    "automation/session_result_notify",
    "automation/night_report_notify",
    "automation/weather_heartbeat",
    "script/goto",
    "script/new_start",
    "script/submit_session",
    "template/sky_safe",
}
EACH_BLUEPRINT = pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.stem)
EACH_PAGE = pytest.mark.parametrize("path", [*DASHBOARDS, *PACKAGES], ids=lambda path: path.stem)

PARTS = [*components(telescope()).values(), *components(bridge()).values()]
DISCOVERED = {part["default_entity_id"] for part in PARTS if "default_entity_id" in part}
BUILT_IN_CARDS = {"heading", "tile", "markdown", "picture-entity", "weather-forecast"}
GONE = {"entity": "binary_sensor.dwarf_agent_connectivity"}


def test_everything_that_is_promised_is_there() -> None:
    assert {f"{path.parent.name}/{path.stem}" for path in BLUEPRINTS} == EXPECTED
    assert DASHBOARDS
    assert PACKAGES


def test_the_folder_does_not_shadow_home_assistants_own_package() -> None:
    assert not list(FOLDER.rglob("*.py"))


@EACH_BLUEPRINT
def test_a_blueprint_says_what_it_is_and_where_it_comes_from(path: Path) -> None:
    about = load(path)["blueprint"]
    assert about["domain"] == path.parent.name
    assert about["source_url"] == f"{REPOSITORY}blueprints/{path.parent.name}/{path.name}"
    assert about["homeassistant"]["min_version"] == OLDEST
    assert about["name"].startswith("DWARF: ")
    assert len(about["description"]) > 60


@EACH_BLUEPRINT
def test_a_blueprint_uses_every_input_and_no_other(path: Path) -> None:
    blueprint = load(path)
    declared = set(inputs(blueprint))
    used = {
        node.name
        for key, part in blueprint.items()
        if key != "blueprint"
        for node in walk(part)
        if isinstance(node, Input)
    }
    assert used == declared


@EACH_BLUEPRINT
def test_inputs_have_names_selectors_and_collapsed_sections_with_defaults(path: Path) -> None:
    blueprint = load(path)
    for name, given in inputs(blueprint).items():
        assert given["name"], name
        assert given["selector"], name
    for name, section in blueprint["blueprint"]["input"].items():
        if "input" in section:
            assert section["collapsed"] is True, name
            assert all("default" in given for given in section["input"].values()), name


@EACH_BLUEPRINT
def test_a_blueprint_is_bound_to_no_telescope_and_no_prefix(path: Path) -> None:
    blueprint = {key: part for key, part in load(path).items() if key != "blueprint"}
    assert not entities(blueprint)
    assert not [text for text in walk(blueprint) if isinstance(text, str) and re.search(r"\bdwarf/", text)]


@EACH_BLUEPRINT
def test_entity_pickers_offer_something_that_discovery_creates(path: Path) -> None:
    created = {(part["platform"], part.get("device_class")) for part in PARTS}
    for name, given in inputs(load(path)).items():
        filters = (given["selector"].get("entity") or {}).get("filter", [])
        for wanted in filters:
            if wanted.get("integration") != "mqtt":
                continue
            domain, device_class = wanted["domain"], wanted.get("device_class")
            assert any(platform == domain and device_class in (None, found) for platform, found in created), (
                name
            )


@EACH_BLUEPRINT
def test_triggers_on_events_ignore_an_entity_that_only_came_back(path: Path) -> None:
    blueprint = load(path)
    picks = {name for name, given in inputs(blueprint).items() if _domain(given) == "event"}
    for trigger in blueprint.get("triggers", []):
        if isinstance(trigger.get("entity_id"), Input) and trigger["entity_id"].name in picks:
            assert trigger["not_from"] == "unavailable"
            assert trigger["not_to"] == ["unavailable", "unknown"]
            told = blueprint["variables"]["told"]
            assert "if trigger.from_state and trigger.to_state" in told, "deleting the entity fires as well"


def test_words_in_blueprints_are_words_that_the_agent_says() -> None:
    notify = inputs(load(FOLDER / "blueprints/automation/session_result_notify.yaml"))["event_types"]
    offered = {option["value"] for option in notify["selector"]["select"]["options"]}
    assert offered <= {kind.value for kind in EventType}
    assert set(notify["default"]) <= offered
    resume = (FOLDER / "blueprints/automation/resume_when_clear.yaml").read_text()
    assert f"'{Status.PAUSED}'" in resume
    assert f"'{Reason.WEATHER}'" in resume


@EACH_PAGE
def test_pages_refer_only_to_entities_that_exist(path: Path) -> None:
    page = load(path)
    own = {f"input_boolean.{key}" for key in page.get("input_boolean", {})}
    own |= {text for text in walk(page.get("template", [])) if isinstance(text, str) and _is_entity(text)}
    used = entities(page)
    assert len(used) > 3
    assert used <= DISCOVERED | own


@EACH_PAGE
def test_pages_need_one_slug_replaced_and_no_more(path: Path) -> None:
    slugs = {entity.partition(".")[2] for entity in entities(load(path))}
    assert all(slug.startswith(("dwarf_3_", "dwarf_agent_")) for slug in slugs)


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_the_dashboard_uses_built_in_cards_alone(path: Path) -> None:
    for view in load(path)["views"]:
        assert view["type"] == "sections"
        cards = [card for section in view["sections"] for card in section["cards"]]
        assert {card["type"] for card in cards} <= BUILT_IN_CARDS


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_what_ends_or_throws_away_something_is_red_and_asks_first(path: Path) -> None:
    tiles = [card for card in walk(load(path)) if isinstance(card, dict) and card.get("type") == "tile"]
    by_name = {tile["name"]: tile for tile in tiles}
    for name in ("Stop", "End the night", "Remove"):
        assert by_name[name]["color"] == "red", name
        assert by_name[name]["tap_action"]["confirmation"], name
    assert by_name["Park"]["tap_action"]["confirmation"]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    ("status", "running", "night_over", "offered"),
    [
        ("paused", True, False, True),
        ("imaging", True, False, False),
        ("waiting", True, True, False),  # the session's own wait: it ends by itself
        ("waiting", False, True, True),
        ("waiting", False, False, False),  # for the weather
        ("parked", False, True, True),  # as a night ends whose sessions park
        ("parked", False, False, False),
        ("offline", False, True, True),  # one whose sessions switch off
        ("idle", False, False, False),
    ],
)
def test_go_on_is_offered_where_there_is_something_to_go_on_with(
    path: Path, status: str, running: bool, night_over: bool, offered: bool
) -> None:
    button = components(telescope())["resume"]
    (about,) = [one for one in button["availability"] if one["topic"].endswith("/status")]
    template = jinja2.Environment().from_string(about["value_template"])
    word = template.render(value_json={"running": running, "night_over": night_over})
    now = {
        "sensor.dwarf_3_status": status,
        "binary_sensor.dwarf_3_running": "on" if running else "off",
        "button.dwarf_3_resume": {"online": "unknown", "offline": "unavailable"}[word],
    }
    tiles = [card for card in walk(load(path)) if isinstance(card, dict) and card.get("type") == "tile"]
    (go_on,) = [tile for tile in tiles if tile["entity"] == "button.dwarf_3_resume"]
    assert all(_holds(condition, now) for condition in go_on["visibility"]) is offered


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    ("status", "reason", "foretold"),
    [("idle", None, True), ("parked", None, True), ("waiting", "weather", False), ("parked", "user", False)],
)
def test_no_session_is_foretold_of_a_night_that_was_ended(
    path: Path, status: str, reason: str | None, foretold: bool
) -> None:
    cards = [card for card in walk(load(path)) if isinstance(card, dict) and card.get("type") == "markdown"]
    begins = re.compile(r"({% set over .*?%} )?{% if has_value\('sensor.dwarf_3_next_session'\).*?%}")
    (foretelling,) = [found[0] for card in cards if (found := begins.search(card["content"]))]
    shown = jinja2.Environment().from_string(f"{foretelling}Next{{% endif %}}")
    assert shown.render(
        has_value=lambda _: True,
        is_state=lambda _, state: state == status,
        state_attr=lambda _, name: {"reason": reason}[name],
    ).strip() == ("Next" if foretold else "")


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_while_the_agent_is_gone_there_is_one_card_and_nothing_else(path: Path) -> None:
    tonight = load(path)["views"][0]
    gone, *others = [section["visibility"] for section in tonight["sections"]]
    assert gone == [{"condition": "state", **GONE, "state_not": "on"}]
    assert all(each == [{"condition": "state", **GONE, "state": "on"}] for each in others)
    assert len(tonight["sections"][0]["cards"]) == 1


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_the_dashboard_shows_only_entities_that_are_enabled(path: Path) -> None:
    enabled = {
        part["default_entity_id"]
        for part in PARTS
        if "default_entity_id" in part and part.get("enabled_by_default") is not False
    }
    assert entities(load(path)) <= enabled


@pytest.mark.parametrize("path", [*BLUEPRINTS, *DASHBOARDS, *PACKAGES], ids=lambda path: path.stem)
def test_templates_have_their_brackets_closed(path: Path) -> None:
    for text in walk(load(path)):
        if isinstance(text, str):
            for start, end in (("{{", "}}"), ("{%", "%}")):
                assert text.count(start) == text.count(end), text
            opened = len(re.findall(r"{%-?\s*(?:if|for)\b", text))
            assert opened == len(re.findall(r"{%-?\s*end(?:if|for)\b", text)), text


def _domain(given: dict[str, Any]) -> str | None:
    filters = (given["selector"].get("entity") or {}).get("filter", [])
    return filters[0].get("domain") if filters else None


def _holds(condition: dict[str, Any], now: dict[str, str]) -> bool:
    match condition["condition"]:
        case "or":
            return any(_holds(one, now) for one in condition["conditions"])
        case "and":
            return all(_holds(one, now) for one in condition["conditions"])
        case _:
            wanted = condition.get("state") or condition["state_not"]
            among = now[condition["entity"]] in (wanted if isinstance(wanted, list) else [wanted])
            return among is ("state" in condition)


def _is_entity(text: str) -> bool:
    return bool(re.fullmatch(r"(binary_)?sensor\.[a-z0-9_]+", text))


def test_the_lists_of_a_new_session_are_what_the_telescopes_offer_and_the_catalogue_knows() -> None:
    fields = load(FOLDER / "blueprints/script/submit_session.yaml")["fields"]
    cameras = [capabilities_for(model).cameras[Camera.TELE] for model in MODELS]
    exposures = {
        each.seconds: each.name for camera in cameras for each in camera.exposures if each.seconds >= 1
    }
    assert options(fields["exposure"]) == [exposures[seconds] for seconds in sorted(exposures)]
    assert options(fields["filter"]) == list(
        dict.fromkeys(each.name for camera in cameras for each in camera.filters)
    )
    gain = fields["gain"]["selector"]["number"]
    assert (gain["min"], gain["max"]) == (0, max(gain for camera in cameras for gain in camera.gains))
    for target in options(fields["target"]):
        resolve(target)
    tonight = inputs(load(FOLDER / "blueprints/automation/queue_tonight.yaml"))["targets"]["selector"][
        "object"
    ]
    assert set(options(tonight["fields"]["exposure"])) <= set(exposures.values())
    assert options(tonight["fields"]["filter"]) == options(fields["filter"])


def options(field: dict[str, Any]) -> list[str]:
    given = field["selector"]["select"]["options"]
    return [each["value"] if isinstance(each, dict) else each for each in given]
