"""Test the tests: change the code in many small ways and see whether a test notices (docs/mutation.md).

    python tools/mutation.py --room station --sample 80 --seed 7

draws changes by chance, has mutmut try those of which nothing is known yet, and counts by room. What was
found is kept in mutants/ until the changed file changes: a run that was broken off goes on where it was.
"""

from __future__ import annotations

import argparse
import fnmatch
import gc
import json
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from mutmut import __main__ as mutmut
from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.runners.harness import ListAllTestsResult, PytestRunner, collected_test_names
from mutmut.state import state
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import walk_mutatable_files
from mutmut.utils.format_utils import get_mutant_name
from mutmut.workers.isolation import ForkServerRunner


@dataclass(frozen=True)
class Room:
    """Files whose changes are counted together, and the tests that are written for them."""

    files: tuple[str, ...]
    tests: tuple[str, ...]

    def has(self, path: Path) -> bool:
        return any(fnmatch.fnmatch(path.as_posix(), pattern) for pattern in self.files)


_HANDS = ("hands", "safing", "safing_status", "belief", "kept_wishes", "turn", "left_open")
_HANDS_TESTS = ("hands", "hands_others", "hands_rules", "kept_wishes", "watch_rules", "wishes_rules")
_RESULTS = ("results", "result_row", "unreported", "ledger")

ROOMS = {  # a file belongs to the first room that has it
    "hands": Room(
        (*(f"agent/station/{name}.py" for name in _HANDS), "agent/goals.py"),
        tuple(f"tests/app/test_{name}.py" for name in _HANDS_TESTS),
    ),
    "records": Room(
        ("agent/station/records.py", *(f"agent/store/{name}.py" for name in _RESULTS)),
        (*(f"tests/store/test_{name}.py" for name in _RESULTS), "tests/app/test_records_rules.py"),
    ),
    "station": Room(("agent/station/*",), ("tests/app", "tests/safety")),
    "execute": Room(("agent/execute/*",), ("tests/execute",)),
    "conditions": Room(("agent/conditions/*",), ("tests/conditions",)),
    "planner": Room(("agent/planner/*",), ("tests/planner", "tests/app/test_repeats.py")),
    "driver": Room(("agent/telescope/dwarf/*",), ("tests/contract", "tests/telescope/dwarf")),
}
NOTICED = frozenset({"killed", "timeout"})
UNKNOWN = frozenset({"not checked", "check was interrupted by user", "segfault"})  # or killed from outside
LEFT_OUT = (  # they measure time, or take more of it than any change is worth
    "tests/planner/test_suggestions.py::test_the_whole_catalogue_takes_a_third_of_a_second",
    "tests/planner/test_engine.py::test_sixty_sessions_are_planned_in_a_moment_once_their_windows_are_known",
    "tests/planner/test_engine.py::"
    "test_the_nights_reach_what_a_near_optimal_schedule_reaches_whatever_the_files_are_called",
    "tests/planner/test_night.py::test_no_planned_session_points_near_a_sun_that_is_up_or_overlaps_another",
)
FIRST = 40  # tests that are tried before the rest is even collected


class NarrowFirst(PytestRunner):
    """Tries quick tests that reach few functions first, and no more than so many seconds of all."""

    def __init__(self, budget_s: float, tests: Sequence[str]) -> None:
        super().__init__()
        self._budget_s = budget_s
        self._pytest_add_cli_args_test_selection = list(tests)
        self._pytest_add_cli_args = [*self._pytest_add_cli_args, *(f"--deselect={one}" for one in LEFT_OUT)]
        self._breadth: Counter[str] = Counter()

    def list_all_tests(self) -> ListAllTestsResult:
        """List ours, and what is known of other rooms' tests, which is not forgotten."""
        ours = tuple(self._pytest_add_cli_args_test_selection)
        others = {name for name in collected_test_names() if not name.startswith(ours)}
        return ListAllTestsResult(ids=super().list_all_tests().ids | others)

    def run_stats(self, *, tests: Iterable[str]) -> int:
        """Learn which tests reach what; that takes longer, and nothing is changed that could hang."""
        self._pytest_add_cli_args = [*self._pytest_add_cli_args, "--timeout=300"]
        return super().run_stats(tests=tests)

    def warm_up(self) -> None:
        """Import what the tests need, once; what is there by then is not looked through again each time."""
        super().warm_up()
        self._measure()
        gc.collect()
        gc.freeze()

    def run_tests(self, *, mutant_name: str | None, tests: Iterable[str]) -> int:
        if not self._breadth:
            self._measure()
        chosen = self._within_budget(tests)
        if mutant_name is None:  # nothing is changed: all of them have to pass
            return super().run_tests(mutant_name=None, tests=chosen)
        code = super().run_tests(mutant_name=mutant_name, tests=chosen[:FIRST])
        if code == 0 and chosen[FIRST:]:
            code = super().run_tests(mutant_name=mutant_name, tests=chosen[FIRST:])
        return code

    def _measure(self) -> None:
        for reached in state().tests_by_mangled_function_name.values():
            self._breadth.update(reached)

    def _within_budget(self, tests: Iterable[str]) -> list[str]:
        chosen, spent, seconds = [], 0.0, state().duration_by_test
        for test in sorted(tests, key=lambda one: (self._breadth[one] * (0.05 + seconds.get(one, 0.0)), one)):
            spent += seconds.get(test, 0.0)
            if spent > self._budget_s > 0:
                break
            chosen.append(test)
        return chosen


def found(path: Path) -> dict[str, str]:
    """Every change to one file, by name, and what became of it: nothing yet, once the file was edited."""
    meta = Path("mutants", f"{path}.meta")
    if meta.exists() and meta.stat().st_mtime > path.stat().st_mtime:
        codes = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
        return {name: status_by_exit_code[code] for name, code in codes.items()}
    names = mutate_file_contents(str(path), path.read_text(encoding="utf-8")).mutant_names
    return {get_mutant_name(path, name): "not checked" for name in names}


def results(rooms: Iterable[str], patterns: Sequence[str]) -> dict[str, dict[str, str]]:
    """Room -> change -> what became of it, for the files that match."""
    paths = sorted(walk_mutatable_files())
    wanted = [path for path in paths if any(fnmatch.fnmatch(path.name, pattern) for pattern in patterns)]
    room_of = {path: next((name for name, room in ROOMS.items() if room.has(path)), "") for path in wanted}
    return {
        room: {name: status for path in ours for name, status in found(path).items()}
        for room in rooms
        if (ours := [path for path in wanted if room_of[path] == room])
    }


def drawn(names: Iterable[str], room: str, sample: int | None, seed: int) -> list[str]:
    """The changes to try: so many by chance, the same for the same seed and code; None for all."""
    every = sorted(names)
    if sample is None or sample >= len(every):
        return every
    return random.Random(f"{seed} {room}").sample(every, sample)  # noqa: S311 - a sample is no secret


def interval(noticed: int, tried: int) -> tuple[float, float]:
    """Between which shares the whole room's lies with 95 % confidence (Wilson), if drawn by chance."""
    share, z2 = noticed / tried, 1.96**2
    middle = share + z2 / (2 * tried)
    spread = 1.96 * sqrt(share * (1 - share) / tried + z2 / (4 * tried**2))
    return (middle - spread) / (1 + z2 / tried), (middle + spread) / (1 + z2 / tried)


def main() -> int:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--room", action="append", choices=ROOMS, help="only this room; may be repeated")
    parser.add_argument("--file", action="append", help="only files with such a name, as in 'hands.py'")
    parser.add_argument("--sample", type=int, help="so many changes a room; all without it")
    parser.add_argument("--seed", type=int, default=1, help="which sample")
    parser.add_argument("--budget", type=float, default=30, help="seconds of tests a change; 0 is all")
    parser.add_argument("--again", action="store_true", help="try anew what no test failed for")
    parser.add_argument("--jobs", type=int, default=1, help="how many to try at a time")
    parser.add_argument("--list", action="store_true", help="try nothing, tell what is known")
    args = parser.parse_args()
    rooms, patterns = args.room or list(ROOMS), args.file or ["*"]
    known = results(rooms, patterns)
    chosen = {room: drawn(names, room, args.sample, args.seed) for room, names in known.items()}
    wanted = [
        name
        for room, names in chosen.items()
        for name in names
        if known[room][name] in UNKNOWN or (args.again and known[room][name] != "killed")
    ]
    if wanted and not args.list:
        tests = sorted({test for room in known for test in ROOMS[room].tests})
        how = {"budget_s": args.budget, "tests": tests}
        mutmut.get_mutant_runner = lambda jobs=1: ForkServerRunner(jobs, NarrowFirst, how)
        mutmut.cli(["run", "--max-children", str(args.jobs), *wanted], standalone_mode=False)
        known = results(rooms, patterns)
    for room, names in chosen.items():
        tried = [known[room][name] for name in names if known[room][name] not in UNKNOWN]
        noticed = sum(status in NOTICED for status in tried)
        share = ""
        if tried:
            low, high = interval(noticed, len(tried))
            share = f" ({noticed / len(tried):.1%}, of all {low:.0%} to {high:.0%})"
        print(f"{room:12} {noticed} of {len(tried)} noticed{share}; there are {len(known[room])}")
        for name in names:
            if known[room][name] not in UNKNOWN | {"killed"}:  # on a busy machine a timeout proves little
                print(f"  {known[room][name]}: {name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
