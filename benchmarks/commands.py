"""What the commands people type cost: seconds of processor time of a fresh process, the best of a few."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.reporting import say

SAMPLE = Path(__file__).resolve().parents[1] / "Astro_Sessions" / "samples" / "demo.json"
PLACE = ("--set", "latitude=48.85", "--set", "longitude=2.35", "--set", "timezone=Europe/Paris")
COMMANDS = {
    "version": ("--version",),
    "help": ("--help",),
    "health": ("status", "--health"),
    "status without a broker": ("status", "--mqtt-host", "127.0.0.1", "--mqtt-port", "9"),
    "validate": ("validate", str(SAMPLE)),
    "plan": ("plan", str(SAMPLE), *PLACE),
}
ROUNDS = 3


def measure() -> None:
    """Run each a few times."""
    with tempfile.TemporaryDirectory() as folder:
        say(
            "command_cpu_s",
            **{name: min(_cost(words, folder) for _ in range(ROUNDS)) for name, words in COMMANDS.items()},
        )


def _cost(words: tuple[str, ...], folder: str) -> float:
    environment = {**os.environ, "DWARF_DEFAULT_SESSIONS_DIR": folder, "XDG_CONFIG_HOME": folder}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "agent", *words]
    subprocess.run(command, env=environment, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 3)


if __name__ == "__main__":
    measure()
