"""`dwarf-agent schema`: the JSON Schema of a session document."""

from __future__ import annotations

import argparse
import json

from agent.cli.common import Commands, add_command

_EXAMPLES = """\
  dwarf-agent schema > session.schema.json   for an editor that completes and checks as you type"""


def add_to(commands: Commands) -> None:
    """Add this command."""
    add_command(
        commands, "schema", _run, summary="print the JSON Schema of a session document", examples=_EXAMPLES
    )


def _run(_: argparse.Namespace) -> int:
    from agent.session.schema import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return 0
