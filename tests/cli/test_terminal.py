"""What strangers wrote, on a terminal."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from agent.cli.demo_view import DemoView
from agent.cli.main import main
from agent.cli.status import status
from agent.cli.submit import submit
from agent.errors import Problem
from agent.events import Status, StatusChanged
from agent.mqtt.broker_options import BrokerOptions
from agent.requests import Acknowledgement, Code, Submission
from agent.text import json_text, printable
from tests.cli.test_talking_to_the_agent import NOW, SESSION, Agent
from tests.support.virtual_loop import run_virtual

EVIL = "M 42\x1b[2J\x1b]0;owned\x07\r\naccepted: all is well\x9b31m\u202etxet"
NOWHERE = BrokerOptions("not used: the port is in memory")


def obeys(text: str) -> list[str]:
    """Characters that a terminal would act on; each line's own end is not among them."""
    return [
        char for char in text if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") and char != "\n"
    ] + [char for char in text if char in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"]


@given(st.text())
def test_a_printable_text_is_one_line_that_moves_nothing_and_loses_nothing_harmless(text: str) -> None:
    shown = printable(text)
    assert not obeys(shown)
    assert "\n" not in shown
    if text.isascii() and text.isprintable():
        assert shown == text


@given(
    st.recursive(
        st.text() | st.integers() | st.none(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)
    )
)
def test_json_that_is_printed_moves_nothing_and_says_the_same(value: Any) -> None:
    for indent in (None, 2):
        text = json_text(value, indent)
        assert not obeys(text)
        assert json.loads(text) == value
        text.encode()


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("accepted", [False, True])
def test_an_answer_cannot_write_on_the_terminal(
    accepted: bool, as_json: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk() -> None:
        async with Agent("garden") as agent:

            async def answer(submission: Submission) -> Acknowledgement:
                found = (Problem("evil", EVIL, EVIL, path=EVIL),)
                return Acknowledgement(
                    accepted,
                    Code.INVALID,
                    EVIL,
                    "garden",
                    submission.request_id,
                    errors=found,
                    warnings=found,
                )

            monkeypatch.setattr(agent.answers, "submit", answer)
            await submit(NOWHERE, "dwarf", SESSION, port=agent.port(), as_json=as_json)

    run_virtual(talk())
    said = capsys.readouterr()
    assert "M 42" in said.out + said.err
    assert not obeys(said.out + said.err)
    assert not any(line.startswith("accepted: all is well") for line in said.out.splitlines())


@pytest.mark.parametrize("as_json", [False, True])
def test_a_status_cannot_write_on_the_terminal(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    async def talk() -> None:
        async with Agent("garden") as agent:
            agent.bus.publish(
                StatusChanged(
                    telescope="garden",
                    at=NOW,
                    status=Status.ERROR,
                    step=EVIL,
                    message=EVIL,
                    problem=Problem("evil", EVIL, EVIL),
                )
            )
            agent.broker.publish("dwarf/\x1b[2J/status", json.dumps({"state": EVIL}), retain=True)
            await status(NOWHERE, "dwarf", port=agent.port(), as_json=as_json)

    run_virtual(talk())
    said = capsys.readouterr().out
    assert "M 42" in said
    assert not obeys(said)


def test_the_demo_shows_what_is_published_and_obeys_none_of_it() -> None:
    console = Console(record=True, width=400, force_terminal=False)
    view = DemoView(console)
    view.message(f"dwarf/demo/{EVIL}", json.dumps({"target": EVIL}).encode())
    view.message("dwarf/demo/event", EVIL.encode())
    result = {"result": "completed", "target": EVIL, "message": EVIL, "integration_s": 1}
    view.message("dwarf/demo/result", json.dumps(result).encode())
    view.ended()
    text = console.export_text()
    assert "M 42" in text
    assert not obeys(text)


@pytest.mark.parametrize("command", ["validate", "plan"])
@pytest.mark.parametrize("good", [True, False])
def test_a_session_file_cannot_write_on_the_terminal(
    command: str, good: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "evil.json"
    goto = {"do_action": True, "target": EVIL, "ra_coord": 5.59 if good else EVIL, "dec_coord": -5.39}
    file.write_text(json.dumps({"command": {"id_command": {}, "goto_manual": goto}}))
    main([command, str(file)])
    said = capsys.readouterr()
    assert not obeys(said.out + said.err)


def test_an_error_cannot_write_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "no\x1b[2Jsuch.json"]) == 2
    assert not obeys(capsys.readouterr().err)


def test_what_a_command_does_fits_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    for command in ("setup", "service", "run"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        described = capsys.readouterr().out.partition("examples:")[0]
        assert max(len(line) for line in described.splitlines()) <= 60


def test_after_ctrl_c_the_prompt_has_a_line_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def asked(_: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", asked)
    assert main(["setup"]) == 130
    assert capsys.readouterr().err == "\n"
