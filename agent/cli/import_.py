"""`dwarf-agent import`: make sessions of the lists of other programs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.cli.common import Commands, add_command, add_config_flags, add_model_flag, load
from agent.errors import AgentError
from agent.text import printable

if TYPE_CHECKING:
    from agent.cli.documents import Surroundings
    from agent.errors import Problem
    from agent.importing.model import ImportedFile
    from agent.importing.sessions import Prepared
    from agent.importing.template import Template
    from agent.settings import Settings

_DESCRIPTION = """\
Makes sessions of the targets in a list of another program and puts them into ToDo: lists and mosaics of
Telescopius (CSV), observing lists and bookmarks of Stellarium, targets of N.I.N.A. and its Target Scheduler,
scheduler lists of Ekos, reports of uptonight, any table with the columns name, ra and dec; and the object
that is selected in a running Stellarium. A horizon file is shown as the setting it becomes.
Sessions that wait there already are not made twice, and nothing is overwritten.

Focus, calibration, camera values, limits and times are those of the template; without --template those of
defaults.json in the session folder, else 120 frames of 15 s at gain 80.

exit codes: 0 a session for every target, 1 some were left out (or all), 2 it could not be tried"""
_EXAMPLES = """\
  dwarf-agent import winter.csv --dry-run
  dwarf-agent import "M 31.csv" --template m31.json
  dwarf-agent import observingList.json night.esl projects.json
  dwarf-agent import stellarium://192.168.1.20 --template m31.json
  dwarf-agent import garden.hrz"""

_NAME_WIDTH = 34


@dataclass(frozen=True, slots=True)
class _Work:
    """What every file is imported with."""

    around: Surroundings
    template: Template
    to_do: Path
    name: str
    dry: bool


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "import",
        _run,
        summary="make sessions of the lists of other programs",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="list of another program, or stellarium://host"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would become of each target, and write nothing"
    )
    parser.add_argument(
        "--template", type=Path, metavar="FILE", help="session file whose values the new sessions take"
    )
    parser.add_argument(
        "--name",
        default="",
        metavar="NAME",
        help="what the list, or a mosaic's target, is called (default: FILE)",
    )
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="where to put them (default: ToDo)")
    parser.add_argument(
        "--telescope", default="", metavar="ID", help="whose ToDo, when there are several telescopes"
    )
    add_model_flag(parser)
    add_config_flags(parser, "sessions_dir")


def _run(arguments: argparse.Namespace) -> int:
    from agent.cli.documents import assumption, surroundings

    settings = load(arguments)
    folder = folder_of(settings, arguments.telescope)
    work = _Work(
        surroundings(settings, arguments.model),
        _template(arguments.template, folder),
        arguments.to or folder / "ToDo",
        arguments.name,
        arguments.dry_run,
    )
    read = [(name, *_read(name, work)) for name in arguments.files]
    complete = [_import(name, stem, file, work) for name, stem, file in read]
    if note := assumption(work.around):
        print(note, file=sys.stderr)
    return 0 if all(complete) else 1


def folder_of(settings: Settings, telescope: str) -> Path:
    """Return the session folder of the telescope of that id or name (default: the first)."""
    for one in settings.telescopes:
        if not telescope or telescope in (one.id, one.name):
            return settings.sessions_dir_of(one)
    raise AgentError(
        f"No telescope is called {telescope}.", hint="Its id or name stands in the configuration."
    )


def _template(named: Path | None, folder: Path) -> Template:
    from agent.importing.template import Template
    from agent.store.lists import template_of

    if named is None:
        return template_of(folder)
    return Template.read(read_bytes(named), str(named))


def _read(name: str, work: _Work) -> tuple[str, ImportedFile]:
    """Return what to call a list, and what it holds."""
    from agent.importing.reading import read_other
    from agent.importing.running_stellarium import SCHEME, selected_in

    if name.startswith(SCHEME):
        return work.name or "stellarium", selected_in(name)
    stem = work.name or printable(Path(name).stem)
    return stem, read_other(read_bytes(Path(name)), stem)


def read_bytes(path: Path) -> bytes:
    """Return what a list holds, or more than is taken of one; AgentError."""
    from agent.importing.model import MAX_BYTES

    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise AgentError(f"{printable(path)} cannot be read: {error.strerror or error}.") from None


def _import(name: str, stem: str, file: ImportedFile, work: _Work) -> bool:
    """Show the sessions of one file, write them unless it is a dry run; return whether none is left out."""
    from agent.cli.documents import check_data
    from agent.errors import errors_of
    from agent.importing.horizon_file import setting_text
    from agent.importing.running_stellarium import SCHEME
    from agent.importing.sessions import prepare

    shown = "stellarium" if name.startswith(SCHEME) else name  # its address may hold a password
    if file.horizon is not None:
        points = len(file.horizon.points)
        print(
            printable(f"{shown}: {file.what}, {points} points. Nothing is written: set this in config.yaml,")
        )
        print("or among the options of the add-on:")
        print(f'  horizon: "{setting_text(file.horizon)}"')
        _print_problems(file.problems)
        return True

    def judge(data: bytes, session: str) -> Iterable[Problem]:
        return check_data(data, Path(f"{session}.json"), work.around).problems

    prepared = prepare(file, stem, work.template, judge)
    counted = f", {len(prepared)} target{'s' if len(prepared) != 1 else ''}" if prepared else ""
    print(printable(f"{shown}: {file.what}{counted}" if file.what else f"{shown}:"))
    if prepared:
        print(f"  with {printable(work.template.name)}")
        _print_table([(one, _became(one, work)) for one in prepared])
    problems = (*file.problems, *(problem for one in prepared for problem in one.problems))
    _print_problems(problems)
    return not errors_of(problems)


def _became(one: Prepared, work: _Work) -> str:
    """Say what becomes of a target; writes its session unless nothing is to be written."""
    from agent.store.disk import make_folder, names
    from agent.store.errors import store_error
    from agent.store.lists import is_there, write_session

    if one.data is None:
        return "not imported"
    if is_there(work.to_do, one.name, one.data):
        return f"{one.name} (is there already)"
    if work.dry:
        return next(name for name in names(one.name) if not (work.to_do / name).exists())
    try:
        make_folder(work.to_do)
    except OSError as error:
        raise store_error(error, "store the sessions", work.to_do) from error
    return write_session(work.to_do, one.name, one.data)


def _print_table(rows: list[tuple[Prepared, str]]) -> None:
    lines = [("where", "target", "place (J2000)", "frames", "session")]
    for prepared, became in rows:
        one = prepared.imported
        frames = f"{one.count or ''} × {one.exposure:g} s" if one.exposure else ""
        lines.append(
            (one.place, one.target[:_NAME_WIDTH], _place(prepared), frames.removeprefix(" × "), became)
        )
    widths = [max(len(printable(line[column])) for line in lines) for column in range(4)]
    for line in lines:
        cells = [printable(cell).ljust(width) for cell, width in zip(line, widths, strict=False)]
        print("  ".join(["", *cells, printable(line[4])]).rstrip())


def _place(prepared: Prepared) -> str:
    from agent.session.coordinates import format_dec, format_ra

    one = prepared.imported
    if one.ra_hours is None or one.dec_deg is None:
        return "by its name" if prepared.data else ""
    return f"{format_ra(one.ra_hours)} {format_dec(one.dec_deg)}"


def _print_problems(problems: Iterable[Problem]) -> None:
    """Print each problem once, with the places it is found at, errors first."""
    places: dict[tuple[str, str], list[str]] = {}
    for problem in problems:
        key = (str(problem.severity), f"{problem.message} {problem.hint}".rstrip())
        places.setdefault(key, []).append(problem.path)
    for (severity, words), where in sorted(places.items(), key=lambda item: item[0][0] != "error"):
        found = [path for path in dict.fromkeys(where) if path]
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        at = f"{', '.join(found[:3])}{more}: " if found else ""
        print(printable(f"  {severity:<7} {at}{words}"))
