"""`dwarf-agent simulate`: a simulated telescope on the network, for the agent or any other client."""

from __future__ import annotations

import argparse
from pathlib import Path

from agent.cli.common import Commands, add_command, port_number, positive

_DESCRIPTION = """\
Behaves like a telescope on the wire: WebSocket control on --port, HTTP on --http-port. Point the agent
(or any other client) at it. Nothing is moved and no sky is needed."""
_EXAMPLES = """\
  dwarf-agent simulate                                  a Dwarf 3 on 127.0.0.1:9900
  dwarf-agent simulate --model mini --speed 20          a Dwarf mini, twenty times as fast as life
  dwarf-agent simulate --fault 'drop_link at=30'        that loses the connection after 30 s
  dwarf-agent simulate --faults                         list the faults there are"""


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
    parser.add_argument("--model", choices=("D2", "D3", "mini"), default="D3", help="(default: %(default)s)")
    parser.add_argument(
        "--speed", type=positive, default=1.0, help="times as fast as life (default: %(default)s)"
    )
    parser.add_argument(
        "--generation",
        choices=("v2", "v3", "both"),
        default="both",
        help="firmware generation (default: %(default)s)",
    )
    parser.add_argument("--answer-type", type=int, choices=(1, 3), default=3, help="packet type of answers")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="FAULT", help="something that goes wrong"
    )
    parser.add_argument("--faults", action="store_true", help="list the faults, and exit")
    parser.add_argument(
        "--seed", type=int, default=1, help="for what happens by chance (default: %(default)s)"
    )
    parser.add_argument("--replay", type=Path, metavar="FILE", help="answer as a recorded telescope did")


def _run(arguments: argparse.Namespace) -> int:
    return 0
