"""`dwarf-agent validate`: would these sessions work, and if not, why."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from agent.cli.colour import Ink, painted, print_lines
from agent.cli.common import Commands, add_command, add_config_flags, add_model_flag, load
from agent.text import json_text, printable

_DESCRIPTION = """\
Reads session files and checks every value against the telescope model, before the night, and says what the
cameras make of them: their field, whether the target fits, and how the field turns while it is exposed.
Exit code 0 when all files are valid, 1 when any is not."""
_EXAMPLES = """\
  dwarf-agent validate m31.json
  dwarf-agent validate Astro_Sessions/ToDo --model D2
  dwarf-agent validate m31.json --json"""


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "validate",
        _run,
        summary="check session files before the night",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="session file, or a folder of them"
    )
    add_model_flag(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    add_config_flags(parser)


def _run(arguments: argparse.Namespace) -> int:
    from agent.cli.documents import (
        assumption,
        check_file,
        problem_lines,
        session_files,
        surroundings,
        view_lines,
    )
    from agent.session.text import duration_text, frames_text

    around = surroundings(load(arguments), arguments.model)
    checked = [check_file(path, around) for path in session_files(arguments.files)]
    if arguments.json:
        print(json_text([one.to_json() for one in checked], indent=2))
        return 0 if all(one.valid for one in checked) else 1
    for one in checked:
        if one.valid and one.plan is not None:
            frames = f", {frames_text(one.plan)}" if one.plan.frames_requested else ""
            about = f"{one.plan.target}{frames}, about {duration_text(one.plan.estimate_s)}"
            print(f"{printable(one.path)}: {painted('valid', Ink.GOOD)}: {printable(about)}")
        else:
            print(f"{printable(one.path)}: {painted('NOT VALID', Ink.BAD)}")
        print_lines((*view_lines(one), *problem_lines(one)))
    if note := assumption(around):
        print(note, file=sys.stderr)
    return 0 if all(one.valid for one in checked) else 1
