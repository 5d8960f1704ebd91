"""Test the tests: change the code in many small ways and see whether a test notices (docs/mutation.md).

    python tools/mutation.py --room station --sample 80 --seed 7

draws changes by chance, has mutmut try those of which nothing is known yet, and counts by room. What was
found is kept in mutants/ until the changed file changes: a run that was broken off goes on where it was.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import random
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import walk_mutatable_files
from mutmut.utils.format_utils import get_mutant_name

ROOMS = {
    "station": "agent/station/",
    "execute": "agent/execute/",
    "conditions": "agent/conditions/",
    "driver": "agent/telescope/dwarf/",
}
NOTICED = frozenset({"killed", "timeout", "segfault"})
UNKNOWN = frozenset({"not checked", "check was interrupted by user"})


def found(path: Path) -> dict[str, str]:
    """Every change to one file, by name, and what became of it: nothing yet, once the file was edited."""
    meta = Path("mutants", f"{path}.meta")
    if meta.exists() and meta.stat().st_mtime > path.stat().st_mtime:
        codes = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
        return {name: status_by_exit_code[code] for name, code in codes.items()}
    names = mutate_file_contents(str(path), path.read_text(encoding="utf-8")).mutant_names
    return {get_mutant_name(path, name): "not checked" for name in names}


def results(rooms: Iterable[str], pattern: str) -> dict[str, dict[str, str]]:
    """Room -> change -> what became of it, for the files that match."""
    paths = sorted(path for path in walk_mutatable_files() if fnmatch.fnmatch(path.name, pattern))
    return {
        room: {name: status for path in ours for name, status in found(path).items()}
        for room in rooms
        if (ours := [path for path in paths if path.as_posix().startswith(ROOMS[room])])
    }


def drawn(known: dict[str, dict[str, str]], sample: int | None, seed: int) -> dict[str, list[str]]:
    """The changes to try, by room: so many by chance, the same for the same seed and code; None for all."""
    return {
        room: sorted(names)
        if sample is None
        else random.Random(f"{seed} {room}").sample(sorted(names), min(sample, len(names)))  # noqa: S311
        for room, names in known.items()
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--room", action="append", choices=ROOMS, help="only this room; may be repeated")
    parser.add_argument("--file", default="*", help="only files with such a name, as in 'hands.py'")
    parser.add_argument("--sample", type=int, help="so many changes a room; all without it")
    parser.add_argument("--seed", type=int, default=1, help="which sample")
    parser.add_argument("--again", action="store_true", help="try anew what no test had noticed")
    parser.add_argument("--jobs", type=int, default=1, help="how many to try at a time")
    parser.add_argument("--list", action="store_true", help="try nothing, tell what is known")
    args = parser.parse_args()
    rooms = args.room or list(ROOMS)
    known = results(rooms, args.file)
    chosen = drawn(known, args.sample, args.seed)
    wanted = [
        name
        for room, names in chosen.items()
        for name in names
        if known[room][name] in UNKNOWN or (args.again and known[room][name] not in NOTICED)
    ]
    if wanted and not args.list:
        mutmut = Path(sys.executable).with_name("mutmut")
        done = subprocess.run([mutmut, "run", "--max-children", str(args.jobs), *wanted], check=False)  # noqa: S603
        if done.returncode:
            return done.returncode
        known = results(rooms, args.file)
    for room, names in chosen.items():
        statuses = [known[room][name] for name in names]
        tried = [status for status in statuses if status not in UNKNOWN]
        noticed = sum(status in NOTICED for status in tried)
        share = f"{noticed / len(tried):.0%}" if tried else "-"
        print(f"{room:12} {noticed:5} of {len(tried):5} noticed ({share}), {len(known[room])} in all")
        for name in names:
            if known[room][name] not in NOTICED | UNKNOWN:
                print(f"  {known[room][name]}: {name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
