"""`simulate` and `run`, each in a process of its own, as in two terminals."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from agent.telescope.dwarf.wire.envelope import Packet

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("DWARF_")} | {
    "PYTHONPATH": str(ROOT)
}
SESSION = {
    "id_command": {"description": "Two frames"},
    "goto_manual": {"do_action": True, "target": "Somewhere", "ra_coord": 9.93, "dec_coord": 69.07},
    "setup_camera": {"do_action": True, "exposure": "5", "gain": 60, "count": 2},
}


def agent(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "agent", *arguments]


def run_once(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run what is due in a folder's sessions, to the end."""
    return subprocess.run(
        agent("run", "--once", *flags),
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )


@contextlib.contextmanager
def simulator(
    folder: Path,
    *flags: str,
    model: str = "D3",
    ends_by: signal.Signals = signal.SIGTERM,
    code: int = 0,
    says: str = "",
) -> Iterator[tuple[str, ...]]:
    """A simulated telescope, as the flags of `run`; it ends with that code and says so much."""
    ports = ("--port", "0", "--http-port", "0")
    command = agent("simulate", "--model", model, *ports, *flags)
    with subprocess.Popen(
        command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert f"simulated {model}" in process.stdout.readline()
            found = process.stdout.readline().split()[2:]
            assert [flag.removeprefix("--telescope-") for flag in found[::2]] == [
                "host",
                "port",
                "http-port",
                "card-port",
            ]
            yield tuple(found)
        finally:
            process.send_signal(ends_by)
            _, told = process.communicate(timeout=20)
        assert process.returncode == code, told
        assert says in told


@pytest.fixture
def simulated(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """A strict simulated telescope (a D3, or the model the test names), as the flags of `run`."""
    model = getattr(request, "param", "D3")
    options = ("--speed", "40", "--strict", "--set", "calibrated=true", "--set", "horizon=false")
    with simulator(tmp_path, *options, model=model) as address:
        place = ["--set", "latitude=48.85", "--set", "longitude=2.35"]
        place += ["--set", "sun_below=90", "--set", "min_altitude=-90"]  # at whatever hour this is run
        yield [*address, *(["--telescope-model", "D3"] if model == "D3" else []), *place]


def test_run_once_takes_a_file_from_todo_to_done_without_any_broker(
    tmp_path: Path, simulated: list[str]
) -> None:
    todo = tmp_path / "Astro_Sessions" / "ToDo"
    todo.mkdir(parents=True)
    (todo / "two.json").write_text(json.dumps({"command": SESSION}), encoding="utf-8")
    done = run_once(tmp_path, *simulated)
    assert done.returncode == 0, done.stderr
    ended = json.loads((tmp_path / "Astro_Sessions" / "Done" / "two.json").read_text(encoding="utf-8"))
    assert ended["command"]["id_command"]["process"] == "ended"
    assert ended["command"]["id_command"]["result"] is True
    assert list((tmp_path / "Astro_Sessions" / "Results" / "pictures").rglob("*.jpg")), "its picture is kept"
    assert "[two]" in done.stderr, "log lines of a session name it"
    (page,) = (tmp_path / "Astro_Sessions").rglob("*.html")
    assert "data:image/jpeg" in page.read_text(encoding="utf-8"), "the picture came from the card's own port"
    assert "Traceback" not in done.stderr


def test_run_once_gives_what_will_not_run_its_result_before_it_ends(tmp_path: Path) -> None:
    base = tmp_path / "Astro_Sessions"
    (base / "ToDo").mkdir(parents=True)
    old = {"date": "2026-03-01", "time": "21:00:00", "when_missed": "skip"}
    (base / "ToDo" / "old.json").write_text(json.dumps({"command": {**SESSION, "id_command": old}}))
    done = run_once(tmp_path, "--telescope-host", "127.0.0.9")  # where none is
    assert done.returncode == 1, done.stderr
    assert [path.name for path in (base / "Error").iterdir()] == ["old.json"]
    assert not list((base / "ToDo").iterdir())
    assert not list((base / ".dwarf-agent" / "unreported").iterdir())


@pytest.mark.soak
@pytest.mark.parametrize("simulated", ["mini"], indirect=True)
def test_run_once_gives_a_session_its_result_that_the_model_it_finds_cannot_do(
    tmp_path: Path, simulated: list[str]
) -> None:
    todo = tmp_path / "Astro_Sessions" / "ToDo"
    todo.mkdir(parents=True)
    binned = SESSION | {"setup_camera": SESSION["setup_camera"] | {"binning": "2k"}}
    (todo / "binned.json").write_text(json.dumps({"command": binned}), encoding="utf-8")
    done = run_once(tmp_path, *simulated)
    ended = tmp_path / "Astro_Sessions" / "Error" / "binned.json"
    beside = ended.with_suffix(".json.reason.txt")  # where the model was known when the file was looked at
    told = ended.read_text(encoding="utf-8") + (beside.read_text(encoding="utf-8") if beside.exists() else "")
    assert "no binning setting" in told, done.stderr
    assert done.returncode == 1, "who started it learns that a session was in vain"
    assert "was changed" not in done.stderr


def test_run_ends_well_when_it_is_told_to(tmp_path: Path, simulated: list[str]) -> None:
    with subprocess.Popen(
        agent("run", *simulated), cwd=tmp_path, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "Connected to" in line:
                break
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
        assert process.wait(20) == 0
    assert "The agent has stopped" in rest
    assert "Traceback" not in rest


def test_a_simulator_that_cannot_be_is_refused_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    from agent.cli.main import main

    assert main(["simulate", "--fault", "drop-lnk"]) == 2
    assert "drop-link" in capsys.readouterr().err
    assert main(["simulate", "--faults"]) == 0
    assert "low-battery" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("ends_by", "strict", "code"), [(signal.SIGTERM, ("--strict",), 1), (signal.SIGINT, (), 0)]
)
def test_a_strict_simulator_ends_badly_and_says_which_rules_a_client_broke(
    tmp_path: Path, strict: tuple[str, ...], code: int, ends_by: signal.Signals
) -> None:
    async def break_rules(port: str) -> None:
        async with connect(f"ws://127.0.0.1:{port}/", proxy=None) as socket:
            for cmd in (10036, 10038):
                await socket.send(Packet(1, cmd).encode())
            await socket.send(Packet(14, 16405).encode())
            await asyncio.wait_for(socket.recv(), 20)

    says = (
        "silent_command: V3 firmware does not answer this command: it is not sent. (10038)" if strict else ""
    )
    with simulator(tmp_path, *strict, ends_by=ends_by, code=code, says=says) as address:
        asyncio.run(break_rules(address[address.index("--telescope-port") + 1]))


def test_habits_are_listed_and_a_wrong_one_is_refused_with_a_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from agent.cli.main import main
    from agent.telescope.simulator import HABITS

    assert main(["simulate", "--habits"]) == 0
    told = capsys.readouterr().out
    for habit in HABITS:
        assert re.search(rf"^{habit.name} +\S.*\n +\[{', '.join(habit.answers)}\]$", told, re.MULTILINE)
    for wrong in ("charging=fast", "moods=good", "charging"):
        assert main(["simulate", "--habit", wrong]) == 2
        assert wrong.partition("=")[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("program", "told"), [("", ""), ("import pty, sys; pty.spawn(sys.argv[1:])", "Ctrl-C")]
)
def test_the_keys_that_end_it_are_told_where_somebody_can_press_them(
    tmp_path: Path, program: str, told: str
) -> None:
    terminal = [sys.executable, "-c", program] if program else []
    nowhere = ("--telescope-host", "127.0.0.1", "--telescope-port", "1", "--set", "page_port=0")
    for words in (agent("simulate", "--port", "0", "--http-port", "0"), agent("run", *nowhere)):
        with subprocess.Popen(
            [*terminal, *words],
            cwd=tmp_path,
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # without the terminal of whoever runs the tests
        ) as process:
            try:
                assert process.stdout is not None
                lines = iter(process.stdout.readline, "")
                first = next(line for line in lines if "simulated D3 on" in line or "is running" in line)
            finally:
                if not told:
                    os.killpg(process.pid, signal.SIGTERM)
                process.communicate("\x03" if told else None, timeout=20)  # which a terminal makes Ctrl-C
        assert ("Ctrl-C" in first) == bool(told), first
