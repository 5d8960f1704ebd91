"""`dwarf-agent arm`: let commands that move or power the telescope be taken, for a while."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from agent.cli.common import Commands, add_command, add_config_flags, broker_of, load, perform, positive
from agent.cli.verbs import only_telescope
from agent.text import printable

if TYPE_CHECKING:
    from agent.mqtt.broker_options import BrokerOptions
    from agent.mqtt.port import MqttPort

_DESCRIPTION = """\
Arms the controls of a telescope: park, goto, nudge, focus-step, autofocus, calibrate, align, shutdown and
reboot are taken for a few minutes then. Stopping needs no arming. Exit code 0 when it is so, 1 when the agent
refused."""
_EXAMPLES = """\
  dwarf-agent arm && dwarf-agent goto --target "M 42"
  dwarf-agent arm --minutes 2
  dwarf-agent arm --off"""


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "arm",
        _run,
        summary="let commands that move the telescope be taken, for a while",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    parser.add_argument("--minutes", type=positive, default=5.0, help="for how long (default: 5)")
    parser.add_argument("--off", action="store_true", help="disarm them now")
    parser.add_argument(
        "--telescope", default="", metavar="ID", help="which telescope, when there are several"
    )
    add_config_flags(parser, "mqtt_host", "mqtt_port", "mqtt_base_topic")


def _run(arguments: argparse.Namespace) -> int:
    settings = load(arguments)
    minutes = 0.0 if arguments.off else arguments.minutes
    return perform(arm(broker_of(settings), settings.mqtt.base_topic, minutes, arguments.telescope))


async def arm(
    broker: BrokerOptions,
    base: str,
    minutes: float,
    telescope: str = "",
    *,
    port: MqttPort | None = None,
) -> int:
    """Arm for that long (0 disarms), print the answer, and return the exit code."""
    from agent.mqtt.client import calling

    async with calling(broker, base, port) as caller:
        name = telescope or only_telescope(await caller.status())
        answer = await caller.set_value(name, "armed_minutes", minutes)
    good = answer.get("status") != "error"
    text = f"{answer.get('message') or ''} {answer.get('hint') or ''}".strip()
    print(printable(text), file=sys.stdout if good else sys.stderr)
    return 0 if good else 1
