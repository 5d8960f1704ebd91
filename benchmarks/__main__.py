"""Every measurement, the short form of the long ones, and the table of them: some five quiet minutes."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from agent import quality
from benchmarks import (
    archive_fetch,
    back_to_back,
    commands,
    drop_storm,
    due_to_wire,
    efficiency,
    fleet,
    idle_cost,
    kill_anywhere,
    memory,
    night_in_a_second,
    night_plans,
    page_cost,
    scan_start,
    session_overhead,
    unsafe_to_stop,
)
from benchmarks.reporting import SAID, quiet
from benchmarks.table import read, table

LIMIT_S = 120  # the longest, `page_cost`, takes 80 on a quiet machine


class _OverError(KeyboardInterrupt):
    """The time of a measurement is over; an event loop lets it through."""


def _frame_quality() -> None:
    """A night of made-up stars of each kind, where the extra `quality` is installed."""
    if quality.is_there():
        from benchmarks import frame_quality

        frame_quality.measure_kinds(nights=1)


def _page_paint() -> None:
    """Where there is a browser."""
    if find_spec("playwright") and shutil.which("chromium"):
        from benchmarks import page_paint

        page_paint.measure()


MEASUREMENTS: dict[str, Callable[[], object]] = {
    **{
        one.__name__.rpartition(".")[2]: lambda one=one: asyncio.run(one.measure())  # type: ignore[misc]
        for one in (
            *(
                due_to_wire,
                session_overhead,
                back_to_back,
                scan_start,
                idle_cost,
                page_cost,
                fleet,
            ),
        )
    },
    "unsafe_to_stop": lambda: asyncio.run(unsafe_to_stop.measure(trials=12)),
    "commands": commands.measure,
    "memory": memory.measure,
    "archive_fetch": partial(archive_fetch.measure, frames=12),
    "drop_storm": partial(drop_storm.measure, range(1)),
    "kill_anywhere": partial(kill_anywhere.measure, range(10)),
    "night_in_a_second": night_in_a_second.measure,
    "efficiency": partial(efficiency.measure, [("v3", "D3"), ("v3", "mini")], habits=False),
    "night_plans": night_plans.measure,
    "frame_quality": _frame_quality,
    "page_paint": _page_paint,
    "leaks": partial(idle_cost.measure_leaks, hours=6, messages=2000),
}


def main() -> int:
    """Run them one after the other, and print the table; 1 when one could not be made."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "only", nargs="*", metavar="NAME", help=f"of {', '.join(MEASUREMENTS)} (default: all)"
    )
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the numbers down for a later run")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="show ratios to an earlier run")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.only if name not in MEASUREMENTS]:
        parser.error(f"there is no measurement {unknown[0]!r}; there are {', '.join(MEASUREMENTS)}")
    earlier = read(arguments.compare) if arguments.compare else []
    quiet()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # measured as what is installed: with its bytecode
    failed = []
    for name in arguments.only or MEASUREMENTS:
        print(f"{name} ...", end=" ", flush=True, file=sys.stderr)
        began = time.monotonic()
        try:
            with _bounded():
                MEASUREMENTS[name]()
        except Exception as error:  # noqa: BLE001 - the others are worth having all the same
            failed.append(f"{name}: {type(error).__name__} {error}")
        print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    print(f"\n{table(SAID, earlier)}")
    if arguments.save:
        arguments.save.write_text("".join(f"{json.dumps(one)}\n" for one in SAID), encoding="utf-8")
    for line in failed:
        print(f"not measured: {line}", file=sys.stderr)
    return 1 if failed else 0


@contextmanager
def _bounded() -> Iterator[None]:
    """End what takes longer than `LIMIT_S` with a TimeoutError."""

    def late(*_: object) -> None:
        raise _OverError  # a TimeoutError would be taken for one of the agent's own

    signal.signal(signal.SIGALRM, late)
    signal.alarm(LIMIT_S)
    try:
        yield
    except _OverError as error:
        raise TimeoutError(f"not done within {LIMIT_S} s") from error
    finally:
        signal.alarm(0)


if __name__ == "__main__":
    sys.exit(main())
