"""`dwarf-agent history`: what was collected so far, from the sessions that ended."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from agent.cli.common import Commands, add_command, add_config_flags, load
from agent.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.settings import Settings
    from agent.store.ended import EndedSession

_DESCRIPTION = """\
Adds up the sessions in Done and Error, of every configured telescope: light by target, filter and month, how
many sessions were completed, and why the others were not. Nothing is kept for it: what is in the folders is
what is told."""
_EXAMPLES = """\
  dwarf-agent history
  dwarf-agent history "M 42"
  dwarf-agent history --csv > light.csv"""


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "history",
        _run,
        summary="add up the light collected so far",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    parser.add_argument("target", nargs="?", default="", metavar="TARGET", help="of one target")
    parser.add_argument("--csv", action="store_true", help="print the table as CSV")
    add_config_flags(parser, "sessions_dir")


def _run(arguments: argparse.Namespace) -> int:
    from agent.report.history import history, history_csv, history_lines

    told = history(_sessions(load(arguments)), arguments.target)
    if arguments.csv:
        sys.stdout.write(history_csv(told))
    else:
        for line in history_lines(told):
            print(printable(line))
    return 0 if told.lines else 1


def _sessions(settings: Settings) -> Iterator[EndedSession]:
    from zoneinfo import ZoneInfo

    from agent.app.folders import place
    from agent.store.ended import ended_sessions
    from agent.store.folders import Tree

    zone, site = ZoneInfo(settings.site.zone_name), settings.site.site()
    for own in place(settings).settings.telescopes:
        yield from ended_sessions(Tree(settings.sessions_dir_of(own)), zone, site)
