"""`dwarf-agent plan`: the steps a session will run, how long they take, and what the night has for it."""

from __future__ import annotations

import argparse
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.cli.colour import Ink, painted, print_lines
from agent.cli.common import Commands, add_command, add_config_flags, add_model_flag, load
from agent.errors import AgentError
from agent.text import json_text, printable_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.app.candidate import Candidate
    from agent.cli.documents import CheckedFile, Surroundings
    from agent.planner.goal_progress import Light
    from agent.planner.night import NightPlan
    from agent.session.reuse_rules import ReuseRules

_WAITS = "starts as soon as it can: see the night below"
_CLOSING = timedelta(minutes=1)  # what a capture that ends at its end time is closed in

_DESCRIPTION = """\
Prints the steps of each session in the order they will run, with estimates, start and end, and then the
night: sunset, darkness and Moon, and for each session where its target stands, when it is expected to run,
what it competes with, or why it will not run. Weather and battery cannot be foreseen.
Without FILE: the sessions that wait in ToDo. Exit code 1 when a file has no plan because it is not valid."""
_EXAMPLES = """\
  dwarf-agent plan
  dwarf-agent plan m31.json
  dwarf-agent plan m31.json m42.json --night 2026-12-12 --png night.png
  dwarf-agent plan Astro_Sessions/ToDo --json"""


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "plan",
        _run,
        summary="show the steps of sessions and what the night has for them",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="session file, or a folder of them (default: ToDo)",
    )
    add_model_flag(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    parser.add_argument(
        "--night", type=read_night, metavar="DATE", help="the evening's date (default: the coming night)"
    )
    parser.add_argument("--png", type=Path, metavar="FILE", help="draw the chart of the night into this file")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="the same as SVG, for a page")
    add_config_flags(parser)


def _run(arguments: argparse.Namespace) -> int:
    from agent.app.folders import place
    from agent.app.goals_left import goal_lines
    from agent.cli.documents import (
        assumption,
        check_file,
        problem_lines,
        session_files,
        surroundings,
        view_lines,
    )
    from agent.session.text import plan_text
    from agent.store.collected import Collected
    from agent.store.folders import Tree

    settings = place(load(arguments)).settings
    around = surroundings(settings, arguments.model)
    base = settings.sessions_dir_of(settings.telescopes[0])
    current = [] if arguments.files else _running(base)
    named = arguments.files or [base / "ToDo"]
    checked = [check_file(path, around) for path in session_files(named, none_is_fine=not arguments.files)]
    runs = [check_file(path, around) for path in current]
    candidates = _candidates([*runs, *checked], around, base)
    collected = Collected(Tree(base), around.zone, around.site, lambda: around.capabilities).all()
    night = _plan_night(candidates, collected, around, arguments.night, settings.reuse)
    if arguments.png is not None or arguments.svg is not None:
        _draw(arguments.png, arguments.svg, night, around)
    if arguments.json:
        print(json_text([_json(one, around, night) for one in checked], indent=2))
        return 0 if all(one.valid for one in checked) else 1
    if not (checked or runs):
        print_lines([f"No session waits in {base / 'ToDo'}."])
    for one in checked:
        print(painted(f"{one.path}:", Ink.HEADING))
        if one.plan is not None:
            print(printable_lines(plan_text(one.plan)))
            waits = night is not None and _waits_for_the_sky(one, around)
            facts = [_WAITS] if waits else [*_times(one, around), *_sky(one, around)]
            print_lines((*(f"  {line}" for line in facts), *view_lines(one)))
        told = one.plan.warnings if one.plan is not None else ()
        print_lines(problem_lines(one, told))
    print()
    if night is None:
        print("Set latitude and longitude to see the night and where the targets stand.")
    else:
        print_lines(night.lines())
    print_lines(goal_lines(candidates, collected, around.capabilities))
    if note := assumption(around):
        print(note, file=sys.stderr)
    return 0 if all(one.valid for one in checked) else 1


def _running(base: Path) -> list[Path]:
    """Return the sessions that run just now, by their files."""
    from agent.store.folders import Folder, is_session_name

    return [path for path in sorted((base / Folder.CURRENT).glob("*")) if is_session_name(path.name)]


def _candidates(checked: list[CheckedFile], around: Surroundings, base: Path) -> list[Candidate]:
    """Return every session that has a plan, with the frames it has."""
    from agent.app.candidate import GOES_ON, Candidate
    from agent.session.times import start_instant
    from agent.store.folders import Folder, Tree
    from agent.store.journal import Journals
    from agent.store.turns import frames_of

    journals = Journals(Tree(base).journals)
    return [
        Candidate(
            one.path.stem,
            one.document,
            one.plan,
            start_instant(one.document, around.zone, around.now),
            one.closes,
            taken=frames_of(journals.of(one.path.stem, one.document).load()),
            rank=GOES_ON if one.path.parent == base / Folder.CURRENT else 0,
        )
        for one in checked
        if one.plan is not None
        and one.document is not None
        and (one.valid or one.path.parent == base / Folder.CURRENT)
    ]


def _plan_night(
    candidates: list[Candidate],
    lights: Sequence[Light],
    around: Surroundings,
    night: date | None,
    rules: ReuseRules,
) -> NightPlan | None:
    """Return the plan of a night, of a goal for what is left of it; None without a site."""
    from agent.app.goals_left import with_what_is_left
    from agent.app.tonight import tonight
    from agent.sky.nights import coming_night

    site, now, zone = around.site, around.now, around.zone
    if site is None:
        return None
    evening = night or coming_night(site, now)
    left = with_what_is_left(candidates, lights, around.capabilities, evening, now, zone)
    return tonight(site, left, around.requirements, now, zone=zone, night=night, rules=rules)


def _draw(png: Path | None, svg: Path | None, night: NightPlan | None, around: Surroundings) -> None:
    from agent.app.night_chart import chart_of
    from agent.app.tonight import NoSiteError
    from agent.sky.chart_png import as_png  # megabytes that nothing else here needs
    from agent.sky.chart_svg import as_svg

    if night is None:
        raise NoSiteError
    drawing = chart_of(night, around.now)
    for path, written in ((png, as_png), (svg, lambda one: as_svg(one).encode())):
        if path is None:
            continue
        try:
            path.write_bytes(written(drawing))
        except OSError as error:
            raise AgentError(f"The chart cannot be written to {path}: {error.strerror or error}.") from error


def _waits_for_the_sky(one: CheckedFile, around: Surroundings) -> bool:
    """Whether a session has no start of its own and a target of the fixed sky, which waits for the dark."""
    from agent.targets import SkyTarget

    targets = one.plan.goto_targets if one.plan is not None else ()
    return one.start == around.now and bool(targets) and isinstance(targets[-1], SkyTarget)


def _times(one: CheckedFile, around: Surroundings) -> list[str]:
    if one.start is None or one.end is None:
        return []
    late = "" if one.closes is None or one.end <= one.closes + _CLOSING else "  (too long for its window)"
    own_end = one.plan is not None and one.closes == one.plan.ends_at  # stands with the capture already
    window = f", window closes {_local(one.closes, around)}" if one.closes and not own_end else ""
    when = "now" if one.start == around.now else _local(one.start, around)
    return [f"start {when}, end about {_local(one.end, around)}{window}{late} ({around.zone.key})"]


def _sky(one: CheckedFile, around: Surroundings) -> list[str]:
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


def _json(one: CheckedFile, around: Surroundings, night: NightPlan | None) -> dict[str, Any]:
    places = [place | {"instant": place["instant"].isoformat()} for place in _places(one, around)]
    return one.to_json() | {
        "plan": one.plan.to_json() if one.plan else None,
        "start": one.start.isoformat() if one.start else None,
        "end": one.end.isoformat() if one.end else None,
        "window_end": one.closes.isoformat() if one.closes else None,
        "sky": places,
        "night": _night_json(one, night),
    }


def _night_json(one: CheckedFile, night: NightPlan | None) -> dict[str, Any] | None:
    """The night's facts with this session's part in them."""
    if night is None:
        return None
    told = night.to_json()
    sessions = told.pop("sessions")
    mine = next((session for session in sessions if session["session_id"] == one.path.stem), None)
    return told | {"session": mine}


def _local(instant: datetime, around: Surroundings) -> str:
    return instant.astimezone(around.zone).strftime("%Y-%m-%d %H:%M")


def read_night(text: str) -> date:
    """Read the date of an evening for argparse."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-12-12") from None
