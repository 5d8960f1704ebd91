"""`dwarf-agent simulate`: a simulated telescope on the network, for the agent or any other client."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TYPE_CHECKING

from agent.cli.common import Commands, add_command, interrupted_by, perform, port_number, positive
from agent.errors import AgentError

if TYPE_CHECKING:
    from agent.telescope.simulator import Fault, Habit, SimulatorOptions

_CARD_PORT = 8083  # a telescope's own, 80, is not everybody's to open
_DESCRIPTION = """\
Behaves like a telescope on the wire: WebSocket control on --port, HTTP on --http-port, the files of its card
on --card-port. Point the agent (or any other client) at it with the line that it prints. Nothing is moved,
and no sky is needed."""
_EXAMPLES = """\
  dwarf-agent simulate                                  a Dwarf 3 on 127.0.0.1:9900
  dwarf-agent simulate --model mini --speed 20          a Dwarf mini, twenty times as fast as life
  dwarf-agent simulate --fault drop-link:after_s=30     that loses the connection after 30 s
  dwarf-agent simulate --faults                         list the faults there are
  dwarf-agent simulate --habit missing_darks=late       that reads the firmware in another way
  dwarf-agent simulate --habits                         list the habits there are
  dwarf-agent simulate --strict                         that tells what a client does against its rules
  dwarf-agent simulate --set calibrated=true            one that was calibrated before
  dwarf-agent simulate --replay night.jsonl             one that says what a recorded one said"""


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "simulate",
        _run,
        summary="run a simulated telescope on the network",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=port_number, default=9900, help="control port (default: %(default)s)")
    parser.add_argument(
        "--http-port", type=port_number, default=8082, help="HTTP port (default: %(default)s)"
    )
    parser.add_argument(
        "--card-port",
        type=port_number,
        help=f"port of the card's files (default: {_CARD_PORT}, or a free one as for --http-port 0)",
    )
    parser.add_argument(
        "--model",
        type=_model,
        choices=("D2", "D3", "D3 Plus", "mini", "foreign"),
        default="D3",
        help="(default: %(default)s; the last is one nobody knows)",
    )
    parser.add_argument(
        "--speed", type=positive, default=1.0, help="times as fast as life (default: %(default)s)"
    )
    parser.add_argument(
        "--generation",
        choices=("v2", "v3", "both"),
        default="v3",
        help="firmware generation (default: %(default)s)",
    )
    parser.add_argument("--answer-type", type=int, choices=(1, 3), default=3, help="packet type of answers")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="FAULT", help="something that goes wrong"
    )
    parser.add_argument(
        "--habit",
        action="append",
        default=[],
        metavar="NAME=ANSWER",
        help="what V3 firmware does where sources contradict each other",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="end with code 1, and say which, if a client broke rules of the hardware",
    )
    parser.add_argument("--faults", action="store_true", help="list the faults, and exit")
    parser.add_argument("--habits", action="store_true", help="list the habits, and exit")
    parser.add_argument(
        "--seed", type=int, default=1, help="for what happens by chance (default: %(default)s)"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any other option of the simulator, such as stacking_loss=0.2 (docs/simulator.md lists them)",
    )
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="play a recording made with 'dwarf-agent run --record'"
    )


def _card_port(arguments: argparse.Namespace) -> int:
    if arguments.card_port is not None:
        return int(arguments.card_port)
    return _CARD_PORT if arguments.http_port else 0


def _model(text: str) -> str:
    """A model however it is written; what no real telescope is has one spelling."""
    from agent.capabilities import read_model

    others = {"d3plus": "D3 Plus", "foreign": "foreign"}
    return read_model(text) or others.get(text.casefold().replace(" ", ""), text)


def _run(arguments: argparse.Namespace) -> int:
    from agent.cli.logging_setup import set_up_logging
    from agent.telescope.simulator import FAULTS, HABITS, SimulatorOptions, parse_fault

    if arguments.faults:
        print("\n".join(_fault_line(name, fault) for name, fault in sorted(FAULTS.items())))
        return 0
    if arguments.habits:
        print("\n".join(_habit_line(habit) for habit in HABITS))
        return 0
    options = SimulatorOptions.from_mapping(
        {
            "model": arguments.model,
            "generation": arguments.generation,
            "answer_type": arguments.answer_type,
            "host": arguments.host,
            "port": arguments.port,
            "http_port": arguments.http_port,
            "card_port": _card_port(arguments),
            "seed": arguments.seed,
            "speed": arguments.speed,
            "faults": [parse_fault(text) for text in arguments.fault],
            "habits": dict(_pair("--habit", text) for text in arguments.habit),
            "strict": arguments.strict,
            **dict(_setting(text) for text in arguments.set),
        }
    )
    set_up_logging("info")
    return perform(_serve(options, arguments.replay))


def _pair(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise AgentError(f"{option} {text}: there is no value.", hint=f"Write {option} NAME=VALUE.")
    return name.strip(), value.strip()


def _setting(text: str) -> tuple[str, object]:
    name, value = _pair("--set", text)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


async def _serve(options: SimulatorOptions, recording: Path | None) -> int:
    import asyncio

    from agent.telescope.simulator import (
        BrokenRulesError,
        Recording,
        ReplayedDwarf,
        SimulatedDwarf,
        clock_for,
        patient,
    )

    ended = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    telescope: SimulatedDwarf | ReplayedDwarf
    if recording is None:
        telescope, what = SimulatedDwarf(patient(options)), f"simulated {options.model}"
    else:
        telescope, what = (
            ReplayedDwarf(
                Recording.read(recording),
                clock_for(options),
                host=options.host,
                port=options.port,
                http_port=options.http_port,
            ),
            f"replayed {recording.name}",
        )
    try:
        async with telescope:
            own = telescope.card_port if isinstance(telescope, SimulatedDwarf) else None
            card = f" --telescope-card-port {own}" if own is not None else ""
            keys = interrupted_by()
            print(
                f"{what} on {options.host}:{telescope.port}, HTTP {telescope.http_port}; "
                f"time × {options.speed:g}.{f' {keys} ends it.' if keys else ''}\n"
                f"dwarf-agent run --telescope-host {options.host} --telescope-port {telescope.port} "
                f"--telescope-http-port {telescope.http_port}{card}",
                flush=True,
            )
            await ended.wait()
    except BrokenRulesError as error:
        print("\n".join(str(broken) for broken in error.broken), file=sys.stderr)
        return 1
    except OSError as error:
        raise AgentError(
            f"The simulator cannot listen: {error.strerror or error}.",
            hint="Choose other ports with --port, --http-port and --card-port (0 takes a free one).",
        ) from None
    return 0


def _habit_line(habit: Habit) -> str:
    return f"{habit.name:<24}{habit.help}\n{'':24}[{', '.join(habit.answers)}]"


def _fault_line(name: str, fault: type[Fault]) -> str:
    values = ", ".join(
        one.name if one.default in (MISSING, None) else f"{one.name}={one.default}" for one in fields(fault)
    )
    return f"{name:<24}{fault.help}\n{'':24}[{values}]"
