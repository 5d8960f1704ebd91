"""`dwarf-agent dashboard`: the shipped dashboard, with the ids of the telescope that was announced."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from agent.cli.dashboard import filled_in
from agent.cli.main import main
from agent.errors import AgentError
from agent.mqtt.broker_options import BrokerOptions
from agent.mqtt.discovery.bridge import build_bridge_device
from agent.mqtt.discovery.dashboard import dashboard
from agent.mqtt.discovery.model import BridgeFacts
from agent.mqtt.discovery.telescope import build_telescope_device
from agent.mqtt.memory import MemoryBroker, MemoryPort
from agent.mqtt.topics import Topics
from tests.homeassistant.shipped import DASHBOARDS, entities
from tests.mqtt.discovery.samples import FACTS, OPTIONS
from tests.support.virtual_loop import run_virtual

NOWHERE = BrokerOptions("not used: the port is in memory")
SHIPPED = Path(__file__).parents[2] / "homeassistant" / "dashboards" / "dwarf.yaml"


def made(base: str = "dwarf", telescope: str = "", *names: str) -> str:
    """The dashboard on a broker where telescopes of these names were announced."""
    options = replace(OPTIONS, topics=Topics.below(base))
    broker = MemoryBroker()
    messages = [build_bridge_device(BridgeFacts(), options)]
    for name in names:
        facts = replace(
            FACTS, telescope_id=name, name=name.title(), hardware_id=name, entity_prefix=f"my_{name}"
        )
        messages.append(build_telescope_device(facts, options))
    for message in messages:
        broker.publish(message.topic, message.wire, retain=True)
    broker.publish("homeassistant/device/stranger/config", '{"o":{"name":"zigbee2mqtt"}}', retain=True)
    broker.publish("homeassistant/device/broken/config", "{", retain=True)
    port = MemoryPort(broker)
    return run_virtual(filled_in(NOWHERE, base, "homeassistant", telescope=telescope, port=port))


def test_the_shipped_dashboard_is_the_one_that_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert DASHBOARDS == [SHIPPED]
    assert main(["dashboard", "--prefix", "dwarf_3"]) == 0
    assert capsys.readouterr().out == SHIPPED.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("base", "agent"), [("dwarf", "dwarf_agent"), ("home/sky", "dwarf_agent_bridge_home_sky")]
)
def test_ids_are_those_that_were_announced(base: str, agent: str) -> None:
    page = yaml.safe_load(made(base, "", "garden"))
    assert page["title"] == "Garden"
    beginnings = {entity.partition(".")[2] for entity in entities(page)}
    assert all(entity.startswith(("my_garden_", f"{agent}_")) for entity in beginnings)
    assert f"{agent}_connectivity" in beginnings


def test_of_several_telescopes_one_must_be_named() -> None:
    assert "my_roof_status" in made("dwarf", "roof", "garden", "roof")
    for wanted, words in (("", "--telescope with one of: garden, roof"), ("cellar", "One of: garden, roof")):
        with pytest.raises(AgentError, match=words):
            made("dwarf", wanted, "garden", "roof")
    with pytest.raises(AgentError, match="No telescope has been announced"):
        made()


def test_nothing_of_the_sample_is_left() -> None:
    text = dashboard("attic", "agent_two", 'Attic "2"')
    assert "dwarf_3" not in text
    assert "Dwarf 3" not in text
    assert yaml.safe_load(text)["title"] == 'Attic "2"'


def test_names_that_are_those_of_the_sample_are_taken_as_they_are() -> None:
    text = dashboard("attic", "dwarf_agent_bridge_dwarf_3", "My dwarf_3")
    assert yaml.safe_load(text)["title"] == "My dwarf_3"
    assert "dwarf_agent_bridge_dwarf_3_connectivity" in text
