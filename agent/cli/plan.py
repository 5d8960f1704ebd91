"""`dwarf-agent plan`: the steps a session will run, how long they take, and where its target stands."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.cli.common import Commands, add_command, add_config_flags, add_model_flag, load

if TYPE_CHECKING:
    from agent.cli.documents import CheckedFile, Surroundings

_DESCRIPTION = """\
Prints the steps of each session in the order they will run, with estimates, start and end. What is printed
is what runs. Exit code 1 when a file has no plan because it is not valid."""
_EXAMPLES = """\
  dwarf-agent plan m31.json
  dwarf-agent plan Astro_Sessions/ToDo --json"""


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "plan",
        _run,
        summary="show the steps of sessions, with estimates, start and end",
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
    from agent.cli.documents import assumption, check_file, problem_lines, session_files, surroundings
    from agent.session.text import plan_text

    around = surroundings(load(arguments), arguments.model)
    checked = [check_file(path, around) for path in session_files(arguments.files)]
    if arguments.json:
        print(json.dumps([_json(one, around) for one in checked], indent=2, ensure_ascii=False))
        return 0 if all(one.valid for one in checked) else 1
    for one in checked:
        print(f"{one.path}:")
        if one.plan is not None:
            print(plan_text(one.plan))
            print("".join(f"  {line}\n" for line in (*_times(one, around), *_sky(one, around))), end="")
        else:
            print("".join(f"{line}\n" for line in problem_lines(one)), end="")
    if note := assumption(around):
        print(note, file=sys.stderr)
    return 0 if all(one.valid for one in checked) else 1


def _times(one: CheckedFile, around: Surroundings) -> list[str]:
    if one.start is None or one.end is None:
        return []
    late = "" if one.closes is None or one.end <= one.closes else "  (too long for its window)"
    window = f", window closes {_local(one.closes, around)}" if one.closes else ""
    when = "now" if one.start == around.now else _local(one.start, around)
    return [f"start {when}, end about {_local(one.end, around)}{window}{late} ({around.zone.key})"]


def _sky(one: CheckedFile, around: Surroundings) -> list[str]:
    if around.site is None:
        return ["set latitude and longitude to see where the target stands"]
    return [
        f"{place['target']}: {place['altitude']:.0f}° high at {_local(place['instant'], around)}, "
        f"Sun {place['sun_altitude']:.0f}°"
        for place in _places(one, around)
    ]


def _places(one: CheckedFile, around: Surroundings) -> list[dict[str, Any]]:
    """Where each target stands at the start and at the end."""
    from agent.sky.ephemeris import altitude, sun

    if around.site is None or one.plan is None or one.start is None or one.end is None:
        return []
    return [
        {
            "target": target.name,
            "instant": instant,
            "altitude": round(altitude(target, around.site, instant), 1),
            "sun_altitude": round(sun(around.site, instant).altitude, 1),
        }
        for target in one.plan.goto_targets
        for instant in (one.start, one.end)
    ]


def _json(one: CheckedFile, around: Surroundings) -> dict[str, Any]:
    places = [place | {"instant": place["instant"].isoformat()} for place in _places(one, around)]
    return one.to_json() | {
        "plan": one.plan.to_json() if one.plan else None,
        "start": one.start.isoformat() if one.start else None,
        "end": one.end.isoformat() if one.end else None,
        "window_end": one.closes.isoformat() if one.closes else None,
        "sky": places,
    }


def _local(instant: datetime, around: Surroundings) -> str:
    return instant.astimezone(around.zone).strftime("%Y-%m-%d %H:%M")
