"""`dwarf-agent dashboard`: the dashboard of a telescope for Home Assistant, with its entity ids filled in."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.cli.common import Commands, add_command, add_config_flags, broker_of, load, perform
from agent.errors import AgentError

if TYPE_CHECKING:
    from agent.mqtt.broker_options import BrokerOptions
    from agent.mqtt.port import Message, MqttPort

_DESCRIPTION = """\
Prints a dashboard for Home Assistant: make a new dashboard there, open its raw configuration editor, and
paste. The entity ids are those that the running agent announced; ids that you changed in Home Assistant
yourself are yours to change here as well. With --prefix nothing is asked."""
_EXAMPLES = """\
  dwarf-agent dashboard > dashboard.yaml
  dwarf-agent dashboard --telescope garden --mqtt-host broker.local > garden.yaml
  dwarf-agent dashboard --prefix dwarf_3 > dashboard.yaml"""


@dataclass(frozen=True, slots=True)
class Announced:
    """A telescope as it was announced: its word in topics, its name, and what its entity ids begin with."""

    telescope: str
    name: str
    prefix: str


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "dashboard",
        _run,
        summary="print a dashboard for Home Assistant with the telescope's entity ids",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "--telescope", default="", metavar="ID", help="which telescope, when there are several"
    )
    parser.add_argument("--prefix", default="", help="what its entity ids begin with, such as dwarf_3")
    add_config_flags(parser, "mqtt_host", "mqtt_port", "mqtt_base_topic", "discovery_prefix")


def _run(arguments: argparse.Namespace) -> int:
    from agent.mqtt.discovery.dashboard import dashboard

    if arguments.prefix:
        print(dashboard(arguments.prefix), end="")
        return 0
    settings = load(arguments)
    base, prefix = settings.mqtt.base_topic, settings.discovery.prefix
    print(perform(filled_in(broker_of(settings), base, prefix, telescope=arguments.telescope)), end="")
    return 0


async def filled_in(
    broker: BrokerOptions, base: str, discovery: str, *, telescope: str = "", port: MqttPort | None = None
) -> str:
    """Return the dashboard of an announced telescope; AgentError when it is not known which."""
    from agent.mqtt.client import calling
    from agent.mqtt.discovery.dashboard import dashboard
    from agent.mqtt.paho_port import PahoPort

    found: dict[str, Mapping[str, Any]] = {}

    def hear(message: Message) -> None:
        body = _device(message.payload)
        if body is not None:
            found[message.topic] = body

    port = port or PahoPort(broker)
    port.subscribe(f"{discovery}/device/+/config", hear)
    async with calling(broker, base, port, needs_agent=False) as caller:
        await caller.status()
    telescopes = [one for body in found.values() for one in _telescopes(body, base)]
    chosen = _choose(telescopes, telescope)
    agents = [one for body in found.values() for one in _agents(body, base)]
    agent = agents[0] if agents else None
    return dashboard(chosen.prefix, agent, name=chosen.name)


def _device(payload: bytes) -> Mapping[str, Any] | None:
    from agent.mqtt.discovery.model import ORIGIN_NAME
    from agent.mqtt.encoding import decode

    body = decode(payload)
    origin = body.get("o") if isinstance(body, dict) else None
    return body if isinstance(origin, dict) and origin.get("name") == ORIGIN_NAME else None


def _telescopes(body: Mapping[str, Any], base: str) -> list[Announced]:
    topic, entity = _component(body, "status")
    owner, _, state = topic.removeprefix(f"{base}/").rpartition("/")
    if not topic.startswith(f"{base}/") or state != "status" or "/" in owner:
        return []
    name = str((body.get("dev") or {}).get("name") or "")
    return [Announced(owner, name, entity.removeprefix("sensor.").removesuffix("_status"))]


def _agents(body: Mapping[str, Any], base: str) -> list[str]:
    topic, entity = _component(body, "connectivity")
    ours = topic == f"{base}/bridge/availability"
    return [entity.removeprefix("binary_sensor.").removesuffix("_connectivity")] if ours else []


def _component(body: Mapping[str, Any], key: str) -> tuple[str, str]:
    """The state topic and the entity id of one component; empty when it is not there."""
    part = (body.get("cmps") or {}).get(key)
    return (str(part.get("stat_t")), str(part.get("def_ent_id"))) if isinstance(part, dict) else ("", "")


def _choose(telescopes: list[Announced], wanted: str) -> Announced:
    known = ", ".join(sorted(one.telescope for one in telescopes))
    fits = [one for one in telescopes if wanted in ("", one.telescope)]
    if not telescopes:
        hint = "Is 'dwarf-agent run' running, with discovery enabled? Or give --prefix."
        raise AgentError("No telescope has been announced on this broker.", hint=hint)
    if not fits:
        raise AgentError(f"There is no telescope {wanted!r}.", hint=f"One of: {known}.")
    if len(fits) > 1:
        raise AgentError("There are several telescopes.", hint=f"Add --telescope with one of: {known}.")
    return fits[0]
