"""`dwarf-agent darks`: which dark frames the telescope keeps, and what the queue lacks."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from agent.cli.common import Commands, add_command, add_config_flags, broker_of, load, perform
from agent.text import json_text, printable

if TYPE_CHECKING:
    from agent.mqtt.broker_options import BrokerOptions
    from agent.mqtt.port import MqttPort

_DESCRIPTION = """\
Asks the running agent for the dark frames that its telescope keeps: which there are, which the sessions that
wait need, and which of these are missing or were taken at another temperature. A dark fits with the same
exposure, gain and binning within 8 degrees of the sensor. Exit code 0 when every session has its darks, 1
when one lacks some, 2 when nobody can be asked.

A session with a section dark_frames takes what its captures lack."""
_EXAMPLES = """\
  dwarf-agent darks
  dwarf-agent darks --telescope garden --json"""

_STATES = {
    "there": "there",
    "missing": "MISSING",
    "other_temperature": "TOO OLD: taken at another temperature",
}


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "darks",
        _run,
        summary="show the telescope's dark frames, and which ones the queue lacks",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    parser.add_argument("--telescope", default="", metavar="ID", help="which one, when there are several")
    parser.add_argument("--json", action="store_true", help="print everything as one JSON object")
    add_config_flags(parser, "mqtt_host", "mqtt_port", "mqtt_base_topic")


def _run(arguments: argparse.Namespace) -> int:
    settings = load(arguments)
    asking = darks(broker_of(settings), settings.mqtt.base_topic, arguments.telescope, as_json=arguments.json)
    return perform(asking)


async def darks(
    broker: BrokerOptions,
    base: str,
    telescope: str = "",
    *,
    as_json: bool = False,
    port: MqttPort | None = None,
) -> int:
    """Ask, print, and return the exit code."""
    from agent.mqtt.client import calling

    async with calling(broker, base, port) as caller:
        found = await caller.question("darks", {"telescope": telescope} if telescope else {})
    print(json_text(found, 2) if as_json else "\n".join(map(printable, _lines(found))))
    return 0 if all(one["state"] == "there" for one in found["wanted"]) else 1


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    for camera, celsius in found["sensors"].items():
        if celsius is not None:
            yield f"{camera} camera: sensor at {celsius:g} °C"
    yield "kept:" if found["kept"] else "kept: none"
    for one in found["kept"]:
        at = f", {one['celsius']:g} °C" if one["celsius"] is not None else ""
        yield f"  {_kind(one)}{at}"
    yield "wanted by the sessions that wait:" if found["wanted"] else "no session that waits needs any"
    for one in found["wanted"]:
        yield f"  {_kind(one)}: {_STATES.get(one['state'], one['state'])} ({', '.join(one['sessions'])})"


def _kind(one: Mapping[str, Any]) -> str:
    binning = f", {one['binning']}" if one["binning"] else ""
    return f"{one['camera']} {one['exposure']} s, gain {one['gain']}{binning}"
