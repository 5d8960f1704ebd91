"""`python -m tests.fuzz`: hostile input by the hundred thousand; what gets through is kept and shown."""

from __future__ import annotations

import argparse
import gc
import logging
import random
import sys
import time
import traceback
from pathlib import Path

from agent.app.memory import return_large_allocations
from tests.fuzz.doors import DOORS, Door
from tests.fuzz.mutation import hostile

SLOW_S = 5.0  # one input that takes so long is a defect
MOST_GROWTH_MB = 30.0
_WARM_UP = 2000  # cases until everything is imported and cached


def memory_mb() -> float:
    """What this process holds of memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


class Bureau:
    """Keeps what got through a door."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.seen: set[str] = set()

    def keep(self, name: str, data: bytes, trouble: str) -> None:
        """Save one input of each kind, and show it."""
        kind = f"{name}: {trouble.strip().splitlines()[-1][:120]}"
        if kind in self.seen:
            return
        self.seen.add(kind)
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{name}-{len(self.seen)}.bin"
        path.write_bytes(data)
        print(f"!! {kind}\n   kept as {path}\n{trouble}", flush=True)


def knock(name: str, door: Door, data: bytes, bureau: Bureau) -> None:
    """Hand one input in, and keep it when it gets through."""
    began = time.process_time()
    try:
        door.knock(data)
    except (Exception, SystemExit):
        bureau.keep(name, data, traceback.format_exc(limit=-6))
    took = time.process_time() - began
    if took > SLOW_S:
        bureau.keep(name, data, f"it took {took:.0f} s")


def attack(name: str, door: Door, cases: int, seed: int, bureau: Bureau) -> None:
    """Knock that often; memory must not grow."""
    rng = random.Random(f"{name} {seed}")
    before = 0.0
    for case in range(cases):
        if case == _WARM_UP:
            before = memory_mb()
        knock(name, door, hostile(rng, door.examples), bureau)
    grown = memory_mb() - before if before else 0.0
    if grown > MOST_GROWTH_MB:
        bureau.keep(name, b"", f"memory grew by {grown:.0f} MB in {cases} cases")
    print(f"{name:>10}: {cases:,} cases, memory {grown:+.1f} MB", flush=True)


def guided(name: str, door: Door, seconds: int, bureau: Bureau) -> None:
    """Let atheris look for inputs that reach new lines; it ends the process itself."""
    import atheris  # type: ignore[import-not-found]

    atheris.instrument_all()
    atheris.Setup(
        [sys.argv[0], f"-max_total_time={seconds}", "-max_len=4096", "-verbosity=0"],
        lambda data: knock(name, door, data, bureau),
    )
    atheris.Fuzz()


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000, help="inputs in all, shared among the doors")
    parser.add_argument("--door", choices=sorted(DOORS), help="only that one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kept", type=Path, default=Path(".fuzz"), help="folder of what got through (.fuzz)")
    parser.add_argument(
        "--guided", type=int, metavar="S", help="so many seconds guided by coverage (atheris)"
    )
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="hand in a kept input again; needs --door"
    )
    chosen = parser.parse_args()
    logging.getLogger().addHandler(logging.NullHandler())
    return_large_allocations()  # as the agent: else what asyncio reads by 256 KB leaves gaps behind
    bureau = Bureau(chosen.kept)
    doors = {chosen.door: DOORS[chosen.door]} if chosen.door else DOORS
    for name, door in doors.items():
        if chosen.replay is not None:
            door.knock(chosen.replay.read_bytes())
        elif chosen.guided is not None:
            guided(name, door, chosen.guided, bureau)
        else:
            attack(name, door, chosen.cases // len(doors), chosen.seed, bureau)
    return 1 if bureau.seen else 0


if __name__ == "__main__":
    sys.exit(main())
