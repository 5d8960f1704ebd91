"""What the demo prints of what is published."""

from __future__ import annotations

import asyncio
import json
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from agent.cli.demo_view import DemoView


def view(*, terminal: bool = False) -> tuple[DemoView, StringIO]:
    screen = StringIO()
    return DemoView(Console(file=screen, force_terminal=terminal, width=100, highlight=False)), screen


def result(outcome: str = "completed", taken: int = 20) -> bytes:
    body: dict[str, Any] = {
        "result": outcome,
        "target": "M 42",
        "frames": {"requested": 20, "taken": taken, "stacked": taken},
        "integration_s": taken * 10.0,
        "message": "",
    }
    return json.dumps(body).encode()


def test_each_topic_is_a_line_when_it_changes_and_only_then() -> None:
    shown, screen = view()
    for state in ("idle", "idle", "slewing"):
        shown.message("dwarf/demo/status", json.dumps({"state": state, "step": "", "problem": None}).encode())
    lines = screen.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == ["dwarf/demo/status"] * 2
    assert lines[1].split()[1:] == ["state:", "slewing"]


def test_only_what_is_new_in_a_topic_is_told_but_events_are_told_whole() -> None:
    shown, screen = view()
    for taken in (1, 2):
        body = {"percent": 50, "frames": {"taken": taken, "total": 20}}
        shown.message("dwarf/demo/progress", json.dumps(body).encode())
        shown.message("dwarf/demo/event", json.dumps({"event_type": "session_step", "step": "Goto"}).encode())
    lines = [line.partition("  ")[2].strip() for line in screen.getvalue().splitlines()]
    assert lines == [
        "percent: 50, frames.taken: 1, frames.total: 20",
        "event_type: session_step, step: Goto",
        "frames.taken: 2",
        "event_type: session_step, step: Goto",
    ]


def test_pictures_and_long_bodies_stay_one_line() -> None:
    shown, screen = view()
    shown.message("dwarf/demo/image", b"\xff\xd8" + b"x" * 5000)
    shown.message("dwarf/demo/info", json.dumps({"text": "y" * 5000}).encode())
    shown.message("dwarf/demo/odd", b"[bold]\xff not markup")
    lines = screen.getvalue().splitlines()
    assert len(lines) == 3
    assert "a picture, 5 kB" in lines[0]
    assert lines[1].endswith("…")
    assert "[bold]" in lines[2]


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 500 + b"1" + b"}" * 500])
def test_what_is_nested_beyond_reason_is_a_line_and_no_end_of_the_demo(body: bytes) -> None:
    shown, screen = view()
    shown.message("dwarf/demo/odd", body)
    (line,) = screen.getvalue().splitlines()
    assert line.endswith("…")


def test_a_completed_session_ends_with_its_true_frames_and_exit_code_0() -> None:
    shown, screen = view()
    shown.message("dwarf/demo/result", result())
    asyncio.run(shown.heard_result())
    assert shown.ended() == 0
    assert "completed: M 42: 20 of 20 frames taken, 20 stacked" in screen.getvalue()
    assert "200 s of exposure" in screen.getvalue()


def test_a_partial_session_ends_with_exit_code_1() -> None:
    shown, screen = view()
    shown.message("dwarf/demo/result", result("partial", 7))
    assert shown.ended() == 1
    assert "7 of 20 frames" in screen.getvalue()


def test_no_result_is_a_problem_with_exit_code_1() -> None:
    shown, screen = view()
    shown.problem("The session did not end within 240 s.")
    assert shown.ended() == 1
    assert "did not end" in screen.getvalue()


def test_on_a_terminal_a_bar_follows_the_progress() -> None:
    shown, screen = view(terminal=True)
    with shown:
        body = {"percent": 50.0, "frames": {"taken": 10, "total": 20}}
        shown.message("dwarf/demo/status", json.dumps({"state": "imaging", "step": "capture"}).encode())
        shown.message("dwarf/demo/progress", json.dumps(body).encode())
        shown._bar.refresh()
    assert "10 of 20 frames" in screen.getvalue()
