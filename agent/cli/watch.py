"""`dwarf-agent watch`: what a telescope does, live."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

from agent.cli.common import Commands, add_command, add_config_flags, broker_of, load
from agent.cli.live import Live
from agent.cli.submit import result_sentence
from agent.cli.verbs import only_telescope

if TYPE_CHECKING:
    from agent.mqtt.broker_options import BrokerOptions
    from agent.mqtt.port import MqttPort

_DESCRIPTION = """\
Follows a telescope until Ctrl-C: each step, each wait with its reason, each result; on a terminal with a bar
of the running session's progress. In a pipe it prints plain lines."""
_EXAMPLES = """\
  dwarf-agent watch
  dwarf-agent watch --telescope garden --mqtt-host broker.local"""


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "watch",
        _run,
        summary="follow what a telescope does, live",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "--telescope", default="", metavar="ID", help="which telescope, when there are several"
    )
    add_config_flags(parser, "mqtt_host", "mqtt_port", "mqtt_base_topic")


def _run(arguments: argparse.Namespace) -> int:
    settings = load(arguments)
    asyncio.run(watch(broker_of(settings), settings.mqtt.base_topic, arguments.telescope))
    return 0


async def watch(
    broker: BrokerOptions,
    base: str,
    telescope: str = "",
    *,
    port: MqttPort | None = None,
    stream: TextIO | None = None,
) -> None:
    """Show what is known, then every news, for ever."""
    from agent.mqtt.client import calling

    live = Live(stream)
    try:
        async with calling(broker, base, port) as caller:
            known = await caller.status()
            name = telescope or only_telescope(known)
            for topic in ("status", "progress"):
                if isinstance(body := known.get(f"{name}/{topic}"), dict):
                    live.hear(topic, body)

            def hear(topic: str, body: Mapping[str, Any]) -> None:
                owner, _, what = topic.partition("/")
                if owner == name and what.startswith("result/"):
                    live.say(result_sentence(body))
                elif owner == name:
                    live.hear(what, body)

            await caller.follow(hear)
    finally:
        live.close()
