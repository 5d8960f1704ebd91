"""queue, watch, arm, and the progress that submit --wait shows, on a whole agent with MQTT in memory."""

from __future__ import annotations

import asyncio
import io
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from agent.cli.arm import arm
from agent.cli.completion import bash_completion
from agent.cli.live import Live, bar_line
from agent.cli.main import commands_of, main, whole_parser
from agent.cli.queue import queue
from agent.cli.status import status
from agent.cli.submit import submit
from agent.cli.verbs import send
from agent.cli.watch import watch
from agent.mqtt.broker_options import BrokerOptions
from agent.mqtt.client import CallerError
from agent.mqtt.memory import MemoryPort
from agent.requests import Verb
from tests.app.conftest import Observatory, session
from tests.support.virtual_loop import run_virtual

NOWHERE = BrokerOptions("not used: the port is in memory")
LATER = {"max_retries": 2, "date": "2026-03-12", "time": "23:30:00"}
PROGRESS = {"percent": 45.0, "frames": {"taken": 9, "total": 20}, "estimated_end": None}


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def with_agent(root: Path, story: Callable[[Observatory], Awaitable[None]]) -> None:
    async def run() -> None:
        place = Observatory(root)
        place.drop("later.json", session(id_command=LATER))
        async with place.open():
            await place.clock.sleep(30)
            await story(place)

    run_virtual(run())


def test_the_queue_and_the_end_of_the_night_are_seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story(place: Observatory) -> None:
        assert await queue(NOWHERE, "dwarf", port=MemoryPort(place.broker)) == 0
        assert capsys.readouterr().out.splitlines() == [
            "scope: 1 waiting",
            "  1  later  M 42  2026-03-12 23:30",
        ]
        await queue(NOWHERE, "dwarf", port=MemoryPort(place.broker), width=40)
        assert capsys.readouterr().out.splitlines()[1:] == ["  1 later", "    M 42, 2026-03-12 23:30"]
        with pytest.raises(CallerError, match=r"no telescope 'attic'\. One of: scope"):
            await queue(NOWHERE, "dwarf", "attic", port=MemoryPort(place.broker))
        await status(NOWHERE, "dwarf", port=MemoryPort(place.broker))
        assert "night" not in capsys.readouterr().out
        await send(NOWHERE, "dwarf", Verb.END_NIGHT, {}, port=MemoryPort(place.broker))
        await status(NOWHERE, "dwarf", port=MemoryPort(place.broker))
        told = capsys.readouterr().out
        assert "  night      The night is over: " in told
        assert "It is over until 12:" in told
        await queue(NOWHERE, "dwarf", port=MemoryPort(place.broker))
        assert "not known  The night is over: " in capsys.readouterr().out

    with_agent(tmp_path, story)


def test_controls_are_armed_for_as_long_as_was_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story(place: Observatory) -> None:
        def armed() -> bool:
            return place.stations["scope"].switches.values.armed

        assert await send(NOWHERE, "dwarf", Verb.PARK, {}, port=MemoryPort(place.broker)) == 1
        assert "run `dwarf-agent arm`" in capsys.readouterr().err
        assert await arm(NOWHERE, "dwarf", 2, port=MemoryPort(place.broker)) == 0
        assert capsys.readouterr().out == "The controls are armed for 2 min.\n"
        await place.clock.sleep(110)
        assert armed()
        await place.clock.sleep(20)
        assert not armed()
        await arm(NOWHERE, "dwarf", 5, port=MemoryPort(place.broker))
        assert await arm(NOWHERE, "dwarf", 0, port=MemoryPort(place.broker)) == 0
        assert not armed()
        assert await arm(NOWHERE, "dwarf", 61, port=MemoryPort(place.broker)) == 1

    with_agent(tmp_path, story)


def test_a_session_that_is_waited_for_is_seen_to_advance(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story(place: Observatory) -> None:
        seen = Terminal()
        watching = asyncio.create_task(watch(NOWHERE, "dwarf", port=MemoryPort(place.broker), stream=seen))
        assert await submit(NOWHERE, "dwarf", session(), port=MemoryPort(place.broker), wait=True) == 0
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        told = capsys.readouterr().out.splitlines()
        assert told[0].startswith("accepted: M 42 is queued at place 1. It starts at once.")
        assert any(line.startswith("imaging, Capture 12 × 15 s") for line in told)
        assert any("of 12 frames" in line and "%" in line for line in told[1:-1])
        assert "\x1b" not in "".join(told)
        assert told[-1].startswith("completed: M 42")
        assert "completed: M 42" in seen.getvalue()
        assert "\r\x1b[K[###" in seen.getvalue()

    with_agent(tmp_path, story)


def test_watching_ends_when_nobody_reads_any_more(tmp_path: Path) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    async def story(place: Observatory) -> None:
        stream = io.StringIO()
        watching = asyncio.create_task(watch(NOWHERE, "dwarf", port=MemoryPort(place.broker), stream=stream))
        await place.clock.sleep(5)
        stream.write = Gone().write  # type: ignore[method-assign]
        await send(NOWHERE, "dwarf", Verb.END_NIGHT, {}, port=MemoryPort(place.broker))
        place.say("scope/session/submit", session())
        await send(NOWHERE, "dwarf", Verb.RESUME, {}, port=MemoryPort(place.broker))
        with pytest.raises(BrokenPipeError):
            async with asyncio.timeout(600):
                await watching

    with_agent(tmp_path, story)


@pytest.mark.parametrize("width", [0, 10, 30, 60, 200])
def test_a_bar_fits_the_terminal(width: int) -> None:
    assert len(bar_line(PROGRESS, width)) <= width
    assert bar_line({"percent": None}, width) == ""


def test_a_terminal_is_not_obeyed_by_what_strangers_wrote() -> None:
    stream = Terminal()
    live = Live(stream, 40)
    live.hear("status", {"state": "imaging", "message": "M 42\x1b[2J" + "x" * 80})
    assert "\x1b[2J" not in stream.getvalue()
    assert max(map(len, stream.getvalue().split("\n"))) <= 40
    live.hear("progress", {"percent": 5, "frames": {"taken": "\x1b[2J"}, "estimated_end": 7})
    live.hear("progress", {"percent": "many", "frames": ["none"]})
    assert "\x1b[2J" not in stream.getvalue()


def test_bash_completes_commands_and_flags(tmp_path: Path) -> None:
    script = tmp_path / "completion.bash"
    script.write_text(bash_completion(commands_of(whole_parser())))

    def completed(*words: str) -> list[str]:
        typed = " ".join(f"'{word}'" for word in ("dwarf-agent", *words))
        line = (
            f"source {script}; COMP_WORDS=({typed}); COMP_CWORD={len(words)}; "
            '_dwarf_agent; printf "%s\\n" "${COMPREPLY[@]}"'
        )
        return subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True).stdout.split()

    assert completed("val") == ["validate"]
    assert completed("run", "--telescope-h") == ["--telescope-host", "--telescope-http-port"]
    assert completed("service", "un") == ["uninstall"]


def test_the_manual_has_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["manual"]) == 0
    told = capsys.readouterr().out
    assert all(f".SS {name}".replace("-", r"\-") in told for name in commands_of(whole_parser()))
    assert main(["completion", "zsh"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("#compdef dwarf-agent\n")
    assert main(["completion", "fish"]) == 0
    assert "-a setup -d 'find the telescope," in capsys.readouterr().out, "as the list of commands says it"
    assert told.endswith("\n_bash_complete -o filenames -F _dwarf_agent\n"), "the first one is one, too"
