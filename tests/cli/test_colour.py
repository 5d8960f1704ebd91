"""Colour in a terminal alone, and the same words everywhere."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from agent.cli.main import main
from tests.app.conftest import session

ANSI = re.compile(r"\x1b\[\d+m")
PLACE = ("--set", "latitude=48.85", "--set", "longitude=2.35", "--model", "D3")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def said(words: tuple[str, ...], stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> str:
    with monkeypatch.context() as changed:
        changed.setattr("sys.stdout", stream)
        main(words)
    return stream.getvalue()


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_a_terminal_shows_colour_and_nothing_else_differs(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, body in (("good", session()), ("bad", session(goto_manual={"do_action": True}))):
        (tmp_path / f"{name}.json").write_text(json.dumps(body), encoding="utf-8")
    words = (command, "good.json", "bad.json", *PLACE)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain = said(words, io.StringIO(), monkeypatch)
    coloured = said(words, Terminal(), monkeypatch)
    assert "\x1b" not in plain
    assert "\x1b[31merror\x1b[0m" in coloured
    assert ANSI.sub("", coloured) == plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert said(words, Terminal(), monkeypatch) == plain
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert said(words, Terminal(), monkeypatch) == plain
