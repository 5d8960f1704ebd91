"""`dwarf-agent queue`: what waits, in its order, when each will really start, and why not before."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agent.cli.colour import print_lines
from agent.cli.common import Commands, add_command, add_config_flags, broker_of, load, perform
from agent.cli.live import time_words
from agent.text import json_text

if TYPE_CHECKING:
    from agent.mqtt.broker_options import BrokerOptions
    from agent.mqtt.port import MqttPort

_DESCRIPTION = """\
Shows the sessions that wait: place, id, target, and when each starts by the plan as it is now, or why that is
not known. Times are the site's. Exit code 0, also when nothing waits."""
_EXAMPLES = """\
  dwarf-agent queue
  dwarf-agent queue --telescope garden
  dwarf-agent queue --json | jq '.garden[0].starts_at'"""

NARROW = 72  # columns; below, each session gets lines of its own


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "queue",
        _run,
        summary="show what waits, and when it starts",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    parser.add_argument("--telescope", default="", metavar="ID", help="only this one")
    parser.add_argument("--json", action="store_true", help="print everything as one JSON object")
    add_config_flags(parser, "mqtt_host", "mqtt_port", "mqtt_base_topic")


def _run(arguments: argparse.Namespace) -> int:
    settings = load(arguments)
    asking = queue(broker_of(settings), settings.mqtt.base_topic, arguments.telescope, as_json=arguments.json)
    return perform(asking)


async def queue(
    broker: BrokerOptions,
    base: str,
    telescope: str = "",
    *,
    as_json: bool = False,
    port: MqttPort | None = None,
    width: int | None = None,
) -> int:
    """Ask, print for a terminal of that width (None: as it is), and return the exit code."""
    from agent.mqtt.client import CallerError, calling

    async with calling(broker, base, port) as caller:
        found = dict(await caller.question("sessions/list", {}))
        if telescope:
            if telescope not in found:
                known = ", ".join(sorted(found))
                raise CallerError(f"There is no telescope {telescope!r}.", hint=f"One of: {known}.")
            found = {telescope: found[telescope]}
        retained = await caller.status()
    if as_json:
        print(json_text(found, 2))
        return 0
    if width is None:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    for name, rows in found.items():
        print_lines(_lines(name, rows, retained.get(f"{name}/status") or {}, width))
    return 0


def _lines(
    telescope: str, rows: Sequence[Mapping[str, Any]], status: Mapping[str, Any], width: int
) -> Iterator[str]:
    yield f"{telescope}: {len(rows)} waiting" if rows else f"{telescope}: nothing waits"
    if status.get("running"):
        yield f"  runs  {status.get('session_id')}: {status.get('target')}, {status.get('step')}"
    cells = [
        (f"{row['place']}", row["session_id"], row["target"], _start(row), str(row["why"] or ""))
        for row in rows
    ]
    if width and width < NARROW:
        for place, session_id, target, start, why in cells:
            yield f"  {place} {session_id}"
            yield f"    {target}, {start}"
            if why:
                yield f"    {why}"
        return
    widths = [max((len(cell[column]) for cell in cells), default=0) for column in range(4)]
    for cell in cells:
        line = "  ".join(f"{text:<{room}}" for text, room in zip(cell, [*widths, 0], strict=True)).rstrip()
        yield f"  {line if not width or len(line) <= width - 2 else line[: width - 3] + '…'}"


def _start(row: Mapping[str, Any]) -> str:
    return time_words(row["starts_at"]) or "not known"
