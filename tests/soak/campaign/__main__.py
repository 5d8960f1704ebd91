"""Play nights of everything at once until there are enough of them, and go on after any interruption."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.soak.campaign.script import Script, write
from tests.soak.campaign.shrink import kind_of, shrunk

HANGS_S = 900.0  # of real time: a night takes seconds, on a busy machine minutes
_LINE = 1 << 26  # bytes


class Worker:
    """A process that plays nights; one that hangs is ended and begun anew."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def play(self, script: Script) -> dict[str, Any]:
        """Play one night; a hang and a crash are violations as well."""
        process = self._process = self._process or await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.soak.campaign.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LINE,
            start_new_session=True,  # the agent in it would take Ctrl-C for its own end
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(script.to_json()).encode() + b"\n")
        line = b""
        trouble = f"the night has not ended for {HANGS_S:g} s"
        try:
            async with asyncio.timeout(HANGS_S):
                line = await process.stdout.readline()
                trouble = "the process that played it died"
        except TimeoutError:
            pass
        if not line:
            await self.end()
            return {"seed": script.seed, "violations": [trouble], "figures": {}, "story": ""}
        verdict: dict[str, Any] = json.loads(line)
        return verdict

    async def end(self) -> None:
        """End the process."""
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()
            self._process = None


@dataclass
class Record:
    """What was played so far, in a folder that outlives the command."""

    folder: Path
    verdicts: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def _file(self) -> Path:
        return self.folder / "nights.jsonl"

    def load(self) -> None:
        """Read what earlier commands left; a line that was cut off counts as not played."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._file.exists():
            for line in self._file.read_text().splitlines():
                try:
                    verdict = json.loads(line)
                except ValueError:
                    continue
                self.verdicts[verdict["seed"]] = verdict

    def add(self, verdict: dict[str, Any]) -> None:
        """Keep one night's verdict."""
        self.verdicts[verdict["seed"]] = verdict
        with self._file.open("a") as file:
            file.write(json.dumps({key: one for key, one in verdict.items() if key != "story"}) + "\n")

    def keep_failure(self, script: Script, verdict: Mapping[str, Any]) -> Path:
        """Save a failing night, so that it can be played again with --replay."""
        path = self.folder / f"failed-{script.seed}.json"
        path.write_text(json.dumps({**script.to_json(), "violations": verdict["violations"]}, indent=1))
        (self.folder / f"failed-{script.seed}.txt").write_text(verdict["story"])
        return path

    @property
    def clean(self) -> set[int]:
        """The nights that kept every promise."""
        return {seed for seed, verdict in self.verdicts.items() if not verdict["violations"]}


def table(verdicts: Mapping[int, Mapping[str, Any]]) -> str:
    """The figures of all nights together."""
    sums: dict[str, float] = {}
    memory = [one["figures"].get("memory_mb", 0.0) for one in verdicts.values()]
    for verdict in verdicts.values():
        for name, value in verdict["figures"].items():
            if name != "memory_mb":
                sums[name] = sums.get(name, 0) + value
    failed = sum(1 for one in verdicts.values() if one["violations"])
    lines = [
        ("nights", len(verdicts)),
        ("with violations", failed),
        *sums.items(),
        ("memory, most MB", max(memory, default=0)),
    ]
    return "\n".join(f"{name:>18}: {value:,.0f}" for name, value in lines)


async def campaign(
    record: Record, seeds: Iterator[int], workers: int, until: float, *, whole: bool = False
) -> int:
    """Play the nights; return how many broke a promise. Those are kept `whole`, or as short as they fail."""
    failed = 0

    async def work() -> None:
        nonlocal failed
        worker = Worker()
        try:
            for seed in seeds:
                if time.monotonic() > until:
                    return
                script = write(seed)
                verdict = await worker.play(script)
                if verdict["violations"]:
                    failed += 1
                    kept = script if whole else await _shortest(worker, script, verdict)
                    path = record.keep_failure(kept, verdict)
                    print(
                        f"night {seed} broke a promise; it is kept as {path}",
                        *verdict["violations"],
                        sep="\n  ",
                        flush=True,
                    )
                record.add(verdict)
        finally:
            await worker.end()

    await asyncio.gather(*(work() for _ in range(workers)))
    return failed


async def _shortest(worker: Worker, script: Script, verdict: Mapping[str, Any]) -> Script:
    wanted = {kind_of(one) for one in verdict["violations"]}
    loop = asyncio.get_running_loop()

    def fails(candidate: Script) -> bool:
        played = asyncio.run_coroutine_threadsafe(worker.play(candidate), loop).result()
        return bool(wanted & {kind_of(one) for one in played["violations"]})

    return await asyncio.to_thread(shrunk, script, fails)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.campaign", description=__doc__)
    parser.add_argument("--nights", type=int, default=1000, help="so many nights in all (1000)")
    parser.add_argument("--first", type=int, default=1, help="the first night's number (1)")
    parser.add_argument("--workers", type=int, default=2, help="nights at once (2)")
    parser.add_argument(
        "--for",
        dest="for_s",
        type=float,
        default=float("inf"),
        metavar="S",
        help="begin no night after so many seconds",
    )
    parser.add_argument(
        "--record",
        type=Path,
        default=Path(".campaign"),
        help="folder of what was played; nights in it are not played again (.campaign)",
    )
    parser.add_argument("--whole", action="store_true", help="keep a failing night as it is, not shrunk")
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="play the night kept in that file, and say what it breaks"
    )
    chosen = parser.parse_args()
    if chosen.replay is not None:
        from tests.soak.campaign.worker import verdict_on

        verdict = verdict_on(Script.from_json(json.loads(chosen.replay.read_text())))
        print(verdict["story"], *verdict["violations"], sep="\n")
        return 1 if verdict["violations"] else 0
    record = Record(chosen.record)
    record.load()
    wanted = range(chosen.first, chosen.first + chosen.nights)
    seeds = (seed for seed in wanted if seed not in record.clean)
    until = time.monotonic() + chosen.for_s
    failed = asyncio.run(campaign(record, seeds, chosen.workers, until, whole=chosen.whole))
    print(table({seed: one for seed, one in record.verdicts.items() if seed in wanted}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
