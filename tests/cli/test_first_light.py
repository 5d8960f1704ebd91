"""`first-light` at a terminal, against `simulate`, each in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.telescope.first_light.checks import CHECKS

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("DWARF_")} | {
    "PYTHONPATH": str(ROOT)
}


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[list[str]]:
    """A simulated telescope, as the flags of `first-light`."""
    command = ["simulate", "--generation", "v3", "--port", "0", "--http-port", "0", "--speed", "5"]
    with subprocess.Popen(
        [sys.executable, "-m", "agent", *command],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert "simulated D3" in process.stdout.readline()
            yield process.stdout.readline().split()[2:]
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0


def begin(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "agent", "first-light", *arguments],
        cwd=folder,
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_an_owner_answers_and_gets_a_file_and_a_page(tmp_path: Path, simulated: list[str]) -> None:
    with begin(tmp_path, *simulated, "--only", "known-modes", "--only", "infinity-focus") as process:
        told, complaints = process.communicate("y\n", timeout=90)
    assert process.returncode == 0, complaints
    assert "Covered? [y/N]" in told
    assert "15278" in told
    assert (tmp_path / "first-light.md").read_text(encoding="utf-8").startswith("# First light: Dwarf 3")
    lines = (tmp_path / "first-light.jsonl").read_text(encoding="utf-8").splitlines()
    found = {one["first_light"].get("check") for one in map(json.loads, lines) if "first_light" in one}
    assert {"known-modes", "infinity-focus"} <= found


def test_a_question_nobody_answers_ends_it_with_the_file_kept(tmp_path: Path, simulated: list[str]) -> None:
    with begin(tmp_path, *simulated, "--only", "known-modes", "--only", "infinity-focus") as process:
        _, complaints = process.communicate("", timeout=90)
    assert process.returncode == 2
    assert "Nobody answers here." in complaints
    assert "Traceback" not in complaints
    assert "known-modes" in (tmp_path / "first-light.md").read_text(encoding="utf-8")


def test_ctrl_c_at_a_question_ends_it_at_once(tmp_path: Path, simulated: list[str]) -> None:
    with begin(tmp_path, *simulated, "--only", "known-modes", "--only", "infinity-focus") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if line.startswith("[2/2]"):
                break
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert "Traceback" not in process.stderr.read()
    assert (tmp_path / "first-light.md").exists()


@pytest.mark.parametrize(
    "ending",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGINT, marks=pytest.mark.soak),
        pytest.param(signal.SIGHUP, marks=pytest.mark.soak),
    ],
    ids=lambda one: one.name,
)
def test_whatever_ends_it_in_a_capture_stops_that_first(
    tmp_path: Path, simulated: list[str], ending: signal.Signals
) -> None:
    http = f"http://127.0.0.1:{simulated[simulated.index('--telescope-http-port') + 1]}/simulator"
    with begin(tmp_path, *simulated, "--only", "early-stop") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("y\n")
        process.stdin.flush()
        until = time.monotonic() + 60
        while not any(one["what"] == "FrameTaken" for one in looked_at(f"{http}/history")):  # hears a stop
            assert time.monotonic() < until
            time.sleep(0.1)
        process.send_signal(ending)
        assert process.wait(90) == 130
        assert "Stopping the capture first" in process.stdout.read()
    closed = [one for one in looked_at(f"{http}/history") if one["what"] == "ShutterClosed"]
    assert [one["reason"] for one in closed] == ["stopped"]


def looked_at(url: str) -> list[dict[str, object]]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        found: list[dict[str, object]] = json.load(answer)
        return found


def test_the_checks_are_listed_without_a_telescope(tmp_path: Path) -> None:
    with begin(tmp_path, "--list") as process:
        told, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "calibration" in told
    assert told.count("[moves the mount]") == sum(bool(one.moves) for one in CHECKS) > 0


def test_a_check_there_is_not_is_said_so(tmp_path: Path) -> None:
    with begin(tmp_path, "--telescope-host", "127.0.0.1", "--only", "sing") as process:
        _, complaints = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "There is no check 'sing'." in complaints
    assert not (tmp_path / "first-light.jsonl").exists()
