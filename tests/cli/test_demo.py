"""The README's first command, in a process of its own: real broker, real sockets, simulated telescope."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_demo_runs_a_whole_session_and_says_what_was_taken(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DWARF_")}
    done = subprocess.run(
        [sys.executable, "-m", "agent", "demo", "--speed", "40", "--keep", str(tmp_path / "kept")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stdout.splitlines()
    states = [line.split()[2].rstrip(",") for line in lines if "/status " in line and " state: " in line]
    story = ["preparing", "focusing", "calibrating", "slewing", "imaging", "finishing"]
    assert [state for state in states if state in story] == story
    assert "completed: M 42 Orion Nebula: 20 of 20 frames taken" in done.stdout
    assert lines[-1] == "200 s of exposure collected, as the result topic says."
    sessions = tmp_path / "kept" / "Astro_Sessions"
    ended = json.loads((sessions / "Done" / "orion.json").read_text(encoding="utf-8"))
    assert ended["command"]["id_command"]["result"] is True
    assert [path.name for path in (sessions / "ToDo").iterdir()] == []
