"""Lines of the agent's log: one event each, whatever names and messages bring along."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from agent.cli.logging_setup import set_up_logging

WICKED = "M 31\n2026-01-01 ERROR forged\x1b[2J\u2028 \ud83d password=hunter2"


@pytest.fixture
def stream() -> Iterator[io.TextIOWrapper]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
    for handler in list(root.handlers):
        root.removeHandler(handler)
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)


def written(stream: io.TextIOWrapper, form: str) -> str:
    set_up_logging("info", form, stream)
    for handler in logging.getLogger().handlers:  # straight to it: nobody else is to see this
        handler.handle(logging.LogRecord("agent.test", logging.INFO, "", 1, "goto %s", (WICKED,), None))
    stream.flush()
    stream.seek(0)
    return stream.read()


def test_a_plain_line_is_one_line_without_terminal_sequences(stream: io.TextIOWrapper) -> None:
    text = written(stream, "plain")
    assert text.endswith("goto M 31\\n2026-01-01 ERROR forged\\x1b[2J\\u2028 \\ud83d password=***\n")
    assert text.count("\n") == 1


def test_a_json_line_is_json_that_can_be_written(stream: io.TextIOWrapper) -> None:
    text = written(stream, "json")
    assert text.count("\n") == 1
    assert json.loads(text)["message"].endswith("\ud83d password=***")
