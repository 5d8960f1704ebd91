"""`dwarf-agent tonight`: what is worth a picture tonight, and sessions of the best."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from agent.cli.colour import print_lines
from agent.cli.common import Commands, add_command, add_config_flags, add_model_flag, load
from agent.cli.import_ import folder_of, read_bytes
from agent.cli.plan import read_night
from agent.text import json_text, printable

if TYPE_CHECKING:
    from agent.app.advice import Advice
    from agent.cli.documents import Surroundings
    from agent.planner.suggestions import Suggestion, Suggestions

_DESCRIPTION = """\
Lists what is worth a picture tonight: objects of the catalogue that fit the telescope's field, with when your
conditions and your horizon let them be imaged, how bright they are, the Moon, and what of them is collected
already. The score is the product of these, from 0 to 100, and each line says what counts, best first. When
the list is empty, it says why. With --queue the best become sessions in ToDo, with the values of
defaults.json in the session folder, else 120 frames of 15 s at gain 80.

exit codes: 0 there is something, 1 there is nothing or a session was not made, 2 it could not be tried"""
_EXAMPLES = """\
  dwarf-agent tonight
  dwarf-agent tonight --queue 3
  dwarf-agent tonight --night 2026-12-12 --json
  dwarf-agent tonight --uptonight out/uptonight-report.json"""


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "tonight",
        _run,
        summary="list what is worth a picture tonight, and make sessions of the best",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "--queue",
        type=_count,
        default=0,
        metavar="N",
        help="make sessions of the N best that do not wait yet",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--night", type=read_night, metavar="DATE", help="the evening's date (default: the coming night)"
    )
    parser.add_argument(
        "--uptonight",
        action="append",
        default=[],
        metavar="FILE",
        help="also look at what this report of uptonight (JSON) advises",
    )
    parser.add_argument(
        "--telescope", default="", metavar="ID", help="whose ToDo, when there are several telescopes"
    )
    add_model_flag(parser)
    add_config_flags(parser, "sessions_dir")


def _run(arguments: argparse.Namespace) -> int:
    from agent.app.advice import advice_of
    from agent.app.folders import place
    from agent.cli.documents import assumption, surroundings
    from agent.planner.suggestion_words import lines, to_json

    settings = place(load(arguments)).settings
    around = surroundings(settings, arguments.model)
    folder = folder_of(settings, arguments.telescope)
    advice = advice_of([read_bytes(Path(name)) for name in arguments.uptonight], around.now)
    found = _found(around, folder, advice, arguments.night)
    assert around.site is not None
    queued = list(_queue(found, arguments.queue, around, folder))
    if arguments.json:
        print(json_text({**to_json(found, around.site), "queued": [name for _, name in queued]}, indent=2))
    else:
        print_lines(lines(found, around.site))
        for target, name in queued:
            print(printable(f"{target} waits in ToDo as {name}." if name else f"{target} is no session."))
    if advice.unknown:
        names = ", ".join(advice.unknown)
        print(printable(f"The catalogue does not know of uptonight's targets: {names}."), file=sys.stderr)
    if note := assumption(around):
        print(note, file=sys.stderr)
    return 0 if found.best and all(name for _, name in queued) else 1


def _found(around: Surroundings, folder: Path, advice: Advice, night: date | None) -> Suggestions:
    from agent.app.suggestions import tonights_best
    from agent.app.tonight import NoSiteError
    from agent.store.folders import Tree
    from agent.store.targets import collected_seconds, waiting_targets

    if around.site is None:
        raise NoSiteError
    tree = Tree(folder)
    return tonights_best(
        around.site,
        around.capabilities,
        around.requirements,
        around.now,
        collected=collected_seconds(tree),
        waiting=waiting_targets(tree),
        advice=advice,
        night=night,
    )


def _queue(found: Suggestions, count: int, around: Surroundings, folder: Path) -> Iterator[tuple[str, str]]:
    """Make sessions of the best that do not wait yet; give each target with its file, "" for none."""
    wanted = [one for one in found.best if not one.waits][:count]
    for one in wanted:
        yield one.entry.name, _session(one, around, folder)


def _session(one: Suggestion, around: Surroundings, folder: Path) -> str:
    """Write the session of one suggestion as an import does; say on stderr what keeps it from being one."""
    from agent.cli.documents import check_data
    from agent.errors import errors_of
    from agent.importing.model import ImportedFile
    from agent.importing.sessions import prepare
    from agent.planner.suggestion_words import imported
    from agent.store.disk import make_folder
    from agent.store.errors import store_error
    from agent.store.lists import template_of, write_session

    file = ImportedFile("tonight's best", (imported(one),))
    (made,) = prepare(
        file,
        one.entry.name,
        template_of(folder),
        lambda data, name: check_data(data, Path(f"{name}.json"), around).problems,
    )
    if made.data is None:
        for problem in errors_of(made.problems):
            print(printable(f"{one.entry.name}: {problem}"), file=sys.stderr)
        return ""
    to_do = folder / "ToDo"
    try:
        make_folder(to_do)
    except OSError as error:
        raise store_error(error, "store the sessions", to_do) from error
    return write_session(to_do, made.name, made.data)


def _count(text: str) -> int:
    if text.isdecimal() and 0 < int(text) <= 10:
        return int(text)
    raise argparse.ArgumentTypeError(f"must be 1 to 10, not {text!r}")
