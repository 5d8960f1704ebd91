"""`dwarf-agent samples`: session files to look at and to begin with."""

from __future__ import annotations

import argparse
import sys
from importlib import resources
from pathlib import Path

from agent.cli.common import Commands, add_command
from agent.text import printable

_DESCRIPTION = """\
Copies the sample sessions into a folder, which is made where it is missing. A file that is there already is
left alone. Nothing in the folder runs until you move it into ToDo."""
_EXAMPLES = """\
  dwarf-agent samples my-samples
  dwarf-agent samples                        only list them"""


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "samples",
        _run,
        summary="copy the sample sessions into a folder",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    parser.add_argument("folder", nargs="?", type=Path, metavar="DIR", help="where to put them")


def _run(arguments: argparse.Namespace) -> int:
    folder: Path | None = arguments.folder
    found = sorted(
        (one for one in (resources.files("agent") / "samples").iterdir() if one.name.endswith(".json")),
        key=lambda one: one.name,
    )
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    for sample in found:
        target = folder / sample.name if folder is not None else None
        if target is not None and target.exists():
            print(printable(f"{target} is there already"), file=sys.stderr)
            continue
        if target is not None:
            target.write_bytes(sample.read_bytes())
        print(printable(target or sample.name))
    return 0
